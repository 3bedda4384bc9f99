//! `GET /v1/deployments/{deployment}/state/{table}`: what a plugin keeps, as it is committed.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use utoipa::IntoParams;

use super::App;
use super::extract::{Path, Query};
use super::form::{write_number, write_text, write_value};
use super::problem::Problem;
use crate::error::{Error, Result};
use crate::limits::STATE_QUERY_ENTRIES_MAX;
use crate::model::name::DeploymentName;
use crate::task::{Keys, StatePage, StateQuery, StateRow};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct StateParams {
    /// The row with this key, from whichever partition has it.
    key: Option<String>,
    /// Rows whose key begins with this.
    prefix: Option<String>,
    /// Rows from this key on,
    from: Option<String>,
    /// and before this one.
    until: Option<String>,
    /// The form of the keys above: `text` (unless given), `base64` (URL-safe) or `hex`.
    #[serde(default)]
    #[param(inline)]
    encoding: Encoding,
    /// Rows of this partition only.
    partition: Option<u32>,
    /// At most this many rows.
    limit: Option<usize>,
    /// Go on after this, the `next` of the page before.
    after: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
enum Encoding {
    #[default]
    Text,
    Base64,
    Hex,
}

impl Encoding {
    fn read(self, key: String) -> Result<Vec<u8>> {
        let decoded = match self {
            Self::Text => return Ok(key.into_bytes()),
            Self::Base64 => URL_SAFE_NO_PAD.decode(key.trim_end_matches('=')).ok(),
            Self::Hex => from_hex(&key),
        };
        decoded.ok_or_else(|| {
            Error::invalid(
                "invalid-key",
                format!("the key {key:?} is not what encoding says it is; write text, encoding=base64 (URL-safe), or encoding=hex"),
            )
        })
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let (pairs, rest) = digits.as_deref()?.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

impl StateParams {
    fn into_query(self) -> Result<StateQuery> {
        let Self { key, prefix, from, until, encoding, partition, limit, after } = self;
        let range = from.is_some() || until.is_some();
        let keys = match (key, prefix) {
            (Some(key), None) if !range => Keys::One(encoding.read(key)?),
            (None, Some(prefix)) if !range => Keys::prefix(encoding.read(prefix)?),
            (None, None) if range => {
                let read = |key: Option<String>| key.map(|key| encoding.read(key)).transpose();
                Keys::Range(read(from)?, read(until)?)
            }
            (None, None) => Keys::All,
            _ => {
                return Err(Error::invalid(
                    "invalid-query",
                    "key, prefix, and from with until are three ways to ask; use one of them",
                ));
            }
        };
        let after = after.map(|cursor| parse_cursor(&cursor)).transpose()?;
        Ok(StateQuery { partition, keys, after, limit: limit.unwrap_or(STATE_QUERY_ENTRIES_MAX) })
    }
}

/// Partition and key, so that a page goes on exactly where the last one ended.
fn cursor(row: &StateRow) -> String {
    format!("{}.{}", row.partition, URL_SAFE_NO_PAD.encode(&row.key))
}

fn parse_cursor(cursor: &str) -> Result<(Vec<u8>, u32)> {
    let parsed = cursor
        .split_once('.')
        .and_then(|(partition, key)| Some((URL_SAFE_NO_PAD.decode(key).ok()?, partition.parse().ok()?)));
    parsed.ok_or_else(|| {
        Error::invalid("invalid-cursor", format!("{cursor:?} is no cursor; use the \"next\" of the page before"))
    })
}

/// Read the state of a deployment.
///
/// Rows are `{"partition", "key", "value"}` in the order of keys, as last committed. A key is text where it is, else
/// `{"$base64": "..."}`; a value is JSON where it parses, else the same. By `key`, the answer is one row or none, looked for
/// first in the partition where a record with this key is.
#[utoipa::path(
    get, path = "/v1/deployments/{deployment}/state/{table}", tag = "deployments",
    params(("deployment" = String, Path), ("table" = String, Path), StateParams),
    responses(
        (status = 200, content((String = "application/json"))),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn get(
    State(app): State<App>,
    Path((deployment, table)): Path<(DeploymentName, String)>,
    Query(params): Query<StateParams>,
) -> Result<Response> {
    let page = app.state(&deployment, &table, params.into_query()?).await?;
    Ok(([(CONTENT_TYPE, "application/json")], write(&page)).into_response())
}

fn write(page: &StatePage) -> Vec<u8> {
    let mut out = b"{\"items\":[".to_vec();
    for (index, row) in page.rows.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b"{\"partition\":" } else { b",{\"partition\":" });
        write_number(&mut out, row.partition);
        out.extend_from_slice(b",\"key\":");
        write_text(&mut out, Some(&row.key));
        out.extend_from_slice(b",\"value\":");
        write_value(&mut out, Some(&row.value));
        out.push(b'}');
    }
    out.push(b']');
    if let Some(last) = page.rows.last().filter(|_| page.more) {
        out.extend_from_slice(b",\"next\":\"");
        out.extend_from_slice(cursor(last).as_bytes());
        out.push(b'"');
    }
    out.push(b'}');
    out
}
