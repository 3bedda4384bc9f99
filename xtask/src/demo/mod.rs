//! `cargo xtask demo`: the main job, shown as it happens. Earthquakes flow through a filter and a window while the filter is
//! swapped; then an audit reads everything back and counts for itself.

/// Everything read back and counted independently.
mod audit;
/// The records that flow.
mod flow;
/// What a person sees.
mod show;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use indicatif::HumanCount;
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::cargo::{Profile, build_host};
use crate::host::{Host, Options};
use crate::http::{Client, Swap};
use crate::{paths, plugins};
use audit::Evidence;
use flow::Flow;
use show::{Show, newest, summary};

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// End after the showing instead of serving on
    #[arg(long)]
    exit: bool,
}

const TOPIC: &str = "earthquakes";
const PARTITIONS: u32 = 3;
const KEY_PATH: &str = "net";
const FILTER: &str = "strong";
const FILTERED: &str = "strong-earthquakes";
const WINDOW: &str = "per-hour";
const COUNTED: &str = "strong-per-hour";
const WINDOW_MS: i64 = 3_600_000;
const GRACE_MS: i64 = 600_000;
/// The filter's threshold at first, and what each swap makes it.
const MAGNITUDE: f64 = 4.0;
const MAGNITUDES: [f64; 8] = [2.5, 5.0, 1.0, 4.5, 3.0, 6.0, 4.0, 2.0];
/// Between two requests, so that there is something to watch.
const PACE: Duration = Duration::from_millis(50);
const CATCH_UP: Duration = Duration::from_mins(1);

impl Demo {
    pub(crate) fn run(&self, profile: Profile) -> Result<ExitCode> {
        plugins::build_plugins()?;
        let binary = build_host(profile)?;
        tokio::runtime::Runtime::new()?.block_on(async {
            let mut interrupt = signal(SignalKind::interrupt())?;
            let mut terminate = signal(SignalKind::terminate())?;
            let mut stop = std::pin::pin!(async {
                tokio::select! { _ = interrupt.recv() => 130, _ = terminate.recv() => 143 }
            });
            let host = self.start(&binary)?;
            let shown = tokio::select! {
                shown = self.show(&host, &binary) => shown,
                code = &mut stop => return Ok(ExitCode::from(code)),
            };
            shown.with_context(|| format!("the host's log is {}", paths::short(&host.log)))?;
            if !self.exit {
                stop.await;
            }
            host.stop()?;
            Ok(ExitCode::SUCCESS)
        })
    }

    fn start(&self, binary: &Path) -> Result<Host> {
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let usual: SocketAddr = show::USUAL_ADDRESS.parse()?;
        let is_taken = TcpListener::bind(usual).is_err();
        let http = if self.exit || is_taken { any_port } else { usual };
        Host::start(&Options { http, plugins: Some(&paths::plugins()), ..Options::new(binary, &data()) })
    }

    async fn show(&self, host: &Host, binary: &Path) -> Result<()> {
        let client = Client::new(host.address)?;
        let show = Show::new(binary, host.address);

        show.chapter("Real earthquakes, through a WebAssembly filter that is swapped while they flow");
        show.step(
            &format!("A host on an empty folder, ready on {} after {} ms.", client.base(), host.start_ms),
            &format!(
                "{} serve --data {} --plugins {}",
                paths::short(binary),
                paths::short(&data()),
                paths::short(&paths::plugins())
            ),
        );
        set_up(&client, &show).await?;
        show.chapter("Earthquakes flow, and the filter is swapped");
        let (sent, swaps) = stream(&client, &show).await?;
        client.wait_for_lag_0(FILTER, CATCH_UP).await?;
        client.wait_for_lag_0(WINDOW, CATCH_UP).await?;

        show.chapter("The audit: everything is read back, filtered and counted anew");
        let evidence = Evidence::collect(&client).await?;
        let findings = evidence.findings(sent)?;
        show.findings(&findings);
        show.chapter("What came out");
        println!("  {}", newest(&evidence.counts()?)?);
        println!("  {}", summary(host.start_ms, &swaps));
        if !findings.iter().all(|finding| finding.holds) {
            bail!("the audit found that the host broke its promise; {} is as it left it", paths::short(&data()));
        }
        if !self.exit {
            show.what_to_type_next();
        }
        Ok(())
    }
}

fn data() -> std::path::PathBuf {
    paths::target().join("demo-data")
}

async fn set_up(client: &Client, show: &Show) -> Result<()> {
    client.create_topic(TOPIC, PARTITIONS).await?;
    show.step(
        &format!("A topic with {PARTITIONS} partitions."),
        &show.command(&format!("topic create {TOPIC} --partitions {PARTITIONS}")),
    );
    client.deploy(FILTER, &filter(MAGNITUDE)).await?;
    show.step(
        &format!("A filter: from {TOPIC} to {FILTERED} goes what has magnitude {MAGNITUDE} or more."),
        &deploy_command(show, FILTER, &filter(MAGNITUDE)),
    );
    client.deploy(WINDOW, &window()).await?;
    show.step(
        &format!("A window: {COUNTED} gets the number of strong earthquakes a network and an hour."),
        &deploy_command(show, WINDOW, &window()),
    );
    Ok(())
}

fn filter(magnitude: f64) -> Value {
    let settings = json!({"path": "mag", "comparison": "greater-or-equal", "operand": magnitude});
    json!({"plugin": "filter-json", "inputs": [TOPIC], "output": FILTERED, "settings": settings})
}

fn window() -> Value {
    let settings = json!({"key_path": "net", "time_path": "time", "window_ms": WINDOW_MS, "grace_ms": GRACE_MS});
    json!({"plugin": "count-window", "inputs": [FILTERED], "output": COUNTED, "settings": settings})
}

/// The command that deploys the same.
fn deploy_command(show: &Show, name: &str, deployment: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let wasm = paths::plugins().join(format!("{}.wasm", text(&deployment["plugin"])));
    show.command(&format!(
        "plugin deploy {} --name {name} --from {} --to {} --settings '{}'",
        paths::short(&wasm),
        text(&deployment["inputs"][0]),
        text(&deployment["output"]),
        deployment["settings"]
    ))
}

/// Sends the records, and swaps the filter on their way. Answers how many were sent and how each partition was swapped.
async fn stream(client: &Client, show: &Show) -> Result<(usize, Vec<Swap>)> {
    let flow = Flow::read()?;
    let total = flow.len();
    show.step(
        &format!(
            "{} records: one week of {} (USGS), again and again, each a week later.",
            HumanCount(total as u64),
            paths::short(&paths::earthquakes())
        ),
        &show.command(&format!("produce {TOPIC} --key-path {KEY_PATH} --file {}", paths::short(&paths::earthquakes()))),
    );
    show.step(
        &format!("{} swaps, each a new threshold for the filter, as in", MAGNITUDES.len()),
        &deploy_command(show, FILTER, &filter(MAGNITUDES[0])),
    );
    let (sent, mut watching) = watch::channel(0);
    let progress = std::cell::RefCell::new(show.progress(total as u64));

    let sending = async {
        for (lines, records) in flow.batches() {
            client.produce(TOPIC, KEY_PATH, lines).await?;
            sent.send_modify(|sent| *sent += records);
            progress.borrow_mut().sent(*sent.borrow() as u64);
            tokio::time::sleep(PACE).await;
        }
        anyhow::Ok(())
    };
    let swapping = async {
        let mut swaps = Vec::new();
        for (index, magnitude) in MAGNITUDES.into_iter().enumerate() {
            let due = total * (index + 1) / (MAGNITUDES.len() + 1);
            watching.wait_for(|sent| *sent >= due).await?;
            let swapped = client.deploy(FILTER, &filter(magnitude)).await?;
            progress.borrow().swap(&format!("magnitude {magnitude} or more"), &swapped);
            swaps.extend(swapped.swap);
        }
        anyhow::Ok(swaps)
    };
    let ((), swaps) = tokio::try_join!(sending, swapping)?;
    progress.into_inner().finish();
    Ok((total, swaps))
}
