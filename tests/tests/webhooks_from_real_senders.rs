//! What senders sign with their own libraries is stored once, to the byte, under the right topic and key; what a forger makes
//! of it is refused, and leaves nothing.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kafka_do_tests::{Host, HostOptions, Sender, Stored, Webhook, plugin, read_stored, run_script, scrambled};
use serde_json::{Value, json};

/// The secret of Standard Webhooks carries its bytes in base64.
const STANDARD_SECRET: &str = "whsec_aHVudGVyMi1hbmQtbm9ib2R5LWVsc2UtaGFzLWl0IQ==";
const SECRET: &str = "whsec_hunter2-and-nobody-else";

/// A sender of webhooks, and the deployment that receives them.
struct Receiver {
    plugin: &'static str,
    /// Where the records' key stands in a body.
    key_path: &'static str,
    secret: &'static str,
    /// The header that the signature ends.
    signature: &'static str,
}

impl Receiver {
    fn prefix(&self) -> String {
        format!("{}.", self.plugin)
    }

    fn path(&self) -> String {
        format!("/hooks/{}", self.plugin)
    }

    async fn start(&self) -> Host {
        let host = HostOptions::default().variable("KAFKA_DO_SECRET_HOOKS", self.secret).start().await;
        host.upload(self.plugin, plugin(self.plugin)).await.ok();
        let secret = json!({"$secret": "HOOKS"});
        let settings = json!({"secret": secret, "topic_prefix": self.prefix(), "key_path": self.key_path});
        let grants = json!({"topic_prefixes": [self.prefix()]});
        let deployment = json!({"plugin": self.plugin, "settings": settings, "grants": grants});
        host.put(&format!("/v1/deployments/{}", self.plugin), deployment).await.ok();
        host
    }

    fn topic(&self, webhook: &Webhook) -> String {
        self.prefix() + &webhook.event
    }

    /// Each of them is refused with 401.
    async fn refuses(&self, host: &Host, what: &str, forged: impl IntoIterator<Item = Webhook>) {
        for webhook in forged {
            let answer = webhook.post(host, &self.path()).await;
            assert_eq!(answer.status, 401, "{what}: {} is answered {}", webhook.id, answer.text);
        }
    }

    /// Each of them is answered 2xx.
    async fn takes(&self, host: &Host, sent: &[Webhook]) {
        for webhook in sent {
            let answer = webhook.post(host, &self.path()).await;
            assert!((200..300).contains(&answer.status), "{}: {} {}", webhook.id, answer.status, answer.text);
        }
    }

    /// The topics hold these, each once, in the order in which they were sent, and nothing else.
    async fn holds(&self, host: &Host, sent: &[Webhook]) {
        let mut expected: BTreeMap<String, Vec<&Webhook>> = BTreeMap::new();
        for webhook in sent {
            expected.entry(self.topic(webhook)).or_default().push(webhook);
        }
        assert_eq!(topics_below(host, &self.prefix()).await, expected.keys().cloned().collect());
        for (topic, webhooks) in expected {
            let stored = read_stored(host, &topic).await;
            assert_eq!(stored.len(), webhooks.len(), "{topic} holds each once");
            // Of one partition as of all: a topic that the host makes at the first record may have several.
            let stored: BTreeMap<&str, &Stored> =
                stored.iter().map(|record| (record.header("webhook-id").unwrap(), record)).collect();
            for webhook in webhooks {
                let record = stored.get(webhook.id.as_str()).unwrap_or_else(|| panic!("{topic}: no {}", webhook.id));
                assert_eq!(record.value(), webhook.body, "{topic}: {} as it came", webhook.id);
                let key = webhook.field(self.key_path).unwrap_or_else(|| webhook.id.clone());
                assert_eq!(record.key(), Some(key.as_str()), "{topic}: the key of {}", webhook.id);
                assert_eq!(record.header("webhook-event"), Some(webhook.event.as_str()));
                assert_eq!(record.header("content-type"), Some(webhook.header("content-type")));
            }
        }
    }

    /// Forged first, when nothing is there that it could be a repetition of; then the real ones, which must not have been
    /// spoiled by it; then both once more. `again` is what the sender makes of a second try.
    async fn audit(&self, sent: &[Webhook], again: &[Webhook]) -> Host {
        let ids: BTreeSet<&str> = sent.iter().map(|webhook| webhook.id.as_str()).collect();
        assert_eq!(ids.len(), sent.len(), "ids differ");
        assert!(sent.iter().any(|webhook| webhook.field(self.key_path).is_some()), "some have a key");
        let mut host = self.start().await;
        let random = |number: usize| usize::try_from(scrambled(number as u64) >> 16).unwrap();
        let bodies = || sent.iter().enumerate().map(|(number, webhook)| webhook.flipped_body(random(number)));
        // The end of a signature in base64 is padding; none of the last 30 digits in hexadecimal or base64 is.
        let signatures = || {
            let flip =
                |(number, webhook): (usize, &Webhook)| webhook.flipped_header(self.signature, 2 + random(number) % 30);
            sent.iter().enumerate().map(flip)
        };
        self.refuses(&host, "a bit of the body", bodies()).await;
        self.refuses(&host, "a bit of the signature", signatures()).await;
        self.refuses(&host, "no signature", sent.iter().take(5).map(|webhook| webhook.without(self.signature))).await;
        assert!(topics_below(&host, &self.prefix()).await.is_empty(), "nothing was stored");

        self.takes(&host, sent).await;
        self.takes(&host, again).await;
        self.holds(&host, sent).await;
        self.refuses(&host, "a bit of a known body", bodies()).await;
        self.refuses(&host, "a bit of a known signature", signatures()).await;
        host.kill_and_restart().await;
        again[0].deliver(host.client(), &(host.url() + &self.path())).await;
        self.takes(&host, again).await;
        self.holds(&host, sent).await;
        host
    }
}

async fn topics_below(host: &Host, prefix: &str) -> BTreeSet<String> {
    let topics = host.get("/v1/topics?limit=1000").await.ok();
    let names = topics["items"].as_array().unwrap().iter().map(|topic| topic["name"].as_str().unwrap().to_owned());
    names.filter(|name| name.starts_with(prefix)).collect()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn receiver_of_github() -> Receiver {
    Receiver {
        plugin: "webhook-github",
        key_path: "repository.full_name",
        secret: "It's a Secret to Everybody",
        signature: "x-hub-signature-256",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn github() {
    let receiver = receiver_of_github();
    let sent = Sender::run("github.mjs", &[receiver.secret, "json"]).webhooks;
    assert_eq!(sent.len(), 329, "all payloads of the package");
    receiver.audit(&sent, &sent).await;
}

/// What is in the form is stored, and the form is what was signed.
#[tokio::test(flavor = "multi_thread")]
async fn github_as_forms() {
    let receiver = receiver_of_github();
    let [forms, payloads] = ["form", "json"].map(|form| Sender::run("github.mjs", &[receiver.secret, form]).webhooks);
    let host = receiver.start().await;
    receiver
        .refuses(&host, "a bit of the body", forms.iter().enumerate().map(|(bit, form)| form.flipped_body(bit)))
        .await;
    receiver.takes(&host, &forms).await;
    receiver.holds(&host, &payloads).await;
    // The same delivery, in whatever form.
    receiver.takes(&host, &payloads).await;
    receiver.holds(&host, &payloads).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stripe() {
    let receiver = Receiver {
        plugin: "webhook-stripe",
        key_path: "data.object.customer",
        secret: SECRET,
        signature: "stripe-signature",
    };
    let sent_at = |second: u64| Sender::run("stripe.mjs", &[SECRET, &second.to_string()]).webhooks;
    // A second try is signed anew, at its own time.
    let (sent, again) = (sent_at(now() - 30), sent_at(now()));
    let host = receiver.audit(&sent, &again).await;
    receiver.refuses(&host, "an hour ago", sent_at(now() - 3_600)).await;
    // `t=` and ten digits stand at the beginning.
    let later = sent.iter().map(|webhook| {
        let back = webhook.header("stripe-signature").len() - "t=1700000000".len();
        webhook.flipped_header("stripe-signature", back)
    });
    receiver.refuses(&host, "a bit of the time", later).await;
    receiver.holds(&host, &sent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn standard_webhooks() {
    for names in ["webhook", "svix"] {
        let [id, timestamp, signature] = match names {
            "webhook" => ["webhook-id", "webhook-timestamp", "webhook-signature"],
            _ => ["svix-id", "svix-timestamp", "svix-signature"],
        };
        let receiver =
            Receiver { plugin: "webhook-standard", key_path: "data.user", secret: STANDARD_SECRET, signature };
        let sent_at =
            |second: u64| Sender::run("standard.mjs", &[STANDARD_SECRET, &second.to_string(), names]).webhooks;
        let (sent, again) = (sent_at(now() - 30), sent_at(now()));
        let host = receiver.audit(&sent, &again).await;
        receiver.refuses(&host, "an hour ago", sent_at(now() - 3_600)).await;
        receiver.refuses(&host, "in an hour", sent_at(now() + 3_600)).await;
        receiver.refuses(&host, "a bit of the time", sent.iter().map(|w| w.flipped_header(timestamp, 0))).await;
        receiver.refuses(&host, "a bit of the id", sent.iter().map(|w| w.flipped_header(id, 0))).await;
        receiver.holds(&host, &sent).await;
    }
}

/// Whether the library makes of the records what it was given to send.
fn compare(mode: &str, stored: &[Stored], count: usize) {
    let lines: String = stored
        .iter()
        .map(|record| {
            let headers: serde_json::Map<String, Value> = record
                .headers
                .iter()
                .map(|(name, value)| (name.clone(), std::str::from_utf8(value).unwrap().into()))
                .collect();
            json!({"headers": headers, "value": STANDARD.encode(record.value())}).to_string() + "\n"
        })
        .collect();
    let equal = run_script("cloudevents-back.mjs", &[mode], lines.as_bytes());
    assert_eq!(equal.trim(), count.to_string(), "{mode}: each event comes back as it was");
}

#[tokio::test(flavor = "multi_thread")]
async fn cloud_events() {
    let host = HostOptions::default().variable("KAFKA_DO_SECRET_HOOKS", SECRET).start().await;
    host.upload("webhook", plugin("webhook")).await.ok();
    let none = json!({"verify": {"method": "none"}});
    let hmac = json!({
        "secret": {"$secret": "HOOKS"},
        "verify": {"method": "hmac", "header": "x-signature", "algorithm": "sha256", "encoding": "hex"},
    });
    for (verify, settings) in [("none", none), ("hmac", hmac)] {
        for mode in ["binary", "structured", "batch"] {
            let name = format!("{verify}-{mode}");
            let deployment = json!({"plugin": "webhook", "output": name, "settings": settings});
            host.put(&format!("/v1/deployments/{name}"), deployment).await.ok();
            let secret = if verify == "hmac" { SECRET } else { "" };
            let sender = Sender::run("cloudevents.mjs", &[mode, secret]);
            let path = format!("/hooks/{name}");
            if verify == "hmac" {
                for (number, webhook) in sender.webhooks.iter().enumerate() {
                    let bit = usize::try_from(scrambled(number as u64) >> 16).unwrap();
                    for forged in [webhook.flipped_body(bit), webhook.flipped_header("x-signature", bit % 60)] {
                        let answer = forged.post(&host, &path).await;
                        assert_eq!(answer.status, 401, "{name}: {}", answer.text);
                    }
                }
                assert!(read_stored(&host, &name).await.is_empty(), "{name}: nothing was stored");
            }
            let mut ids = BTreeSet::new();
            for told in &sender.told {
                ids.extend(told["ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()));
            }
            for _ in 0..2 {
                for webhook in &sender.webhooks {
                    let answer = webhook.post(&host, &path).await;
                    assert!((200..300).contains(&answer.status), "{name}: {} {}", answer.status, answer.text);
                }
            }
            let stored = read_stored(&host, &name).await;
            assert_eq!(stored.len(), ids.len(), "{name}: each event once");
            compare(mode, &stored, ids.len());
        }
    }
}
