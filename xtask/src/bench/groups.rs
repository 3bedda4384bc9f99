//! Consumer groups: a thousand members that poll, beside ten thousand groups that rest; and what a rebalance moves.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use serde_json::{Value, json};

use super::report::{Measure, Target};
use super::run::Run;
use super::section::Section;
use crate::clock;
use crate::http::Client;
use crate::process;
use crate::quantile::quantile;

const TOPIC: &str = "shared";
const GROUP: &str = "busy";
const PARTITIONS: u32 = 1_000;
/// Calls under way while groups are made.
const AT_ONCE: usize = 32;
/// Each member polls twice a second.
const POLL_EVERY: Duration = Duration::from_millis(500);
const WARM_UP: Duration = Duration::from_secs(5);
/// Records that come meanwhile: batches of so many, so often.
const BATCH: u32 = 200;
const BATCH_EVERY: Duration = Duration::from_millis(100);
const POLL_MS_MAX: f64 = 20.0;
/// Memory at the end beside memory once all are there.
const GROWTH_MAX: f64 = 1.1;
/// The rebalance: members, and how often each polls.
const MEMBERS: usize = 100;
const REBALANCE_POLL_EVERY: Duration = Duration::from_millis(100);

#[derive(Deserialize)]
struct Joined {
    member_id: String,
}

#[derive(Deserialize)]
struct Polled {
    token: String,
    records: Vec<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Group {
    state: String,
    partitions: Vec<Place>,
}

#[derive(Deserialize)]
struct Place {
    partition: u32,
    member_id: Option<String>,
}

/// What members measure together.
#[derive(Default)]
struct Samples {
    polls_ms: RefCell<Vec<f64>>,
    commits_ms: RefCell<Vec<f64>>,
    records: Cell<usize>,
    /// No more records are to come,
    is_fed: Cell<bool>,
    /// and no more polls.
    is_over: Cell<bool>,
}

pub(super) async fn measure(run: &mut Run<'_>) -> Result<()> {
    tokio::task::LocalSet::new().run_until(measure_here(run)).await
}

async fn measure_here(run: &mut Run<'_>) -> Result<()> {
    let (groups, members) = run.extent.groups;
    let host = run.start_host(None)?;
    let client = Rc::new(Client::new(host.address)?);
    client.create_topic(TOPIC, PARTITIONS).await?;
    eprintln!("Making {groups} groups.");
    let resting = stream::iter(0..groups).map(|number| rest(&client, number)).buffer_unordered(AT_ONCE);
    resting.try_collect::<Vec<()>>().await?;
    eprintln!("Measuring {members} members that poll.");
    let ids: Vec<String> =
        stream::iter(0..members).map(|_| join(&client, GROUP)).buffer_unordered(AT_ONCE).try_collect().await?;

    let samples = Rc::new(Samples::default());
    let mut tasks = tokio::task::JoinSet::new();
    for (number, id) in ids.into_iter().enumerate() {
        let first = POLL_EVERY.mul_f64(number as f64 / members as f64);
        let member = Polling { client: Rc::clone(&client), id, every: POLL_EVERY, samples: Rc::clone(&samples) };
        tasks.spawn_local(member.run(first));
    }
    tasks.spawn_local(feed(Rc::clone(&client), Rc::clone(&samples)));
    tokio::time::sleep(WARM_UP).await;
    let cpu = process::cpu_seconds(host.pid())?;
    samples.polls_ms.borrow_mut().clear();
    samples.commits_ms.borrow_mut().clear();
    let begun = clock::now();
    tokio::time::sleep(Duration::from_secs(run.extent.groups_s)).await;
    let elapsed = begun.elapsed().as_secs_f64();
    let polls = samples.polls_ms.take();
    let commits = samples.commits_ms.take();
    let cores = (process::cpu_seconds(host.pid())? - cpu) / elapsed;
    // Records are kept in memory up to a bound, and polls are to cost none of it.
    samples.is_fed.set(true);
    tokio::time::sleep(WARM_UP).await;
    let before = process::memory(host.pid())?.anonymous_mib;
    samples.polls_ms.borrow_mut().clear();
    tokio::time::sleep(Duration::from_secs(run.extent.groups_s)).await;
    let after = process::memory(host.pid())?.anonymous_mib;
    let idle_polls = samples.polls_ms.borrow().len();
    samples.is_over.set(true);
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    let what = format!("{members} members beside {groups} groups at rest");
    let rate = Measure::new(format!("polls of {what}"), polls.len() as f64 / elapsed, "polls/s");
    run.add(Section::Groups, rate)?;
    run.add(Section::Groups, Measure::new("poll, p50", quantile(&polls, 50), "ms"))?;
    let p99 = Measure::new("poll, p99", quantile(&polls, 99), "ms").target(Target::Below(POLL_MS_MAX));
    run.add(Section::Groups, p99)?;
    let rate = Measure::new("commits meanwhile, each after its fsync", commits.len() as f64 / elapsed, "commits/s");
    run.add(Section::Groups, rate)?;
    run.add(Section::Groups, Measure::new("commit, p99", quantile(&commits, 99), "ms"))?;
    run.add(Section::Groups, Measure::new("busy cores of the host", cores, ""))?;
    let name = format!("anonymous memory after {idle_polls} more polls, without records");
    let memory = Measure::new(name, after, "MiB").beside("before them", before);
    run.add(Section::Groups, memory.target(Target::RatioAtMost(GROWTH_MAX)))?;
    host.stop()?;
    rebalance(run).await
}

/// A group that somebody joined and left.
async fn rest(client: &Client, number: usize) -> Result<()> {
    let group = format!("resting-{number}");
    let id = join(client, &group).await?;
    client.delete(&format!("/v1/groups/{group}/members/{id}")).await
}

async fn join(client: &Client, group: &str) -> Result<String> {
    let topic = if group == GROUP { TOPIC } else { "none-yet" };
    let body = json!({"topics": [topic], "start": "latest"});
    let joined: Joined = client.post(&format!("/v1/groups/{group}/members"), &body).await?;
    Ok(joined.member_id)
}

/// One member.
struct Polling {
    client: Rc<Client>,
    id: String,
    every: Duration,
    samples: Rc<Samples>,
}

impl Polling {
    /// Polls when it is time, and not when the last answer came: a host that is slow is not asked less.
    async fn run(self, first: Duration) -> Result<()> {
        let mut next = tokio::time::Instant::now() + first;
        let path = format!("/v1/groups/{GROUP}/members/{}", self.id);
        while !self.samples.is_over.get() {
            tokio::time::sleep_until(next).await;
            let polled: Result<Polled> = self.client.post(&format!("{path}/poll"), &json!({"max_records": 100})).await;
            let Ok(polled) = polled else {
                ensure!(self.samples.is_over.get(), "a poll failed: {:#}", polled.err().context("it did")?);
                return Ok(());
            };
            self.samples.polls_ms.borrow_mut().push(next.elapsed().as_secs_f64() * 1e3);
            if !polled.records.is_empty() {
                self.samples.records.set(self.samples.records.get() + polled.records.len());
                let begun = clock::now();
                let _: Value = self.client.post(&format!("{path}/commit"), &json!({"token": polled.token})).await?;
                self.samples.commits_ms.borrow_mut().push(begun.elapsed().as_secs_f64() * 1e3);
            }
            next += self.every;
        }
        Ok(())
    }
}

/// Records for all partitions in turn.
async fn feed(client: Rc<Client>, samples: Rc<Samples>) -> Result<()> {
    let mut next: u32 = 0;
    while !samples.is_fed.get() {
        let records: Vec<Value> =
            (next..next + BATCH).map(|n| json!({"partition": n % PARTITIONS, "value": n})).collect();
        let _: Value = client.post(&format!("/v1/topics/{TOPIC}/records"), &json!({ "records": records })).await?;
        next += BATCH;
        tokio::time::sleep(BATCH_EVERY).await;
    }
    Ok(())
}

/// One of a hundred members leaves, another comes, while all poll and records flow.
async fn rebalance(run: &mut Run<'_>) -> Result<()> {
    eprintln!("Measuring a rebalance of {MEMBERS} members over {PARTITIONS} partitions.");
    let host = run.start_host(None)?;
    let client = Rc::new(Client::new(host.address)?);
    client.create_topic(TOPIC, PARTITIONS).await?;
    let ids: Vec<String> =
        stream::iter(0..MEMBERS).map(|_| join(&client, GROUP)).buffer_unordered(AT_ONCE).try_collect().await?;
    let samples = Rc::new(Samples::default());
    let mut tasks = tokio::task::JoinSet::new();
    // The first one leaves: it holds nothing by then, since it does not poll.
    for (number, id) in ids.iter().enumerate().skip(1) {
        let first = REBALANCE_POLL_EVERY.mul_f64(number as f64 / MEMBERS as f64);
        let (client, samples) = (Rc::clone(&client), Rc::clone(&samples));
        let member = Polling { client, id: id.clone(), every: REBALANCE_POLL_EVERY, samples };
        tasks.spawn_local(member.run(first));
    }
    tasks.spawn_local(feed(Rc::clone(&client), Rc::clone(&samples)));
    let window = Duration::from_secs(run.extent.load_s.min(5));
    tokio::time::sleep(window).await;
    let quiet = samples.polls_ms.take();
    let before = owners(&client).await?;
    client.delete(&format!("/v1/groups/{GROUP}/members/{}", ids[0])).await?;
    let begun = clock::now();
    let after_leave = owners(&client).await?;
    let leave_ms = begun.elapsed().as_secs_f64() * 1e3;
    join(&client, GROUP).await?;
    let after_join = owners(&client).await?;
    tokio::time::sleep(window).await;
    let moving = samples.polls_ms.take();
    samples.is_fed.set(true);
    samples.is_over.set(true);
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    host.stop()?;
    let must = f64::from(PARTITIONS) / MEMBERS as f64;
    for (what, from, to) in [("one leaves", &before, &after_leave), ("one comes", &after_leave, &after_join)] {
        let moved = from.iter().filter(|(partition, owner)| to.get(partition) != Some(owner)).count();
        let measure = Measure::new(format!("partitions that move when {what}"), moved as f64, "partitions")
            .beside("that must move", must);
        run.add(Section::Groups, measure.target(Target::RatioAtMost(1.0)))?;
    }
    run.add(Section::Groups, Measure::new("all have their own again after", leave_ms, "ms"))?;
    let slowest = Measure::new("slowest poll of the others in a rebalance", quantile(&moving, 100), "ms");
    run.add(Section::Groups, slowest.beside("at other times", quantile(&quiet, 100)))
}

/// Who has which partition, once the group has converged.
async fn owners(client: &Client) -> Result<BTreeMap<u32, String>> {
    loop {
        let group: Group = client.get(&format!("/v1/groups/{GROUP}")).await?;
        if group.state == "stable" {
            let named = group.partitions.into_iter().filter_map(|place| Some((place.partition, place.member_id?)));
            return Ok(named.collect());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
