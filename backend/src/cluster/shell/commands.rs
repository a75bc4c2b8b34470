//! How a shell is started: which commands are tried in a container, and which of them an image has.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
};

use crate::session::{Shell, Target};

/// What runs in a container before its shell does, in any POSIX shell. It is short, for it travels in a URL.
///
/// The shell's environment has the session's id, which comes as `$0`.
///
/// First of all it looks for what it is to start, if that is no POSIX shell itself, and ends with [`MISSING`] without a word
/// where there is none.
///
/// Then it tells the server the process, and what tells it apart from a later one with the same id, with nothing
/// but builtins. `marker.rs` reads it.
///
/// Then it makes the terminal what ssh or a desktop would have made it. With `iutf8` the kernel takes back whole
/// characters where it edits the line itself (`cat`, `read`); with a UTF-8 locale shells do. What the image says of
/// either stays as it is. Of what can't be used a glibc's programs complain at each start (perl, man), so a glibc has to
/// have that locale: as a folder, where most have it, which costs no process to see, or among those that `locale`
/// lists. Where there is no such program there is no glibc that would complain: musl and busybox take any.
macro_rules! script {
    ($start:literal) => {
        script!("", then $start)
    };
    ($($look:literal)+, then $start:literal) => {
        concat!(
            $($look,)+
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

/// A script that starts a shell which can't run it itself: zsh and fish read no POSIX shell's language.
macro_rules! other {
    ($name:literal) => {
        script!(
            "for p in " $name " /bin/" $name " /usr/bin/" $name " ''; do "
            "command -v \"$p\" >/dev/null 2>&1 && break; done; "
            "[ \"$p\" ] || exit 127; ",
            then "exec $p"
        )
    };
}

/// The exit code of a script that does not find what it is to start, before it has said anything: what shells end with that
/// know no such command.
pub(in crate::cluster) const MISSING: i32 = 127;

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
    /// A shell of Windows, of this name.
    Windows(&'static str),
}

impl Program {
    /// What the container has to have.
    pub(in crate::cluster) fn name(self) -> &'static str {
        match self {
            Self::Posix(name) | Self::Windows(name) => name,
        }
    }
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
/// The same where `PATH` leads to no shell: it may be one that nobody has expanded, as `/opt/bin:$PATH`, or empty.
const FIND_BY_PATH: Launcher = Launcher {
    program: Program::Posix("/bin/sh"),
    command: &[
        "/bin/sh",
        "-c",
        script!("[ -x /bin/bash ] && exec /bin/bash; exec /bin/sh"),
    ],
};
const SH: Launcher = Launcher {
    program: Program::Posix("sh"),
    command: &["sh", "-c", script!("exec sh")],
};
const SH_BY_PATH: Launcher = Launcher {
    program: Program::Posix("/bin/sh"),
    command: &["/bin/sh", "-c", script!("exec /bin/sh")],
};
const BASH: Launcher = Launcher {
    program: Program::Posix("bash"),
    command: &["bash", "-c", script!("exec bash")],
};
const BASH_BY_PATH: Launcher = Launcher {
    program: Program::Posix("/bin/bash"),
    command: &["/bin/bash", "-c", script!("exec /bin/bash")],
};
const ASH: Launcher = Launcher {
    program: Program::Posix("ash"),
    command: &["ash", "-c", script!("exec ash")],
};
const ASH_BY_PATH: Launcher = Launcher {
    program: Program::Posix("/bin/ash"),
    command: &["/bin/ash", "-c", script!("exec /bin/ash")],
};
const ZSH: Launcher = Launcher {
    program: Program::Posix("sh"),
    command: &["sh", "-c", other!("zsh")],
};
const ZSH_BY_PATH: Launcher = Launcher {
    program: Program::Posix("/bin/sh"),
    command: &["/bin/sh", "-c", other!("zsh")],
};
const FISH: Launcher = Launcher {
    program: Program::Posix("sh"),
    command: &["sh", "-c", other!("fish")],
};
const FISH_BY_PATH: Launcher = Launcher {
    program: Program::Posix("/bin/sh"),
    command: &["/bin/sh", "-c", other!("fish")],
};
const POWERSHELL: Launcher = Launcher {
    program: Program::Windows("powershell"),
    command: &["powershell"],
};
const CMD: Launcher = Launcher {
    program: Program::Windows("cmd"),
    command: &["cmd"],
};

/// How many images are known at once in which another launcher works than the one that is tried first.
const MAX_IMAGES: usize = 1000;

/// Which launchers are tried. Remembers in which images another one works than the first, so that the first costs no exec
/// each time.
#[derive(Debug, Default)]
pub(in crate::cluster) struct Launchers {
    /// What is tried where nobody asks for a shell, if that was said.
    preferred: OnceLock<Vec<Shell>>,
    working: Mutex<HashMap<String, &'static Launcher>>,
}

impl Launchers {
    /// From here on, these shells alone are tried where nobody asks for one, in this order.
    pub(in crate::cluster) fn prefer(&self, shells: Vec<Shell>) {
        // It is said once, at start.
        let _ = self.preferred.set(shells);
    }

    /// The shells that are tried alone in this target where nobody asks for one; [`None`] if any will do.
    pub(in crate::cluster) fn preferred(&self, target: &Target) -> Option<Vec<Shell>> {
        let all = self.preferred.get().filter(|_| target.shell.is_none())?;
        let fit = all
            .iter()
            .filter(|shell| shell.is_of_windows() == target.windows);
        Some(fit.copied().collect())
    }

    /// The launchers to try, the next one only if the program of the one before is not there.
    pub(in crate::cluster) fn to_try(&self, target: &Target) -> Vec<&'static Launcher> {
        let mut launchers = self.known(target);
        if let Some(working) = self.working().get(&target.image)
            && let Some(at) = launchers.iter().position(|one| one == working)
        {
            launchers[..=at].rotate_right(1);
        }
        launchers
    }

    /// Keeps in mind which launcher worked.
    pub(in crate::cluster) fn remember(&self, target: &Target, worked: &'static Launcher) {
        if target.shell.is_some() || target.image.is_empty() {
            return;
        }
        let is_first = self.known(target).first() == Some(&worked);
        let mut working = self.working();
        if is_first {
            working.remove(&target.image);
            return;
        }
        if working.len() >= MAX_IMAGES && !working.contains_key(&target.image) {
            // Any one: it costs an exec when it is wanted again.
            let other = working.keys().next().cloned();
            other.map(|image| working.remove(&image));
        }
        working.insert(target.image.clone(), worked);
    }

    /// The launchers that may work, the best first.
    fn known(&self, target: &Target) -> Vec<&'static Launcher> {
        if let Some(shell) = target.shell {
            return of_shell(shell).to_vec();
        }
        let Some(preferred) = self.preferred(target) else {
            return if target.windows {
                vec![&POWERSHELL, &CMD]
            } else {
                // The second is for an image that has bash alone.
                vec![&FIND, &BASH, &FIND_BY_PATH, &BASH_BY_PATH]
            };
        };
        let by_shell: Vec<_> = preferred.into_iter().map(of_shell).collect();
        // What PATH finds of any of them comes before what it does not.
        let longest = by_shell.iter().map(|ways| ways.len()).max().unwrap_or(0);
        (0..longest)
            .flat_map(|at| {
                by_shell
                    .iter()
                    .filter_map(move |ways| ways.get(at).copied())
            })
            .collect()
    }

    fn working(&self) -> MutexGuard<'_, HashMap<String, &'static Launcher>> {
        self.working.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The launchers of one shell, the best first.
fn of_shell(shell: Shell) -> &'static [&'static Launcher] {
    match shell {
        Shell::Bash => &[&BASH, &BASH_BY_PATH],
        Shell::Sh => &[&SH, &SH_BY_PATH],
        Shell::Ash => &[&ASH, &ASH_BY_PATH],
        Shell::Zsh => &[&ZSH, &ZSH_BY_PATH],
        Shell::Fish => &[&FISH, &FISH_BY_PATH],
        Shell::Powershell => &[&POWERSHELL],
        Shell::Cmd => &[&CMD],
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

    const ALL: [&Launcher; 4] = [&FIND, &BASH, &FIND_BY_PATH, &BASH_BY_PATH];

    #[test]
    fn what_works_in_an_image_is_remembered() {
        let launchers = Launchers::default();
        let (bash_only, other) = (target("bash@sha256:1", None), target("web@sha256:2", None));
        assert_eq!(launchers.to_try(&bash_only), ALL);
        launchers.remember(&bash_only, &BASH);
        launchers.remember(&other, &FIND);
        let bash_first = [&BASH, &FIND, &FIND_BY_PATH, &BASH_BY_PATH];
        assert_eq!(launchers.to_try(&bash_only), bash_first);
        assert_eq!(launchers.to_try(&other), ALL);
        launchers.remember(&other, &FIND_BY_PATH);
        let by_path_first = [&FIND_BY_PATH, &FIND, &BASH, &BASH_BY_PATH];
        assert_eq!(launchers.to_try(&other), by_path_first);
        // The others are still tried, and count if they work.
        launchers.remember(&bash_only, &FIND);
        assert_eq!(launchers.to_try(&bash_only), ALL);
    }

    #[test]
    fn a_wish_tells_nothing_of_the_image() {
        let launchers = Launchers::default();
        let wish = target("web@sha256:2", Some(Shell::Bash));
        assert_eq!(launchers.to_try(&wish), [&BASH, &BASH_BY_PATH]);
        launchers.remember(&wish, &BASH_BY_PATH);
        let any = target("web@sha256:2", None);
        assert_eq!(launchers.to_try(&any), ALL);
        // Nor does anything of an image that nobody knows.
        let unknown = target("", None);
        launchers.remember(&unknown, &BASH);
        assert_eq!(launchers.to_try(&unknown), ALL);
    }

    #[test]
    fn a_servers_list_is_tried_in_its_order() {
        let launchers = Launchers::default();
        launchers.prefer(vec![Shell::Zsh, Shell::Powershell, Shell::Sh]);
        let linux = target("web@sha256:2", None);
        let expected = [&ZSH, &SH, &ZSH_BY_PATH, &SH_BY_PATH];
        assert_eq!(launchers.to_try(&linux), expected);
        launchers.remember(&linux, &SH);
        let expected = [&SH, &ZSH, &ZSH_BY_PATH, &SH_BY_PATH];
        assert_eq!(launchers.to_try(&linux), expected);
        let windows = Target {
            windows: true,
            ..target("nano@sha256:3", None)
        };
        assert_eq!(launchers.to_try(&windows), [&POWERSHELL]);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let launchers = Launchers::default();
        for number in 0..2 * MAX_IMAGES {
            launchers.remember(&target(&number.to_string(), None), &BASH);
        }
        assert_eq!(launchers.working().len(), MAX_IMAGES);
        let last = target(&(2 * MAX_IMAGES - 1).to_string(), None);
        assert_eq!(launchers.to_try(&last)[0], &BASH);
    }
}
