//! A client of the host's HTTP API: the calls and the fields that the chores need.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::clock;

/// A busy host answers that it is; how often a produce is tried.
const TRIES_MAX: usize = 20;
const FETCH_BYTES: usize = 8 << 20;
const FETCH_RECORDS: usize = 50_000;
const LAG_POLL: Duration = Duration::from_millis(5);

#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Topic {
    pub(crate) offsets: Vec<Partition>,
}

impl Topic {
    /// Bytes of all partitions that no segment holds yet.
    pub(crate) fn head_bytes(&self) -> u64 {
        self.offsets.iter().map(|partition| partition.head_bytes).sum()
    }

    /// Bytes of all partitions' segments.
    pub(crate) fn segment_bytes(&self) -> u64 {
        self.offsets.iter().map(|partition| partition.segment_bytes).sum()
    }
}

#[derive(Debug, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names of the API")]
pub(crate) struct Partition {
    pub(crate) partition: u32,
    pub(crate) high_watermark: u64,
    /// Records that no segment holds yet.
    pub(crate) head_bytes: u64,
    pub(crate) segment_bytes: u64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Deployment {
    pub(crate) name: String,
    pub(crate) state: String,
    pub(crate) generation: u32,
    pub(crate) dead_letter_topic: Option<String>,
    pub(crate) lag: u64,
    pub(crate) generations: Vec<Generation>,
    pub(crate) failures: Vec<Failure>,
    /// How the swap went that the call asked for.
    #[serde(default)]
    pub(crate) swap: Vec<Swap>,
}

#[derive(Debug, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names of the API")]
pub(crate) struct Generation {
    pub(crate) generation: u32,
    pub(crate) settings: Value,
    pub(crate) partitions: Vec<Range>,
}

/// What the host's ledger says that one generation did of one partition.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Range {
    pub(crate) partition: u32,
    pub(crate) from_offset: u64,
    pub(crate) next_offset: u64,
    pub(crate) records_in: u64,
    pub(crate) records_out: u64,
    pub(crate) rejected: u64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Swap {
    pub(crate) at_offset: u64,
    pub(crate) pause_us: u64,
    pub(crate) instantiate_us: u64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Failure {
    pub(crate) reason: String,
}

/// A record, its value to the byte.
#[derive(Debug, Deserialize)]
pub(crate) struct Record {
    pub(crate) offset: u64,
    pub(crate) key: Option<String>,
    pub(crate) value: Box<RawValue>,
}

#[derive(Deserialize)]
struct Fetched {
    records: Vec<Record>,
    next_offset: u64,
    high_watermark: u64,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Result<Self> {
        // Built together with the host, the client has its TLS without a provider; the first one that is set stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().no_proxy().build()?;
        Ok(Self { http, base: format!("http://{address}") })
    }

    /// The address of the host, as the start of a URL.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let call = self.call(Method::GET, path);
        read(answer(call, &format!("GET {path}")).await?).await
    }

    pub(crate) async fn put<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T> {
        let call = self.call(Method::PUT, path).json(body);
        read(answer(call, &format!("PUT {path}")).await?).await
    }

    pub(crate) async fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T> {
        let call = self.call(Method::POST, path).json(body);
        read(answer(call, &format!("POST {path}")).await?).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Result<()> {
        let call = self.call(Method::DELETE, path);
        answer(call, &format!("DELETE {path}")).await.map(drop)
    }

    pub(crate) async fn create_topic(&self, topic: &str, partitions: u32) -> Result<Topic> {
        self.configure_topic(topic, &serde_json::json!({ "partitions": partitions })).await
    }

    /// Makes a topic with these settings, or gives it these.
    pub(crate) async fn configure_topic(&self, topic: &str, settings: &Value) -> Result<Topic> {
        self.put(&format!("/v1/topics/{topic}"), settings).await
    }

    pub(crate) async fn topic(&self, topic: &str) -> Result<Topic> {
        self.get(&format!("/v1/topics/{topic}")).await
    }

    pub(crate) async fn deployment(&self, name: &str) -> Result<Deployment> {
        self.get(&format!("/v1/deployments/{name}")).await
    }

    pub(crate) async fn deploy(&self, name: &str, body: &Value) -> Result<Deployment> {
        self.put(&format!("/v1/deployments/{name}"), body).await
    }

    /// Uploads a component.
    pub(crate) async fn upload(&self, name: &str, component: Vec<u8>) -> Result<()> {
        let path = format!("/v1/plugins/{name}");
        let call = self.call(Method::PUT, &path).header(CONTENT_TYPE, "application/wasm").body(component);
        answer(call, &format!("PUT {path}")).await.map(drop)
    }

    /// An answer that is no JSON.
    pub(crate) async fn text(&self, path: &str) -> Result<String> {
        Ok(answer(self.call(Method::GET, path), &format!("GET {path}")).await?.text().await?)
    }

    /// Appends a value a line, whole or not at all; a host that has too much to do is asked again.
    pub(crate) async fn produce(&self, topic: &str, key_path: &str, lines: impl Into<Bytes>) -> Result<()> {
        let path = format!("/v1/topics/{topic}/records?key_path={key_path}");
        let body = lines.into();
        for _ in 0..TRIES_MAX {
            let call = self.call(Method::POST, &path).header(CONTENT_TYPE, "application/x-ndjson").body(body.clone());
            let response = call.send().await?;
            if response.status() != StatusCode::TOO_MANY_REQUESTS {
                let response = checked(response, &format!("POST {path}")).await?;
                // The connection serves the next call once the answer is read.
                return response.bytes().await.map(drop).map_err(Into::into);
            }
            let wait_s = response.headers().get(RETRY_AFTER);
            let wait_s = wait_s.and_then(|value| value.to_str().ok()?.parse().ok());
            tokio::time::sleep(Duration::from_secs(wait_s.unwrap_or(1))).await;
        }
        bail!("the host was too busy {TRIES_MAX} times in a row for POST {path}")
    }

    /// All records of a partition, as far as it goes now.
    pub(crate) async fn read_partition(&self, topic: &str, partition: u32) -> Result<Vec<Record>> {
        let mut records = Vec::new();
        let mut offset = 0;
        loop {
            let path = format!(
                "/v1/topics/{topic}/partitions/{partition}/records\
                 ?offset={offset}&max_bytes={FETCH_BYTES}&max_records={FETCH_RECORDS}"
            );
            let fetched: Fetched = self.get(&path).await?;
            records.extend(fetched.records);
            if fetched.next_offset >= fetched.high_watermark {
                return Ok(records);
            }
            if fetched.next_offset == offset {
                bail!("{topic}/{partition} does not go on at offset {offset}");
            }
            offset = fetched.next_offset;
        }
    }

    /// Returns once a deployment has read all that there is.
    pub(crate) async fn wait_for_lag_0(&self, name: &str, wait_max: Duration) -> Result<Deployment> {
        let begun = clock::now();
        loop {
            let deployment = self.deployment(name).await?;
            if deployment.lag == 0 {
                return Ok(deployment);
            }
            if begun.elapsed() > wait_max {
                let reason = deployment.failures.last();
                let reason = reason.map_or("no failure", |failure| &failure.reason);
                bail!(
                    "{name} still has {} records to read after {} s; it is {}, with {reason}",
                    deployment.lag,
                    wait_max.as_secs(),
                    deployment.state
                );
            }
            tokio::time::sleep(LAG_POLL).await;
        }
    }

    fn call(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }
}

async fn answer(call: RequestBuilder, what: &str) -> Result<Response> {
    let response = call.send().await.with_context(|| what.to_owned())?;
    checked(response, what).await
}

/// Turns a problem document into an error.
async fn checked(response: Response, what: &str) -> Result<Response> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let body = response.text().await.unwrap_or_default();
    bail!("{what} was answered {status}: {body}")
}

async fn read<T: DeserializeOwned>(response: Response) -> Result<T> {
    let body = response.bytes().await?;
    serde_json::from_slice(&body).context("the host's answer is of an unknown form")
}
