//! What an operator says.

use std::collections::BTreeMap;

use kafka_do_sdk::Failure;
use serde::Deserialize;

use crate::backoff::Backoff;
use crate::deliveries::{Mode, Rules};
use crate::gate::Breaker;
use crate::signature::Secret;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) method: Method,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) secret: Option<Secret>,
    batch: Option<BatchSize>,
    #[serde(default = "concurrency_default")]
    concurrency: usize,
    #[serde(default = "timeout_ms_default")]
    pub(crate) timeout_ms: u32,
    #[serde(default = "max_attempts_default")]
    max_attempts: u32,
    #[serde(default)]
    retry: Backoff,
    #[serde(default)]
    breaker: Breaker,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Method {
    #[default]
    Post,
    Put,
    Patch,
}

impl Method {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
        }
    }
}

/// How much goes into one request.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct BatchSize {
    records: usize,
    #[serde(default = "batch_bytes_default")]
    bytes: usize,
}

fn concurrency_default() -> usize {
    8
}

fn timeout_ms_default() -> u32 {
    10_000
}

fn max_attempts_default() -> u32 {
    10
}

fn batch_bytes_default() -> usize {
    1 << 20
}

/// Headers that this plugin or the host sets; besides these, all that begin with `kafka-` or `ce-`.
const OWN_HEADERS: [&str; 10] = [
    "connection",
    "content-length",
    "host",
    "idempotency-key",
    "keep-alive",
    "te",
    "transfer-encoding",
    "webhook-id",
    "webhook-signature",
    "webhook-timestamp",
];

impl Settings {
    /// What a schema does not see.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        for (name, value) in &self.headers {
            let lower = name.to_ascii_lowercase();
            if name.is_empty() || !name.bytes().all(is_token) {
                return Err(Failure::fatal(format!("{name:?} in `headers` is no name of a header")));
            }
            if OWN_HEADERS.contains(&lower.as_str()) || lower.starts_with("kafka-") || lower.starts_with("ce-") {
                return Err(Failure::fatal(format!("`headers` may not set {lower}: it comes by itself")));
            }
            // The value may be a secret, and is not repeated.
            if !is_header_value(value.as_bytes()) {
                return Err(Failure::fatal(format!(
                    "the value of {name} in `headers` has characters that no header has"
                )));
            }
        }
        Ok(())
    }

    pub(crate) fn rules(&self) -> Rules {
        let mode = match self.batch {
            Some(BatchSize { records, bytes }) => Mode::Runs { records, bytes },
            None => Mode::Each { concurrency: self.concurrency },
        };
        Rules { mode, attempts_max: self.max_attempts, backoff: self.retry, breaker: self.breaker }
    }
}

/// What a name of a header is made of (RFC 9110, 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Visible ASCII and spaces: what every server takes.
pub(crate) fn is_header_value(value: &[u8]) -> bool {
    value.iter().all(|byte| (b' '..=b'~').contains(byte))
}
