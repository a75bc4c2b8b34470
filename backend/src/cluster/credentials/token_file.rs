//! A token in a file that somebody renews: a pod's service account, or what a kubeconfig's `tokenFile` names.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::{Duration, Instant};

/// How long what was read counts, as client-go has it (`cachingTokenSource` in `transport/token_source.go`).
const GOOD_FOR: Duration = Duration::from_secs(50);

/// A token in a file.
pub(super) struct TokenFile {
    path: PathBuf,
    read: Mutex<(SecretString, Instant)>,
}

impl TokenFile {
    /// Reads it for the first time.
    ///
    /// # Errors
    ///
    /// If that can't be, or nothing is in it.
    pub(super) fn read(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            read: Mutex::new((token_in(path)?, Instant::now())),
        })
    }

    /// The one that is good now: the last one that could be read, if it can't be read any more.
    pub(super) fn token(&self) -> SecretString {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.1.elapsed() >= GOOD_FOR {
            self.renew(&mut read);
        }
        read.0.clone()
    }

    /// Reads it now. Says whether there is another one.
    pub(super) fn read_anew(&self) -> bool {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let before = read.0.clone();
        self.renew(&mut read);
        read.0.expose_secret() != before.expose_secret()
    }

    fn renew(&self, read: &mut (SecretString, Instant)) {
        read.1 = Instant::now();
        match token_in(&self.path) {
            Ok(token) => read.0 = token,
            Err(error) => {
                let path = self.path.display();
                tracing::warn!(%error, %path, "the token's file can't be read anew; the last one is used on");
            }
        }
    }
}

impl fmt::Debug for TokenFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TokenFile").field(&self.path).finish()
    }
}

/// The token in a file, whatever stands around it: editors put a line's end there.
fn token_in(path: &Path) -> io::Result<SecretString> {
    let text = fs::read_to_string(path)?;
    match text.trim() {
        "" => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "there is no token in it",
        )),
        token => Ok(token.into()),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_token_is_trimmed_and_read_anew() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let write = |text: &str| fs::write(file.path(), text).unwrap();
        assert!(TokenFile::read(file.path()).is_err());
        write(" first\r\n\n");
        let token = TokenFile::read(file.path()).unwrap();
        let now = || token.token().expose_secret().to_owned();
        assert_eq!(now(), "first");
        write("second\n");
        assert_eq!(now(), "first");
        advance(GOOD_FOR).await;
        assert_eq!(now(), "second");
        // Written anew just now, or taken away so that nobody else reads it.
        write("\n");
        advance(GOOD_FOR).await;
        assert_eq!(now(), "second");
        fs::remove_file(file.path()).unwrap();
        advance(GOOD_FOR).await;
        assert_eq!(now(), "second");
    }
}
