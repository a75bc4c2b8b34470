//! Plugins that are scripts, and a clock that is turned.

#![expect(clippy::unwrap_used, reason = "clippy knows test functions alone")]

use std::{
    collections::HashMap,
    fs,
    sync::atomic::{AtomicU64, Ordering},
    time::UNIX_EPOCH,
};

use futures_util::future::join_all;
use k8s_openapi::jiff::Timestamp;
use kube::config::ExecInteractiveMode;
use tempfile::TempDir;
use tokio::time::advance;

use super::*;

const VERSION: &str = "client.authentication.k8s.io/v1";

/// A plugin that is a script in a folder, and a clock that stands still until it is turned.
struct Stage {
    folder: TempDir,
    seconds: Arc<AtomicU64>,
    plugin: Plugin,
}

impl Stage {
    /// A script that finds `$RUNS`, `$NOW` and what else is in the folder, and prints what `answer` is.
    fn new(script: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let script = format!(
            "cd '{}'; echo run >> runs; answer() {{ echo '{{\"apiVersion\":\"{VERSION}\",\"kind\":\"ExecCredential\",\"status\":'\"$1\"'}}'; }}; {script}",
            folder.path().display()
        );
        let exec = ExecConfig {
            api_version: Some(VERSION.to_owned()),
            command: Some("/bin/sh".to_owned()),
            args: Some(vec!["-c".to_owned(), script]),
            env: Some(vec![HashMap::new()]),
            drop_env: None,
            install_hint: None,
            interactive_mode: Some(ExecInteractiveMode::Never),
            provide_cluster_info: false,
            cluster: None,
            other: Default::default(),
        };
        let seconds = Arc::new(AtomicU64::new(1_700_000_000));
        let turned = Arc::clone(&seconds);
        let now = move || UNIX_EPOCH + Duration::from_secs(turned.load(Ordering::Relaxed));
        let plugin = Plugin::new(exec, Clock(Arc::new(now))).unwrap();
        let stage = Self {
            folder,
            seconds,
            plugin,
        };
        stage.turn(0);
        stage
    }

    /// Turns the clock, and writes when a token of five minutes would expire then.
    fn turn(&self, seconds: u64) {
        let now = self.seconds.fetch_add(seconds, Ordering::Relaxed) + seconds;
        let expires = Timestamp::from_second(i64::try_from(now).unwrap() + 300).unwrap();
        fs::write(self.folder.path().join("expires"), expires.to_string()).unwrap();
    }

    fn runs(&self) -> usize {
        let runs = fs::read_to_string(self.folder.path().join("runs"));
        runs.unwrap_or_default().lines().count()
    }

    async fn token(&self) -> Result<String, String> {
        let given = self.plugin.credential().await;
        let given = given.map_err(|error| error.to_string())?;
        Ok(given.header.clone().unwrap().to_str().unwrap().to_owned())
    }
}

const FIVE_MINUTES: &str =
    r#"answer '{"token":"t'$(wc -l < runs)'","expirationTimestamp":"'$(cat expires)'"}'"#;

#[tokio::test]
async fn a_token_of_five_minutes_is_renewed_for_three_days() {
    let stage = Stage::new(FIVE_MINUTES);
    let (minute, day) = (60, 24 * 60 * 60);
    for _ in 0..3 * day / minute {
        let given = stage.plugin.credential().await.unwrap();
        let now = UNIX_EPOCH + Duration::from_secs(stage.seconds.load(Ordering::Relaxed));
        assert!(now < given.renew_at.unwrap());
        stage.turn(minute);
    }
    // It is renewed half a minute before its end, so at each fifth minute.
    assert_eq!(u64::try_from(stage.runs()).unwrap(), 3 * day / (5 * minute));
}

#[tokio::test]
async fn it_is_run_once_for_all_who_wait() {
    let stage = Stage::new(r#"sleep 0.2; answer '{"token":"t"}'"#);
    let tokens = join_all((0..20).map(|_| stage.token())).await;
    assert!(
        tokens
            .iter()
            .all(|token| token.as_deref() == Ok("Bearer t"))
    );
    assert_eq!(stage.runs(), 1);
}

#[tokio::test]
async fn a_run_goes_on_when_nobody_waits_for_it() {
    let stage = Stage::new(r#"cat fifo > /dev/null; answer '{"token":"t"}'"#);
    let fifo = stage.folder.path().join("fifo");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    let waiting = tokio::time::timeout(Duration::from_millis(50), stage.token()).await;
    assert!(waiting.is_err());
    let write = tokio::task::spawn_blocking(move || fs::write(fifo, "go"));
    assert_eq!(stage.token().await.as_deref(), Ok("Bearer t"));
    write.await.unwrap().unwrap();
    assert_eq!(stage.runs(), 1);
}

#[tokio::test]
async fn one_that_fails_is_left_in_peace_for_a_while() {
    let stage = Stage::new("exit 1");
    for _ in 0..5 {
        assert!(stage.token().await.unwrap_err().contains("failed"));
    }
    assert_eq!(stage.runs(), 1);
    tokio::time::pause();
    advance(PAUSE).await;
    tokio::time::resume();
    assert!(stage.token().await.is_err());
    assert_eq!(stage.runs(), 2);
}

#[tokio::test]
async fn a_token_that_is_refused_is_asked_for_anew_and_not_again_and_again() {
    let stage = Stage::new(r#"answer '{"token":"t'$(wc -l < runs)'"}'"#);
    assert_eq!(stage.token().await.as_deref(), Ok("Bearer t1"));
    stage.turn(1_000_000);
    assert_eq!(stage.token().await.as_deref(), Ok("Bearer t1"));
    assert!(stage.plugin.renew().await.unwrap());
    assert_eq!(stage.token().await.as_deref(), Ok("Bearer t2"));
    assert!(!stage.plugin.renew().await.unwrap());
    assert_eq!(stage.runs(), 2);
    tokio::time::pause();
    advance(PAUSE).await;
    tokio::time::resume();
    assert!(stage.plugin.renew().await.unwrap());
    assert_eq!(stage.token().await.as_deref(), Ok("Bearer t3"));
}

#[tokio::test]
async fn a_token_is_used_to_its_end_if_nothing_new_is_given() {
    let failing = format!("[ $(wc -l < runs) = 1 ] || exit 1; {FIVE_MINUTES}");
    let stage = Stage::new(&failing);
    assert_eq!(stage.token().await.as_deref(), Ok("Bearer t1"));
    stage.turn(290);
    assert_eq!(stage.token().await.as_deref(), Ok("Bearer t1"));
    assert_eq!(stage.runs(), 2);
    stage.turn(10);
    assert!(stage.token().await.unwrap_err().contains("failed"));
}

#[test]
fn when_to_ask_anew() {
    let now = UNIX_EPOCH + Duration::from_secs(1_000_000);
    let after = |seconds| now + Duration::from_secs(seconds);
    for (life, then) in [
        (3600, 3540),
        (600, 540),
        (300, 270),
        (60, 54),
        (5, 10),
        (0, 10),
    ] {
        assert_eq!(renew_at(now, after(life)), after(then), "{life}");
    }
    assert_eq!(renew_at(now, UNIX_EPOCH), after(10));
}
