//! A consumer that commits its batches together with what it makes of them: a process of its own, so that it can be killed.
//!
//! `exactly-once URL GROUP FROM TO SESSION_MS` copies records from one topic to another, each with where it came from. It goes
//! on over restarts of the host, joins again where its session ended, and ends when its standard input does.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "whatever goes wrong is to be seen")]

use std::io::Read;
use std::time::Duration;

use serde_json::{Value, json};

const RECORDS_MAX: u64 = 500;
const WAIT_MS: u64 = 500;
const AGAIN: Duration = Duration::from_millis(50);

struct Consumer {
    client: reqwest::Client,
    url: String,
    group: String,
    to: String,
}

/// What became of a call.
enum Said {
    Done(Value),
    Refused(String),
}

impl Consumer {
    /// Says it until the host answers one way or the other.
    async fn say(&self, path: &str, key: Option<&str>, body: &Value) -> Said {
        loop {
            let mut request = self.client.post(format!("{}{path}", self.url)).json(body);
            if let Some(key) = key {
                request = request.header("idempotency-key", key);
            }
            let answer = match request.send().await {
                Ok(answer) => (answer.status().as_u16(), answer.text().await),
                Err(_) => (0, Ok(String::new())),
            };
            match answer {
                (200..300, Ok(text)) => return Said::Done(serde_json::from_str(&text).unwrap()),
                (status @ 400..500, Ok(text)) if status != 429 => return Said::Refused(text),
                // Nobody is there, or it is busy, or the answer broke off.
                _ => tokio::time::sleep(AGAIN).await,
            }
        }
    }

    /// Reads and writes for as long as the member is one.
    async fn be(&self, member: &str) {
        let path = format!("/v1/groups/{}/members/{member}/poll", self.group);
        let mut token = Value::Null;
        loop {
            let poll = json!({"token": token, "max_records": RECORDS_MAX, "wait_ms": WAIT_MS});
            let Said::Done(batch) = self.say(&path, None, &poll).await else { return };
            token = batch["token"].clone();
            let copy = |record: &Value| {
                let from = json!([record["partition"], record["offset"], record["value"]]);
                json!({"topic": self.to, "partition": record["partition"], "value": from})
            };
            let copies: Vec<Value> = batch["records"].as_array().unwrap().iter().map(copy).collect();
            if copies.is_empty() {
                continue;
            }
            let commit = json!({"group": self.group, "member_id": member, "token": token});
            let key = format!("{member}-{}", token.as_str().unwrap());
            let transaction = json!({"records": copies, "commits": [commit]});
            if let Said::Refused(problem) = self.say("/v1/transactions", Some(&key), &transaction).await {
                // The lease had ended: the records are somebody else's, and nothing was written.
                assert!(problem.contains("lease-ended") || problem.contains("unknown-member"), "{problem}");
            }
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, group, from, to, session_ms] = arguments.try_into().expect("URL GROUP FROM TO SESSION_MS");
    std::thread::spawn(|| {
        // Whoever started it has gone.
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let _ = rustls::crypto::ring::default_provider().install_default();
    let consumer = Consumer { client: reqwest::Client::new(), url, group, to };
    let session_ms: u64 = session_ms.parse().unwrap();
    loop {
        let join = json!({"topics": [from], "session_timeout_ms": session_ms});
        match consumer.say(&format!("/v1/groups/{}/members", consumer.group), None, &join).await {
            Said::Done(joined) => consumer.be(joined["member_id"].as_str().unwrap()).await,
            Said::Refused(problem) => panic!("{problem}"),
        }
    }
}
