//! Conditions as a query writes them, such as `amount>100`.

use kafka_do_sdk::json::{Comparison, Condition};

use crate::error::{Error, Result};
use crate::limits::CONDITION_CHARS_MAX;

/// The longer of two that begin alike stands first.
const OPERATORS: [(&str, Comparison); 7] = [
    ("!=", Comparison::NotEqual),
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("=", Comparison::Equal),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
    ("~", Comparison::Contains),
];

/// Reads `<path><operator><operand>`. An operand in JSON's quotes is the text between them; any other is what it says, and
/// the field decides whether that is a number, a boolean or a text.
pub fn parse_condition(text: &str) -> Result<Condition> {
    let invalid = |what: &str| {
        Error::invalid(
            "invalid-condition",
            format!(
                "{text:?} {what}; write a dotted path, one of = != < <= > >= ~ (contains), and what to compare with, as in amount>100 or customer.name=\"Ada\""
            ),
        )
    };
    if text.chars().count() > CONDITION_CHARS_MAX {
        return Err(Error::invalid(
            "invalid-condition",
            format!("a condition is over the {CONDITION_CHARS_MAX} characters that it may have; compare with less"),
        ));
    }
    let at = text.find(['=', '!', '<', '>', '~']).ok_or_else(|| invalid("compares nothing"))?;
    let (path, rest) = text.split_at(at);
    let path = path.trim();
    if path.is_empty() {
        return Err(invalid("names no field"));
    }
    let found = OPERATORS.iter().find_map(|(operator, comparison)| Some((*comparison, rest.strip_prefix(operator)?)));
    let (comparison, operand) = found.ok_or_else(|| invalid("has a ! without its ="))?;
    // `==` and `=>` are slips; who means them as a text puts it in quotes.
    if operand.starts_with(['=', '<', '>', '~', '!']) {
        return Err(invalid("has more than one operator: a text that begins with one stands in quotes"));
    }
    let operand = operand.trim();
    let operand = serde_json::from_str::<String>(operand).unwrap_or_else(|_| operand.to_owned());
    Ok(Condition { path: path.into(), comparison, operand: operand.into() })
}

/// Whether a record's value satisfies all conditions. What is no JSON, or nothing at all, satisfies none.
pub fn all_hold(conditions: &[Condition], value: Option<&[u8]>) -> bool {
    Condition::all_hold(conditions, value).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(condition: &str, value: &str) -> bool {
        all_hold(&[parse_condition(condition).unwrap()], Some(value.as_bytes()))
    }

    #[test]
    fn each_operator_is_read() {
        let cases = [
            ("a=5", true),
            ("a!=5", false),
            ("a<5", false),
            ("a<=5", true),
            ("a>4.5", true),
            ("a >= 5", true),
            ("b~x", true),
            ("b~y", false),
            ("b=ax", true),
            ("b=\"ax\"", true),
            ("b = a x", false),
            ("c.d.1=true", true),
            ("c.d.0=\"7\"", true),
            ("e=\"=\"", true),
            ("f=", true),
            ("missing!=1", false),
        ];
        let value = r#"{"a":5,"b":"ax","c":{"d":["7",true]},"e":"=","f":""}"#;
        for (condition, expected) in cases {
            assert_eq!(holds(condition, value), expected, "{condition}");
        }
    }

    #[test]
    fn a_long_number_is_compared_as_it_is_written() {
        assert!(holds("id=100000000000000000000", r#"{"id":"100000000000000000000"}"#));
    }

    #[test]
    fn all_must_hold_and_of_nothing_none_does() {
        let both: Vec<Condition> = ["a>1", "a<3"].iter().map(|text| parse_condition(text).unwrap()).collect();
        let cases = [
            (Some("{\"a\":2}"), true),
            (Some("{\"a\":3}"), false),
            (Some("{\"a\":2"), false),
            (Some("2"), false),
            (None, false),
        ];
        for (value, expected) in cases {
            assert_eq!(all_hold(&both, value.map(str::as_bytes)), expected, "{value:?}");
        }
        assert!(all_hold(&[], None), "without conditions every record is wanted");
    }

    #[test]
    fn what_is_no_condition_is_refused_with_its_form() {
        for text in ["", "amount", "=5", " >5", "a!5", "a==5", "a=>5", "a<>5", "a!!=5"] {
            let error = parse_condition(text).unwrap_err();
            assert_eq!(error.code, "invalid-condition", "{text}");
            assert!(error.detail.contains("amount>100"), "{text}: {}", error.detail);
        }
        assert!(parse_condition(&format!("a={}", "x".repeat(CONDITION_CHARS_MAX))).is_err());
    }
}
