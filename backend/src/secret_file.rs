//! Files with secrets, which have to be their owner's alone.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _},
    path::Path,
};

use thiserror::Error;

/// The longest such file, in bytes: some keys and some words about them.
const MAX_FILE: u64 = 4 << 10;
/// Set in every pod.
#[cfg(unix)]
const IN_POD: &str = "KUBERNETES_SERVICE_HOST";

/// Why a file gives no secret.
#[derive(Debug, Error)]
pub enum SecretFileError {
    /// The system refuses.
    #[error(transparent)]
    Read(#[from] io::Error),
    /// A directory, a pipe, a device.
    #[error("it is not a regular file")]
    NotAFile,
    /// It is neither ours nor root's.
    #[error("it belongs to another user, who can read and change it")]
    Foreign,
    /// Others than its owner can read or change it.
    #[error(
        "others than its owner can use it (its mode is {mode:04o}), and what is in it opens any shell. Run `chmod 600` on \
         it, and put another secret in if somebody may have read this one; in Kubernetes, mount the Secret with \
         `defaultMode: 0400`"
    )]
    TooOpen {
        /// Its permissions.
        mode: u32,
    },
    /// No such file is so long.
    #[error("it is longer than {MAX_FILE} bytes")]
    TooLong,
}

/// Reads a file, which has to be ours or root's alone. In a pod, the group may read what is root's: that is how the kubelet
/// gives a Secret to other users. Bytes that are no text are replaced.
///
/// # Errors
///
/// [`SecretFileError`] if it can't be read, or others could.
pub(crate) fn read(path: &Path) -> Result<String, SecretFileError> {
    let file = open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(SecretFileError::NotAFile);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let (mode, owner) = (metadata.mode() & 0o7777, metadata.uid());
        let us = rustix::process::geteuid().as_raw();
        if owner != us && owner != 0 {
            return Err(SecretFileError::Foreign);
        }
        let in_pod = std::env::var_os(IN_POD).is_some();
        if is_too_open(mode, owner == 0 && us != 0 && in_pod) {
            return Err(SecretFileError::TooOpen { mode });
        }
    }
    // It may grow while it is read.
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(SecretFileError::TooLong);
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
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

/// Whether others can use a file of this mode; its group may read it if that `may_read`.
#[cfg(unix)]
fn is_too_open(mode: u32, may_read: bool) -> bool {
    let theirs = if may_read { 0o037 } else { 0o077 };
    mode & theirs != 0
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
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

    fn refused(text: &[u8], mode: u32) -> SecretFileError {
        let (_folder, link) = file(text, mode);
        read(&link).unwrap_err()
    }

    #[test]
    fn a_file_of_its_owner_alone_is_read() {
        for mode in [0o600, 0o400] {
            let (_folder, link) = file(b"secret", mode);
            assert_eq!(read(&link).unwrap(), "secret");
        }
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_with_what_to_do() {
        for mode in [0o644, 0o640, 0o604, 0o620, 0o666] {
            let error = refused(b"secret", mode);
            let text = error.to_string();
            assert!(
                matches!(error, SecretFileError::TooOpen { mode: of } if of == mode),
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
    fn a_group_may_read_a_secret_in_a_pod_and_nothing_else() {
        assert!(!is_too_open(0o440, true), "a Secret with fsGroup");
        for mode in [0o444, 0o460, 0o644, 0o604] {
            assert!(is_too_open(mode, true), "{mode:o}");
        }
        assert!(is_too_open(0o440, false));
        assert!(!is_too_open(0o400, false));
    }

    #[test]
    fn a_file_of_another_user_is_refused() {
        let (_folder, link) = file(b"secret", 0o600);
        if let Err(error) = std::os::unix::fs::chown(&link, Some(12_345), None) {
            eprintln!("not tried: only root can give a file away ({error})");
            return;
        }
        let error = read(&link).unwrap_err();
        assert!(matches!(error, SecretFileError::Foreign), "{error}");
    }

    #[test]
    fn what_is_no_key_file_is_refused_without_waiting_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        for path in [&*pipe, folder.path(), Path::new("/dev/zero")] {
            let error = read(path).unwrap_err();
            assert!(
                matches!(error, SecretFileError::NotAFile),
                "{path:?}: {error}"
            );
        }
        let missing = read(&folder.path().join("missing")).unwrap_err();
        assert!(matches!(missing, SecretFileError::Read(_)), "{missing}");

        let long = refused(&b"#\n".repeat(3_000), 0o600);
        assert!(matches!(long, SecretFileError::TooLong), "{long}");
        let (_folder, noise) = file(b"\xff\xfe", 0o600);
        assert_eq!(read(&noise).unwrap(), "\u{fffd}\u{fffd}");
    }
}
