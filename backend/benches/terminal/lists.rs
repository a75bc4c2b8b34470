//! What a list of thousands of pods costs: the server in memory, its terminals in echoes that are late, its pages in bytes.
//!
//! A page is looked at, and pods change, while somebody types in a terminal at the same server, and in one at another server
//! that has no list: what is late there, too, is late because of the cluster or the machine.

use std::{cell::Cell, io::Read as _};

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, de::IgnoredAny};
use tokio::time::{Duration, Instant, sleep};

use crate::{
    Bench, crowd,
    fake::{Crowd, FakeProcess, PLACE},
    report::{Bar, Measure, Row, percentile},
    server::{Answer, Server},
    terminal::Way,
};

/// How many pods change within a second.
const CHANGES: u32 = 50;
/// How often a page asks what is new.
const EVERY: Duration = Duration::from_secs(1);
/// How often a page asked that got the whole list each time: before lists had versions.
const WHOLE_EVERY: Duration = Duration::from_secs(5);
/// Keys at first, without a list: so that both terminals are warm.
const KEYS: usize = 500;
/// How long a terminal may stand still, in ms.
const STOP: f64 = 10.0;
const MIB: f64 = 1024.0 * 1024.0;

pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for &pods in bench.effort.lists {
        rows.extend(list(bench, pods).await?);
    }
    Ok(rows)
}

/// What a page has seen.
#[derive(Debug, Default)]
struct Seen {
    /// Until all pods were there, in ms.
    loaded: f64,
    /// Bytes until then, and from then on.
    first: usize,
    later: usize,
    /// Answers from then on, and pods in them that came, changed or went.
    answers: usize,
    changes: usize,
    /// How long that was, in s.
    time: f64,
}

/// As much of an answer as tells what it is.
#[derive(Deserialize)]
struct Told {
    version: String,
    #[serde(default)]
    more: bool,
    pods: Vec<IgnoredAny>,
    #[serde(default)]
    gone: Vec<IgnoredAny>,
}

async fn list(bench: &Bench, pods: usize) -> Result<Vec<Row>> {
    let changes = CHANGES;
    let fake = FakeProcess::start_with(PLACE, Crowd { pods, changes }).await?;
    let start = || Server::start(&bench.binary, &fake.cluster, &[]);
    let (server, other) = (start().await?, start().await?);
    let mut pair = [
        crowd::open(&fake.cluster, &server).await?,
        crowd::open(&fake.cluster, &other).await?,
    ];
    crowd::keys(&mut pair, KEYS, || false).await?;
    let ((before, _), cpu) = (server.resident().await?, server.cpu().await?);
    let is_over = Cell::new(false);
    let look = async {
        let seen = look(&server, pods, bench.effort.look).await;
        is_over.set(true);
        seen
    };
    let typing = crowd::keys(&mut pair, 0, || !is_over.get());
    let (seen, typed) = tokio::join!(look, typing);
    let (seen, [at, beside]) = (seen?, typed?);
    let (after, peak) = server.resident().await?;
    let cpu = server.cpu().await? - cpu;
    drop(pair);
    other.stop().await?;
    server.stop().await?;

    let row = |figure: &str, unit, value| {
        Row::new(format!("{pods} pods: {figure}"), unit).with(Way::Binary, value)
    };
    let bar = |figure: &str, unit, value, most| {
        let bar = Bar::AtMost(Measure::Value, most);
        Row::new(format!("{pods} pods: {figure}"), unit).with_bar(Way::Binary, value, bar)
    };
    let ms = |times: &[f64], part| percentile(times, part) / 1e3;
    let most = if pods > 5_000 { 160.0 } else { 64.0 };
    let each = |bytes: usize, count: usize| bytes as f64 / count.max(1) as f64;
    Ok(vec![
        row("memory before it is looked at", "MiB", before / MIB),
        bar("memory at its peak", "MiB", peak / MIB, most),
        row("memory while it is looked at", "MiB", after / MIB),
        bar("longest echo", "ms", ms(&at, 1.0), STOP),
        row("p99.9 of echoes", "ms", ms(&at, 0.999)),
        row("longest echo at another server", "ms", ms(&beside, 1.0)),
        row(
            "p99.9 of echoes at another server",
            "ms",
            ms(&beside, 0.999),
        ),
        row("until all are there", "ms", seen.loaded),
        row("bytes until then", "KiB", seen.first as f64 / 1024.0),
        row("bytes for each change", "B", each(seen.later, seen.changes)),
        row(
            "bytes a second",
            "KiB",
            seen.later as f64 / seen.time / 1024.0,
        ),
        row("CPU time of it all", "s", cpu),
    ])
}

/// Looks at a list as a page does, for so long once it is there.
async fn look(server: &Server, pods: usize, time: Duration) -> Result<Seen> {
    let mut seen = Seen::default();
    let begun = Instant::now();
    let (mut version, mut known, mut is_loaded) = (String::new(), 0, false);
    let mut loaded_at = begun;
    loop {
        let path = format!("/api/v1/pods?after={version}");
        let answer = server.ask(&path).await?;
        let bytes = answer.body.len();
        ensure!(answer.status == 200, "the list: {}", answer.status);
        let told = told(&answer)?;
        let more = told.as_ref().is_some_and(|told| told.more);
        if is_loaded {
            seen.later += bytes;
            seen.answers += 1;
            seen.changes += match &told {
                Some(told) => told.pods.len() + told.gone.len(),
                None => (WHOLE_EVERY.as_secs() as usize) * CHANGES as usize,
            };
        } else {
            seen.first += bytes;
            known += told.as_ref().map_or(pods, |told| told.pods.len());
            is_loaded = !more;
            if is_loaded {
                // But for some that come and go.
                ensure!(known * 10 >= pods * 9, "{known} of {pods} pods");
                seen.loaded = begun.elapsed().as_secs_f64() * 1e3;
                loaded_at = Instant::now();
            }
        }
        if is_loaded && loaded_at.elapsed() >= time {
            seen.time = loaded_at.elapsed().as_secs_f64();
            return Ok(seen);
        }
        let pause = match told {
            Some(told) => {
                version = told.version;
                if more { Duration::ZERO } else { EVERY }
            }
            None => WHOLE_EVERY,
        };
        sleep(pause).await;
    }
}

/// What an answer tells; nothing if it is the whole list of a server that knows no versions.
fn told(answer: &Answer) -> Result<Option<Told>> {
    let mut text = Vec::new();
    if answer.is_packed {
        flate2::read::GzDecoder::new(&*answer.body).read_to_end(&mut text)?;
    } else {
        text.extend_from_slice(&answer.body);
    }
    let head = &text[..text.len().min(300)];
    if !String::from_utf8_lossy(head).contains("\"version\"") {
        return Ok(None);
    }
    serde_json::from_slice(&text).map(Some).context("the list")
}
