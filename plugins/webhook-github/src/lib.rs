//! Takes the webhooks of GitHub: <https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries>.

use kafka_do_sdk::json::Path;
use kafka_do_sdk::webhook::answer::{Refusal, stored, unless_event};
use kafka_do_sdk::webhook::routing::{Event, Routing, reply_id};
use kafka_do_sdk::webhook::signing::{Algorithm, Secrets, decode_hex};
use kafka_do_sdk::webhook::{Reply, Request, Webhook};
use kafka_do_sdk::{Context, Description, Failure};
use serde::Deserialize;

#[derive(Deserialize)]
pub struct Settings {
    secret: Secrets,
    #[serde(flatten)]
    routing: Routing,
}

pub struct GitHub {
    keys: Vec<Vec<u8>>,
    routing: Routing,
}

impl Webhook for GitHub {
    type Settings = Settings;

    fn describe() -> Description {
        Description::new("Takes the webhooks of GitHub.").with_settings_schema(include_str!("../settings.schema.json"))
    }

    fn open(Context { settings, .. }: Context<Settings>) -> Result<Self, Failure> {
        settings.routing.check()?;
        Ok(Self { keys: settings.secret.keys(), routing: settings.routing })
    }

    fn handle(&mut self, request: Request) -> Result<Reply, Failure> {
        if let Some(reply) = unless_event(&request) {
            return Ok(reply);
        }
        Ok(self.receive(&request).unwrap_or_else(Reply::from))
    }
}

impl GitHub {
    fn receive(&self, request: &Request) -> Result<Reply, Refusal> {
        self.check_signature(request)?;

        let kind = request.header("x-github-event").ok_or_else(|| missing("X-GitHub-Event"))?;
        let delivery = request.header("x-github-delivery").ok_or_else(|| missing("X-GitHub-Delivery"))?;
        let decoded;
        let body = if request.is_of_type("application/x-www-form-urlencoded") {
            decoded = request
                .form_field("payload")
                .ok_or_else(|| Refusal::bad_request("The form has no payload in UTF-8; where the body is JSON, send it with content-type application/json."))?;
            decoded.as_bytes()
        } else {
            &request.body
        };
        // Any path: what is asked is whether all of it is JSON.
        Path::from("action").find(body).map_err(|error| Refusal::bad_request(format!("The payload is {error}.")))?;

        let event = Event { id: Some(delivery), kind: Some(kind), content_type: Some("application/json"), body };
        Ok(stored(vec![self.routing.record(event)?]).with_id(reply_id(delivery)))
    }

    /// Over the body as it came, also where that is a form.
    fn check_signature(&self, request: &Request) -> Result<(), Refusal> {
        let Some(header) = request.header("x-hub-signature-256") else {
            return Err(Refusal::unauthorized(
                "There is no X-Hub-Signature-256: give the webhook its secret in the settings of the repository or the app.",
            ));
        };
        let signature = header.strip_prefix("sha256=").and_then(decode_hex);
        if Algorithm::Sha256.is_signed(&self.keys, &[&request.body], signature) {
            return Ok(());
        }
        Err(Refusal::unauthorized("X-Hub-Signature-256 is not the body's, by any secret that this webhook knows."))
    }
}

fn missing(header: &str) -> Refusal {
    Refusal::bad_request(format!("There is no {header}: this is no delivery of GitHub's."))
}

kafka_do_sdk::export_webhook!(GitHub);

#[cfg(test)]
mod tests;
