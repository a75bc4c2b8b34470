//! What a container's commands find: a directory of their own, a `PATH`, and which programs it leads to.

use std::{
    io,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
};

/// The `PATH` that container runtimes give when the image names none.
const HOST_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What an image without bash still has, as far as this machine has it.
pub(crate) const BASIC_PROGRAMS: &[&str] = &[
    "sh", "ls", "cat", "echo", "env", "grep", "head", "hostname", "id", "kill", "mkdir", "printf",
    "ps", "pwd", "rm", "seq", "sleep", "stty", "tail", "touch", "tr", "tty", "uname", "vi", "wc",
    "yes",
];

/// The programs of a container.
#[derive(Clone, Debug)]
pub(crate) enum Programs {
    /// All of this machine.
    Host,
    /// These of this machine.
    Only(Vec<String>),
}

/// Where a container's commands run.
#[derive(Clone, Debug)]
pub(crate) struct Sandbox {
    /// `HOME` and working directory.
    pub(crate) home: PathBuf,
    /// `PATH`.
    pub(crate) path: String,
}

impl Sandbox {
    /// The sandbox of the container that `dir` belongs to, made if it isn't there.
    pub(crate) fn prepare(dir: &Path, programs: &Programs) -> io::Result<Self> {
        let home = dir.join("home");
        std::fs::create_dir_all(&home)?;
        let path = match programs {
            Programs::Host => HOST_PATH.to_owned(),
            Programs::Only(names) => {
                let bin = dir.join("bin");
                std::fs::create_dir_all(&bin)?;
                for name in names {
                    let Some(program) = search_host(name) else {
                        continue;
                    };
                    match symlink(program, bin.join(name)) {
                        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                            return Err(error);
                        }
                        _ => {}
                    }
                }
                bin.to_string_lossy().into_owned()
            }
        };
        Ok(Self { home, path })
    }

    /// The file to run for `program`, or what the container runtime says if there is none.
    pub(crate) fn find(&self, programs: &Programs, program: &str) -> Result<PathBuf, String> {
        if !program.contains('/') {
            return search(&self.path, program).ok_or_else(|| not_in_path(program));
        }
        let file = self.home.join(program);
        let name = file.file_name().and_then(|name| name.to_str());
        let has = match programs {
            Programs::Host => true,
            Programs::Only(names) => names.iter().any(|has| Some(has.as_str()) == name),
        };
        if has && is_executable(&file) {
            Ok(file)
        } else {
            Err(format!(
                "exec: \"{program}\": stat {program}: no such file or directory"
            ))
        }
    }
}

/// What the container runtime says of a program that is not in `PATH`.
pub(crate) fn not_in_path(program: &str) -> String {
    format!("exec: \"{program}\": executable file not found in $PATH")
}

/// The program of this machine with this name.
pub(crate) fn search_host(name: &str) -> Option<PathBuf> {
    search(HOST_PATH, name)
}

fn search(path: &str, name: &str) -> Option<PathBuf> {
    path.split(':')
        .map(|dir| Path::new(dir).join(name))
        .find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    std::fs::metadata(file)
        .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}
