//! A field compared with a constant, in the words of `wit/parser.wit`.

use std::cmp::Ordering;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Error, Field, Number, Path};

/// How a field is compared with the operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// The operand is a part of a text, or an element of an array.
    Contains,
}

/// What a field is compared with. The field decides how: a number by value, a text by its characters, a boolean by `true`
/// or `false`; so `1545` and `"1545"` are the same operand.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "OperandJson")]
pub struct Operand {
    text: String,
    number: Option<Number>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OperandJson {
    Text(String),
    Number(serde_json::Number),
    Bool(bool),
}

impl From<OperandJson> for Operand {
    fn from(json: OperandJson) -> Self {
        match json {
            OperandJson::Text(text) => Self::from(text),
            OperandJson::Number(number) => Self::from(number.to_string()),
            OperandJson::Bool(bool) => Self::from(bool.to_string()),
        }
    }
}

impl From<String> for Operand {
    fn from(text: String) -> Self {
        Self { number: Number::parse(&text), text }
    }
}

/// Holds, or not, for each document. Made to be a plugin's settings, or part of them.
///
/// A field that is missing or null satisfies no comparison, not even `not-equal`. A field of another kind than the operand
/// is not equal to it and has no order with it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    pub path: Path,
    pub comparison: Comparison,
    pub operand: Operand,
}

impl Condition {
    /// Whether the document satisfies the condition; an error where it is not JSON.
    pub fn holds(&self, document: &[u8]) -> Result<bool, Error> {
        let field = self.path.find(document)?;
        Ok(field.is_some_and(|field| self.operand.compares(&field, self.comparison)))
    }

    /// Whether a record's value satisfies all conditions. Where there are none every record does, whatever its value is; a
    /// tombstone satisfies none.
    pub fn all_hold(conditions: &[Self], value: Option<&[u8]>) -> Result<bool, Error> {
        for condition in conditions {
            let Some(value) = value else { return Ok(false) };
            if !condition.holds(value)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Operand {
    fn compares(&self, field: &Field<'_>, comparison: Comparison) -> bool {
        if *field == Field::Null {
            return false;
        }
        match comparison {
            Comparison::Equal => self.equals(field),
            Comparison::NotEqual => !self.equals(field),
            Comparison::Less => self.order(field).is_some_and(Ordering::is_lt),
            Comparison::LessOrEqual => self.order(field).is_some_and(Ordering::is_le),
            Comparison::Greater => self.order(field).is_some_and(Ordering::is_gt),
            Comparison::GreaterOrEqual => self.order(field).is_some_and(Ordering::is_ge),
            Comparison::Contains => match field {
                Field::Text(text) => text.contains(&self.text),
                Field::Array(json) => self.is_element(json),
                _ => false,
            },
        }
    }

    fn equals(&self, field: &Field<'_>) -> bool {
        match field {
            Field::Bool(bool) => self.text == if *bool { "true" } else { "false" },
            _ => self.order(field) == Some(Ordering::Equal),
        }
    }

    /// How the field stands to the operand, where the two have an order.
    fn order(&self, field: &Field<'_>) -> Option<Ordering> {
        match field {
            Field::Number(number) => number.partial_cmp(self.number.as_ref()?),
            Field::Text(text) => Some(text.as_ref().cmp(&self.text)),
            Field::Null | Field::Bool(_) | Field::Array(_) | Field::Object(_) => None,
        }
    }

    fn is_element(&self, array: &str) -> bool {
        let elements: Vec<&RawValue> = serde_json::from_str(array).unwrap_or_default();
        elements.iter().any(|element| self.equals(&Field::from_valid_json(element.get())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(field: &str, comparison: &str, operand: &str) -> bool {
        let settings = format!(r#"{{"path":"f","comparison":"{comparison}","operand":{operand}}}"#);
        let condition: Condition = serde_json::from_str(&settings).expect("valid settings");
        condition.holds(format!(r#"{{"f":{field}}}"#).as_bytes()).expect("valid JSON")
    }

    #[test]
    fn the_field_decides_how_it_is_compared() {
        assert!(holds("10", "greater", "9"));
        assert!(holds("10", "greater", r#""9""#), "a number by value, whichever way the operand is written");
        assert!(!holds(r#""10""#, "greater", r#""9""#), "a text by its characters");
        assert!(holds(r#""1545""#, "equal", "1545"));
        assert!(holds("10.0", "equal", "10"));
        assert!(holds("true", "equal", "true") && holds("true", "equal", r#""true""#));
        assert!(holds("false", "not-equal", "true"));
        assert!(holds("-0.5", "less", "0") && holds("2", "less-or-equal", "2") && holds("2", "greater-or-equal", "2"));
    }

    #[test]
    fn other_kinds_are_not_equal_and_have_no_order() {
        for field in ["1", "true", "[1]", r#"{"a":1}"#] {
            assert!(holds(field, "not-equal", r#""x""#), "{field}");
            for comparison in ["equal", "less", "less-or-equal", "greater", "greater-or-equal"] {
                assert!(!holds(field, comparison, r#""x""#), "{field} {comparison}");
            }
        }
    }

    #[test]
    fn missing_and_null_satisfy_nothing() {
        for comparison in ["equal", "not-equal", "less", "less-or-equal", "greater", "greater-or-equal", "contains"] {
            assert!(!holds("null", comparison, r#""null""#), "{comparison}");
            assert!(!holds(r#"1,"f":null"#, comparison, "1"), "{comparison}");
        }
        let condition =
            Condition { path: "g".into(), comparison: Comparison::NotEqual, operand: "x".to_owned().into() };
        assert!(!condition.holds(b"{}").expect("valid JSON"));
        assert!(!condition.holds(b"[1]").expect("valid JSON"));
    }

    #[test]
    fn all_of_none_hold_for_whatever_there_is() {
        assert!(Condition::all_hold(&[], None).is_ok_and(|hold| hold));
        assert!(Condition::all_hold(&[], Some(b"{")).is_ok_and(|hold| hold));
        let condition = Condition { path: "f".into(), comparison: Comparison::Less, operand: "2".to_owned().into() };
        let both = [
            condition.clone(),
            Condition { comparison: Comparison::Greater, operand: "0".to_owned().into(), ..condition },
        ];
        let hold = |value| Condition::all_hold(&both, value).ok();
        assert_eq!(
            (hold(Some(br#"{"f":1}"#)), hold(Some(br#"{"f":0}"#)), hold(Some(br#"{"f":2}"#))),
            (Some(true), Some(false), Some(false))
        );
        assert_eq!((hold(None), hold(Some(b"{"))), (Some(false), None));
    }

    #[test]
    fn contains_looks_into_texts_and_arrays() {
        assert!(holds(r#""San Francisco""#, "contains", r#""Fran""#));
        assert!(holds(r#"["a","b\u0063"]"#, "contains", r#""bc""#));
        assert!(holds("[1, 2.0]", "contains", "2"));
        assert!(!holds(r#"["abc"]"#, "contains", r#""b""#), "an element counts whole");
        assert!(!holds("123", "contains", "2"));
        assert!(!holds(r#"{"a":2}"#, "contains", r#""a""#));
    }
}
