//! The shells of one container that end at the same time: one script at a time sees to all of them.
//!
//! When a server ends, all of its sessions do, and an exec for each is more than a node can take. So the first
//! shell of a container starts the script, at once, and those that follow while it runs are handed to it.

use std::{mem, pin::pin, sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, oneshot},
    time::{Instant, sleep_until, timeout, timeout_at},
};

use super::{
    super::explain_exit,
    queue::ContainerId,
    script::{Foreground, Left, NoScript, Order, Script},
};
use crate::{
    cluster::{Cluster, exec::process_marker::Leader},
    session::{Remains, Target},
};

/// How many shells a script is told of in one line.
const SHELLS_PER_LINE: usize = 100;
/// How long what is in the foreground may take to end by itself.
const HANG_UP_TIME: Duration = Duration::from_secs(5);
/// This long before the end of all patience it is killed in any case.
const KILL_BEFORE: Duration = Duration::from_millis(500);
/// How often the script looks what is left.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long an answer may take at least, the first one with the script's start.
const ANSWER_TIME: Duration = Duration::from_secs(4);
/// How long the API server may take to tell whether the container is still there.
const LOOK_TIME: Duration = Duration::from_secs(1);
/// How long to wait before the script is tried again: at first, and at most.
const TRY_AGAIN: Duration = Duration::from_millis(500);
const TRY_AGAIN_AT_MOST: Duration = Duration::from_secs(4);

/// A shell to be ended.
#[derive(Debug)]
pub(super) struct Job {
    leader: Leader,
    front: Foreground,
    /// When it is too late to begin.
    begin_by: Instant,
    /// When it must be done.
    until: Instant,
    state: State,
    done: oneshot::Sender<Result<(), Remains>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The script does not know of it.
    New,
    /// It was terminated; what is left of it is to be killed then.
    HungUp { kill_at: Instant },
    /// What is left of it is being killed.
    Killing,
}

/// The shells of a container that are being ended.
pub(super) struct Batch {
    cluster: Cluster,
    target: Target,
    container: ContainerId,
    shell: &'static str,
    news: Arc<Notify>,
    jobs: Vec<Job>,
    /// Whether shells are still handed to it.
    is_listed: bool,
}

impl Batch {
    /// None yet, of this container of a cluster. `shell` is one of the container's, and `news` tells when there
    /// is somebody to take in.
    pub(super) fn new(
        (cluster, target): (&Cluster, &Target),
        container: ContainerId,
        shell: &'static str,
        news: Arc<Notify>,
    ) -> Self {
        Self {
            cluster: cluster.clone(),
            target: target.clone(),
            container,
            shell,
            news,
            jobs: Vec::new(),
            is_listed: true,
        }
    }

    /// Ends all whom it takes in; done when nobody waits for it any more.
    pub(super) async fn run(mut self) {
        let mut pause = TRY_AGAIN;
        while self.has_work() {
            let Err(error) = self.by_script().await else {
                pause = TRY_AGAIN;
                continue;
            };
            self.give_up(&error).await;
            if !self.jobs.is_empty() {
                let again = self.patience().min(Instant::now() + pause);
                tokio::select! {
                    () = sleep_until(again) => {}
                    () = self.news.notified() => {}
                }
            }
            pause = (2 * pause).min(TRY_AGAIN_AT_MOST);
        }
    }

    /// Takes in who came meanwhile and forgets who went. If nobody is left no others come.
    fn has_work(&mut self) -> bool {
        if self.is_listed {
            let terminations = &self.cluster.terminations;
            self.is_listed = terminations.take_in(&self.container, &mut self.jobs);
        }
        self.is_listed
    }

    /// Ends all of them; done when the script is.
    async fn by_script(&mut self) -> Result<(), NoScript> {
        // Another one knows nothing of them.
        for job in &mut self.jobs {
            job.state = State::New;
        }
        let cluster = self.cluster.clone();
        let turn = timeout_at(self.patience(), cluster.terminations.scripts().acquire()).await;
        let _turn = turn.map_err(|_| NoScript::Busy)?;
        // Who came meanwhile is among the first.
        if !self.has_work() {
            return Ok(());
        }
        let (mut script, mut left) = self.start().await?;
        loop {
            let gone = self.take_gone(&left);
            if left.is_empty() {
                // Who is waited for ends with the script, not before it.
                script.finish().await;
                gone.into_iter().for_each(|job| job.tell(Ok(())));
                return Ok(());
            }
            gone.into_iter().for_each(|job| job.tell(Ok(())));
            self.tell_who_is_late(&left);
            self.wait().await;
            if !self.has_work() {
                return Ok(());
            }
            let order = self.next_order();
            let answered = timeout_at(self.answer_by(), script.ask(&order)).await;
            left = answered.map_err(|_| NoScript::Silent)??;
            self.done(&order);
        }
    }

    /// Starts the script, and terminates the first shells.
    async fn start(&mut self) -> Result<(Script, Vec<Left>), NoScript> {
        let cluster = self.cluster.clone();
        let starts = cluster.terminations.starts();
        let turn = timeout_at(self.patience(), starts.acquire()).await;
        let turn = turn.map_err(|_| NoScript::Busy)?;
        let until = self.answer_by().min(self.patience());
        let mut started = pin!(async {
            let mut script = Script::start(&cluster.client, &self.target, self.shell).await?;
            // Who came while this took its time is among the first.
            self.has_work();
            let order = self.next_order();
            let left = script.ask(&order).await?;
            self.done(&order);
            Ok((script, left))
        });
        if let Ok(started) = timeout_at(until, timeout(ANSWER_TIME, &mut started)).await
            && let Ok(started) = started
        {
            return started;
        }
        // A container that hangs does not keep the others from their turn.
        drop(turn);
        let started = timeout_at(until, started).await;
        started.map_err(|_| NoScript::Silent)?
    }

    /// When the first of them has to know whether there is a script.
    fn patience(&self) -> Instant {
        let times = self.jobs.iter().map(|job| job.begin_by);
        times.min().unwrap_or_else(Instant::now)
    }

    /// When the next answer is late. Where there is much time, a container that is busy gets more of it.
    fn answer_by(&self) -> Instant {
        let now = Instant::now();
        let untils = self.jobs.iter().map(|job| job.until);
        let time = untils.min().map_or(Duration::ZERO, |until| {
            until.saturating_duration_since(now) / 2
        });
        now + time.max(ANSWER_TIME)
    }

    /// Waits until there is something to do.
    async fn wait(&mut self) {
        let kills = self.jobs.iter().filter_map(|job| match job.state {
            State::HungUp { kill_at } => Some(kill_at),
            State::New | State::Killing => None,
        });
        let next = Instant::now() + LOOK_EVERY;
        let next = kills.min().map_or(next, |kill_at| kill_at.min(next));
        tokio::select! {
            () = sleep_until(next) => {}
            () = self.news.notified() => {}
        }
    }

    /// The most urgent thing to do, now.
    fn next_order(&mut self) -> Order {
        let now = Instant::now();
        let new = self.jobs.iter_mut().filter(|job| job.state == State::New);
        let new: Vec<_> = new
            .take(SHELLS_PER_LINE)
            .map(|job| (job.leader, job.tell_front()))
            .collect();
        if !new.is_empty() {
            return Order::End(new);
        }
        let is_late = |job: &&Job| matches!(job.state, State::HungUp { kill_at } if kill_at <= now);
        let late = self.jobs.iter().filter(is_late).take(SHELLS_PER_LINE);
        let late: Vec<_> = late.map(|job| job.leader).collect();
        if late.is_empty() {
            Order::Look
        } else {
            Order::Kill(late)
        }
    }

    /// Keeps in mind what the script has done.
    fn done(&mut self, order: &Order) {
        let now = Instant::now();
        for job in &mut self.jobs {
            match order {
                Order::End(new) if new.iter().any(|(leader, _)| *leader == job.leader) => {
                    let last = job.until - KILL_BEFORE;
                    let kill_at = last.min(now + HANG_UP_TIME);
                    job.state = State::HungUp { kill_at };
                    // From here on keys are of no use: another script is, as long as there is time.
                    job.begin_by = last;
                }
                Order::Kill(leaders) if leaders.contains(&job.leader) => {
                    job.state = State::Killing;
                }
                Order::End(_) | Order::Kill(_) | Order::Look => {}
            }
        }
    }

    /// Takes out those of which the script knows and nothing is left.
    fn take_gone(&mut self, left: &[Left]) -> Vec<Job> {
        let mut gone = Vec::new();
        for mut job in mem::take(&mut self.jobs) {
            match left.iter().find(|left| left.pid == job.leader.pid) {
                Some(left) => {
                    job.front = left.front.map_or(job.front, Foreground::Group);
                }
                None if job.state == State::New => {}
                None => {
                    gone.push(job);
                    continue;
                }
            }
            self.jobs.push(job);
        }
        gone
    }

    /// Tells those that can't wait for another answer what the last one was.
    fn tell_who_is_late(&mut self, left: &[Left]) {
        let next = Instant::now() + LOOK_EVERY;
        for job in mem::take(&mut self.jobs) {
            match left.iter().find(|left| left.pid == job.leader.pid) {
                Some(left) if job.until <= next => {
                    job.tell(Err(Remains::Processes(left.processes)));
                }
                _ => self.jobs.push(job),
            }
        }
    }

    /// Tells all whom another try does not help that there is no script.
    async fn give_up(&mut self, error: &NoScript) {
        let now = Instant::now();
        let (stay, hopeless) = mem::take(&mut self.jobs)
            .into_iter()
            .partition(|job| error.may_pass() && job.begin_by > now);
        self.jobs = stay;
        if hopeless.is_empty() {
            return;
        }
        // With their container they are gone too.
        let is_gone = timeout(
            LOOK_TIME,
            explain_exit::is_gone(&self.cluster, &self.target),
        )
        .await;
        let is_gone = is_gone.unwrap_or(false);
        for job in hopeless {
            job.tell(if is_gone {
                Ok(())
            } else {
                Err(Remains::Unknown(error.to_string()))
            });
        }
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        // After a panic alone; those who wait are told by it.
        if self.is_listed {
            self.cluster.terminations.forget(&self.container);
        }
    }
}

impl Job {
    /// What belongs to the terminal of `leader`; where the answer will be heard is given beside it.
    pub(super) fn new(
        leader: Leader,
        begin_by: Instant,
        until: Instant,
    ) -> (Self, oneshot::Receiver<Result<(), Remains>>) {
        let (done, ended) = oneshot::channel();
        let job = Self {
            leader,
            front: Foreground::Find,
            begin_by,
            until,
            state: State::New,
            done,
        };
        (job, ended)
    }

    /// Whether somebody still wants to know.
    pub(super) fn is_waited_for(&self) -> bool {
        !self.done.is_closed()
    }

    /// What a script is to be told of its foreground. What that one finds is lost if its answer is.
    fn tell_front(&mut self) -> Foreground {
        let known = self.front;
        if known == Foreground::Find {
            self.front = Foreground::All;
        }
        known
    }

    fn tell(self, ended: Result<(), Remains>) {
        // Unless its session waits no more.
        let _ = self.done.send(ended);
    }
}
