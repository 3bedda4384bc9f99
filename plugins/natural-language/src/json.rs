//! The little of JSON that words need: which texts would be read as something else than a text, and how a text is written.

use std::fmt::Write;

use kafka_do_sdk::json;

/// Whether it would be read as a number, a boolean, null or a text with its quotes.
pub(crate) fn is_json_scalar(value: &str) -> bool {
    matches!(value, "true" | "false" | "null") || is_json_number(value) || read_json_text(value).is_some()
}

/// Whether it is JSON from its first byte to its last.
pub(crate) fn is_json(value: &str) -> bool {
    // Whatever is looked for, all of a document is read.
    json::Path::from("0").find(value.as_bytes()).is_ok()
}

/// Whether it is a number as JSON writes it, without an exponent.
pub(crate) fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) =
        unsigned.split_once('.').map_or((unsigned, None), |(whole, fraction)| (whole, Some(fraction)));
    digits(whole) && (whole == "0" || !whole.starts_with('0')) && fraction.is_none_or(digits)
}

/// With an exponent, too.
fn is_json_number(value: &str) -> bool {
    let (number, exponent) =
        value.split_once(['e', 'E']).map_or((value, None), |(number, exponent)| (number, Some(exponent)));
    let is_exponent = |exponent: &str| {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    is_number(number) && exponent.is_none_or(is_exponent)
}

/// A text as JSON has it.
pub(crate) fn json_text(text: &str) -> String {
    let mut json = String::from("\"");
    for char in text.chars() {
        match char {
            '"' | '\\' => json.extend(['\\', char]),
            control if u32::from(control) < 0x20 => {
                // Writing to a string cannot fail.
                let _ = write!(json, "\\u{:04x}", u32::from(control));
            }
            other => json.push(other),
        }
    }
    json.push('"');
    json
}

/// What a JSON text says, as [`json_text`] and people write it; `None` for anything else.
pub(crate) fn read_json_text(json: &str) -> Option<String> {
    let inside = json.strip_prefix('"')?.strip_suffix('"')?;
    let mut text = String::with_capacity(inside.len());
    let mut chars = inside.chars();
    while let Some(char) = chars.next() {
        match char {
            '"' => return None,
            control if u32::from(control) < 0x20 => return None,
            '\\' => text.push(match chars.next()? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'b' => '\u{8}',
                'f' => '\u{c}',
                'u' => {
                    let digits: String = chars.by_ref().take(4).collect();
                    char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?
                }
                other @ ('"' | '\\' | '/') => other,
                _ => return None,
            }),
            other => text.push(other),
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_only_begins_like_json_is_none() {
        for (value, expected) in
            [(r#"{"a": [1, {}]}"#, true), ("[]", true), ("{bad}", false), (r#"{"a": 1"#, false), ("[1,]", false)]
        {
            assert_eq!(is_json(value), expected, "{value}");
        }
    }

    #[test]
    fn scalars_are_told_from_texts() {
        for value in ["1", "-0.5", "1e9", "true", "null", "\"a\"", "\"\""] {
            assert!(is_json_scalar(value), "{value}");
        }
        for value in ["", "01", "1.", "e9", "True", "nulls", "\"a", "a\"", "\"a\"b\"", "{}", "hello", "\"\\"] {
            assert!(!is_json_scalar(value), "{value}");
        }
    }

    proptest! {
        #[test]
        fn a_text_is_read_back(text in any::<String>()) {
            prop_assert_eq!(read_json_text(&json_text(&text)), Some(text));
        }
    }
}
