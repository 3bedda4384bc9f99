//! What the settings say.

use kafka_do_sdk::json::Path;
use kafka_do_sdk::webhook::routing::Routing;
use kafka_do_sdk::webhook::signing::{Algorithm, Secrets};
use serde::Deserialize;

#[derive(Deserialize)]
pub struct Settings {
    pub(crate) verify: Verify,
    pub(crate) secret: Option<Secrets>,
    #[serde(flatten)]
    pub(crate) routing: Routing,
    pub(crate) event_header: Option<String>,
    pub(crate) event_path: Option<Path>,
    pub(crate) id_header: Option<String>,
    pub(crate) id_path: Option<Path>,
    pub(crate) challenge: Option<ChallengeSettings>,
}

/// How a sender shows who it is.
#[derive(Debug, Deserialize)]
#[serde(tag = "method", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Verify {
    /// Not at all, which has to be said.
    None,
    /// By the secret itself, in a header.
    SharedSecret { header: String },
    /// By the secret itself, as RFC 6750 has it.
    Bearer,
    /// By a signature of the body.
    Hmac {
        header: String,
        algorithm: Algorithm,
        encoding: Encoding,
        #[serde(default)]
        prefix: String,
    },
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Encoding {
    Hex,
    Base64,
}

/// A parameter that a GET asks to have repeated, and perhaps one that must carry the secret.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChallengeSettings {
    pub(crate) parameter: String,
    pub(crate) verify_parameter: Option<String>,
}
