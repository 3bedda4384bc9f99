//! A dotted path into a JSON document, and the value it leads to, found without building the document.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::error::{Error, Result};

/// Steps that a path may have.
const STEPS_MAX: usize = 32;

/// `user.address.0.city`: a name is a field of an object, a number also an index of an array.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JsonPath {
    steps: Vec<Box<str>>,
}

impl utoipa::PartialSchema for JsonPath {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        String::schema()
    }
}

impl utoipa::ToSchema for JsonPath {}

impl JsonPath {
    pub fn parse(path: &str) -> Result<Self> {
        let steps: Vec<Box<str>> = path.split('.').map(Into::into).collect();
        if steps.len() > STEPS_MAX || steps.iter().any(|step| step.is_empty()) {
            return Err(Error::invalid(
                "invalid-path",
                format!("{path:?} is not a path; write 1 to {STEPS_MAX} field names joined by dots, as in user.id"),
            ));
        }
        Ok(Self { steps })
    }

    /// The value at the path; `None` where there is none. Reads, and so checks, the whole document.
    pub fn find<'a>(&self, json: &'a str) -> serde_json::Result<Option<&'a RawValue>> {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let found = Step(&self.steps).deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(found)
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.steps.join("."))
    }
}

impl From<JsonPath> for String {
    fn from(path: JsonPath) -> Self {
        path.to_string()
    }
}

impl TryFrom<String> for JsonPath {
    type Error = Error;

    fn try_from(path: String) -> Result<Self> {
        Self::parse(&path)
    }
}

/// The key that a value found in `document` is: text, a number or a truth value as text; `None` for null. Cut out of the
/// document where it stands there as it is.
pub fn key_of(raw: &RawValue, document: &Bytes) -> Result<Option<Bytes>> {
    #[derive(serde::Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    let raw = raw.get();
    match raw.as_bytes().first() {
        Some(b'n') => Ok(None),
        Some(b'"') => Ok(serde_json::from_str::<Text<'_>>(raw).ok().map(|text| match text.0 {
            Cow::Borrowed(text) => document.slice_ref(text.as_bytes()),
            Cow::Owned(text) => text.into(),
        })),
        Some(b'{' | b'[') => Err(Error::invalid(
            "invalid-key",
            format!(
                "the key path leads to {}; a key is text, a number or a truth value",
                &raw[..raw.floor_char_boundary(40)]
            ),
        )),
        _ => Ok(Some(document.slice_ref(raw.as_bytes()))),
    }
}

struct Step<'p>(&'p [Box<str>]);

impl<'de> DeserializeSeed<'de> for Step<'_> {
    type Value = Option<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<Self::Value, D::Error> {
        if self.0.is_empty() {
            return Deserialize::deserialize(deserializer).map(Some);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Step<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
        let Some((step, rest)) = self.0.split_first() else { return Ok(None) };
        let mut found = None;
        while let Some(name) = map.next_key::<Name<'de>>()? {
            if name.0 == **step {
                // Of a name that stands twice the last one counts, as everywhere.
                found = map.next_value_seed(Step(rest))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<Self::Value, A::Error> {
        let Some((step, rest)) = self.0.split_first() else { return Ok(None) };
        let wanted = step.parse::<usize>().ok();
        let mut found = None;
        for index in 0.. {
            if Some(index) == wanted {
                match seq.next_element_seed(Step(rest))? {
                    Some(value) => found = value,
                    None => break,
                }
            } else if seq.next_element::<IgnoredAny>()?.is_none() {
                break;
            }
        }
        Ok(found)
    }

    fn visit_unit<E>(self) -> std::result::Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> std::result::Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> std::result::Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> std::result::Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> std::result::Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> std::result::Result<Self::Value, E> {
        Ok(None)
    }
}

/// A field's name, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn find(path: &str, json: &str) -> Option<String> {
        JsonPath::parse(path).unwrap().find(json).unwrap().map(|raw| raw.get().to_owned())
    }

    #[test]
    fn finds_what_is_there() {
        let json = r#"{"a":{"b":[1,{"c":"x"}]},"d":null,"e\"f":2,"a2":3,"d":4}"#;
        assert_eq!(find("a.b.1.c", json).as_deref(), Some("\"x\""));
        assert_eq!(find("a.b.0", json).as_deref(), Some("1"));
        assert_eq!(find("a.b", json).as_deref(), Some(r#"[1,{"c":"x"}]"#));
        assert_eq!(find("d", json).as_deref(), Some("4"));
        assert_eq!(find("e\"f", json).as_deref(), Some("2"));
        for missing in ["x", "a.x", "a2.x", "a.b.2", "a.b.1.c.d"] {
            assert_eq!(find(missing, json), None, "{missing}");
        }
    }

    #[test]
    fn checks_the_whole_document() {
        let path = JsonPath::parse("a").unwrap();
        for bad in ["", "{", r#"{"a":1"#, r#"{"a":1} x"#, r#"{"a":1,}"#] {
            assert!(path.find(bad).is_err(), "{bad}");
        }
        assert!(JsonPath::parse("").is_err());
        assert!(JsonPath::parse("a..b").is_err());
    }

    proptest! {
        #[test]
        fn agrees_with_the_document(a in "[a-c]", b in "[a-c]", x: i32) {
            let document = json!({"a": {"a": x, "b": [x]}, "b": {"c": "s"}, "c": x});
            let expected = match &document[&a] {
                Value::Object(object) => object.get(&b).map(ToString::to_string),
                _ => None,
            };
            prop_assert_eq!(find(&format!("{a}.{b}"), &document.to_string()), expected);
        }
    }
}
