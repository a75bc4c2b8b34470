//! Who may do what: everyone everything, except what a test has denied.

use std::sync::{Mutex, PoisonError};

use crate::{status::ApiError, users::User};

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
    /// `None` denies everyone.
    user: Option<String>,
    verb: String,
    resource: String,
    subresource: Option<String>,
    /// `None` denies everywhere.
    namespace: Option<String>,
    reason: String,
}

impl Denial {
    fn covers(&self, user: &User, action: Action<'_>) -> bool {
        self.user.as_ref().is_none_or(|denied| *denied == user.name)
            && self.verb == action.verb
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
        user: Option<&str>,
        verb: &str,
        resource: &str,
        subresource: Option<&str>,
        namespace: Option<&str>,
        reason: &str,
    ) {
        self.lock().push(Denial {
            user: user.map(str::to_owned),
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

    /// Why `action` is denied to who calls; `None` if it is allowed.
    pub(crate) fn denied(&self, action: Action<'_>) -> Option<String> {
        let user = User::calling();
        self.lock()
            .iter()
            .find(|denial| denial.covers(&user, action))
            .map(|denial| denial.reason.clone())
    }

    /// The 403 that an API server answers when `action` is denied.
    pub(crate) fn check(&self, action: Action<'_>) -> Result<(), ApiError> {
        match self.denied(action) {
            Some(reason) => Err(ApiError::forbidden(&User::calling().name, action, &reason)),
            None => Ok(()),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Denial>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
