//! Whether a request comes from whom it says.

use kafka_do_sdk::Failure;
use kafka_do_sdk::webhook::Request;
use kafka_do_sdk::webhook::answer::Refusal;
use kafka_do_sdk::webhook::signing::{Algorithm, Secrets, decode_base64, decode_hex};

use crate::settings::{Encoding, Verify};

/// One way to look at a request, ready to be used.
pub(crate) enum Verifier {
    Nobody,
    SharedSecret { header: String, secrets: Secrets },
    Bearer { secrets: Secrets },
    Hmac { header: String, algorithm: Algorithm, encoding: Encoding, prefix: String, keys: Vec<Vec<u8>> },
}

impl Verifier {
    pub(crate) fn new(verify: Verify, secrets: Option<Secrets>) -> Result<Self, Failure> {
        let secrets = secrets.ok_or_else(|| Failure::fatal("verify needs a secret: set secret, or the method none"));
        Ok(match verify {
            Verify::None => Self::Nobody,
            Verify::SharedSecret { header } => {
                Self::SharedSecret { header: header.to_ascii_lowercase(), secrets: secrets? }
            }
            Verify::Bearer => Self::Bearer { secrets: secrets? },
            Verify::Hmac { header, algorithm, encoding, prefix } => {
                Self::Hmac { header: header.to_ascii_lowercase(), algorithm, encoding, prefix, keys: secrets?.keys() }
            }
        })
    }

    pub(crate) fn check(&self, request: &Request) -> Result<(), Refusal> {
        let shown = |header: &str| {
            request.header(header).ok_or_else(|| Refusal::unauthorized(format!("There is no {header}.")))
        };
        let (header, is_known) = match self {
            Self::Nobody => return Ok(()),
            Self::SharedSecret { header, secrets } => (header.as_str(), secrets.include(shown(header)?.as_bytes())),
            Self::Bearer { secrets } => {
                let header = "authorization";
                let token = shown(header)?.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
                (header, token.is_some_and(|(_, token)| secrets.include(token.trim().as_bytes())))
            }
            Self::Hmac { header, algorithm, encoding, prefix, keys } => {
                let signature = shown(header)?.strip_prefix(prefix.as_str()).and_then(|signature| match encoding {
                    Encoding::Hex => decode_hex(signature),
                    Encoding::Base64 => decode_base64(signature),
                });
                (header.as_str(), algorithm.is_signed(keys, &[&request.body], signature))
            }
        };
        if is_known {
            return Ok(());
        }
        Err(Refusal::unauthorized(format!("{header} does not fit any secret that this webhook knows.")))
    }
}
