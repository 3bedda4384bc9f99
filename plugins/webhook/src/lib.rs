//! Takes the webhooks of any sender, and `CloudEvents`.

mod challenge;
mod cloud_events;
mod settings;
mod verify;

use kafka_do_sdk::json::{self, Path};
use kafka_do_sdk::webhook::answer::{Refusal, stored, unless_event};
use kafka_do_sdk::webhook::routing::{Event, Routing, reply_id, scalar};
use kafka_do_sdk::webhook::{Reply, Request, Webhook};
use kafka_do_sdk::{Context, Description, Failure};

use challenge::Challenge;
pub use settings::Settings;
use verify::Verifier;

pub struct AnySender {
    verifier: Verifier,
    routing: Routing,
    event: Place,
    id: Place,
    challenge: Option<Challenge>,
}

/// Where a sender says something of an event: the header comes first.
struct Place {
    header: Option<String>,
    path: Option<Path>,
}

impl Place {
    fn new(header: Option<String>, path: Option<Path>) -> Self {
        Self { header: header.map(|name| name.to_ascii_lowercase()), path }
    }

    fn find(&self, request: &Request) -> Option<String> {
        let header = self.header.as_ref().and_then(|name| request.header(name)).map(str::to_owned);
        let field = || self.path.as_ref().and_then(|path| path.find(&request.body).ok().flatten());
        header.or_else(|| field().as_ref().and_then(scalar)).filter(|text| !text.is_empty())
    }
}

impl Webhook for AnySender {
    type Settings = Settings;

    fn describe() -> Description {
        Description::new("Takes the webhooks of any sender, and CloudEvents.")
            .with_settings_schema(include_str!("../settings.schema.json"))
    }

    fn open(Context { settings, .. }: Context<Settings>) -> Result<Self, Failure> {
        let Settings { verify, secret, routing, event_header, event_path, id_header, id_path, challenge } = settings;
        routing.check()?;
        Ok(Self {
            challenge: challenge.map(|settings| Challenge::new(settings, secret.clone())).transpose()?,
            verifier: Verifier::new(verify, secret)?,
            routing,
            event: Place::new(event_header, event_path),
            id: Place::new(id_header, id_path),
        })
    }

    fn handle(&mut self, request: Request) -> Result<Reply, Failure> {
        let handshake = self.challenge.as_ref().and_then(|challenge| challenge.answer(&request));
        let answer = handshake.or_else(|| cloud_events::handshake(&request)).or_else(|| unless_event(&request));
        Ok(answer.unwrap_or_else(|| self.receive(&request).unwrap_or_else(Reply::from)))
    }
}

impl AnySender {
    fn receive(&self, request: &Request) -> Result<Reply, Refusal> {
        self.verifier.check(request)?;
        if let Some(reply) = cloud_events::receive(request, &self.routing)? {
            return Ok(reply);
        }
        let (id, kind) = (self.id.find(request), self.event.find(request));
        let content_type = request.header("content-type");
        if request.is_of_type("application/json") {
            check_json(&request.body)?;
        }
        let event = Event { id: id.as_deref(), kind: kind.as_deref(), content_type, body: &request.body };
        let reply = stored(vec![self.routing.record(event)?]);
        Ok(match id {
            Some(id) => reply.with_id(reply_id(&id)),
            None => reply,
        })
    }
}

/// Whoever says that it sends JSON hears it where that is none.
fn check_json(body: &[u8]) -> Result<(), Refusal> {
    // Any path: what is asked is whether all of it is JSON.
    let checked = json::extract(body, [&Path::from("id")]);
    checked.map(|_| ()).map_err(|error| Refusal::bad_request(format!("The body is {error}.")))
}

kafka_do_sdk::export_webhook!(AnySender);

#[cfg(test)]
mod tests;
