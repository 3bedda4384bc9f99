//! Takes the webhooks of Stripe: <https://docs.stripe.com/webhooks#verify-manually>.

use kafka_do_sdk::json::{Field, Path, extract};
use kafka_do_sdk::webhook::answer::{Refusal, stored, unless_event};
use kafka_do_sdk::webhook::routing::{Event, Routing, reply_id};
use kafka_do_sdk::webhook::signing::{Algorithm, Secrets, TOLERANCE_S_DEFAULT, check_age, decode_hex};
use kafka_do_sdk::webhook::{Reply, Request, Webhook};
use kafka_do_sdk::{Context, Description, Failure};
use serde::Deserialize;

#[derive(Deserialize)]
pub struct Settings {
    secret: Secrets,
    tolerance_s: Option<u32>,
    #[serde(flatten)]
    routing: Routing,
}

pub struct Stripe {
    keys: Vec<Vec<u8>>,
    tolerance_s: u32,
    routing: Routing,
    id_path: Path,
    kind_path: Path,
}

impl Webhook for Stripe {
    type Settings = Settings;

    fn describe() -> Description {
        Description::new("Takes the webhooks of Stripe.").with_settings_schema(include_str!("../settings.schema.json"))
    }

    fn open(Context { settings, .. }: Context<Settings>) -> Result<Self, Failure> {
        settings.routing.check()?;
        Ok(Self {
            // All of the text is the key, `whsec_` too.
            keys: settings.secret.keys(),
            tolerance_s: settings.tolerance_s.unwrap_or(TOLERANCE_S_DEFAULT),
            routing: settings.routing,
            id_path: "id".into(),
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

impl Stripe {
    fn receive(&self, request: &Request) -> Result<Reply, Refusal> {
        self.check_signature(request)?;

        let [id, kind] = extract(&request.body, [&self.id_path, &self.kind_path])
            .map_err(|error| Refusal::bad_request(format!("The body is {error}.")))?;
        let (Some(Field::Text(id)), Some(Field::Text(kind))) = (id, kind) else {
            return Err(Refusal::bad_request("The body is no event of Stripe's: its id or its type is missing."));
        };
        let event = Event {
            id: Some(&id),
            kind: Some(&kind),
            content_type: request.header("content-type"),
            body: &request.body,
        };
        Ok(stored(vec![self.routing.record(event)?]).with_id(reply_id(&id)))
    }

    /// `t=1492774577,v1=5257...,v1=6ffb...,v0=...`: while a secret is rolled there is a `v1` of each.
    fn check_signature(&self, request: &Request) -> Result<(), Refusal> {
        let Some(header) = request.header("stripe-signature") else {
            return Err(Refusal::unauthorized("There is no Stripe-Signature."));
        };
        let parts = || header.split(',').filter_map(|part| part.trim().split_once('='));
        let Some((_, timestamp)) = parts().find(|(name, _)| *name == "t") else {
            return Err(Refusal::unauthorized("Stripe-Signature has no timestamp."));
        };
        let signatures = parts().filter(|(name, _)| *name == "v1").filter_map(|(_, signature)| decode_hex(signature));
        if !Algorithm::Sha256.is_signed(&self.keys, &[timestamp.as_bytes(), b".", &request.body], signatures) {
            return Err(Refusal::unauthorized(
                "Stripe-Signature is not the body's, by any secret that this webhook knows: each endpoint has its own.",
            ));
        }
        check_age(timestamp, self.tolerance_s)
    }
}

kafka_do_sdk::export_webhook!(Stripe);

#[cfg(test)]
mod tests;
