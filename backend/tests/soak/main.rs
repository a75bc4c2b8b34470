//! Many sessions at once do all that sessions do, at random; every byte is checked, and nothing may stay behind.
//!
//! `cargo xtask soak` runs it for minutes. What is random follows from one number, which is printed.

#![allow(clippy::unwrap_used, reason = "clippy knows test functions alone")]

#[path = "../common/mod.rs"]
mod common;
mod generator;
mod page;
mod shell;
mod terminal;
mod user;

use std::{alloc::System, env, fs, sync::Arc, time::Duration};

use cap::Cap;
use common::{TestServer, web};
use fake_cluster::{Container, Pod};
use tokio::{task::JoinSet, time::Instant};

use self::user::{Counts, User};

/// How long a shell waits for a client that dropped its connection. None takes so long to come back.
const GRACE: &str = "8s";
/// A session's end is waited for so long: the grace, and the time to end what does not listen.
const END_TIME: Duration = Duration::from_secs(25);
/// From so long a run on memory is looked at.
const LONG: Duration = Duration::from_secs(60);
/// How much more may be allocated at one moment without any session than at another, in bytes: the cluster
/// remembers some 2,000 execs, each with a command of up to 1 KiB.
const MARGIN: usize = 3 << 20;

/// Counts what is allocated by server, cluster and clients, which are all in this process. Its resident
/// memory tells less: an allocator keeps what is freed.
#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

/// How much is done.
#[derive(Debug)]
struct Plan {
    time: Duration,
    sessions: u64,
    seed: u64,
}

impl Plan {
    /// A few seconds of it, unless the environment wants more.
    fn read() -> Self {
        let number = |name: &str| env::var(name).ok().map(|text| text.parse().unwrap());
        Self {
            time: Duration::from_secs(number("PODSHELL_SOAK_SECONDS").unwrap_or(4)),
            sessions: number("PODSHELL_SOAK_SESSIONS").unwrap_or(20),
            seed: number("PODSHELL_SOAK_SEED").unwrap_or_else(|| fastrand::u64(..)),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_do_anything_at_any_time() {
    let plan = Plan::read();
    println!(
        "{} sessions at once for {:?}, PODSHELL_SOAK_SEED={}",
        plan.sessions, plan.time, plan.seed
    );
    let cluster = web().pod(
        Pod::new("default", "soak")
            .container(Container::new("generator").generator())
            .container(Container::new("shell")),
    );
    let flags = [
        "--grace",
        GRACE,
        "--max-sessions=100000",
        "--max-sessions-per-user=100000",
    ];
    let server = Arc::new(TestServer::start_with(cluster, &flags).await);

    let warm_up = plan.time / 4;
    let mut counts = all_users(&server, &plan, 0, warm_up).await;
    let warm = Memory::now();
    counts += all_users(&server, &plan, plan.sessions, plan.time - warm_up).await;
    let end = Memory::now();
    println!("{counts:#?}");
    println!("after warming up: {warm:?}\nat the end: {end:?}");
    if plan.time >= LONG {
        let most = warm.allocated + MARGIN;
        assert!(end.allocated < most, "more than {most} bytes");
    }
    // Sees to it that no task is left
    // of shells without processes nobody can say what became of them.
    Arc::into_inner(server).unwrap().end().await;
}

/// Lets all users do what they do for so long, and waits until nothing of it is left.
async fn all_users(server: &Arc<TestServer>, plan: &Plan, first: u64, time: Duration) -> Counts {
    let deadline = Instant::now() + time;
    let mut users = JoinSet::new();
    for number in first..first + plan.sessions {
        let user = User::new(Arc::clone(server), plan.seed.wrapping_add(number), number);
        users.spawn(user.live(deadline));
    }
    let mut counts = Counts::default();
    while let Some(user) = users.join_next().await {
        // The first that fails ends all.
        counts += user.unwrap();
    }
    let ended = async {
        while server.sessions.living() > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(END_TIME, ended)
        .await
        .expect("the sessions' end");
    server.no_process_left().await;
    counts
}

/// This process's memory, in bytes.
#[derive(Debug)]
struct Memory {
    allocated: usize,
    #[expect(dead_code, reason = "it is printed")]
    resident: usize,
}

impl Memory {
    fn now() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.unwrap().split_ascii_whitespace().next().unwrap();
        Self {
            allocated: HEAP.allocated(),
            resident: kib.parse::<usize>().unwrap() << 10,
        }
    }
}
