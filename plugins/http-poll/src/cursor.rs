//! Where polling stands, as it is kept between two runs.

use serde::{Deserialize, Serialize};

/// All that is needed to go on. It is written as JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Cursor {
    /// The hash of the `url` in the settings: with another one, what is about pages is forgotten. The address itself may hold a key.
    pub(crate) endpoint: u64,
    /// The value that the next poll is asked with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
    /// The address of the page that links have led to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) page: Option<String>,
    /// How the page is asked for again. Absent while a part of it is still to be emitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) etag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_modified: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) place: Option<Place>,
}

/// How much of a page was emitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// The hash of the answer's body.
    pub(crate) body: u64,
    /// So many items.
    pub(crate) taken: usize,
    /// The identity of the last of these.
    pub(crate) last: u64,
}

impl Cursor {
    /// Forgets what is about the page, since another one comes next.
    pub(crate) fn leave_page(&mut self) {
        (self.etag, self.last_modified, self.place) = (None, None, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Deployments hold such cursors.
    #[test]
    fn it_keeps_its_form() {
        let cursor = Cursor {
            endpoint: u64::MAX,
            value: Some("7".to_owned()),
            page: Some("http://h/2".to_owned()),
            etag: Some("\"e\"".to_owned()),
            last_modified: Some("then".to_owned()),
            place: Some(Place { body: 1, taken: 2, last: 3 }),
        };
        let json = r#"{"endpoint":18446744073709551615,"value":"7","page":"http://h/2","etag":"\"e\"","last_modified":"then","place":{"body":1,"taken":2,"last":3}}"#;
        assert_eq!(serde_json::to_string(&cursor).unwrap(), json);
        assert_eq!(serde_json::from_str::<Cursor>(json).unwrap(), cursor);
        assert_eq!(serde_json::from_str::<Cursor>("{}").unwrap(), Cursor::default());
    }
}
