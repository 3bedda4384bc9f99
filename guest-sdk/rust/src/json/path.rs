//! Where a field stands in a document.

use std::convert::Infallible;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

use super::{Error, Field, extract};

/// A dotted path such as `order.items.0.price`. A number is the index of an array's element, or the name of an object's
/// field. There is no escape: a field whose name has a dot cannot be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    text: String,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) name: String,
    pub(super) index: Option<usize>,
}

impl Path {
    /// The field at this path, `None` where there is none. The whole document is checked.
    pub fn find<'a>(&self, document: &'a [u8]) -> Result<Option<Field<'a>>, Error> {
        extract(document, [self]).map(|[field]| field)
    }

    /// A field of the outermost object, whatever its name has in it.
    pub(super) fn field(name: &str) -> Self {
        Self { text: name.to_owned(), steps: vec![Step { name: name.to_owned(), index: name.parse().ok() }] }
    }

    /// The path as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn len(&self) -> usize {
        self.steps.len()
    }

    pub(super) fn step(&self, depth: usize) -> Option<&Step> {
        self.steps.get(depth)
    }
}

impl From<&str> for Path {
    fn from(text: &str) -> Self {
        let steps = text.split('.').map(|name| Step { name: name.to_owned(), index: name.parse().ok() }).collect();
        Self { text: text.to_owned(), steps }
    }
}

impl FromStr for Path {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.into())
    }
}

impl<'de> Deserialize<'de> for Path {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| text.as_str().into())
    }
}
