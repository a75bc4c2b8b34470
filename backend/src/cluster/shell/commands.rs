//! How a shell is started: which commands are tried in a container, and which of them an image has.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::session::{Shell, Target};

/// What runs in a container before its shell does, in any POSIX shell. It is short, for it travels in a URL.
///
/// The shell's environment has the session's id, which comes as `$0`.
///
/// First it tells the server the process, and what tells it apart from a later one with the same id, with nothing
/// but builtins. `marker.rs` reads it.
///
/// Then it makes the terminal what ssh or a desktop would have made it. With `iutf8` the kernel takes back whole
/// characters where it edits the line itself (`cat`, `read`); with a UTF-8 locale shells do. What the image says of
/// either stays as it is. Of what can't be used a glibc's programs complain at each start (perl, man), so a glibc has to
/// have that locale: as a folder, where most have it, which costs no process to see, or among those that `locale`
/// lists. Where there is no such program there is no glibc that would complain: musl and busybox take any.
macro_rules! script {
    ($start:literal) => {
        concat!(
            "{ read -r s </proc/$$/stat; } 2>/dev/null; set -- ${s##*) }; ",
            "echo \"\x1b]7735;$$;$4;${20}\x07\"; ",
            "stty iutf8 2>/dev/null; ",
            "export PODSHELL_SESSION=$0 TERM=xterm-256color COLORTERM=\"${COLORTERM-truecolor}\"; ",
            "if [ -z \"${LC_ALL+x}${LC_CTYPE+x}${LANG+x}\" ]; then l=/usr/lib/locale/C; ",
            "[ -e $l.utf8 ] || [ -e $l.UTF-8 ] || ",
            "case $(locale -a 2>/dev/null) in ''|C.*|C?C.*) ;; *) false;; esac && export LANG=C.UTF-8; fi; ",
            $start
        )
    };
}

/// A way to start a shell.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cluster) struct Launcher {
    pub(in crate::cluster) program: Program,
    command: &'static [&'static str],
}

impl Launcher {
    /// The command of a session.
    pub(in crate::cluster) fn command<'a>(&self, session: &'a str) -> Vec<&'a str> {
        let mut command = self.command.to_vec();
        if matches!(self.program, Program::Posix(_)) {
            command.push(session);
        }
        command
    }
}

/// The program that a launcher starts first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cluster) enum Program {
    /// A POSIX shell of this name, with a script that prints the marker.
    Posix(&'static str),
    /// A shell of Windows.
    Windows,
}

/// One exec finds bash or sh; another try would cost its start again, some 45 ms.
const FIND: Launcher = Launcher {
    program: Program::Posix("sh"),
    command: &[
        "sh",
        "-c",
        script!("command -v bash >/dev/null 2>&1 && exec bash; exec sh"),
    ],
};
const SH: Launcher = Launcher {
    program: Program::Posix("sh"),
    command: &["sh", "-c", script!("exec sh")],
};
const BASH: Launcher = Launcher {
    program: Program::Posix("bash"),
    command: &["bash", "-c", script!("exec bash")],
};
const POWERSHELL: Launcher = Launcher {
    program: Program::Windows,
    command: &["powershell"],
};
const CMD: Launcher = Launcher {
    program: Program::Windows,
    command: &["cmd"],
};

/// How many images are known at once to lack the launcher that is tried first.
const MAX_IMAGES: usize = 1000;

/// Remembers which images lack the launcher that is tried first, so that it costs no exec each time.
#[derive(Debug, Default)]
pub(in crate::cluster) struct Launchers {
    lacking: Mutex<HashSet<String>>,
}

impl Launchers {
    /// The launchers to try, the next one only if the program of the one before is not there.
    pub(in crate::cluster) fn to_try(&self, target: &Target) -> Vec<&'static Launcher> {
        let mut launchers = known(target).to_vec();
        if self.lacking().contains(&target.image) {
            launchers.reverse();
        }
        launchers
    }

    /// Keeps in mind which launcher worked.
    pub(in crate::cluster) fn remember(&self, target: &Target, worked: &Launcher) {
        let [first, _] = known(target) else {
            return;
        };
        let mut lacking = self.lacking();
        if worked == *first {
            lacking.remove(&target.image);
        } else if !target.image.is_empty() {
            if lacking.len() >= MAX_IMAGES {
                // Any one: it costs an exec when it is wanted again.
                let other = lacking.iter().next().cloned();
                other.map(|image| lacking.remove(&image));
            }
            lacking.insert(target.image.clone());
        }
    }

    fn lacking(&self) -> MutexGuard<'_, HashSet<String>> {
        self.lacking.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The launchers that may work, the best first.
fn known(target: &Target) -> &'static [&'static Launcher] {
    match target.shell {
        None if target.windows => &[&POWERSHELL, &CMD],
        // The second is for an image that has bash alone.
        None => &[&FIND, &BASH],
        Some(Shell::Bash) => &[&BASH],
        Some(Shell::Sh) => &[&SH],
        Some(Shell::Powershell) => &[&POWERSHELL],
        Some(Shell::Cmd) => &[&CMD],
    }
}

#[cfg(test)]
mod script_tests;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Mode;

    fn target(image: &str, shell: Option<Shell>) -> Target {
        Target {
            namespace: "default".to_owned(),
            pod: "web-0".to_owned(),
            container: "app".to_owned(),
            shell,
            mode: Mode::Exec,
            windows: false,
            image: image.to_owned(),
        }
    }

    #[test]
    fn an_image_with_bash_alone_is_remembered() {
        let launchers = Launchers::default();
        let (bash_only, other) = (target("bash@sha256:1", None), target("web@sha256:2", None));
        assert_eq!(launchers.to_try(&bash_only), [&FIND, &BASH]);
        launchers.remember(&bash_only, &BASH);
        launchers.remember(&other, &FIND);
        assert_eq!(launchers.to_try(&bash_only), [&BASH, &FIND]);
        assert_eq!(launchers.to_try(&other), [&FIND, &BASH]);
        // The other one is still tried, and counts if it works.
        launchers.remember(&bash_only, &FIND);
        assert_eq!(launchers.to_try(&bash_only), [&FIND, &BASH]);
    }

    #[test]
    fn a_wish_tells_nothing_of_the_image() {
        let launchers = Launchers::default();
        let wish = target("web@sha256:2", Some(Shell::Bash));
        assert_eq!(launchers.to_try(&wish), [&BASH]);
        launchers.remember(&wish, &BASH);
        let any = target("web@sha256:2", None);
        assert_eq!(launchers.to_try(&any), [&FIND, &BASH]);
        // Nor does anything of an image that nobody knows.
        let unknown = target("", None);
        launchers.remember(&unknown, &BASH);
        assert_eq!(launchers.to_try(&unknown), [&FIND, &BASH]);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let launchers = Launchers::default();
        for number in 0..2 * MAX_IMAGES {
            launchers.remember(&target(&number.to_string(), None), &BASH);
        }
        assert_eq!(launchers.lacking().len(), MAX_IMAGES);
        let last = target(&(2 * MAX_IMAGES - 1).to_string(), None);
        assert_eq!(launchers.to_try(&last), [&BASH, &FIND]);
    }
}
