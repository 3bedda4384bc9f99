//! Whether a request comes from whom it says: shared secrets, signatures made with them, and how old a signature may be.
//!
//! All comparisons take as long for a wrong answer as for a right one.

use std::fmt;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq;

use super::answer::Refusal;
use crate::clock;

/// How many secrets may hold at one time.
pub const SECRETS_MAX: usize = 10;

/// How old a signature may be, in seconds, where the settings say nothing else.
pub const TOLERANCE_S_DEFAULT: u32 = 300;

/// The secrets that a sender may have, as the settings give them: one text, or several while one takes the place of another.
#[derive(Clone, Deserialize)]
#[serde(try_from = "Given")]
pub struct Secrets(Vec<String>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Given {
    One(String),
    Several(Vec<String>),
}

impl TryFrom<Given> for Secrets {
    type Error = &'static str;

    fn try_from(given: Given) -> Result<Self, Self::Error> {
        let secrets = match given {
            Given::One(secret) => vec![secret],
            Given::Several(secrets) => secrets,
        };
        if secrets.is_empty() || secrets.len() > SECRETS_MAX {
            return Err("give one secret, or a list of at most 10");
        }
        if secrets.iter().any(String::is_empty) {
            return Err("a secret is empty: is it stored under another name?");
        }
        Ok(Self(secrets))
    }
}

/// It says how many there are, and nothing else.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

impl Secrets {
    /// Each as it was given.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Their bytes, as most senders use them: the characters of the text.
    pub fn keys(&self) -> Vec<Vec<u8>> {
        self.iter().map(|secret| secret.as_bytes().to_vec()).collect()
    }

    /// Whether this is one of them. Their hashes are compared, so that not even a length can be measured.
    pub fn include(&self, shown: &[u8]) -> bool {
        let shown = Sha256::digest(shown);
        self.iter().fold(false, |found, secret| found | bool::from(Sha256::digest(secret).ct_eq(&shown)))
    }
}

/// What a signature is made with: HMAC (RFC 2104) over one of these hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    Sha1,
    Sha256,
    Sha512,
}

impl Algorithm {
    /// Whether any of the keys made any of these signatures, over the parts one after another.
    pub fn is_signed(
        self,
        keys: &[Vec<u8>],
        parts: &[&[u8]],
        signatures: impl IntoIterator<Item = impl AsRef<[u8]>>,
    ) -> bool {
        signatures.into_iter().any(|signature| {
            keys.iter().any(|key| match self {
                Self::Sha1 => verify::<Hmac<Sha1>>(key, parts, signature.as_ref()),
                Self::Sha256 => verify::<Hmac<Sha256>>(key, parts, signature.as_ref()),
                Self::Sha512 => verify::<Hmac<Sha512>>(key, parts, signature.as_ref()),
            })
        })
    }

    /// The signature that a sender makes, for tests.
    pub fn sign(self, key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
        match self {
            Self::Sha1 => sign::<Hmac<Sha1>>(key, parts),
            Self::Sha256 => sign::<Hmac<Sha256>>(key, parts),
            Self::Sha512 => sign::<Hmac<Sha512>>(key, parts),
        }
    }
}

fn verify<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]], signature: &[u8]) -> bool {
    mac::<M>(key, parts).is_some_and(|mac| mac.verify_slice(signature).is_ok())
}

fn sign<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    mac::<M>(key, parts).map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default()
}

/// HMAC takes keys of any length, so there always is one.
fn mac<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Option<M> {
    let mut mac = <M as KeyInit>::new_from_slice(key).ok()?;
    for part in parts {
        mac.update(part);
    }
    Some(mac)
}

/// Refuses what was signed longer ago than `tolerance_s`, or as far in the future: it may be an old request, sent again by
/// somebody who saw it. `timestamp` is in seconds since the Unix epoch.
pub fn check_age(timestamp: &str, tolerance_s: u32) -> Result<(), Refusal> {
    let signed_at_s: i64 = timestamp
        .parse()
        .map_err(|_| Refusal::unauthorized("The timestamp of the signature is no number of seconds."))?;
    let age_s = (clock::now_ms().div_euclid(1_000)).saturating_sub(signed_at_s);
    if age_s.unsigned_abs() <= u64::from(tolerance_s) {
        return Ok(());
    }
    Err(Refusal::unauthorized(format!(
        "The signature is {} s {}, and {tolerance_s} s are allowed: look at the clocks, or set tolerance_s.",
        age_s.unsigned_abs(),
        if age_s > 0 { "old" } else { "in the future" }
    )))
}

/// The bytes that hexadecimal digits write, in whatever case.
pub fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.chars().map(|digit| digit.to_digit(16)?.try_into().ok()).collect::<Option<_>>()?;
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    Some(pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

/// Bytes as hexadecimal digits, in lower case.
pub fn encode_hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
}

/// The standard alphabet; some senders leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The bytes that base64 writes, with its padding or without.
pub fn decode_base64(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text).ok()
}

/// Bytes in base64, with padding.
pub fn encode_base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn secrets(json: &str) -> Result<Secrets, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn secrets_are_one_or_some() {
        assert_eq!(secrets(r#""a""#).expect("one").iter().collect::<Vec<_>>(), ["a"]);
        assert_eq!(secrets(r#"["a","b"]"#).expect("two").keys(), [b"a", b"b"]);
        for wrong in [r#""""#, "[]", r#"["a",""]"#, "5", r#"["a","a","a","a","a","a","a","a","a","a","a"]"#] {
            assert!(secrets(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn secrets_do_not_show() {
        let secrets = secrets(r#"["hush","hush too"]"#).expect("two");
        assert_eq!(format!("{secrets:?}"), "Secrets(2)");
        assert!(secrets.include(b"hush too") && secrets.include(b"hush"));
        for other in [&b""[..], b"hus", b"hush ", b"HUSH"] {
            assert!(!secrets.include(other));
        }
    }

    /// RFC 2202 and RFC 4231, test case 2.
    #[test]
    fn signatures_are_those_of_the_standards() {
        let (key, parts) = (b"Jefe", [&b"what do ya want "[..], b"for nothing?"]);
        for (algorithm, expected) in [
            (Algorithm::Sha1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
            (Algorithm::Sha256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
            (
                Algorithm::Sha512,
                "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
            ),
        ] {
            assert_eq!(encode_hex(&algorithm.sign(key, &parts)), expected);
            let signature = decode_hex(&expected.to_uppercase()).expect("hex");
            assert!(algorithm.is_signed(&[b"other".to_vec(), key.to_vec()], &parts, [&signature]));
            // A part of a signature is none.
            assert!(!algorithm.is_signed(&[key.to_vec()], &parts, [&signature[..signature.len() - 1]]));
            assert!(!algorithm.is_signed(&[key.to_vec()], &parts, [&[][..]]));
        }
    }

    #[test]
    fn what_is_no_encoding_is_none() {
        for text in ["f", "0g", "é0", "+1", " f"] {
            assert_eq!(decode_hex(text), None, "{text}");
        }
        assert_eq!(decode_base64("!"), None);
        assert_eq!(decode_base64("YQ"), decode_base64("YQ=="));
    }

    proptest! {
        #[test]
        fn encodings_come_back(bytes in any::<Vec<u8>>()) {
            prop_assert_eq!(decode_hex(&encode_hex(&bytes)), Some(bytes.clone()));
            prop_assert_eq!(decode_base64(&encode_base64(&bytes)), Some(bytes));
        }

        #[test]
        fn any_other_bit_is_no_signature(body in prop::collection::vec(any::<u8>(), 1..64), bit in any::<prop::sample::Index>()) {
            let keys = [b"key".to_vec()];
            let mut signature = Algorithm::Sha256.sign(&keys[0], &[&body]);
            let mut other = body.clone();
            let at = bit.index(other.len() * 8);
            other[at / 8] ^= 1 << (at % 8);
            prop_assert!(!Algorithm::Sha256.is_signed(&keys, &[&other], [&signature]));
            let at = bit.index(signature.len() * 8);
            signature[at / 8] ^= 1 << (at % 8);
            prop_assert!(!Algorithm::Sha256.is_signed(&keys, &[&body], [&signature]));
        }
    }
}
