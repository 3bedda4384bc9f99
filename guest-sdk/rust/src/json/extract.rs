//! One pass over a document that picks fields and checks the rest.

use std::ops::Range;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::scan::scan;
use super::{Error, Field, Path};

/// The fields at some paths (at most 32), `None` where there is none, in one pass over the document.
///
/// The whole document is checked: a broken one is an error even where the fields stand before the break. Where an object
/// names a field twice the last one counts, as in most parsers.
pub fn extract<'a, const N: usize>(document: &'a [u8], paths: [&Path; N]) -> Result<[Option<Field<'a>>; N], Error> {
    const {
        assert!(N <= Paths::BITS as usize, "a pass carries its paths in a bit set");
    };
    Ok(raw(document, paths)?.map(|raw| raw.map(Field::from_valid_json)))
}

/// Where the value of a field of the outermost object stands in the document, which is checked as a whole.
pub(super) fn raw_field(document: &[u8], name: &str) -> Result<Option<Range<usize>>, Error> {
    let [found] = raw(document, [&Path::field(name)])?;
    Ok(found.map(|json| {
        // It is a part of the document, so the difference is where it begins.
        let begin = json.as_ptr().addr() - document.as_ptr().addr();
        begin..begin + json.len()
    }))
}

/// The JSON at each path, as it stands in the document.
fn raw<'a, const N: usize>(document: &'a [u8], paths: [&Path; N]) -> Result<[Option<&'a str>; N], Error> {
    if paths.iter().all(|path| path.len() == 1)
        && let Some(found) = scan(document, paths.map(Path::as_str))
    {
        // Parts of a text between its tokens are texts.
        return Ok(found.map(|raw| raw.and_then(|raw| std::str::from_utf8(raw).ok())));
    }
    let text = std::str::from_utf8(document).map_err(Error::NotUtf8)?;
    let mut found = [None; N];
    let walk = Walk { paths: &paths, sought: all(N), depth: 0, found: &mut found };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    walk.deserialize(&mut deserializer).and_then(|()| deserializer.end()).map_err(Error::NotJson)?;
    Ok(found.map(|raw| raw.map(RawValue::get)))
}

/// A set of paths, by their place in the list.
type Paths = u32;

fn all(count: usize) -> Paths {
    (0..count).fold(0, |paths, place| paths | 1 << place)
}

/// At one value of the document, with the paths that lead through it or to it.
struct Walk<'p, 'f, 'de> {
    paths: &'p [&'p Path],
    sought: Paths,
    depth: usize,
    found: &'f mut [Option<&'de RawValue>],
}

impl Walk<'_, '_, '_> {
    /// Which of the sought paths fit.
    fn select(&self, fits: impl Fn(&Path) -> bool) -> Paths {
        let mut selected = 0;
        for (place, path) in self.paths.iter().enumerate() {
            if self.sought & 1 << place != 0 && fits(path) {
                selected |= 1 << place;
            }
        }
        selected
    }

    /// What was found under an earlier field of the same name does not count.
    fn forget(&mut self, paths: Paths) {
        for (place, found) in self.found.iter_mut().enumerate() {
            if paths & 1 << place != 0 {
                *found = None;
            }
        }
    }
}

impl<'de> Walk<'_, '_, 'de> {
    fn child(&mut self, sought: Paths) -> Walk<'_, '_, 'de> {
        Walk { paths: self.paths, sought, depth: self.depth + 1, found: self.found }
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(mut self, deserializer: D) -> Result<(), D::Error> {
        let here = self.select(|path| path.len() == self.depth);
        if here == 0 {
            return deserializer.deserialize_any(self);
        }
        let raw = <&RawValue>::deserialize(deserializer)?;
        for (place, found) in self.found.iter_mut().enumerate() {
            if here & 1 << place != 0 {
                *found = Some(raw);
            }
        }
        self.sought &= !here;
        if self.sought == 0 {
            return Ok(());
        }
        // Another path leads deeper into the value that was just taken whole.
        serde_json::Deserializer::from_str(raw.get()).deserialize_any(self).map_err(D::Error::custom)
    }
}

impl<'de> Visitor<'de> for Walk<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<M: MapAccess<'de>>(mut self, mut map: M) -> Result<(), M::Error> {
        while let Some(sought) = map.next_key_seed(Name(&self))? {
            if sought == 0 {
                map.next_value::<IgnoredAny>()?;
            } else {
                self.forget(sought);
                map.next_value_seed(self.child(sought))?;
            }
        }
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'de>>(mut self, mut elements: S) -> Result<(), S::Error> {
        for index in 0.. {
            let sought = self.select(|path| path.step(self.depth).is_some_and(|step| step.index == Some(index)));
            let more = if sought == 0 {
                elements.next_element::<IgnoredAny>()?.is_some()
            } else {
                elements.next_element_seed(self.child(sought))?.is_some()
            };
            if !more {
                break;
            }
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}

/// Reads the name of a field as the set of paths that go through it.
struct Name<'w, 'p, 'f, 'de>(&'w Walk<'p, 'f, 'de>);

impl<'de> DeserializeSeed<'de> for Name<'_, '_, '_, '_> {
    type Value = Paths;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Paths, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_, '_, '_, '_> {
    type Value = Paths;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E>(self, name: &str) -> Result<Paths, E> {
        Ok(self.0.select(|path| path.step(self.0.depth).is_some_and(|step| step.name == name)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::super::Number;
    use super::*;

    fn find<'a>(path: &str, document: &'a str) -> Option<Field<'a>> {
        Path::from(path).find(document.as_bytes()).expect("valid JSON")
    }

    #[test]
    fn paths_go_through_objects_and_arrays() {
        let document = r#"{"a":{"b":[10,{"c":"x\n"}],"1":true},"n":null,"f":-2.5e3}"#;
        assert_eq!(find("a.b.0", document), Some(Field::Number(Number::Integer(10))));
        assert_eq!(find("a.b.1.c", document), Some(Field::Text("x\n".into())));
        assert_eq!(find("a.1", document), Some(Field::Bool(true)));
        assert_eq!(find("n", document), Some(Field::Null));
        assert_eq!(find("f", document), Some(Field::Number(Number::Integer(-2500))));
        assert_eq!(find("a.b", document), Some(Field::Array(r#"[10,{"c":"x\n"}]"#)));
        for missing in ["", "x", "a.x", "a.b.2", "a.b.x", "n.x", "f.0", "a.b.1.c.d"] {
            assert_eq!(find(missing, document), None, "{missing}");
        }
    }

    #[test]
    fn one_path_may_lead_through_the_value_of_another() {
        let paths = ["a", "a.b", "a.b.c"].map(Path::from);
        let found = extract(br#"{"a":{"b":7}}"#, [&paths[0], &paths[1], &paths[2]]).expect("valid JSON");
        assert_eq!(found, [Some(Field::Object(r#"{"b":7}"#)), Some(Field::Number(Number::Integer(7))), None]);
    }

    #[test]
    fn the_last_field_of_a_name_counts_and_counts_whole() {
        assert_eq!(find("a.b", r#"{"a":{"b":1},"a":{"b":2}}"#), Some(Field::Number(Number::Integer(2))));
        assert_eq!(find("a.b", r#"{"a":{"b":1},"a":{}}"#), None);
    }

    #[test]
    fn a_document_is_checked_to_its_end() {
        for broken in
            ["", "{", r#"{"a":1"#, r#"{"a":1}x"#, r#"{"a":1,"b":tru}"#, r#"{"a":1,}"#, "{\"a\":1,\"b\":\"\n\"}"]
        {
            assert!(Path::from("a").find(broken.as_bytes()).is_err(), "{broken}");
        }
        assert!(Path::from("a").find(b"{\"a\":1,\"b\":\"\xff\"}").is_err());
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-1e9..1e9).prop_map(Value::from),
            "[a-c\"\\\\é]{0,3}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map("[a-c0-2]", inner, 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    /// The plain way: the tree, walked step by step.
    fn walk_tree<'v>(path: &str, tree: &'v Value) -> Option<&'v Value> {
        path.split('.').try_fold(tree, |value, step| match value {
            Value::Object(fields) => fields.get(step),
            Value::Array(elements) => elements.get(step.parse::<usize>().ok()?),
            _ => None,
        })
    }

    proptest! {
        #[test]
        fn finds_what_stands_in_the_tree(tree in json(), steps in prop::collection::vec("[a-c0-2]", 1..4)) {
            let path = steps.join(".");
            let document = tree.to_string();
            let expected = walk_tree(&path, &tree).map(Value::to_string);
            let expected = expected.as_deref().map(Field::from_valid_json);
            prop_assert_eq!(find(&path, &document), expected);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>()) {
            let found = Path::from("a.0").find(&bytes);
            prop_assert_eq!(found.is_ok(), serde_json::from_slice::<Value>(&bytes).is_ok());
        }
    }
}
