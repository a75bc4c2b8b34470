//! What a user's terminal notices of a crowd: strangers who, from one address, ask for ids as fast as they are answered and
//! hold connections that they never bind.
//!
//! All of it is on one machine, so the strangers take processors from the terminal, too. How much that is, a terminal at
//! another server tells, with the same cluster and at the same time: what goes beyond that is the server's own.

use anyhow::Result;
use tokio::time::{Duration, MissedTickBehavior, interval};

use crate::{
    Bench,
    cluster::{Cluster, Place},
    echo,
    fake::{FakeProcess, PLACE},
    report::{Bar, Measure, Row, percentile},
    server::Server,
    strangers::{Orders, Outcome},
    terminal::{Terminal, Way},
};

/// A key is due this often: as a person types on whatever the last one did, so that a bad second counts as a second.
const KEY_EVERY: Duration = Duration::from_millis(2);
/// So many keys are typed at first under a crowd: 2 s, in which its connections open and it gets most of its ids.
const FIRST: usize = 500;
/// How many connections the strangers ask over.
const CONNECTIONS: usize = 100;
/// Half of the connections that the server lets one address have: with the usual 100, it refuses all but 200.
const PER_USER: usize = 500;
/// What a terminal may take longer under the crowd.
const SLOWER: f64 = 2.0;
/// The growth of memory, in MiB. A connection that is open costs up to 32 KiB, and so does a header that is read: with
/// 1,100 of them that is 35 MiB. The rest is for what an allocator keeps.
const GROWTH: f64 = 64.0;
const MIB: f64 = 1024.0 * 1024.0;

/// How much of a crowd it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) rounds: usize,
    /// Keys without any crowd.
    pub(crate) keys: usize,
    pub(crate) mints: i64,
    pub(crate) sockets: usize,
}

/// What was found, in all rounds.
#[derive(Debug, Default)]
struct Found {
    idle: Vec<f64>,
    /// At the server that has a crowd, and at the one beside it.
    under: Vec<f64>,
    beside: Vec<f64>,
    /// The first of these.
    under_first: Vec<f64>,
    beside_first: Vec<f64>,
    outcomes: Vec<Outcome>,
    /// Of the server, in MiB.
    before: Vec<f64>,
    peak: Vec<f64>,
    after: Vec<f64>,
    /// What the crowd cost the server, in seconds.
    cpu: Vec<f64>,
}

pub(crate) async fn measure(bench: &Bench) -> Result<Vec<Row>> {
    // One that knows two users.
    let fake = FakeProcess::start(PLACE).await?;
    let mut found = Found::default();
    for _ in 0..bench.effort.crowd.rounds {
        round(bench, &fake, &mut found).await?;
    }
    Ok(rows(&found))
}

async fn round(bench: &Bench, fake: &FakeProcess, found: &mut Found) -> Result<()> {
    let size = bench.effort.crowd;
    let per_user = PER_USER.to_string();
    let flags = ["--max-sessions-per-user", &per_user];
    let start = || Server::start_for_users(&bench.binary, &fake.cluster, &fake.ann, &flags);
    let (server, other) = (start().await?, start().await?);
    let mut pair = [
        open(&fake.cluster, &server).await?,
        open(&fake.cluster, &other).await?,
    ];
    let [idle, _] = keys(&mut pair, size.keys, || false).await?;
    found.idle.extend(idle);
    let ((before, _), cpu) = (server.resident().await?, server.cpu().await?);

    let strangers = tokio::spawn(orders(&server, fake, size).carry_out());
    let [under, beside] = keys(&mut pair, FIRST, || !strangers.is_finished()).await?;
    found.outcomes.push(strangers.await??);
    found.under_first.extend(&under[..FIRST]);
    found.beside_first.extend(&beside[..FIRST]);
    found.under.extend(under);
    found.beside.extend(beside);

    found.cpu.push(server.cpu().await? - cpu);
    found.before.push(before / MIB);
    found.peak.push(server.resident().await?.1 / MIB);
    found.after.push(server.settled().await?.resident / MIB);
    // Others may work on this machine, and more now than before.
    let [idle, _] = keys(&mut pair, size.keys, || false).await?;
    found.idle.extend(idle);
    // The terminals end with them.
    other.stop().await?;
    server.stop().await
}

/// A terminal of the first user that sends back each byte for itself.
pub(crate) async fn open(cluster: &Cluster, server: &Server) -> Result<Terminal> {
    let mut terminal = Terminal::open(Way::Binary, cluster, server).await?;
    terminal.prompt().await?;
    terminal
        .write(b"stty -echo -icanon; echo rea''dy; exec dd bs=1 2>/dev/null\r")
        .await?;
    let is_ready = |screen: &[u8]| screen.ends_with(b"ready\r\n");
    terminal.read_until("dd", is_ready).await?;
    // The first tells that it is there.
    echo::key(&mut terminal).await?;
    Ok(terminal)
}

/// Types so many keys, and more as long as something goes on, each in both terminals; gives the times to their echoes, in µs.
pub(crate) async fn keys(
    pair: &mut [Terminal; 2],
    count: usize,
    goes_on: impl Fn() -> bool,
) -> Result<[Vec<f64>; 2]> {
    let mut times = [const { Vec::new() }; 2];
    let mut due = interval(KEY_EVERY);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while times[0].len() < count || goes_on() {
        for (terminal, times) in pair.iter_mut().zip(&mut times) {
            due.tick().await;
            times.push(echo::key(terminal).await?);
        }
    }
    Ok(times)
}

/// What the strangers are to do at a server.
fn orders(at: &Server, fake: &FakeProcess, size: Size) -> Orders {
    let Place {
        namespace,
        pod,
        container,
    } = fake.cluster.place;
    Orders {
        host: at.address.host.clone(),
        token: fake.stranger.clone(),
        path: format!("/api/v1/pod/{namespace}/{pod}/shell/{container}"),
        mints: size.mints,
        connections: CONNECTIONS,
        sockets: size.sockets,
    }
}

fn rows(found: &Found) -> Vec<Row> {
    let row = |figure: String, unit, value| Row::new(figure, unit).with(Way::Binary, value);
    let mut rows = Vec::new();
    let times = [
        ("without a crowd", &found.idle),
        ("under a crowd", &found.under),
        ("beside it, at another server", &found.beside),
        ("under it, at first", &found.under_first),
        ("beside it, at first", &found.beside_first),
    ];
    for (name, part) in [("p50", 0.5), ("p99", 0.99)] {
        for (when, times) in times {
            let time = percentile(times, part);
            rows.push(row(format!("keystroke to echo {when}, {name}"), "µs", time));
        }
    }
    let p99 = |times: &[f64]| percentile(times, 0.99);
    let under = p99(&found.under);
    let bar = Bar::AtMost(Measure::Value, SLOWER);
    let ratio = under / p99(&found.idle);
    rows.push(Row::new("p99 under a crowd, ratio to none", "").with_bar(Way::Binary, ratio, bar));
    let ratio = under / p99(&found.beside);
    rows.push(row(
        "p99 under a crowd, ratio to beside it".to_owned(),
        "",
        ratio,
    ));
    let mean = |of: fn(&Outcome) -> u64| {
        let all: u64 = found.outcomes.iter().map(of).sum();
        all as f64 / found.outcomes.len() as f64
    };
    let outcomes = [
        ("ids that it got", "", mean(|it| it.minted)),
        ("mints answered with 429", "", mean(|it| it.too_often)),
        ("mints that failed otherwise", "", mean(|it| it.other)),
        ("connections that it held at most", "", mean(|it| it.held)),
        ("connections that it was refused", "", mean(|it| it.refused)),
        ("time that it took", "ms", mean(|it| it.milliseconds)),
    ];
    for (figure, unit, value) in outcomes {
        rows.push(row(format!("crowd: {figure}"), unit, value));
    }
    let most = |values: &[f64]| percentile(values, 1.0);
    rows.push(row(
        "crowd: CPU time of the server".to_owned(),
        "s",
        most(&found.cpu),
    ));
    rows.push(row(
        "memory before it".to_owned(),
        "MiB",
        most(&found.before),
    ));
    let grown = found.peak.iter().zip(&found.before);
    let grown: Vec<f64> = grown.map(|(peak, before)| peak - before).collect();
    let bar = Bar::AtMost(Measure::Value, GROWTH);
    rows.push(
        Row::new("memory at its peak, more than before", "MiB").with_bar(
            Way::Binary,
            most(&grown),
            bar,
        ),
    );
    rows.push(row("memory after it".to_owned(), "MiB", most(&found.after)));
    rows
}
