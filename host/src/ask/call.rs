//! One HTTP call.

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use utoipa::ToSchema;

use crate::error::{Error, Result};

/// A call of this API.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Call {
    #[schema(value_type = String)]
    pub method: &'static str,
    /// With its query.
    pub path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub body: Option<Box<RawValue>>,
}

/// As JSON, to the letter: a number too large for any type stays what it is.
pub(super) fn raw(value: &(impl Serialize + ?Sized)) -> Result<Box<RawValue>> {
    to_raw_value(value).map_err(|error| Error::internal(format!("a call cannot be written: {error}")))
}

impl Call {
    pub(super) fn get(path: impl Into<String>) -> Self {
        Self { method: "GET", path: path.into(), body: None }
    }

    pub(super) fn delete(path: String) -> Self {
        Self { method: "DELETE", path, body: None }
    }

    pub(super) fn post_bare(path: String) -> Self {
        Self { method: "POST", path, body: None }
    }

    pub(super) fn post(path: String, body: &impl Serialize) -> Result<Self> {
        Ok(Self { method: "POST", path, body: Some(raw(body)?) })
    }

    pub(super) fn put(path: String, body: &impl Serialize) -> Result<Self> {
        Ok(Self { method: "PUT", path, body: Some(raw(body)?) })
    }

    pub(super) fn patch(path: String, body: &impl Serialize) -> Result<Self> {
        Ok(Self { method: "PATCH", path, body: Some(raw(body)?) })
    }
}
