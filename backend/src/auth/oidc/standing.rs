//! A sign-in as long as it is used: by a browser that asks for something, or by a shell that runs.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, SystemTime},
};

use futures_util::future::BoxFuture;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tokio::sync;

use crate::{
    clock::Clock,
    cluster::SignInStanding,
    openid::{Issuer, OidcError},
    session::{Caller, User},
};

/// This long before its end a token is renewed: a call that takes some time has to end with it.
const AHEAD: Duration = Duration::from_secs(90);

/// What a provider has given.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tokens {
    pub(super) id_token: String,
    pub(super) refresh_token: Option<String>,
    pub(super) expires: SystemTime,
}

/// What a browser keeps of a sign-in.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) user: User,
    pub(super) tokens: Tokens,
}

/// A sign-in of a user.
pub(super) struct Standing {
    issuer: Arc<Issuer>,
    caller: Caller,
    clock: Clock,
    tokens: Mutex<Tokens>,
    /// One at a time: a provider may take each refresh token once.
    renewing: sync::Mutex<()>,
}

impl Standing {
    pub(super) fn tokens(&self) -> Tokens {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Tokens> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lasts(&self, time: Duration) -> bool {
        self.lock().expires > self.clock.now() + time
    }

    /// Renews it if it has not long to go; false if it is over.
    pub(super) async fn keep(&self) -> bool {
        if self.lasts(AHEAD) {
            return true;
        }
        let _turn = self.renewing.lock().await;
        if self.lasts(AHEAD) {
            return true;
        }
        match self.renew().await {
            Ok(()) => true,
            Err(OidcError::Refused(why)) => {
                tracing::debug!(why, "a sign-in is not renewed");
                false
            }
            // The provider may be back before it is over.
            Err(error) => {
                tracing::warn!(%error, "a sign-in can't be renewed at the moment");
                self.lasts(Duration::ZERO)
            }
        }
    }

    async fn renew(&self) -> Result<(), OidcError> {
        let Tokens { refresh_token, .. } = self.tokens();
        let Some(refresh_token) = refresh_token else {
            let over = || OidcError::Refused("it gives no refresh tokens".to_owned());
            return self.lasts(Duration::ZERO).then_some(()).ok_or_else(over);
        };
        let answer = self.issuer.refresh(&refresh_token).await?;
        let id_token = answer
            .id_token
            .ok_or_else(|| OidcError::Refused("it renews no ID tokens".to_owned()))?;
        let claims = self.issuer.verify(&id_token, self.clock.now()).await?;
        *self.lock() = Tokens {
            id_token,
            refresh_token: answer.refresh_token.or(Some(refresh_token)),
            expires: claims.expires(),
        };
        Ok(())
    }
}

impl SignInStanding for Standing {
    fn id(&self) -> &[u8] {
        self.caller.0.as_bytes()
    }

    fn token(&self) -> SecretString {
        self.lock().id_token.clone().into()
    }

    fn keep(&self) -> BoxFuture<'_, bool> {
        Box::pin(Self::keep(self))
    }
}

impl fmt::Debug for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Standing").finish_non_exhaustive()
    }
}

/// All sign-ins that are in use. Whoever uses one keeps it; what is in use nowhere stands in its browser's cookies alone.
#[derive(Default)]
pub(super) struct Standings(Mutex<HashMap<Caller, Weak<Standing>>>);

impl Standings {
    /// The sign-in of a caller that a browser tells of. Of several tokens of theirs the latest counts.
    pub(super) fn of(
        &self,
        caller: &Caller,
        kept: &Tokens,
        (issuer, clock): (&Arc<Issuer>, &Clock),
    ) -> Arc<Standing> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(standing) = all.get(caller).and_then(Weak::upgrade) {
            let mut tokens = standing.lock();
            if tokens.expires < kept.expires {
                *tokens = kept.clone();
            }
            drop(tokens);
            return standing;
        }
        all.retain(|_, standing| standing.strong_count() > 0);
        let standing = Arc::new(Standing {
            issuer: Arc::clone(issuer),
            caller: caller.clone(),
            clock: clock.clone(),
            tokens: Mutex::new(kept.clone()),
            renewing: sync::Mutex::new(()),
        });
        all.insert(caller.clone(), Arc::downgrade(&standing));
        standing
    }

    /// The caller has signed out: what is in use is so no more. Gives what that was.
    pub(super) fn forget(&self, caller: &Caller) -> Option<Tokens> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let standing = all.remove(caller)?.upgrade()?;
        Some(standing.tokens())
    }
}
