//! Standard Webhooks signatures: <https://www.standardwebhooks.com>.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Deserializer, de};
use sha2::Sha256;

/// What precedes a secret that is written in base64.
const PREFIX: &str = "whsec_";

/// The key that requests are signed with.
#[derive(Clone)]
pub(crate) struct Secret(Hmac<Sha256>);

/// Why a text is no secret.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoSecret {
    NotBase64,
    Empty,
}

impl fmt::Display for NoSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotBase64 => write!(f, "what follows {PREFIX} in the secret is not base64"),
            Self::Empty => f.write_str("the secret is empty"),
        }
    }
}

impl Secret {
    /// `whsec_` and base64, or any other text, whose bytes are the key.
    pub(crate) fn parse(text: &str) -> Result<Self, NoSecret> {
        let key = match text.strip_prefix(PREFIX) {
            Some(encoded) => STANDARD.decode(encoded).map_err(|_| NoSecret::NotBase64)?,
            None => text.as_bytes().to_vec(),
        };
        if key.is_empty() {
            return Err(NoSecret::Empty);
        }
        // A key of any length fits.
        Hmac::new_from_slice(&key).map(Self).map_err(|_| NoSecret::Empty)
    }

    /// The value of `webhook-signature`: over the id, the time in seconds, and the body as it is sent.
    pub(crate) fn sign(&self, id: &str, timestamp_s: i64, body: &[u8]) -> String {
        let mut mac = self.0.clone();
        mac.update(format!("{id}.{timestamp_s}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// A secret shows nothing of itself.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The example of the specification.
    #[test]
    fn the_known_message_has_the_known_signature() {
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn another_text_is_the_key_itself() {
        let encoded = format!("whsec_{}", STANDARD.encode("a plain text"));
        let signatures = ["a plain text", &encoded].map(|text| Secret::parse(text).unwrap().sign("id", 0, b"body"));
        assert_eq!(signatures[0], signatures[1]);
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        assert_eq!(Secret::parse("whsec_?").unwrap_err(), NoSecret::NotBase64);
        assert_eq!(Secret::parse("whsec_").unwrap_err(), NoSecret::Empty);
        assert_eq!(Secret::parse("").unwrap_err(), NoSecret::Empty);
    }

    proptest! {
        #[test]
        fn whatever_is_changed_changes_the_signature(text in ".{1,40}", body: Vec<u8>, other: Vec<u8>, at in 0..i64::MAX) {
            prop_assume!(body != other && !text.starts_with(PREFIX));
            let secret = Secret::parse(&text).unwrap();
            let signature = secret.sign("a-0-1", at, &body);
            prop_assert_ne!(&signature, &secret.sign("a-0-1", at, &other));
            prop_assert_ne!(&signature, &secret.sign("a-0-2", at, &body));
            prop_assert_ne!(&signature, &secret.sign("a-0-1", at - 1, &body));
            prop_assert_ne!(&signature, &Secret::parse(&format!("{text}.")).unwrap().sign("a-0-1", at, &body));
        }
    }
}
