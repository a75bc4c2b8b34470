//! Everything configurable, read and validated before a port is bound.

use std::{fmt, net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use clap::Parser;
use thiserror::Error;

/// A shell in any container of a Kubernetes cluster, in the browser.
///
/// Without flags: the current kubeconfig context if it answers, else a built-in demo.
#[derive(Clone, Debug, Parser)]
#[command(name = "podshell", version)]
pub struct Config {
    /// Address and port to listen on; loopback only. Port 0 takes a free one.
    #[arg(long, env = "PODSHELL_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:7780", value_parser = loopback)]
    pub listen: SocketAddr,

    /// Kubeconfig file instead of the usual one ($KUBECONFIG or ~/.kube/config).
    #[arg(long, env = "PODSHELL_KUBECONFIG", value_name = "PATH")]
    pub kubeconfig: Option<PathBuf>,

    /// Kubeconfig context instead of the current one.
    #[arg(long, env = "PODSHELL_CONTEXT", value_name = "NAME")]
    pub context: Option<String>,

    /// Serve the built-in demo, whatever cluster is configured: its containers are processes on this machine.
    #[cfg(feature = "demo")]
    #[arg(long, env = "PODSHELL_DEMO")]
    pub demo: bool,

    /// Path under which everything is served.
    #[arg(
        long,
        env = "PODSHELL_BASE_PATH",
        value_name = "PATH",
        default_value = "/"
    )]
    pub base_path: BasePath,

    /// How often an idle connection shows a sign of life, 1s to 1h.
    #[arg(long, env = "PODSHELL_HEARTBEAT", value_name = "TIME", default_value = "25s", value_parser = heartbeat)]
    pub heartbeat: Duration,
}

impl Config {
    /// Whether the demo was asked for.
    pub fn is_demo(&self) -> bool {
        #[cfg(feature = "demo")]
        return self.demo;
        #[cfg(not(feature = "demo"))]
        return false;
    }
}

/// Why an address can't be listened on.
#[derive(Debug, Error)]
enum ListenError {
    #[error("not an address with a port, like 127.0.0.1:7780")]
    NotAnAddress,
    #[error(
        "not a loopback address. Podshell gives whoever reaches it a shell in your cluster, and \
         it has no sign-in for several people yet; listen on 127.0.0.1, and use an SSH tunnel from elsewhere"
    )]
    NotLoopback,
}

fn loopback(text: &str) -> Result<SocketAddr, ListenError> {
    let text = text.replace("localhost:", "127.0.0.1:");
    let address: SocketAddr = text.parse().map_err(|_| ListenError::NotAnAddress)?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err(ListenError::NotLoopback)
    }
}

/// Why a time is no heartbeat.
#[derive(Debug, Error)]
enum HeartbeatError {
    #[error("{0}")]
    NotATime(#[from] humantime::DurationError),
    #[error("must be from 1s to 1h")]
    OutOfRange,
}

fn heartbeat(text: &str) -> Result<Duration, HeartbeatError> {
    let time = humantime::parse_duration(text)?;
    if (Duration::from_secs(1)..=Duration::from_secs(3600)).contains(&time) {
        Ok(time)
    } else {
        Err(HeartbeatError::OutOfRange)
    }
}

/// The path under which everything is served: `/`, or `/like/this` without a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BasePath(String);

impl BasePath {
    /// Empty for `/`, else with a slash in front and none at the end: what to put before a route.
    pub fn prefix(&self) -> &str {
        &self.0
    }

    /// With a slash at its end: what relative links are resolved against.
    pub fn with_slash(&self) -> String {
        format!("{}/", self.0)
    }
}

/// Why a text is no base path.
#[derive(Debug, Error)]
pub enum BasePathError {
    /// Relative.
    #[error("must begin with a slash")]
    NoSlash,
    /// Something that would have to be escaped, or that routes give a meaning.
    #[error("may hold letters, digits, '-', '_', '.', '~' and single slashes only")]
    BadCharacter,
}

impl FromStr for BasePath {
    type Err = BasePathError;

    fn from_str(text: &str) -> Result<Self, BasePathError> {
        let path = text.strip_prefix('/').ok_or(BasePathError::NoSlash)?;
        if path.is_empty() {
            return Ok(Self(String::new()));
        }
        let path = path.strip_suffix('/').unwrap_or(path);
        let plain = |part: &str| {
            !part.is_empty()
                && part != "."
                && part != ".."
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte))
        };
        if path.split('/').all(plain) {
            Ok(Self(format!("/{path}")))
        } else {
            Err(BasePathError::BadCharacter)
        }
    }
}

impl fmt::Display for BasePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.with_slash())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Config, clap::Error> {
        Config::try_parse_from(std::iter::once("podshell").chain(arguments.iter().copied()))
    }

    #[test]
    fn defaults() {
        let config = parse(&[]).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:7780");
        assert_eq!(config.base_path.prefix(), "");
        assert_eq!(config.base_path.with_slash(), "/");
        assert_eq!(config.heartbeat, Duration::from_secs(25));
        assert!(!config.is_demo());
    }

    #[test]
    #[cfg(feature = "demo")]
    fn the_demo_wins() {
        // over a kubeconfig that may stand in the environment
        assert!(parse(&["--demo", "--kubeconfig", "x"]).unwrap().is_demo());
    }

    #[test]
    fn listens_on_loopback_only() {
        for address in [
            "127.0.0.1:0",
            "127.9.9.9:80",
            "[::1]:7780",
            "localhost:7780",
        ] {
            parse(&["--listen", address]).unwrap();
        }
        for address in ["0.0.0.0:7780", "[::]:7780", "10.0.0.1:7780"] {
            let error = parse(&["--listen", address]).unwrap_err().to_string();
            assert!(error.contains("not a loopback address"), "{error}");
        }
        let error = parse(&["--listen", "7780"]).unwrap_err().to_string();
        assert!(error.contains("like 127.0.0.1:7780"), "{error}");
    }

    #[test]
    fn base_paths() {
        let prefix = |text: &str| {
            text.parse::<BasePath>()
                .map(|path| path.prefix().to_owned())
        };
        assert_eq!(prefix("/").unwrap(), "");
        assert_eq!(prefix("/a/b-c").unwrap(), "/a/b-c");
        assert_eq!(prefix("/a/").unwrap(), "/a");
        for text in [
            "", "a", "//", "/a//b", "/a b", "/{a}", "/..", "/a/../b", "/a?b",
        ] {
            assert!(prefix(text).is_err(), "{text}");
        }
    }

    #[test]
    fn heartbeats() {
        assert_eq!(
            parse(&["--heartbeat", "90s"]).unwrap().heartbeat,
            Duration::from_secs(90)
        );
        for text in ["0s", "2h", "soon", "25"] {
            assert!(parse(&["--heartbeat", text]).is_err(), "{text}");
        }
    }
}
