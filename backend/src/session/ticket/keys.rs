//! The keys that seal tickets: made anew, or read from a file that nobody else can read.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _},
    path::Path,
    str::FromStr,
};

use aws_lc_rs::{
    aead::{AES_256_GCM, RandomizedNonceKey},
    rand,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use thiserror::Error;

/// The longest key file, in bytes: two keys and some words about them.
const MAX_FILE: u64 = 4 << 10;

/// The keys that seal tickets: the first seals, all of them open. Two are enough to change the key
/// while ids are under way.
pub struct TicketKeys(pub(super) Vec<RandomizedNonceKey>);

/// Why a text holds no keys.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeysError {
    /// A line that is no key.
    #[error(
        "line {line} is not a key: 32 random bytes in base64, as `openssl rand -base64 32` makes them"
    )]
    NotAKey {
        /// Counted from 1.
        line: usize,
    },
    /// None, or too many.
    #[error("there must be one key, or two while the key is being changed; there are {0}")]
    WrongNumber(usize),
}

/// Why a file gives no keys.
#[derive(Debug, Error)]
pub enum KeyFileError {
    /// The system refuses.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// A directory, a pipe, a device.
    #[error("it is not a regular file")]
    NotAFile,
    /// Others than its owner can read or change it.
    #[error(
        "others than its owner can use it (its mode is {mode:04o}): with the keys in it they could make ids for any shell. \
         Run `chmod 600` on it, and make new keys if somebody may have read these; in Kubernetes, \
         mount the Secret with `defaultMode: 0400`"
    )]
    TooOpen {
        /// Its permissions.
        mode: u32,
    },
    /// No file of keys is so long.
    #[error("it is longer than {MAX_FILE} bytes")]
    TooLong,
    /// It holds something else.
    #[error(transparent)]
    Keys(#[from] KeysError),
}

impl TicketKeys {
    /// A new key: ids of an earlier run are unknown.
    pub fn random() -> Self {
        let mut key = [0; 32];
        rand::fill(&mut key).expect("the system gives random bytes");
        Self(vec![Self::key(&key).expect("the key has 32 bytes")])
    }

    /// The keys in a file, which has to be its owner's alone. If it is root's, as a Secret in Kubernetes is, its group may
    /// read it: that is how other users get to it.
    ///
    /// # Errors
    ///
    /// [`KeyFileError`] if it can't be read, others could, or it holds something else.
    pub fn read(path: &Path) -> Result<Self, KeyFileError> {
        let file = open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(KeyFileError::NotAFile);
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            let (mode, owner) = (metadata.mode() & 0o7777, metadata.uid());
            if is_too_open(mode, owner, rustix::process::geteuid().as_raw()) {
                return Err(KeyFileError::TooOpen { mode });
            }
        }
        // it may grow while it is read
        let mut bytes = Vec::new();
        file.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_FILE {
            return Err(KeyFileError::TooLong);
        }
        // what is no text has no key in its lines
        Ok(String::from_utf8_lossy(&bytes).parse()?)
    }

    fn key(bytes: &[u8]) -> Option<RandomizedNonceKey> {
        RandomizedNonceKey::new(&AES_256_GCM, bytes).ok()
    }
}

/// Opens a file without waiting, as one would for the other end of a pipe.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    }
    options.open(path)
}

/// Whether others than `us` and root can use a file of this mode and owner.
#[cfg(unix)]
fn is_too_open(mode: u32, owner: u32, us: u32) -> bool {
    let theirs = if owner == 0 && us != 0 { 0o037 } else { 0o077 };
    mode & theirs != 0
}

impl FromStr for TicketKeys {
    type Err = KeysError;

    /// One key per line, in base64; empty lines and lines that begin with `#` do not count.
    fn from_str(text: &str) -> Result<Self, KeysError> {
        let keys = text
            .lines()
            .map(str::trim)
            .enumerate()
            .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
            .map(|(at, line)| {
                let bytes = STANDARD.decode(line).unwrap_or_default();
                Self::key(&bytes).ok_or(KeysError::NotAKey { line: at + 1 })
            })
            .collect::<Result<Vec<_>, _>>()?;
        match keys.len() {
            1 | 2 => Ok(Self(keys)),
            count => Err(KeysError::WrongNumber(count)),
        }
    }
}

impl std::fmt::Debug for TicketKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} keys", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> String {
        STANDARD.encode([7; 32])
    }

    #[test]
    fn what_is_no_key() {
        let keys = |text: &str| text.parse::<TicketKeys>().map(drop).unwrap_err();
        let line = line();
        assert_eq!(keys(""), KeysError::WrongNumber(0));
        assert_eq!(keys(&[&*line; 3].join("\n")), KeysError::WrongNumber(3));
        assert_eq!(
            keys(&format!("{line}\nsecret")),
            KeysError::NotAKey { line: 2 }
        );
        assert_eq!(keys("c2hvcnQ="), KeysError::NotAKey { line: 1 });
    }

    #[cfg(unix)]
    mod files {
        use std::{
            fs,
            os::unix::fs::{PermissionsExt as _, symlink},
        };

        use super::*;

        /// A key file of this mode, and a link to it, as a mounted Secret has them.
        fn file(text: &[u8], mode: u32) -> (tempfile::TempDir, std::path::PathBuf) {
            let folder = tempfile::tempdir().unwrap();
            let (file, link) = (folder.path().join("data"), folder.path().join("key"));
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            symlink("data", &link).unwrap();
            (folder, link)
        }

        fn refused(text: &[u8], mode: u32) -> KeyFileError {
            let (_folder, link) = file(text, mode);
            TicketKeys::read(&link).unwrap_err()
        }

        #[test]
        fn a_file_of_its_owner_alone_is_read() {
            for mode in [0o600, 0o400] {
                let (_folder, link) = file(line().as_bytes(), mode);
                let keys = TicketKeys::read(&link).unwrap();
                assert_eq!(keys.0.len(), 1);
            }
        }

        #[test]
        fn a_file_that_others_can_read_is_refused_with_what_to_do() {
            for mode in [0o644, 0o640, 0o604, 0o620, 0o666] {
                let error = refused(line().as_bytes(), mode);
                let text = error.to_string();
                assert!(
                    matches!(error, KeyFileError::TooOpen { mode: of } if of == mode),
                    "{text}"
                );
                assert!(text.contains(&format!("{mode:04o}")), "{text}");
                assert!(
                    text.contains("chmod 600") && text.contains("defaultMode: 0400"),
                    "{text}"
                );
            }
        }

        #[test]
        fn a_group_may_read_what_is_roots_alone() {
            let (root, us, other) = (0, 1000, 1001);
            assert!(!is_too_open(0o440, root, us), "a Secret with fsGroup");
            for mode in [0o444, 0o460, 0o644, 0o604] {
                assert!(is_too_open(mode, root, us), "{mode:o}");
            }
            for (owner, us) in [(root, root), (us, us), (other, us)] {
                assert!(is_too_open(0o440, owner, us));
                assert!(!is_too_open(0o400, owner, us));
            }
        }

        #[test]
        fn what_is_no_key_file_is_refused_without_waiting_for_it() {
            let folder = tempfile::tempdir().unwrap();
            let pipe = folder.path().join("pipe");
            let made = std::process::Command::new("mkfifo").arg(&pipe).status();
            assert!(made.unwrap().success());
            for path in [&*pipe, folder.path(), Path::new("/dev/zero")] {
                let error = TicketKeys::read(path).unwrap_err();
                assert!(matches!(error, KeyFileError::NotAFile), "{path:?}: {error}");
            }
            let missing = TicketKeys::read(&folder.path().join("missing")).unwrap_err();
            assert!(matches!(missing, KeyFileError::Read(_)), "{missing}");

            let long = refused(&b"#\n".repeat(3_000), 0o600);
            assert!(matches!(long, KeyFileError::TooLong), "{long}");
            let noise = refused(b"\xff\xfe", 0o600);
            assert!(matches!(noise, KeyFileError::Keys(_)), "{noise}");
        }
    }
}
