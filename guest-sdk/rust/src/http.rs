//! Requests to outside, for sinks and sources: over `wasi:http` in a component, over the test's double elsewhere.
//!
//! The host reaches only what the deployment is granted, follows no redirect and repeats nothing. It opens connections, keeps
//! them and checks certificates.
//!
//! ```
//! use kafka_do_sdk::http::{Error, Request, send};
//!
//! fn post(body: &str) -> Result<u16, Error> {
//!     let request = Request::post("https://example.com/events", body)
//!         .with_header("content-type", "application/json")
//!         .with_timeout_ms(5_000);
//!     Ok(send(&request)?.status)
//! }
//! ```

#[cfg(feature = "answers")]
mod answer;
mod message;
#[cfg(any(target_arch = "wasm32", test))]
mod url;
#[cfg(target_arch = "wasm32")]
pub(crate) mod wasi;

use std::fmt;

#[cfg(feature = "answers")]
pub use answer::RETRY_AFTER_MS_MAX;
pub use message::{Request, Response};

use crate::imports;

/// How large the body of a response may be.
pub const RESPONSE_BODY_BYTES_MAX: usize = 1 << 20;

/// How long an exchange takes at most, where the request says nothing else.
pub const TIMEOUT_MS_DEFAULT: u32 = 30_000;

/// Why there is no response. What a case means for a repetition is part of it; text is for people, never for matching.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The host refused it: this deployment is not granted that host, or its address is one that nobody may reach.
    Denied(String),
    /// Nothing was sent: the name was not found, the connection was refused, or TLS failed.
    NoConnection(String),
    /// It may have been sent, and even have been done: no answer came in time, or it broke off.
    NoAnswer(String),
    /// The body of the response is larger than so many bytes.
    TooLarge(usize),
    /// The request itself is wrong, and will be next time too.
    Invalid(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(reason) => write!(f, "the host denied the request: {reason}"),
            Self::NoConnection(reason) => write!(f, "no connection: {reason}"),
            Self::NoAnswer(reason) => write!(f, "no answer: {reason}"),
            Self::TooLarge(bytes_max) => write!(f, "the response is larger than {bytes_max} bytes"),
            Self::Invalid(reason) => write!(f, "no valid request: {reason}"),
        }
    }
}

impl std::error::Error for Error {}

/// Sends a request and reads the whole response, whatever its status.
pub fn send(request: &Request) -> Result<Response, Error> {
    let only = send_all(std::slice::from_ref(request)).pop();
    only.unwrap_or_else(|| Err(Error::NoAnswer("the host answered nothing".to_owned())))
}

/// Sends requests at once, and reads their responses as they come: one result each, in the order of the requests. Each has
/// its own timeout for the whole exchange.
pub fn send_all(requests: &[Request]) -> Vec<Result<Response, Error>> {
    imports::http::send_all(requests)
}
