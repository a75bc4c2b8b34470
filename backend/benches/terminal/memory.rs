//! What an idle session costs the server in memory.

use anyhow::{Context as _, Result, bail};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use rustix::process::{Resource, getrlimit};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    Bench,
    client::Encoding,
    cluster::Cluster,
    fake::{FakeProcess, IDLE},
    report::{Bar, Measure, Row},
    server::Server,
    terminal::{Page, Way, is_prompt, soon},
};

/// The client's own buffer: these sessions say little.
const READ_BUFFER: usize = 4 << 10;
/// How many shells are opened at once.
const AT_ONCE: usize = 16;
/// At most so many open files the server keeps for other than sessions: clean-ups, calls, watches and logs (`descriptors.rs`).
/// Where there are few it keeps fewer.
const OTHER_FILES: u64 = 1_000;
const KIB: f64 = 1024.0;

pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for &sessions in bench.effort.sessions {
        rows.push(
            row(bench, &bench.cluster, sessions, &bench.cluster.name)
                .await?
                .0,
        );
    }
    let fake = FakeProcess::start(IDLE).await?;
    for &sessions in bench.effort.many_sessions {
        let (per_session, whole) = row(bench, &fake.cluster, sessions, "fake").await?;
        rows.push(per_session);
        rows.extend((sessions >= 10_000).then_some(whole));
    }
    Ok(rows)
}

/// What each of so many sessions costs, and what a server with all of them does.
async fn row(bench: &Bench, cluster: &Cluster, wanted: usize, name: &str) -> Result<(Row, Row)> {
    let sessions = wanted.min(most_sessions()?);
    let of = if sessions < wanted {
        format!("{sessions} sessions, as many as open files allow")
    } else {
        format!("{sessions} sessions")
    };
    let mut per_session = Row::new(format!("memory per idle session ({of}, {name})"), "KiB");
    let mut whole = Row::new(
        format!("memory of a server with {wanted} sessions ({name})"),
        "MiB",
    );
    for (way, encoding) in [(Way::Binary, Encoding::Binary), (Way::Text, Encoding::Text)] {
        let Grown { before, growth } = grow(bench, cluster, encoding, sessions).await?;
        let each = growth / sessions as f64;
        per_session = match wanted {
            300 => per_session.with_bar(way, each / KIB, Bar::AtMost(Measure::Value, 48.0)),
            _ => per_session.with(way, each / KIB),
        };
        let all = (before + each * wanted as f64) / KIB / KIB;
        whole = whole.with_bar(way, all, Bar::AtMost(Measure::Value, 512.0));
    }
    Ok((per_session, whole))
}

/// A session costs the server two open files.
fn most_sessions() -> Result<usize> {
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let others = (files / 4).min(OTHER_FILES);
    Ok(usize::try_from((files - others) / 2)?)
}

/// Resident memory of a server, in bytes.
struct Grown {
    before: f64,
    growth: f64,
}

async fn grow(
    bench: &Bench,
    cluster: &Cluster,
    encoding: Encoding,
    sessions: usize,
) -> Result<Grown> {
    let flags = [
        "--max-sessions",
        "20000",
        "--max-sessions-per-user",
        "20000",
        "--mints-per-minute",
        "20000",
    ];
    let server = Server::start(&bench.binary, cluster, &flags).await?;
    let before = server.settled().await?.resident;
    let opening = stream::iter(0..sessions).map(|_| open(&server, encoding));
    let pages: Vec<Page> = opening.buffer_unordered(AT_ONCE).try_collect().await?;
    let leave = CancellationToken::new();
    let mut idling: JoinSet<Result<()>> = JoinSet::new();
    for page in pages {
        idling.spawn(idle(page, leave.clone()));
    }
    let after = server.settled().await?.resident;
    if let Some(ended) = idling.try_join_next() {
        ended?.context("a session ended early")?;
        bail!("a session ended early");
    }
    if cluster.place != IDLE {
        // A killed server would leave them behind.
        leave.cancel();
        soon("the sessions' end", async {
            while let Some(ended) = idling.join_next().await {
                ended??;
            }
            Ok(())
        })
        .await?;
    }
    Ok(Grown {
        before,
        growth: after - before,
    })
}

/// Opens a shell and waits for its prompt.
async fn open(server: &Server, encoding: Encoding) -> Result<Page> {
    let mut page = Page::open(server, encoding, READ_BUFFER).await?;
    let mut screen = Vec::new();
    let prompt = async {
        while !is_prompt(&screen) {
            screen.extend_from_slice(&page.read().await?.context("it ended")?);
        }
        Ok(())
    };
    soon("the prompt", prompt).await?;
    Ok(page)
}

/// Answers pings until told to leave; then ends the shell.
async fn idle(mut page: Page, leave: CancellationToken) -> Result<()> {
    tokio::select! {
        ended = page.read() => return ended.map(drop),
        () = leave.cancelled() => {}
    }
    page.write(b"exit\r").await?;
    while page.read().await?.is_some() {}
    Ok(())
}
