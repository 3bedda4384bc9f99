//! A field that may be absent, null or a value, where the three mean different things.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Nullable<T> {
    #[default]
    Absent,
    Null,
    Value(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Nullable<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<T>::deserialize(deserializer)?.map_or(Self::Null, Self::Value))
    }
}

impl<T: Serialize> Serialize for Nullable<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent | Self::Null => serializer.serialize_none(),
            Self::Value(value) => value.serialize(serializer),
        }
    }
}

impl<T: Clone> Nullable<T> {
    /// Sets `to`, unless the field is absent.
    pub(super) fn set(&self, to: &mut Option<T>) {
        match self {
            Self::Absent => {}
            Self::Null => *to = None,
            Self::Value(value) => *to = Some(value.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_null_from_nothing() {
        #[derive(Deserialize)]
        struct Form {
            #[serde(default)]
            field: Nullable<u8>,
        }
        let after = |json: &str| {
            let mut to = Some(7);
            serde_json::from_str::<Form>(json).unwrap().field.set(&mut to);
            to
        };
        assert_eq!((after("{}"), after(r#"{"field":null}"#), after(r#"{"field":3}"#)), (Some(7), None, Some(3)));
    }
}
