//! Projection: of a JSON object, the fields that a guest reads and no others.

use std::borrow::Cow;
use std::fmt;

use kafka_do_sdk::json::top_level;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The names of top-level fields, each once.
#[derive(Clone, Debug)]
pub(super) struct Projection(Vec<Field>);

#[derive(Clone, Debug)]
struct Field {
    name: String,
    /// As it stands in JSON, with the colon.
    head: String,
}

impl Projection {
    pub(super) fn new(mut names: Vec<String>) -> Self {
        names.sort();
        names.dedup();
        let head = |name: &String| format!("{}:", serde_json::Value::from(name.as_str()));
        Self(names.into_iter().map(|name| Field { head: head(&name), name }).collect())
    }

    /// The value with those fields only. What is not a JSON object stays as it is: what to make of it is the guest's to say.
    pub(super) fn of<'a>(&self, value: &'a str) -> Cow<'a, str> {
        let mut text = Text::new(self.0.len());
        let is_sure = top_level(value.as_bytes(), |name, raw| {
            if let Some(field) = self.0.iter().find(|field| field.name.as_bytes() == name) {
                text.push(field, raw);
            }
        });
        if is_sure && let Some(text) = text.finish() {
            return Cow::Owned(text);
        }
        self.parsed(value)
    }

    /// The same, whatever the object is like.
    fn parsed<'a>(&self, value: &'a str) -> Cow<'a, str> {
        let mut deserializer = serde_json::Deserializer::from_str(value);
        let projected =
            deserializer.deserialize_map(Taking(&self.0)).and_then(|text| deserializer.end().map(|()| text));
        projected.map_or(Cow::Borrowed(value), Cow::Owned)
    }
}

/// An object in the making.
struct Text(Vec<u8>);

impl Text {
    fn new(fields: usize) -> Self {
        let mut text = Vec::with_capacity(32 * fields + 2);
        text.push(b'{');
        Self(text)
    }

    fn push(&mut self, field: &Field, raw: &[u8]) {
        if self.0.len() > 1 {
            self.0.push(b',');
        }
        self.0.extend_from_slice(field.head.as_bytes());
        self.0.extend_from_slice(raw);
    }

    /// Parts of a text between its tokens are texts, and so is this.
    fn finish(mut self) -> Option<String> {
        self.0.push(b'}');
        String::from_utf8(self.0).ok()
    }
}

/// Reads, and so checks, the whole object.
struct Taking<'a>(&'a [Field]);

impl<'de> Visitor<'de> for Taking<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<String, A::Error> {
        let mut text = Text::new(self.0.len());
        while let Some(name) = map.next_key::<Name<'de>>()? {
            let Some(field) = self.0.iter().find(|field| field.name == name.0) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            text.push(field, map.next_value::<&'de RawValue>()?.get().as_bytes());
        }
        text.finish().ok_or_else(|| A::Error::custom("a part of the text is no text"))
    }
}

/// A field's name, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    fn projection(names: &[&str]) -> Projection {
        Projection::new(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn only_objects_are_cut() {
        let fields = projection(&["b", "a", "b"]);
        assert_eq!(fields.of(r#" {"x": [1, {"a": 2}], "b" : 1.50 ,"a":null} "#), r#"{"b":1.50,"a":null}"#);
        assert_eq!(fields.of("{}"), "{}");
        for whole in ["[1]", "7", "", "{\"a\":1", r#"{"a":1} x"#, r#"{"x":tru,"a":1}"#] {
            assert_eq!(fields.of(whole), whole);
        }
        assert_eq!(projection(&["a\"b"]).of(r#"{"a\u0022b":"\u00e9"}"#), r#"{"a\"b":"\u00e9"}"#);
    }

    proptest! {
        #[test]
        fn a_field_reads_as_it_did(object in prop::collection::hash_map("[a-e\"\\\\]{0,2}", any::<(i32, String)>(), 0..6), names in prop::collection::vec("[a-e\"\\\\]{0,2}", 0..4)) {
            let object: Map<String, Value> = object.into_iter().map(|(name, (n, s))| (name, json!([n, s]))).collect();
            let text = Value::Object(object.clone()).to_string();
            let cut: Map<String, Value> = serde_json::from_str(&Projection::new(names.clone()).of(&text)).unwrap();
            let expected: Map<String, Value> = object.into_iter().filter(|(name, _)| names.contains(name)).collect();
            prop_assert_eq!(cut, expected);
            prop_assert_eq!(Projection::new(names.clone()).parsed(&text), Projection::new(names).of(&text));
        }
    }
}
