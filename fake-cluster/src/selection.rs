//! Field and label selectors, as far as they are needed.

use k8s_openapi::api::core::v1::Pod;

use crate::status::ApiError;

/// Which pods are asked for: a namespace, and `key=value` requirements that must all hold.
#[derive(Debug)]
pub(crate) struct Selection {
    namespace: Option<String>,
    fields: Vec<(String, String)>,
    labels: Vec<(String, String)>,
}

impl Selection {
    pub(crate) fn new(
        namespace: Option<String>,
        fields: &str,
        labels: &str,
    ) -> Result<Self, ApiError> {
        let fields = requirements(fields)?;
        for (key, _) in &fields {
            if !matches!(key.as_str(), "metadata.name" | "metadata.namespace") {
                let message = format!("field label not supported: {key}");
                return Err(ApiError::bad_request(message));
            }
        }
        Ok(Self {
            namespace,
            fields,
            labels: requirements(labels)?,
        })
    }

    /// Whether `pod` is among them.
    pub(crate) fn holds(&self, pod: &Pod) -> bool {
        let metadata = &pod.metadata;
        let field = |key: &str| match key {
            "metadata.name" => metadata.name.as_deref(),
            _ => metadata.namespace.as_deref(),
        };
        let label = |key: &str| Some(metadata.labels.as_ref()?.get(key)?.as_str());
        (self.namespace.is_none() || self.namespace == metadata.namespace)
            && self.fields.iter().all(|(k, v)| field(k) == Some(v))
            && self.labels.iter().all(|(k, v)| label(k) == Some(v))
    }
}

/// Reads `a=b,c==d`; the other operators of selectors are not needed here.
fn requirements(selector: &str) -> Result<Vec<(String, String)>, ApiError> {
    selector
        .split(',')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (key, value) = part.split_once('=').ok_or_else(|| {
                ApiError::bad_request(format!("unable to parse requirement: {part}"))
            })?;
            let value = value.strip_prefix('=').unwrap_or(value);
            Ok((key.to_owned(), value.to_owned()))
        })
        .collect()
}
