//! A webhook as its sender posts it, and what a forger would make of it.

use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use crate::Host;
use crate::host::Response;

/// Longest that a sender goes on trying.
const TRIES: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(10);

#[derive(Clone, Debug)]
pub struct Webhook {
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The type of the event, as its sender calls it.
    pub event: String,
    pub id: String,
}

pub(crate) fn hmac_sha256(secret: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("any length will do");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn in_hexadecimal(digest: &[u8; 32]) -> String {
    digest.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

impl Webhook {
    /// One of GitHub's.
    pub fn github(secret: &str, event: &str, id: &str, body: &Value) -> Self {
        let body = body.to_string().into_bytes();
        let digest = hmac_sha256(secret.as_bytes(), &[&body]);
        let hex = in_hexadecimal(&digest);
        let headers = [
            ("content-type", "application/json".to_owned()),
            ("x-github-event", event.to_owned()),
            ("x-github-delivery", id.to_owned()),
            ("x-hub-signature-256", format!("sha256={hex}")),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value)).into();
        Self { headers, body, event: event.to_owned(), id: id.to_owned() }
    }

    pub fn header(&self, name: &str) -> &str {
        let header = self.headers.iter().find(|(found, _)| found == name);
        header.map_or_else(|| panic!("no header {name}: {self:?}"), |(_, value)| value)
    }

    /// With one bit of the body turned over; bits are counted around.
    #[must_use]
    pub fn flipped_body(&self, bit: usize) -> Self {
        let mut forged = self.clone();
        let bit = bit % (forged.body.len() * 8);
        forged.body[bit / 8] ^= 1 << (bit % 8);
        forged
    }

    /// With the lowest bit of a character of a header turned over, `back` characters before its end: another digit for a
    /// digit, and no digit at all for some.
    #[must_use]
    pub fn flipped_header(&self, name: &str, back: usize) -> Self {
        let mut forged = self.clone();
        let (_, value) = forged.headers.iter_mut().find(|(found, _)| found == name).expect("it has the header");
        let mut bytes = std::mem::take(value).into_bytes();
        let at = bytes.len() - 1 - back;
        bytes[at] ^= 1;
        *value = String::from_utf8(bytes).expect("it is still ASCII");
        forged
    }

    #[must_use]
    pub fn without(&self, name: &str) -> Self {
        let mut forged = self.clone();
        forged.headers.retain(|(found, _)| found != name);
        forged
    }

    fn request(&self, client: &reqwest::Client, url: &str) -> reqwest::RequestBuilder {
        let request = client.post(url).body(self.body.clone());
        self.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
    }

    /// Posts it, once.
    pub async fn post(&self, host: &Host, path: &str) -> Response {
        self.try_post_over(host.client(), host, path).await.expect("an answer")
    }

    /// Posts it once over connections of one's own; whoever calls may find the host gone.
    pub async fn try_post_over(
        &self,
        client: &reqwest::Client,
        host: &Host,
        path: &str,
    ) -> Result<Response, reqwest::Error> {
        host.send(self.request(client, &(host.url() + path))).await
    }

    /// Posts it until it is taken, as senders do: no answer, and 503, are no reason to give up. Answers how often it was tried.
    pub async fn deliver(&self, client: &reqwest::Client, url: &str) -> usize {
        let begun = Instant::now();
        let mut tries = 0;
        loop {
            tries += 1;
            if let Ok(answer) = self.request(client, url).timeout(Duration::from_secs(20)).send().await {
                let (status, again) = (answer.status(), answer.headers().contains_key("retry-after"));
                if status.is_success() {
                    return tries;
                }
                let text = answer.text().await.unwrap_or_default();
                assert!(status == 503 && again, "{}: {status} {text}", self.id);
            }
            assert!(begun.elapsed() < TRIES, "{} was not taken in {tries} tries", self.id);
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// What stands in the body at a dotted path, where it is a text.
    pub fn field(&self, path: &str) -> Option<String> {
        let body: Value = serde_json::from_slice(&self.body).expect("a body is JSON");
        let found = path.split('.').try_fold(&body, |value, name| value.get(name))?;
        found.as_str().map(str::to_owned)
    }
}

#[test]
fn it_is_signed_as_github_says() {
    // The example of GitHub's page on validating deliveries, whose body is a text and no JSON.
    let digest = hmac_sha256(b"It's a Secret to Everybody", &[b"Hello, World!"]);
    assert_eq!(in_hexadecimal(&digest), "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
}
