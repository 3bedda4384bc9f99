//! What the edges of the host say when they refuse: a handful of kinds, each telling the caller what to do.
//!
//! Inside, an operation has an error enum of its own that names the causes; it becomes one of these where it leaves the
//! broker. `api::problem` alone knows which HTTP status a kind has.

use std::fmt;

/// What the caller can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The request is wrong as it stands: change it.
    Invalid,
    /// The call is not one that this path answers.
    WrongMethod,
    /// The body's type is not one that this call reads: send another.
    UnsupportedMedia,
    /// Over a named bound: send less.
    TooLarge,
    /// The request took too long to come: send it again, or less.
    TooSlow,
    /// The caller may not do this until an operator allows it.
    Forbidden,
    /// There is no such thing: create it, or look at the name again.
    NotFound,
    /// It does not fit what stands there now: look, then decide.
    Conflict,
    /// The offset lies outside the log: start from one of the ends.
    OutOfRange,
    /// Well-formed, but a plugin or a rule refuses it: the detail says which.
    Unprocessable,
    /// Too much at once: the same request later will do.
    Overloaded,
    /// Not now: shutting down, or the store is out of reach.
    Unavailable,
    /// The disk is full: free space, then try again.
    StorageFull,
    /// A fault of the host.
    Internal,
}

impl Kind {
    /// Whether it lies in what was asked for, and not in the state that the host is in.
    pub fn is_of_the_request(self) -> bool {
        !matches!(self, Self::Overloaded | Self::Unavailable | Self::StorageFull | Self::Internal)
    }
}

/// `code` is stable and for programs; `detail` is for people and ends in what to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    pub kind: Kind,
    pub code: &'static str,
    pub detail: String,
    pub retry_after_ms: Option<u64>,
    /// What the caller has to know beside, for programs.
    pub more: Option<Box<serde_json::Map<String, serde_json::Value>>>,
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub fn new(kind: Kind, code: &'static str, detail: impl Into<String>) -> Self {
        let retry_after_ms =
            matches!(kind, Kind::Overloaded | Kind::Unavailable).then_some(crate::limits::RETRY_AFTER_MS);
        Self { kind, code, detail: detail.into(), retry_after_ms, more: None }
    }

    pub fn invalid(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(Kind::Invalid, code, detail)
    }

    pub fn not_found(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, code, detail)
    }

    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(Kind::Conflict, code, detail)
    }

    pub fn too_large(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(Kind::TooLarge, code, detail)
    }

    pub fn unprocessable(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(Kind::Unprocessable, code, detail)
    }

    pub fn internal(detail: impl Into<String>) -> Self {
        Self::new(Kind::Internal, "internal", detail)
    }

    pub fn shutting_down() -> Self {
        Self::new(
            Kind::Unavailable,
            "shutting-down",
            "the host is shutting down; send the request again once it is back",
        )
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Error {}
