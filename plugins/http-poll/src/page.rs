//! The items of an answer, and the records that they make.

use std::collections::HashMap;
use std::fmt;

use kafka_do_sdk::NewRecord;
use kafka_do_sdk::time::parse_rfc3339;
use serde_json::value::RawValue;

/// Where things stand in an answer and its items, as dotted paths.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Paths<'s> {
    /// The array, in the answer.
    pub(crate) items: Option<&'s str>,
    pub(crate) key: Option<&'s str>,
    pub(crate) timestamp: Option<&'s str>,
    /// What the next poll is asked with.
    pub(crate) cursor: Option<&'s str>,
}

/// One item of a page.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Item {
    pub(crate) record: NewRecord,
    /// The hash of what is written: by it the item is known again. A key would not do, since others may have the same.
    pub(crate) identity: u64,
    /// A text or a number in its field of the cursor.
    pub(crate) cursor: Option<String>,
}

/// Why an answer has no items.
#[derive(Debug)]
pub(crate) enum NoPage<'s> {
    NotJson(serde_json::Error),
    NoItems(&'s str),
    /// The answer as a whole is a text, a number or a boolean.
    Scalar,
}

impl fmt::Display for NoPage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson(error) => write!(f, "the answer is not JSON: {error}"),
            Self::NoItems(path) => write!(f, "the answer has no array at {path}; `items` says where it is"),
            Self::Scalar => f.write_str("the answer is neither an array nor an object"),
        }
    }
}

/// Reads the items of a body. An object in the place of the array is one item; null, and an empty body, are none.
pub(crate) fn read<'s>(body: &[u8], paths: Paths<'s>) -> Result<Vec<Item>, NoPage<'s>> {
    if body.trim_ascii().is_empty() {
        return Ok(Vec::new());
    }
    let whole: &RawValue = serde_json::from_slice(body).map_err(NoPage::NotJson)?;
    let found = match paths.items {
        Some(path) => at(whole, path).ok_or(NoPage::NoItems(path))?,
        None => whole,
    };
    let items: Vec<&RawValue> = match found.get().as_bytes().first() {
        Some(b'[') => serde_json::from_str(found.get()).map_err(NoPage::NotJson)?,
        Some(b'{') => vec![found],
        Some(b'n') => Vec::new(),
        _ => return Err(paths.items.map_or(NoPage::Scalar, NoPage::NoItems)),
    };
    Ok(items.into_iter().map(|item| Item::read(item, paths)).collect())
}

impl Item {
    fn read(item: &RawValue, paths: Paths<'_>) -> Self {
        let field = |path: Option<&str>| path.and_then(|path| at(item, path));
        let key = field(paths.key).and_then(|key| if key.get() == "null" { None } else { Some(text(key)) });
        let timestamp_ms = field(paths.timestamp).and_then(|time| time_ms(&text(time)));
        let is_scalar = |raw: &&RawValue| matches!(raw.get().as_bytes().first(), Some(b'"' | b'-' | b'0'..=b'9'));
        let cursor = field(paths.cursor).filter(is_scalar).map(text);
        let identity = hash(item.get().as_bytes());
        let mut record = NewRecord::new(item.get());
        record.key = key.map(String::into_bytes);
        record.timestamp_ms = timestamp_ms;
        Self { record, identity, cursor }
    }
}

/// FNV-1a: to know things again, among those of one server.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// What stands at a path; a number in it is the index of an array's element, or the name of an object's field.
fn at<'a>(whole: &'a RawValue, path: &str) -> Option<&'a RawValue> {
    path.split('.').try_fold(whole, |found, step| match found.get().as_bytes().first() {
        Some(b'{') => serde_json::from_str::<HashMap<String, &RawValue>>(found.get()).ok()?.remove(step),
        Some(b'[') => {
            serde_json::from_str::<Vec<&RawValue>>(found.get()).ok()?.get(step.parse::<usize>().ok()?).copied()
        }
        _ => None,
    })
}

/// A text without its quotes, else the JSON itself.
fn text(raw: &RawValue) -> String {
    serde_json::from_str(raw.get()).unwrap_or_else(|_| raw.get().to_owned())
}

/// RFC 3339, or a number: of seconds since the epoch where that is before the year 5138, else of milliseconds.
fn time_ms(text: &str) -> Option<i64> {
    const SECONDS_MAX: f64 = 1e11;
    const MS_MAX: f64 = 253_402_300_799_999.0;
    if let Some(time_ms) = parse_rfc3339(text) {
        return Some(time_ms);
    }
    let number: f64 = text.parse().ok()?;
    let ms = if number.abs() < SECONDS_MAX { number * 1_000.0 } else { number };
    #[expect(clippy::cast_possible_truncation, reason = "what is finer than a millisecond is cut off")]
    (ms.abs() <= MS_MAX).then_some(ms as i64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values(body: &str, items: Option<&str>) -> Vec<String> {
        let items = read(body.as_bytes(), Paths { items, ..Paths::default() }).unwrap();
        items.into_iter().map(|item| String::from_utf8(item.record.value.unwrap()).unwrap()).collect()
    }

    #[test]
    fn items_are_kept_as_they_are_written() {
        assert_eq!(values(r#" [ {"a" : 1.0} , 2,"x"] "#, None), [r#"{"a" : 1.0}"#, "2", "\"x\""]);
        assert_eq!(values(r#"{"a":1}"#, None), [r#"{"a":1}"#]);
        assert_eq!(values(r#"{"data":[0,{"items":[1,2]}]}"#, Some("data.1.items")), ["1", "2"]);
        assert_eq!(values(r#"{"item":{"a":1}}"#, Some("item")), [r#"{"a":1}"#]);
        for (body, items) in [("", None), (" \n", Some("a")), ("null", None), (r#"{"a":null}"#, Some("a"))] {
            assert_eq!(values(body, items), [""; 0], "{body}");
        }
    }

    #[test]
    fn what_has_no_items_says_why() {
        let why =
            |body: &str, items| read(body.as_bytes(), Paths { items, ..Paths::default() }).unwrap_err().to_string();
        assert!(why("{", None).starts_with("the answer is not JSON: "));
        assert_eq!(why("5", None), "the answer is neither an array nor an object");
        for body in ["{}", "[]", r#"{"a":{"c":[]}}"#, r#"{"a":{"b":5}}"#] {
            assert_eq!(why(body, Some("a.b")), "the answer has no array at a.b; `items` says where it is", "{body}");
        }
    }

    #[test]
    fn keys_times_and_cursors_are_read() {
        let paths = Paths { items: None, key: Some("k"), timestamp: Some("t"), cursor: Some("c.0") };
        let body = r#"[{"k":"é\"","t":"2013-01-01T10:00:00Z","c":[18446744073709551615]},{"k":7,"t":1357034400.5,"c":["z"]},
            {"k":null,"t":1357034400000,"c":[{}]},{"k":{"a":1},"t":"never"},{"t":"1357034400"}]"#;
        let items = read(body.as_bytes(), paths).unwrap();
        let keys: Vec<_> = items.iter().map(|item| item.record.key.as_deref()).collect();
        assert_eq!(keys, [Some("é\"".as_bytes()), Some(b"7"), None, Some(br#"{"a":1}"#), None]);
        let times: Vec<_> = items.iter().map(|item| item.record.timestamp_ms).collect();
        let time = 1_357_034_400_000;
        assert_eq!(times, [Some(time), Some(time + 500), Some(time), None, Some(time)]);
        let cursors: Vec<_> = items.iter().map(|item| item.cursor.as_deref()).collect();
        assert_eq!(cursors, [Some("18446744073709551615"), Some("z"), None, None, None]);
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(body in "[\\[\\]{}:,\"a0-9. -]{0,40}") {
            let paths = Paths { items: Some("a"), key: Some("a.0"), timestamp: Some("a"), cursor: Some("a") };
            let _ = read(body.as_bytes(), paths);
            let _ = read(body.as_bytes(), Paths { items: None, ..paths });
        }

        #[test]
        fn no_number_makes_it_panic(number: f64, text: String) {
            let _ = (time_ms(&number.to_string()), time_ms(&text));
        }
    }
}
