//! What stands at a path.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

/// A value in a document. Text is borrowed where it has no escapes; arrays and objects stay as they are written.
#[derive(Debug, Clone, PartialEq)]
pub enum Field<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
    Array(&'a str),
    Object(&'a str),
}

/// A number: exact where it is an integer of 64 bits, else the nearest float. An integer written as `5.0` is an integer.
#[derive(Debug, Clone, Copy)]
pub enum Number {
    Integer(i64),
    Float(f64),
}

impl<'a> Field<'a> {
    /// Reads one value that is known to be JSON.
    pub(super) fn from_valid_json(json: &'a str) -> Self {
        match json.as_bytes().first() {
            Some(b'"') if json.contains('\\') => Self::Text(Cow::Owned(serde_json::from_str(json).unwrap_or_default())),
            Some(b'"') => Self::Text(Cow::Borrowed(&json[1..json.len() - 1])),
            Some(b't') => Self::Bool(true),
            Some(b'f') => Self::Bool(false),
            Some(b'[') => Self::Array(json),
            Some(b'{') => Self::Object(json),
            Some(b'n') | None => Self::Null,
            Some(_) => Number::parse(json).map_or(Self::Null, Self::Number),
        }
    }
}

impl Number {
    /// The number that this text writes, if it is one and finite.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(integer) = text.parse() {
            return Some(Self::Integer(integer));
        }
        let float: f64 = text.parse().ok().filter(|float: &f64| float.is_finite())?;
        Some(Self::from(float))
    }

    /// The nearest float.
    #[expect(clippy::cast_precision_loss, reason = "the nearest float is what is asked for")]
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Integer(integer) => integer as f64,
            Self::Float(float) => float,
        }
    }
}

impl From<f64> for Number {
    #[expect(clippy::cast_possible_truncation, reason = "only whole floats that a float holds exactly are cast")]
    fn from(float: f64) -> Self {
        /// 2^53: up to here each integer is a float of its own.
        const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
        if float.fract() == 0.0 && float.abs() <= EXACT_MAX { Self::Integer(float as i64) } else { Self::Float(float) }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => Some(a.cmp(b)),
            _ => self.as_f64().partial_cmp(&other.as_f64()),
        }
    }
}

/// As JSON writes it, one text a number.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(integer) => integer.fmt(f),
            Self::Float(float) => match serde_json::Number::from_f64(*float) {
                Some(number) => number.fmt(f),
                None => f.write_str("null"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_has_one_text_however_it_was_written() {
        for text in ["5", "5.0", "5e0", "50e-1"] {
            assert_eq!(Number::parse(text).map(|number| number.to_string()).as_deref(), Some("5"), "{text}");
        }
        assert_eq!(Number::parse("1.25").map(|number| number.to_string()).as_deref(), Some("1.25"));
    }

    #[test]
    fn text_that_is_no_finite_number_is_none() {
        for text in ["", "x", "inf", "NaN", "1e999", "1 "] {
            assert_eq!(Number::parse(text), None, "{text}");
        }
    }

    #[test]
    fn large_integers_compare_exactly() {
        assert!(Number::parse("9007199254740993") > Number::parse("9007199254740992"));
    }

    proptest! {
        #[test]
        fn text_reads_as_serde_reads_it(text in any::<String>()) {
            let json = serde_json::Value::from(text.as_str()).to_string();
            prop_assert_eq!(Field::from_valid_json(&json), Field::Text(text.into()));
        }
    }
}
