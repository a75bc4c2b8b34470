//! Who calls: by the token that a request brings, and by the user that it impersonates.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Mutex, MutexGuard, PoisonError},
};

use http::{HeaderMap, HeaderName, StatusCode, header};
use subtle::ConstantTimeEq as _;

use crate::status::ApiError;

/// The user whose token the cluster's kubeconfig has.
const ADMIN: &str = "kubernetes-admin";
/// The group that an API server adds to everyone whom it knows.
const AUTHENTICATED: &str = "system:authenticated";

const IMPERSONATE_USER: HeaderName = HeaderName::from_static("impersonate-user");
const IMPERSONATE_GROUP: HeaderName = HeaderName::from_static("impersonate-group");

tokio::task_local! {
    static CALLER: User;
}

/// A user as an API server knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) groups: Vec<String>,
}

impl User {
    fn new(name: &str, groups: impl IntoIterator<Item = String>) -> Self {
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.push(AUTHENTICATED.to_owned());
        let name = name.to_owned();
        Self { name, groups }
    }

    /// Who makes the request that is being answered; the administrator where none is.
    pub(crate) fn calling() -> Self {
        CALLER
            .try_with(Clone::clone)
            .unwrap_or_else(|_| Self::new(ADMIN, []))
    }

    /// Answers a request as this user's.
    pub(crate) async fn calls<T>(self, answer: impl Future<Output = T>) -> T {
        CALLER.scope(self, answer).await
    }
}

/// Everyone who has a token beside the administrator.
#[derive(Debug, Default)]
pub(crate) struct Users(Mutex<HashMap<String, User>>);

impl Users {
    pub(crate) fn add(&self, token: &str, name: &str, groups: &[&str]) {
        let groups = groups.iter().map(|&group| group.to_owned());
        self.lock()
            .insert(token.to_owned(), User::new(name, groups));
    }

    /// From now on nobody has this token.
    pub(crate) fn remove(&self, token: &str) {
        self.lock().remove(token);
    }

    /// Whose request this is; `admin` is the administrator's token.
    pub(crate) fn identify(&self, admin: &str, headers: &HeaderMap) -> Result<User, ApiError> {
        // In a real API server's words.
        let unknown = || ApiError::new(StatusCode::UNAUTHORIZED, "Unauthorized");
        let mut sent = headers.get_all(header::AUTHORIZATION).into_iter();
        let token = sent
            .next()
            .and_then(|value| value.as_bytes().strip_prefix(b"Bearer "))
            .ok_or_else(unknown)?;
        if sent.next().is_some() {
            return Err(unknown());
        }
        if !bool::from(token.ct_eq(admin.as_bytes())) {
            let token = std::str::from_utf8(token).map_err(|_| unknown())?;
            let user = self.lock().get(token).cloned().ok_or_else(unknown)?;
            return if headers.contains_key(IMPERSONATE_USER) {
                let name = &user.name;
                Err(ApiError::new(
                    StatusCode::FORBIDDEN,
                    format!(
                        "User {name:?} cannot impersonate resource \"users\" in API group \"\" at the cluster scope"
                    ),
                ))
            } else {
                Ok(user)
            };
        }
        let text =
            |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        Ok(match headers.get(IMPERSONATE_USER) {
            Some(name) => User::new(
                &text(name),
                headers.get_all(IMPERSONATE_GROUP).iter().map(text),
            ),
            None => User::new(ADMIN, ["system:masters".to_owned()]),
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, User>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
