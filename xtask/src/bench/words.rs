//! Sentences: what the parser takes for one, inside the component, and what the host takes with all around it.

use std::net::SocketAddr;

use anyhow::{Context, Result, anyhow, bail};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, Request};
use serde_json::json;
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store};

use super::report::{Measure, Target};
use super::run::Run;
use super::section::Section;
use crate::clock;
use crate::http::Client;
use crate::paths;
use crate::quantile::quantile;
use crate::wire::Connection;

#[allow(clippy::pedantic, unreachable_pub, reason = "generated")]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../wit",
        inline: "package kafka-do:bench; world parsing { export kafka-do:plugin/parser@0.1.0; }",
    });
}

use bindings::Parsing;
use bindings::exports::kafka_do::plugin::parser::{Catalog, TaskContext, TopicInfo, Utterance};

const PLUGIN: &str = "natural-language";
/// What the issue asks of the component.
const MOST_US: f64 = 50.0;
/// Thursday, 2026-11-26 10:30:15 in UTC, as the table has it.
const NOW_MS: i64 = 1_795_689_015_000;
const TOPICS: [&str; 15] = [
    "analytics",
    "cdc.users",
    "events",
    "high-value-orders",
    "logs",
    "old-events",
    "orders",
    "page-view-counts",
    "page-views",
    "page_clicks",
    "payments",
    "r2.my-bucket",
    "refunds",
    "transactions",
    "user-events",
];
const GROUPS: [&str; 4] = ["analytics-team", "audit", "my-processor", "order-processor"];
const DEPLOYMENTS: [&str; 3] = ["big-orders", "orders-to-audit", "page-counts"];
const PLUGINS: [&str; 4] = ["count-window", "filter-json", "http-sink", "webhook-github"];

pub(super) async fn measure(run: &mut Run<'_>) -> Result<()> {
    let table = paths::root().join("plugins").join(PLUGIN).join("phrasings.txt");
    let table = std::fs::read_to_string(&table).with_context(|| format!("cannot read {}", table.display()))?;
    let sentences: Vec<&str> = table
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once("=>"))
        .map(|(said, _)| said.trim())
        .filter(|said| !said.is_empty())
        .collect();
    let rounds = usize::try_from(run.extent.load_s * 10)?;
    let path = paths::plugins().join(format!("{PLUGIN}.wasm"));
    let component = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    eprintln!("Measuring {} sentences {rounds} times in the component.", sentences.len());
    let inside_us = parse(&component, &sentences, rounds).map_err(|error| anyhow!("{error:#}"))?;
    run.add(
        Section::Words,
        Measure::new("a sentence in the component, p50", quantile(&inside_us, 50), "us").target(Target::Below(MOST_US)),
    )?;
    run.add(Section::Words, Measure::new("a sentence in the component, p99", quantile(&inside_us, 99), "us"))?;
    let host = run.start_host(None)?;
    let client = Client::new(host.address)?;
    client.upload(PLUGIN, component).await?;
    client.deploy(PLUGIN, &json!({"plugin": PLUGIN})).await?;
    for topic in TOPICS {
        client.create_topic(topic, 1).await?;
    }
    eprintln!("Measuring the same over HTTP.");
    let asked_us = ask(host.address, &sentences, rounds.div_ceil(10)).await?;
    host.stop()?;
    run.add(Section::Words, Measure::new("a sentence over HTTP, dry run, p50", quantile(&asked_us, 50), "us"))?;
    run.add(Section::Words, Measure::new("a sentence over HTTP, dry run, p99", quantile(&asked_us, 99), "us"))
}

/// How long each sentence takes, what exists handed over with it and the answer taken back.
fn parse(component: &[u8], sentences: &[&str], rounds: usize) -> wasmtime::Result<Vec<f64>> {
    let engine = Engine::default();
    let component = Component::new(&engine, component)?;
    let mut linker = Linker::new(&engine);
    linker.define_unknown_imports_as_traps(&component)?;
    let mut store = Store::new(&engine, ());
    let parsing = Parsing::instantiate(&mut store, &component, &linker)?;
    let parser = parsing.kafka_do_plugin_parser();
    let context = TaskContext { deployment: PLUGIN.to_owned(), partition: None, settings: "{}".to_owned() };
    if let Err(failure) = parser.call_open(&mut store, &context)? {
        wasmtime::bail!("the parser does not open: {failure:?}");
    }
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let mut utterance = Utterance {
        text: String::new(),
        now_ms: NOW_MS,
        utc_offset_minutes: 0,
        catalog: Catalog {
            topics: TOPICS.map(|name| TopicInfo { name: name.to_owned(), partitions: 1 }).to_vec(),
            groups: names(&GROUPS),
            plugins: names(&PLUGINS),
            deployments: names(&DEPLOYMENTS),
        },
    };
    let mut times_us = Vec::with_capacity(rounds * sentences.len());
    for _ in 0..rounds {
        for text in sentences {
            utterance.text.clear();
            utterance.text.push_str(text);
            let begun = clock::now();
            let outcome = parser.call_parse(&mut store, &utterance)?;
            times_us.push(begun.elapsed().as_secs_f64() * 1e6);
            if let Err(failure) = outcome {
                wasmtime::bail!("{text}: {failure:?}");
            }
        }
    }
    Ok(times_us)
}

async fn ask(address: SocketAddr, sentences: &[&str], rounds: usize) -> Result<Vec<f64>> {
    let mut connection = Connection::open(address).await?;
    let mut times_us = Vec::with_capacity(rounds * sentences.len());
    for _ in 0..rounds {
        for text in sentences {
            let body = json!({"text": text, "dry_run": true}).to_string();
            let request = Request::builder()
                .method(Method::POST)
                .uri("/v1/ask")
                .header("content-type", "application/json")
                .body(Full::new(Bytes::from(body)))?;
            let begun = clock::now();
            let status = connection.send(request).await?;
            times_us.push(begun.elapsed().as_secs_f64() * 1e6);
            // A plugin that the host does not have is a problem of the sentence's, and takes as long.
            if status.is_server_error() {
                bail!("{text}: {status}");
            }
        }
    }
    Ok(times_us)
}
