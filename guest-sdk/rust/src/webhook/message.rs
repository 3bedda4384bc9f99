//! What a request carries, and how a response is made.

use super::{Request, Response};
use crate::Header;
use crate::percent;

impl Request {
    /// The first value under this name, given in lower case, that is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .filter(|header| header.name == name)
            .find_map(|header| std::str::from_utf8(&header.value).ok())
    }

    /// The first parameter of the query under this name, decoded; `None` also where it is no text.
    pub fn query_parameter(&self, name: &str) -> Option<String> {
        percent::form_field(self.query.as_bytes(), name)
    }

    /// The first field of the body under this name, decoded, where the body is a form
    /// (`application/x-www-form-urlencoded`); `None` also where it is no text.
    pub fn form_field(&self, name: &str) -> Option<String> {
        percent::form_field(&self.body, name)
    }

    /// Whether the body is said to be of this media type, given in lower case; parameters such as the charset do not count.
    pub fn is_of_type(&self, media_type: &str) -> bool {
        let said = self.header("content-type").and_then(|said| said.split(';').next());
        said.is_some_and(|said| said.trim().eq_ignore_ascii_case(media_type))
    }
}

impl Response {
    /// A response without a body.
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// Plain text in UTF-8.
    pub fn text(status: u16, text: impl Into<String>) -> Self {
        let body = text.into().into_bytes();
        Self { body, ..Self::empty(status) }.with_header("content-type", "text/plain; charset=utf-8")
    }

    /// A JSON document.
    pub fn json(status: u16, value: &serde_json::Value) -> Self {
        let body = value.to_string().into_bytes();
        Self { body, ..Self::empty(status) }.with_header("content-type", "application/json")
    }

    /// Adds a header after those that are there.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push(Header { name: name.into(), value: value.into() });
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::request;

    #[test]
    fn the_first_value_that_is_text_counts() {
        let request = request().with_header("X-A", [0xff]).with_header("x-a", "one").with_header("x-a", "two");
        assert_eq!(request.header("x-a"), Some("one"));
        assert_eq!(request.header("x-b"), None);
    }

    #[test]
    fn parameters_are_decoded() {
        let request = request().with_query("a=1&hub.challenge=a%20b+c&b&c=%ff");
        assert_eq!(request.query_parameter("hub.challenge").as_deref(), Some("a b c"));
        assert_eq!(request.query_parameter("b").as_deref(), Some(""));
        assert_eq!(request.query_parameter("c"), None);
        assert_eq!(request.query_parameter("d"), None);
    }

    #[test]
    fn responses_say_what_they_carry() {
        let response = Response::json(200, &serde_json::json!({"stored": 1}));
        assert_eq!((response.status, response.body.as_slice()), (200, br#"{"stored":1}"#.as_slice()));
        assert_eq!(response.headers[0].value, b"application/json");
        assert_eq!(Response::empty(204).headers, []);
    }
}
