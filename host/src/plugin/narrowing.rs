//! Narrowing: which records a guest need not be handed, since nothing would come of them. What is left out is surely not
//! wanted; where that takes more than a look, the record is handed over, and the guest decides.

use std::cmp::Ordering;

use kafka_do_sdk::json::top_level;
use memchr::memmem::Finder;
use memchr::{memchr, memchr2};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operand {
    Number(f64),
    /// Compared by `Equal` alone.
    Text(String),
}

/// About a top-level field of a JSON object.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Condition {
    pub(super) field: String,
    pub(super) comparison: Comparison,
    pub(super) operand: Operand,
    /// Null satisfies it.
    pub(super) null_holds: bool,
}

/// All conditions have to hold.
#[derive(Debug, Default)]
pub struct Narrowing(Vec<Test>);

#[derive(Debug)]
struct Test {
    condition: Condition,
    /// The field's name in its quotes.
    name: Finder<'static>,
    /// A text that is sought, in its quotes.
    text: Option<Finder<'static>>,
}

impl Narrowing {
    pub(super) fn new(conditions: Vec<Condition>) -> Self {
        let prepared = |condition: Condition| {
            let quoted = |text: &str| Finder::new(&format!("\"{text}\"")).into_owned();
            let text = match &condition.operand {
                Operand::Text(text) => Some(quoted(text)),
                Operand::Number(_) => None,
            };
            Test { name: quoted(&condition.field), text, condition }
        };
        // Of a name or a text that JSON writes with escapes nothing can be told by a look; nor of a name that might stand between
        // two texts.
        let is_plain = |name: &str| !name.bytes().any(|byte| matches!(byte, b'"' | b'\\' | 0..b' '));
        let is_sure = |Condition { field, operand, .. }: &Condition| {
            is_plain(field) && !field.contains([':', ',']) && !matches!(operand, Operand::Text(text) if !is_plain(text))
        };
        Self(conditions.into_iter().filter(is_sure).map(prepared).collect())
    }

    /// Whether the value is an object that surely fails one of the conditions, if it is JSON at all.
    pub fn leaves_out(&self, value: &[u8]) -> bool {
        let value = value.trim_ascii_start();
        // Where nothing is escaped, what stands in quotes is what it says.
        if self.0.is_empty() || value.first() != Some(&b'{') || memchr(b'\\', value).is_some() {
            return false;
        }
        if self.0.iter().filter_map(|test| test.text.as_ref()).any(|text| text.find(value).is_none()) {
            return true;
        }
        let is_flat = memchr(b'{', &value[1..]).is_none();
        self.0.iter().any(|test| if is_flat { test.fails_flat(value) } else { test.fails(value) })
    }
}

impl Test {
    /// Whether it surely fails in an object that has no other in it: then whatever stands in quotes before a colon is a name.
    fn fails_flat(&self, value: &[u8]) -> bool {
        let after = self.name.find_iter(value).filter_map(|at| {
            let rest = value[at + self.name.needle().len()..].trim_ascii_start();
            rest.strip_prefix(b":").map(<[u8]>::trim_ascii_start)
        });
        // Where a name stands twice the last one counts.
        self.condition.fails(after.last())
    }

    /// The same in any object.
    fn fails(&self, value: &[u8]) -> bool {
        let mut found = None;
        let is_sure = top_level(value, |name, raw| {
            if name == self.condition.field.as_bytes() {
                found = Some(raw);
            }
        });
        is_sure && self.condition.fails(found)
    }
}

impl Condition {
    /// Whether it surely does not hold of the value that begins there; of none it does not.
    fn fails(&self, found: Option<&[u8]>) -> bool {
        let Some(found) = found else { return true };
        match (&self.operand, found.first()) {
            (Operand::Text(text), Some(b'"')) => {
                memchr(b'"', &found[1..]).is_some_and(|length| &found[1..=length] != text.as_bytes())
            }
            (Operand::Number(operand), Some(b'-' | b'0'..=b'9')) => {
                number(found).is_some_and(|number| !self.comparison.holds(number.partial_cmp(operand)))
            }
            (_, Some(b'n')) => !self.null_holds,
            // What order things of other kinds have is not for a look to say.
            (Operand::Text(_) | Operand::Number(_), Some(_)) => self.comparison == Comparison::Equal,
            (_, None) => false,
        }
    }
}

/// The number that begins there, as the nearest one of 64 bits.
fn number(text: &[u8]) -> Option<f64> {
    let end = memchr2(b',', b'}', text).unwrap_or(text.len());
    let text = text[..end].trim_ascii_end();
    // Most are short and whole.
    if text.len() <= EXACT_DIGITS && text.iter().all(u8::is_ascii_digit) {
        let whole = text.iter().fold(0_u32, |whole, digit| whole * 10 + u32::from(digit - b'0'));
        return Some(whole.into());
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Digits of which any number has 32 bits.
const EXACT_DIGITS: usize = 9;

impl Comparison {
    fn holds(self, order: Option<Ordering>) -> bool {
        order.is_some_and(|order| match self {
            Self::Equal => order.is_eq(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    const COMPARISONS: [Comparison; 5] =
        [Comparison::Equal, Comparison::Less, Comparison::LessOrEqual, Comparison::Greater, Comparison::GreaterOrEqual];

    fn narrowing(field: &str, comparison: Comparison, operand: Operand) -> Narrowing {
        Narrowing::new(vec![Condition { field: field.to_owned(), comparison, operand, null_holds: false }])
    }

    fn is_text(text: &str) -> Narrowing {
        narrowing("a", Comparison::Equal, Operand::Text(text.to_owned()))
    }

    fn is_over(number: f64) -> Narrowing {
        narrowing("a", Comparison::Greater, Operand::Number(number))
    }

    #[test]
    fn what_surely_fails_is_left_out() {
        for value in
            [r#"{"a":"y"}"#, r#"{"b":"x"}"#, r#"{"a":"xx","b":"x"}"#, r#"{"a":"x","a":"y"}"#, r#" { "a" : 7 } "#, "{}"]
        {
            assert!(is_text("x").leaves_out(value.as_bytes()), "{value}");
        }
        for value in [
            r#"{"a":1}"#,
            r#"{"a":-2e0 }"#,
            r#"{"b":9}"#,
            r#"{"b":["a"],"c":9}"#,
            r#"{"a":9,"a":1}"#,
            r#"{"o":{"a":9}}"#,
            r#"{"o":{"a":9},"a":1}"#,
            r#"{"a":null}"#,
        ] {
            assert!(is_over(5.0).leaves_out(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn what_may_hold_is_handed_over() {
        for value in [
            r#"{"a":"x"}"#,
            r#"{"a" : "x", "b": {}}"#,
            r#"{"a":"y","a":"x"}"#,
            r#"{"a":"\u0078"}"#,
            r#"{"\u0061":"x"}"#,
            "[]",
            "null",
            "\"y\"",
            "",
        ] {
            assert!(!is_text("x").leaves_out(value.as_bytes()), "{value}");
        }
        for value in [
            r#"{"a":5.1}"#,
            r#"{"a":1e400}"#,
            r#"{"a":"9"}"#,
            r#"{"a":[9]}"#,
            r#"{"a":1,"a":9}"#,
            r#"{"o":{"a":1},"a":9}"#,
            r#"{"a":"#,
        ] {
            assert!(!is_over(5.0).leaves_out(value.as_bytes()), "{value}");
        }
        assert!(!is_text("a\"b").leaves_out(b"{}"), "of what is written with escapes nothing is told");
        assert!(!Narrowing::default().leaves_out(b"{}"));
        let (field, operand) = ("a".to_owned(), Operand::Number(5.0));
        let below = Condition { field, comparison: Comparison::Less, operand, null_holds: true };
        assert!(!Narrowing::new(vec![below]).leaves_out(br#"{"a": null}"#));
    }

    fn field() -> impl Strategy<Value = Value> {
        prop_oneof![
            "[xy\"\\\\{é:]{0,3}".prop_map(Value::from),
            (-3i32..3).prop_map(Value::from),
            (-3.0..3.0).prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            Just(Value::Null),
            "[ab]".prop_map(|name| json!({ name: "x" })),
            "[ab]".prop_map(|text| json!([text, 1])),
        ]
    }

    fn operand() -> impl Strategy<Value = Operand> {
        prop_oneof![
            "[xy\"\\\\é]{0,2}".prop_map(Operand::Text),
            (-3i32..3).prop_map(|number| Operand::Number(number.into())),
        ]
    }

    proptest! {
        /// As a whole parse has it: what is left out fails one of the conditions.
        #[test]
        fn nothing_is_left_out_that_holds(
            object in prop::collection::vec(("[abc\":,]{1,2}", field()), 0..5),
            conditions in prop::collection::vec(("[abc\":,]{1,2}", 0usize..5, operand(), any::<bool>()), 1..3),
            spaced in any::<bool>(),
        ) {
            let object: Map<String, Value> = object.into_iter().collect();
            let value = Value::Object(object.clone());
            let text = if spaced { serde_json::to_string_pretty(&value).unwrap() } else { value.to_string() };
            let conditions: Vec<_> = conditions
                .into_iter()
                .map(|(field, comparison, operand, null_holds)| {
                    let comparison = if matches!(operand, Operand::Text(_)) { Comparison::Equal } else { COMPARISONS[comparison] };
                    Condition { field, comparison, operand, null_holds }
                })
                .collect();
            let may_hold = |Condition { field, comparison, operand, null_holds }: &Condition| match (object.get(field), operand) {
                (None, _) => false,
                (Some(Value::Null), _) => *null_holds,
                (Some(Value::String(found)), Operand::Text(text)) => found == text,
                (Some(Value::Number(found)), Operand::Number(number)) => comparison.holds(found.as_f64().unwrap().partial_cmp(number)),
                (Some(_), _) => *comparison != Comparison::Equal,
            };
            let left_out = Narrowing::new(conditions.clone()).leaves_out(text.as_bytes());
            let all_may_hold = conditions.iter().all(may_hold);
            prop_assert!(!(left_out && all_may_hold), "{text} is wanted by {conditions:?}");
            // Where nothing is escaped a look tells as much as a parse.
            let is_plain = |text: &str| !text.contains(['"', '\\']);
            let is_sure = |condition: &Condition| {
                is_plain(&condition.field)
                    && !condition.field.contains([':', ',']) && !matches!(&condition.operand, Operand::Text(text) if !is_plain(text))
            };
            if !text.contains('\\') && conditions.iter().all(is_sure) {
                prop_assert_eq!(left_out, !all_may_hold, "{} by {:?}", text, conditions);
            }
        }
    }
}
