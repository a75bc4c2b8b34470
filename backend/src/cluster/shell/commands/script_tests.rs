//! The script before a shell, run by the shells of this machine in images of every kind.

use std::{
    collections::BTreeMap, fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command,
};

use super::*;

/// What an image has.
#[derive(Default)]
struct Image {
    /// The locales that its glibc has as folders.
    folders: &'static [&'static str],
    /// What its `locale -a` says, if it has that.
    locale: Option<&'static str>,
    env: &'static [(&'static str, &'static str)],
}

/// Puts a program in a folder of them.
fn program(bin: &Path, name: &str, script: &str) {
    let file = bin.join(name);
    fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
}

/// The shells of this machine that may be an image's `sh`.
fn shells() -> Vec<&'static [&'static str]> {
    let all: [&[&str]; 3] = [
        &["/bin/dash"],
        &["/bin/bash", "--posix"],
        &["/bin/busybox", "sh"],
    ];
    let there: Vec<_> = all
        .into_iter()
        .filter(|shell| Path::new(shell[0]).exists())
        .collect();
    assert!(!there.is_empty());
    there
}

/// The session's id.
const SESSION: &str = "a2b8d7f0-4c1e-4f1e-9b52-5f3a6b1c2d3e";

impl Image {
    /// The environment that the script gives a shell here.
    ///
    /// Shows that it prints nothing but the marker.
    fn environment(&self, shell: &[&str], script: &str) -> BTreeMap<String, String> {
        let image = tempfile::tempdir().unwrap();
        let (bin, locales) = (image.path().join("bin"), image.path().join("locale"));
        fs::create_dir(&bin).unwrap();
        for folder in self.folders {
            fs::create_dir_all(locales.join(folder)).unwrap();
        }
        // There is no stty: what it does, a terminal has to show.
        for name in ["bash", "env", "fish", "zsh"] {
            program(&bin, name, "exec /usr/bin/env");
        }
        if let Some(listed) = self.locale {
            let list = format!("[ \"$1\" = -a ] && printf '{listed}'");
            program(&bin, "locale", &list);
        }
        let script = script
            .replace("/usr/lib/locale", locales.to_str().unwrap())
            .replace("/bin/bash", "bash")
            .replace("/bin/sh", "sh")
            // Busybox's would be itself.
            .replace("exec sh", "exec env")
            .replace("exec ash", "exec env");
        let ran = Command::new(shell[0])
            .args(&shell[1..])
            .args(["-c", &script, SESSION])
            .env_clear()
            .env("PATH", &bin)
            .envs(self.env.iter().copied())
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&ran.stderr), "", "{shell:?}");
        let said = String::from_utf8(ran.stdout).unwrap();
        let (marker, environment) = said.split_once('\n').unwrap();
        assert!(marker.starts_with("\x1b]7735;"), "{shell:?}: {said}");
        let own = format!("PODSHELL_SESSION={SESSION}");
        assert!(
            environment.lines().any(|line| line == own),
            "{shell:?}: {environment}"
        );
        let parts = environment
            .lines()
            .map(|line| line.split_once('=').unwrap());
        parts
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }
}

/// The script in each of the launchers that have one.
fn scripts() -> impl Iterator<Item = &'static str> {
    [&FIND, &FIND_BY_PATH, &SH, &BASH, &ASH, &ZSH, &FISH]
        .into_iter()
        .map(|launcher| launcher.command[2])
}

#[test]
fn a_shell_that_is_missing_is_told_before_anything_else() {
    let empty = tempfile::tempdir().unwrap();
    for shell in shells() {
        for launcher in [&ZSH, &FISH] {
            // This machine may have them.
            let script = launcher.command[2].replace("/bin/", "/nowhere/");
            let ran = Command::new(shell[0])
                .args(&shell[1..])
                .args(["-c", &script, SESSION])
                .env_clear()
                .env("PATH", empty.path())
                .output()
                .unwrap();
            assert_eq!(ran.status.code(), Some(MISSING), "{shell:?}");
            let said = [ran.stdout, ran.stderr].concat();
            assert_eq!(String::from_utf8_lossy(&said), "", "{shell:?}");
        }
    }
}

#[test]
fn a_utf8_locale_where_none_is_set_and_there_is_one() {
    const OLD: &str = "C\\nPOSIX\\nen_US.utf8\\nes_EC.utf8\\n";
    let images = [
        // Busybox, Alpine.
        (Image::default(), Some("C.UTF-8")),
        // Debian and Fedora, now and earlier.
        (
            Image {
                folders: &["C.utf8"],
                locale: Some(OLD),
                ..Image::default()
            },
            Some("C.UTF-8"),
        ),
        (
            Image {
                folders: &["C.UTF-8"],
                locale: Some(OLD),
                ..Image::default()
            },
            Some("C.UTF-8"),
        ),
        // All of them in one archive.
        (
            Image {
                locale: Some("C\\nC.utf8\\nPOSIX\\nen_US.utf8\\n"),
                ..Image::default()
            },
            Some("C.UTF-8"),
        ),
        (
            Image {
                locale: Some("C.UTF-8\\nsv_SE.UTF-8\\n"),
                ..Image::default()
            },
            Some("C.UTF-8"),
        ),
        // CentOS 7.
        (
            Image {
                folders: &["en_US.utf8"],
                locale: Some(OLD),
                ..Image::default()
            },
            None,
        ),
        (
            Image {
                locale: Some("C\\nPOSIX\\n"),
                ..Image::default()
            },
            None,
        ),
        // What the image says stays, be it empty.
        (
            Image {
                env: &[("LANG", "de_DE.UTF-8")],
                ..Image::default()
            },
            Some("de_DE.UTF-8"),
        ),
        (
            Image {
                env: &[("LANG", "")],
                ..Image::default()
            },
            Some(""),
        ),
        (
            Image {
                env: &[("LC_ALL", "C")],
                ..Image::default()
            },
            None,
        ),
        (
            Image {
                env: &[("LC_CTYPE", "en_US.UTF-8")],
                ..Image::default()
            },
            None,
        ),
        (
            Image {
                env: &[("LC_TIME", "en_DK.UTF-8")],
                ..Image::default()
            },
            Some("C.UTF-8"),
        ),
    ];
    for (number, (image, lang)) in images.iter().enumerate() {
        for shell in shells() {
            for script in scripts() {
                let environment = image.environment(shell, script);
                let got = environment.get("LANG").map(String::as_str);
                assert_eq!(got, *lang, "image {number}, {shell:?}");
                for (name, value) in image.env {
                    assert_eq!(environment[*name], *value, "image {number}, {shell:?}");
                }
            }
        }
    }
}

#[test]
fn the_terminal_has_all_colours() {
    for shell in shells() {
        for script in scripts() {
            let environment = Image::default().environment(shell, script);
            assert_eq!(environment["TERM"], "xterm-256color");
            assert_eq!(environment["COLORTERM"], "truecolor");
            // A runtime says this of every terminal.
            let env = &[("TERM", "xterm"), ("COLORTERM", "24bit")];
            let environment = Image {
                env,
                ..Image::default()
            }
            .environment(shell, script);
            assert_eq!(environment["TERM"], "xterm-256color");
            assert_eq!(environment["COLORTERM"], "24bit");
        }
    }
}

#[test]
fn the_script_is_short_enough_for_a_url() {
    for script in scripts() {
        assert!(script.len() < 720, "{} bytes", script.len());
    }
}
