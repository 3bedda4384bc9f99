//! A field set in a document that otherwise stays as it is, byte for byte.

use std::fmt;

use super::Error;
use super::extract::raw_field;

/// Why a field could not be set.
#[derive(Debug)]
pub enum InsertError {
    Document(Error),
    NotAnObject,
}

impl fmt::Display for InsertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Document(error) => error.fmt(f),
            Self::NotAnObject => f.write_str("the value is not a JSON object, so no field can be added to it"),
        }
    }
}

impl std::error::Error for InsertError {}

/// Sets a field of the outermost object to this JSON, which is written as it stands. A field of this name is replaced where it
/// is, the last one where there are several, since that is the one that counts; a new one goes behind the others.
pub fn insert(document: &[u8], name: &str, json: &[u8]) -> Result<Vec<u8>, InsertError> {
    let present = raw_field(document, name).map_err(InsertError::Document)?;
    let (begin, close) = (document.trim_ascii_start(), document.trim_ascii_end());
    if begin.first() != Some(&b'{') {
        return Err(InsertError::NotAnObject);
    }
    let mut whole = Vec::with_capacity(document.len() + name.len() + json.len() + 4);
    if let Some(place) = present {
        whole.extend_from_slice(&document[..place.start]);
        whole.extend_from_slice(json);
        whole.extend_from_slice(&document[place.end..]);
    } else {
        let fields = close[..close.len() - 1].trim_ascii_end();
        let is_first = fields.trim_ascii_start() == b"{";
        whole.extend_from_slice(fields);
        if !is_first {
            whole.push(b',');
        }
        whole.extend_from_slice(serde_json::Value::from(name).to_string().as_bytes());
        whole.push(b':');
        whole.extend_from_slice(json);
        whole.extend_from_slice(&document[fields.len()..]);
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    use super::*;

    fn inserted(document: &str, name: &str, json: &str) -> String {
        String::from_utf8(insert(document.as_bytes(), name, json.as_bytes()).expect("an object")).expect("text")
    }

    #[test]
    fn all_but_the_field_stays_as_it_is() {
        assert_eq!(inserted("{}", "p", "null"), r#"{"p":null}"#);
        assert_eq!(inserted(" { } ", "p", "1"), r#" {"p":1 } "#);
        assert_eq!(inserted("{\"a\" : 1.0e2\n}\n", "p", "{}"), "{\"a\" : 1.0e2,\"p\":{}\n}\n");
        assert_eq!(inserted(r#"{"p" : [1, 2] ,"a":1}"#, "p", "3"), r#"{"p" : 3 ,"a":1}"#);
        assert_eq!(inserted(r#"{"p":1,"p":2}"#, "p", "3"), r#"{"p":1,"p":3}"#);
        assert_eq!(inserted(r#"{"\u0070":1}"#, "p", "3"), r#"{"\u0070":3}"#);
        assert_eq!(inserted(r#"{"a":{"b":1}}"#, "a.b", "3"), r#"{"a":{"b":1},"a.b":3}"#);
        assert_eq!(inserted("{}", "\"", "3"), r#"{"\"":3}"#);
    }

    #[test]
    fn what_is_no_object_has_no_fields() {
        for other in ["[]", "1", r#""{}""#, "null"] {
            assert!(matches!(insert(other.as_bytes(), "p", b"1"), Err(InsertError::NotAnObject)), "{other}");
        }
        for broken in ["", "{", "{}}", r#"{"a":1,}"#] {
            assert!(matches!(insert(broken.as_bytes(), "p", b"1"), Err(InsertError::Document(_))), "{broken}");
        }
    }

    proptest! {
        #[test]
        fn it_is_what_a_tree_would_hold(fields in prop::collection::btree_map("[a-cé\"]{0,2}", any::<i64>(), 0..5), name in "[a-cé\"]{0,2}") {
            let mut tree: Map<String, Value> = fields.into_iter().map(|(name, value)| (name, value.into())).collect();
            let whole = inserted(&Value::Object(tree.clone()).to_string(), &name, "[true]");
            tree.insert(name, Value::from(vec![true]));
            prop_assert_eq!(serde_json::from_str::<Value>(&whole).expect("JSON"), Value::Object(tree));
        }
    }
}
