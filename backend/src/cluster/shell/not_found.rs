//! Whether a container runtime says that a container has no such program: which one, in the words of each runtime.

/// Whether these words say that `program` is not there, and not that something else is missing that it takes to run one.
pub(super) fn says_so(words: &str, program: &str) -> bool {
    // Some runtimes quote what another one has quoted.
    let words = words.replace('\\', "").to_ascii_lowercase();
    let program = program.to_ascii_lowercase();
    patterns(&program)
        .iter()
        .any(|pattern| words.contains(pattern))
        || (words.contains("the system cannot find the file specified") && words.contains(&program))
}

/// What runtimes say, in lower case.
fn patterns(program: &str) -> [String; 9] {
    [
        // runc, and with it containerd, CRI-O and cri-dockerd: Go's `exec.LookPath`.
        format!("exec: \"{program}\": executable file not found"),
        format!("exec: \"{program}\": stat {program}: no such file or directory"),
        format!("exec: \"{program}\": no such file or directory"),
        // The file is there, but not what it names as its loader or interpreter.
        format!("exec {program}: no such file or directory"),
        // crun.
        format!("executable file `{program}` not found"),
        // youki, and crun without a PATH.
        format!("executable '{program}' not found"),
        format!("executable file '{program}' not found"),
        // gVisor.
        format!("error finding executable \"{program}\" in path"),
        format!("failed to load {program}: no such file or directory"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_runtimes_words_for_a_program_that_is_missing() {
        for (words, program) in [
            // containerd 1.6 and 2 with runc 1.1 to 1.3
            (
                r#"Internal error occurred: error executing command in container: failed to exec in container: failed to start exec "9a": OCI runtime exec failed: exec failed: unable to start container process: exec: "sh": executable file not found in $PATH: unknown"#,
                "sh",
            ),
            (
                r#"OCI runtime exec failed: exec failed: unable to start container process: exec: "/bin/sh": stat /bin/sh: no such file or directory: unknown"#,
                "/bin/sh",
            ),
            // runc 1.0, as Docker quoted it
            (
                r#"OCI runtime exec failed: exec failed: container_linux.go:380: starting container process caused "exec: \"bash\": executable file not found in $PATH": unknown"#,
                "bash",
            ),
            ("exec /bin/bash: no such file or directory", "/bin/bash"),
            // what CRI-O lets runc print
            (
                "time=\"2026-01-01T00:00:00Z\" level=error msg=\"exec failed: unable to start container process: exec: \\\"sh\\\": executable file not found in $PATH\"\r\n",
                "sh",
            ),
            // crun 1.x, also behind Podman
            (
                "executable file `sh` not found in $PATH: No such file or directory",
                "sh",
            ),
            (
                "Error: crun: executable file `/bin/sh` not found: No such file or directory: OCI runtime attempted to invoke a command that was not found",
                "/bin/sh",
            ),
            ("executable 'sh' not found in $PATH", "sh"),
            // gVisor
            (
                r#"error finding executable "sh" in PATH [/usr/local/bin /bin]: no such file or directory"#,
                "sh",
            ),
            (
                r#"failed to load /bin/sh: no such file or directory"#,
                "/bin/sh",
            ),
            // containerd on Windows
            (
                r#"hcs::System::CreateProcess 1f: The system cannot find the file specified.: (extra info: {"CommandLine":"powershell"})"#,
                "powershell",
            ),
        ] {
            assert!(says_so(words, program), "{words}");
            assert!(!says_so(words, "zsh"), "{words}");
        }
    }

    #[test]
    fn something_else_that_is_missing_is_no_missing_shell() {
        for words in [
            // a container without /proc
            "OCI runtime exec failed: exec failed: unable to start container process: error closing exec fds: open /proc/self/fd: no such file or directory: unknown",
            "chdir to cwd (\"/sh\") set in config.json failed: no such file or directory",
            r#"exec: "sh": permission denied"#,
            "cannot exec in a stopped container",
            "unable to find user sh: no matching entries in passwd file",
            "no such file or directory",
            "cg: cgroupd: recv req error: No such file or directory: OCI runtime attempted to invoke a command that was not found",
            "",
        ] {
            assert!(!says_so(words, "sh"), "{words}");
        }
    }
}
