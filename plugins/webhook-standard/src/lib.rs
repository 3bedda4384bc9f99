//! Takes webhooks that follow Standard Webhooks: <https://github.com/standard-webhooks/standard-webhooks>, version 1.

use kafka_do_sdk::json::Path;
use kafka_do_sdk::webhook::answer::{Refusal, stored, unless_event};
use kafka_do_sdk::webhook::routing::{Event, Routing, reply_id, scalar};
use kafka_do_sdk::webhook::signing::{Algorithm, Secrets, TOLERANCE_S_DEFAULT, check_age, decode_base64};
use kafka_do_sdk::webhook::{Reply, Request, Webhook};
use kafka_do_sdk::{Context, Description, Failure};
use serde::Deserialize;

/// What stands before a secret, for people to know it by.
const SECRET_PREFIX: &str = "whsec_";

#[derive(Deserialize)]
pub struct Settings {
    secret: Secrets,
    tolerance_s: Option<u32>,
    #[serde(flatten)]
    routing: Routing,
}

pub struct Standard {
    keys: Vec<Vec<u8>>,
    tolerance_s: u32,
    routing: Routing,
    kind_path: Path,
}

impl Webhook for Standard {
    type Settings = Settings;

    fn describe() -> Description {
        Description::new("Takes webhooks that follow Standard Webhooks.")
            .with_settings_schema(include_str!("../settings.schema.json"))
    }

    fn open(Context { settings, .. }: Context<Settings>) -> Result<Self, Failure> {
        settings.routing.check()?;
        let keys: Option<Vec<Vec<u8>>> = settings.secret.iter().map(key).collect();
        let keys = keys.ok_or_else(|| {
            Failure::fatal("a secret is not base64: give it as the sender shows it, whsec_ and then letters and digits")
        })?;
        Ok(Self {
            keys,
            tolerance_s: settings.tolerance_s.unwrap_or(TOLERANCE_S_DEFAULT),
            routing: settings.routing,
            kind_path: "type".into(),
        })
    }

    fn handle(&mut self, request: Request) -> Result<Reply, Failure> {
        if let Some(reply) = unless_event(&request) {
            return Ok(reply);
        }
        Ok(self.receive(&request).unwrap_or_else(Reply::from))
    }
}

/// The bytes that a secret writes; an empty key would be everybody's.
fn key(secret: &str) -> Option<Vec<u8>> {
    let base64 = secret.strip_prefix(SECRET_PREFIX).unwrap_or(secret);
    decode_base64(base64).filter(|key| !key.is_empty())
}

impl Standard {
    fn receive(&self, request: &Request) -> Result<Reply, Refusal> {
        let id = self.check_signature(request)?;
        // The standard recommends JSON with a type, and asks for neither.
        let kind = self.kind_path.find(&request.body).ok().flatten().as_ref().and_then(scalar);
        let event = Event {
            id: Some(id),
            kind: kind.as_deref(),
            content_type: request.header("content-type"),
            body: &request.body,
        };
        Ok(stored(vec![self.routing.record(event)?]).with_id(reply_id(id)))
    }

    /// The id, which is signed with the rest.
    fn check_signature<'r>(&self, request: &'r Request) -> Result<&'r str, Refusal> {
        let (id, timestamp, signatures) =
            ["webhook", "svix"].into_iter().find_map(|family| headers(request, family)).ok_or_else(|| {
                Refusal::unauthorized("Webhook-Id, Webhook-Timestamp or Webhook-Signature is missing.")
            })?;
        // Other versions of the signature may stand beside: `v1a` is one by public keys.
        let signatures = signatures.split(' ').filter_map(|each| each.strip_prefix("v1,")).filter_map(decode_base64);
        let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", &request.body];
        if !Algorithm::Sha256.is_signed(&self.keys, &signed, signatures) {
            return Err(Refusal::unauthorized(
                "No v1 signature is the request's, by any secret that this webhook knows.",
            ));
        }
        check_age(timestamp, self.tolerance_s)?;
        Ok(id)
    }
}

/// Id, timestamp and signatures, all under names of one family.
fn headers<'r>(request: &'r Request, family: &str) -> Option<(&'r str, &'r str, &'r str)> {
    let header = |name: &str| request.header(&format!("{family}-{name}"));
    Some((header("id").filter(|id| !id.is_empty())?, header("timestamp")?, header("signature")?))
}

kafka_do_sdk::export_webhook!(Standard);

#[cfg(test)]
mod tests;
