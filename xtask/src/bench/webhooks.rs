//! Webhooks beside a bare HTTP server: the same signed requests from the same sender.

use std::fmt::Write;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use futures_util::future::try_join_all;
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::Full;
use hyper::{Method, Request};
use serde_json::json;
use sha2::Sha256;

use super::bare::BareServer;
use super::report::{Measure, Target};
use super::run::{BARE_HTTP, Run};
use super::section::Section;
use crate::clock;
use crate::http::Client;
use crate::paths;
use crate::quantile::quantile;
use crate::wire::Connection;

const PLUGIN: &str = "webhook-github";
const SECRET: &str = "a secret of the bench";
const TOPIC: &str = "webhooks";
const CONNECTIONS: usize = 64;
const EVENT_BYTES: usize = 1_024;
/// What the issue asks of the host.
const LEAST: f64 = 0.3;

/// What the sender saw.
struct Sent {
    requests_per_s: f64,
    p50_us: f64,
    p99_us: f64,
}

pub(super) async fn measure(run: &mut Run<'_>) -> Result<()> {
    let host = run.start_host(None)?;
    let client = Client::new(host.address)?;
    let path = paths::plugins().join(format!("{PLUGIN}.wasm"));
    client.upload(PLUGIN, std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?).await?;
    client.create_topic(TOPIC, 1).await?;
    client.deploy(PLUGIN, &json!({"plugin": PLUGIN, "output": TOPIC, "settings": {"secret": SECRET}})).await?;
    let time = Duration::from_secs(run.extent.load_s);
    eprintln!("Measuring webhooks for {} s.", time.as_secs());
    let stored = send(host.address, time).await?;
    let records = client.topic(TOPIC).await?.offsets.iter().map(|partition| partition.high_watermark).sum::<u64>();
    eprintln!("{records} events are stored.");
    host.stop()?;
    let server = BareServer::start()?;
    eprintln!("Measuring the same on a bare HTTP server.");
    let bare = send(server.address, time).await?;
    let what = "signed webhooks of 1 KiB, 64 connections";
    let requests = Measure::new(what, stored.requests_per_s, "requests/s").beside(BARE_HTTP, bare.requests_per_s);
    run.add(Section::Webhooks, requests.target(Target::RatioAtLeast(LEAST)))?;
    for (which, stored_us, bare_us) in [("p50", stored.p50_us, bare.p50_us), ("p99", stored.p99_us, bare.p99_us)] {
        run.add(
            Section::Webhooks,
            Measure::new(format!("{what}, {which}"), stored_us, "us").beside(BARE_HTTP, bare_us),
        )?;
    }
    Ok(())
}

/// A closed loop: each connection sends its next event when the last one is answered.
async fn send(address: SocketAddr, time: Duration) -> Result<Sent> {
    let event = event();
    let signature = signature(&event)?;
    let begun = clock::now();
    let senders = (0..CONNECTIONS).map(async |sender| {
        let mut connection = Connection::open(address).await?;
        let mut latencies_us = Vec::new();
        for number in 0_u64.. {
            let sent = clock::now();
            if sent.duration_since(begun) > time {
                break;
            }
            let request = Request::builder()
                .method(Method::POST)
                .uri(format!("/hooks/{PLUGIN}"))
                .header("content-type", "application/json")
                .header("x-github-event", "push")
                .header("x-github-delivery", format!("{sender:08x}-{number:024x}"))
                .header("x-hub-signature-256", &signature)
                .body(Full::new(event.clone()))?;
            let status = connection.send(request).await?;
            if !status.is_success() {
                bail!("an event was answered {status}");
            }
            latencies_us.push(sent.elapsed().as_secs_f64() * 1e6);
        }
        anyhow::Ok(latencies_us)
    });
    let latencies_us = try_join_all(senders).await?.concat();
    let seconds = begun.elapsed().as_secs_f64();
    Ok(Sent {
        requests_per_s: latencies_us.len() as f64 / seconds,
        p50_us: quantile(&latencies_us, 50),
        p99_us: quantile(&latencies_us, 99),
    })
}

fn event() -> Bytes {
    let frame =
        json!({"ref": "refs/heads/main", "repository": {"full_name": "octocat/hello"}, "message": ""}).to_string();
    let message = "x".repeat(EVENT_BYTES - frame.len());
    frame.replace(r#""message":"""#, &format!(r#""message":"{message}""#)).into()
}

fn signature(event: &[u8]) -> Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes())?;
    mac.update(event);
    let mut text = "sha256=".to_owned();
    for byte in mac.finalize().into_bytes() {
        write!(text, "{byte:02x}")?;
    }
    Ok(text)
}
