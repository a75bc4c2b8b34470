//! Who may do what: everything, except what a test has denied.

use std::sync::{Mutex, PoisonError};

use crate::status::ApiError;

/// The name every caller is known by in messages.
pub(crate) const USER: &str = "kubernetes-admin";

/// One question to the authorizer, in the terms of `SelfSubjectAccessReview`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Action<'a> {
    pub(crate) verb: &'a str,
    pub(crate) resource: &'a str,
    pub(crate) subresource: Option<&'a str>,
    /// `None` or empty for all namespaces.
    pub(crate) namespace: Option<&'a str>,
    pub(crate) name: Option<&'a str>,
}

#[derive(Debug)]
struct Denial {
    verb: String,
    resource: String,
    subresource: Option<String>,
    /// `None` denies everywhere.
    namespace: Option<String>,
    reason: String,
}

impl Denial {
    fn covers(&self, action: Action<'_>) -> bool {
        self.verb == action.verb
            && self.resource == action.resource
            && self.subresource.as_deref() == action.subresource
            && (self.namespace.is_none() || self.namespace.as_deref() == action.namespace)
    }
}

/// The rules in force.
#[derive(Debug, Default)]
pub(crate) struct Access(Mutex<Vec<Denial>>);

impl Access {
    pub(crate) fn deny(
        &self,
        verb: &str,
        resource: &str,
        subresource: Option<&str>,
        namespace: Option<&str>,
        reason: &str,
    ) {
        self.lock().push(Denial {
            verb: verb.to_owned(),
            resource: resource.to_owned(),
            subresource: subresource.map(str::to_owned),
            namespace: namespace.map(str::to_owned),
            reason: reason.to_owned(),
        });
    }

    pub(crate) fn allow_all(&self) {
        self.lock().clear();
    }

    /// Why `action` is denied; `None` if it is allowed.
    pub(crate) fn denied(&self, action: Action<'_>) -> Option<String> {
        self.lock()
            .iter()
            .find(|denial| denial.covers(action))
            .map(|denial| denial.reason.clone())
    }

    /// The 403 that an API server answers when `action` is denied.
    pub(crate) fn check(&self, action: Action<'_>) -> Result<(), ApiError> {
        match self.denied(action) {
            Some(reason) => Err(ApiError::forbidden(USER, action, &reason)),
            None => Ok(()),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Denial>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
