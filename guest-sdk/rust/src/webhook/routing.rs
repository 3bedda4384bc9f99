//! Where an event goes, and under which key.

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::answer::Refusal;
use super::signing::encode_hex;
use crate::json::{Field, Path};
use crate::{Failure, NewRecord};

/// The host's bound of a topic's name, and of what a sender may call an event.
const TOPIC_CHARS_MAX: usize = 249;
const ID_BYTES_MAX: usize = 255;

/// What the settings say of topics and keys. It stands in a plugin's own settings with `#[serde(flatten)]`.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Routing {
    /// An event goes to the topic of this prefix and its type; without it, to the deployment's output.
    pub topic_prefix: Option<String>,
    /// The field of the body that is the key of its record; without it, or where it is missing, the event's id is.
    pub key_path: Option<Path>,
}

/// An event, as far as its routing goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Event<'e> {
    /// What the sender calls it.
    pub id: Option<&'e str>,
    /// What the sender calls its type.
    pub kind: Option<&'e str>,
    pub content_type: Option<&'e str>,
    pub body: &'e [u8],
}

impl Routing {
    /// Tells an operator of a prefix that no topic's name begins with.
    pub fn check(&self) -> Result<(), Failure> {
        match &self.topic_prefix {
            Some(prefix) if prefix.is_empty() || !prefix.chars().all(is_of_a_topic) => Err(Failure::fatal(format!(
                "topic_prefix {prefix:?} begins no topic's name: use letters, digits, dots, hyphens and underscores"
            ))),
            _ => Ok(()),
        }
    }

    /// The record of an event: its value is the body as it came. What has no type goes to the deployment's output.
    pub fn record(&self, event: Event<'_>) -> Result<NewRecord, Refusal> {
        let mut record = NewRecord::new(event.body);
        if let (Some(prefix), Some(kind)) = (&self.topic_prefix, event.kind) {
            record = record.with_topic(topic(prefix, kind)?);
        }
        if let Some(key) = self.key(event) {
            record = record.with_key(key);
        }
        for (name, value) in
            [("webhook-id", event.id), ("webhook-event", event.kind), ("content-type", event.content_type)]
        {
            if let Some(value) = value {
                record = record.with_header(name, value);
            }
        }
        Ok(record)
    }

    /// A text is the key as it is, a number or a boolean as JSON writes it.
    fn key(&self, event: Event<'_>) -> Option<String> {
        let field = self.key_path.as_ref().and_then(|path| path.find(event.body).ok().flatten());
        field.as_ref().and_then(scalar).or_else(|| event.id.map(str::to_owned))
    }
}

/// The text of a field that is a text, a number or a boolean.
pub fn scalar(field: &Field<'_>) -> Option<String> {
    match field {
        Field::Text(text) => Some(text.clone().into_owned()),
        Field::Number(number) => Some(number.to_string()),
        Field::Bool(bool) => Some(bool.to_string()),
        Field::Null | Field::Array(_) | Field::Object(_) => None,
    }
}

/// What the host is told that the sender calls an event: its name, or the SHA-256 of one that is too long.
pub fn reply_id(id: &str) -> String {
    if id.len() <= ID_BYTES_MAX { id.to_owned() } else { encode_hex(&Sha256::digest(id)) }
}

fn topic(prefix: &str, kind: &str) -> Result<String, Refusal> {
    let kind = kind.chars().map(|c| if is_of_a_topic(c) { c } else { '_' });
    let topic: String = prefix.chars().chain(kind).collect();
    if topic.len() > TOPIC_CHARS_MAX || topic == "." || topic == ".." {
        return Err(Refusal::bad_request(format!(
            "The type of the event makes no topic's name: with its prefix it is {} characters, of at most {TOPIC_CHARS_MAX}.",
            topic.len()
        )));
    }
    Ok(topic)
}

fn is_of_a_topic(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn routing(json: &str) -> Routing {
        serde_json::from_str(json).expect("settings")
    }

    const EVENT: Event<'_> = Event {
        id: Some("evt_1"),
        kind: Some("invoice.paid/v2"),
        content_type: Some("application/json"),
        body: br#"{"a":{"text":"x\n","number":5.0,"bool":true,"null":null,"list":[]}}"#,
    };

    #[test]
    fn an_event_without_rules_goes_to_the_output_under_its_id() {
        let record = routing("{}").record(EVENT).expect("a record");
        let expected = NewRecord::new(EVENT.body)
            .with_key("evt_1")
            .with_header("webhook-id", "evt_1")
            .with_header("webhook-event", "invoice.paid/v2")
            .with_header("content-type", "application/json");
        assert_eq!(record, expected);
        let bare = Event { body: b"x", ..Event::default() };
        assert_eq!(routing(r#"{"topic_prefix":"p."}"#).record(bare), Ok(NewRecord::new("x")));
    }

    #[test]
    fn the_type_makes_the_topic() {
        let routing = routing(r#"{"topic_prefix":"stripe."}"#);
        let topic = |kind: &str| routing.record(Event { kind: Some(kind), ..EVENT }).ok()?.topic;
        assert_eq!(topic("invoice.paid/v2").as_deref(), Some("stripe.invoice.paid_v2"));
        assert_eq!(topic("é!").as_deref(), Some("stripe.__"));
        assert_eq!(topic(&"x".repeat(242)).map(|topic| topic.len()), Some(249));
        assert_eq!(topic(&"x".repeat(243)), None);
    }

    #[test]
    fn the_key_is_a_field_or_the_id() {
        for (path, key) in [
            ("a.text", "x\n"),
            ("a.number", "5"),
            ("a.bool", "true"),
            ("a.null", "evt_1"),
            ("a.list", "evt_1"),
            ("a", "evt_1"),
            ("b", "evt_1"),
        ] {
            let record = routing(&format!(r#"{{"key_path":"{path}"}}"#)).record(EVENT).expect("a record");
            assert_eq!(record.key.as_deref(), Some(key.as_bytes()), "{path}");
        }
        let no_json = Event { body: b"{", id: None, ..EVENT };
        assert_eq!(routing(r#"{"key_path":"a"}"#).record(no_json).expect("a record").key, None);
    }

    #[test]
    fn a_prefix_that_no_topic_has_is_refused() {
        for (settings, is_good) in [
            ("{}", true),
            (r#"{"topic_prefix":"a_b.c-"}"#, true),
            (r#"{"topic_prefix":""}"#, false),
            (r#"{"topic_prefix":"a/"}"#, false),
        ] {
            assert_eq!(routing(settings).check().is_ok(), is_good, "{settings}");
        }
    }

    #[test]
    fn a_long_id_is_told_by_its_hash() {
        assert_eq!(reply_id(&"x".repeat(255)).len(), 255);
        assert_eq!(reply_id(&"x".repeat(256)).len(), 64);
    }

    proptest! {
        #[test]
        fn every_type_makes_a_name_or_is_refused(kind in any::<String>()) {
            if let Ok(topic) = topic("p-", &kind) {
                prop_assert!(topic.starts_with("p-") && topic.len() <= 249 && topic.chars().all(is_of_a_topic));
            } else {
                prop_assert!(kind.chars().count() > 247);
            }
        }
    }
}
