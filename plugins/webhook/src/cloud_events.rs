//! `CloudEvents` 1.0 over HTTP, in each of its three modes, and the handshake of its webhooks.
//!
//! <https://github.com/cloudevents/spec>: the HTTP protocol binding, the Kafka protocol binding for what the records look like,
//! and HTTP 1.1 Web Hooks for Event Delivery.

use kafka_do_sdk::NewRecord;
use kafka_do_sdk::json::{Field, Path, extract};
use kafka_do_sdk::webhook::answer::{Refusal, stored};
use kafka_do_sdk::webhook::routing::{Event, Routing, reply_id};
use kafka_do_sdk::webhook::{Reply, Request, Response, percent_decode};
use serde_json::value::RawValue;

const STRUCTURED: &str = "application/cloudevents+json";
const BATCH: &str = "application/cloudevents-batch+json";
/// What attributes are called in headers: with this prefix in HTTP, and with the other one in Kafka.
const HTTP_PREFIX: &str = "ce-";
const KAFKA_PREFIX: &str = "ce_";

/// Lets whoever asks send events: that it may is what its secret shows, event by event.
pub(crate) fn handshake(request: &Request) -> Option<Reply> {
    let origin = (request.method == "OPTIONS").then(|| request.header("webhook-request-origin"))??;
    let mut response =
        Response::empty(200).with_header("webhook-allowed-origin", origin).with_header("allow", "GET, HEAD, POST, PUT");
    if request.header("webhook-request-rate").is_some() {
        response = response.with_header("webhook-allowed-rate", "*");
    }
    Some(Reply::new(response))
}

/// The records of the request's events; `None` where it carries no `CloudEvents`.
pub(crate) fn receive(request: &Request, routing: &Routing) -> Result<Option<Reply>, Refusal> {
    if request.is_of_type(BATCH) {
        batch(request, routing).map(Some)
    } else if request.is_of_type(STRUCTURED) {
        let content_type = request.header("content-type").unwrap_or(STRUCTURED);
        let (id, record) = structured(&request.body, content_type, routing)?;
        Ok(Some(stored(vec![record]).with_id(reply_id(&id))))
    } else if request.header("ce-specversion").is_some() {
        binary(request, routing).map(Some)
    } else {
        Ok(None)
    }
}

/// The attributes are headers, and the body is the data.
fn binary(request: &Request, routing: &Routing) -> Result<Reply, Refusal> {
    let attributes: Vec<(&str, String)> = request
        .headers
        .iter()
        .filter_map(|header| {
            let name = header.name.strip_prefix(HTTP_PREFIX)?;
            Some((name, attribute(std::str::from_utf8(&header.value).ok()?)?))
        })
        .collect();
    let find = |sought: &str| attributes.iter().find(|(name, _)| *name == sought).map(|(_, value)| value.as_str());
    let [id, source, kind] = required(["id", "source", "type", "specversion"].map(find))?;
    let id = unique(source, id);
    let content_type = request.header("content-type");
    let mut record = routing.record(Event { id: Some(&id), kind: Some(kind), content_type, body: &request.body })?;
    for (name, value) in &attributes {
        record = record.with_header(format!("{KAFKA_PREFIX}{name}"), value.as_str());
    }
    Ok(stored(vec![record]).with_id(reply_id(&id)))
}

/// A header's value may be quoted, and has what is not ASCII percent-encoded.
fn attribute(value: &str) -> Option<String> {
    let quoted = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match quoted {
        Some(quoted) => percent_decode(&unescape(quoted)),
        None => percent_decode(value),
    }
}

/// In a quoted string a backslash makes the character after it stand for itself (RFC 9110).
fn unescape(quoted: &str) -> String {
    let mut characters = quoted.chars();
    std::iter::from_fn(|| match characters.next()? {
        '\\' => characters.next(),
        character => Some(character),
    })
    .collect()
}

/// The body is the whole event.
fn structured(body: &[u8], content_type: &str, routing: &Routing) -> Result<(String, NewRecord), Refusal> {
    let paths = ["id", "source", "type", "specversion"].map(Path::from);
    let fields = extract(body, [&paths[0], &paths[1], &paths[2], &paths[3]])
        .map_err(|error| Refusal::bad_request(format!("The event is {error}.")))?;
    let texts = fields.each_ref().map(|field| match field {
        Some(Field::Text(text)) => Some(text.as_ref()),
        _ => None,
    });
    let [id, source, kind] = required(texts)?;
    let id = unique(source, id);
    let record = routing.record(Event { id: Some(&id), kind: Some(kind), content_type: Some(content_type), body })?;
    Ok((id, record))
}

/// The body is an array of events: all of them are taken, or none.
fn batch(request: &Request, routing: &Routing) -> Result<Reply, Refusal> {
    let events: Vec<&RawValue> = serde_json::from_slice(&request.body)
        .map_err(|error| Refusal::bad_request(format!("The batch is no JSON array: {error}.")))?;
    let (ids, records): (Vec<String>, Vec<NewRecord>) = events
        .into_iter()
        .map(|event| structured(event.get().as_bytes(), STRUCTURED, routing))
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .unzip();
    let reply = stored(records);
    // A batch that comes again is one with the same events in it.
    Ok(if ids.is_empty() { reply } else { reply.with_id(reply_id(&ids.join("\n"))) })
}

/// Id, source and type, where all are there and the version is one that is known here.
fn required([id, source, kind, version]: [Option<&str>; 4]) -> Result<[&str; 3], Refusal> {
    if version != Some("1.0") {
        return Err(Refusal::bad_request("The event's specversion is not 1.0."));
    }
    let is_there = |text: &&str| !text.is_empty();
    match (id.filter(is_there), source.filter(is_there), kind.filter(is_there)) {
        (Some(id), Some(source), Some(kind)) => Ok([id, source, kind]),
        _ => Err(Refusal::bad_request("The event lacks its id, its source or its type.")),
    }
}

/// An id is unique to its source. A source is a URI, which has no space in it.
fn unique(source: &str, id: &str) -> String {
    format!("{source} {id}")
}
