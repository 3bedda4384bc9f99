//! What makes a request safe to send again: the header `Idempotency-Key`, or a producer's three.

use axum::http::HeaderMap;
use sha2::{Digest, Sha256};

use crate::broker::{KnownBy, Retry};
use crate::error::{Error, Result};
use crate::limits::IDEMPOTENCY_KEY_CHARS_MAX;
use crate::model::request::{Fingerprint, ProducerId};

const IDEMPOTENCY_KEY: &str = "idempotency-key";
const PRODUCER_ID: &str = "kafka-do-producer-id";
const PRODUCER_EPOCH: &str = "kafka-do-producer-epoch";
const SEQUENCE: &str = "kafka-do-sequence";

/// How the request is known again, where it says so. `parts` are all that makes it the request that it is.
pub(super) fn read(headers: &HeaderMap, parts: &[&[u8]]) -> Result<Option<Retry>> {
    let key = headers.get(IDEMPOTENCY_KEY);
    let given = [PRODUCER_ID, PRODUCER_EPOCH, SEQUENCE].map(|name| headers.get(name));
    let known_by = match (key, given) {
        (None, [None, None, None]) => return Ok(None),
        (Some(key), [None, None, None]) => {
            let key = key.to_str().ok().filter(|key| {
                (1..=IDEMPOTENCY_KEY_CHARS_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
            });
            KnownBy::Key(key.map(str::to_owned).ok_or_else(|| {
                Error::invalid(
                    "invalid-idempotency-key",
                    format!("an Idempotency-Key has 1 to {IDEMPOTENCY_KEY_CHARS_MAX} visible ASCII characters; a UUID will do"),
                )
            })?)
        }
        (None, [Some(_), Some(_), Some(_)]) => KnownBy::Sequence {
            producer: ProducerId(number(headers, PRODUCER_ID)?),
            epoch: u16::try_from(number(headers, PRODUCER_EPOCH)?).map_err(|_| not_a_number(PRODUCER_EPOCH))?,
            first: number(headers, SEQUENCE)?,
        },
        _ => {
            return Err(Error::invalid(
                "invalid-retry",
                format!("send either Idempotency-Key, or {PRODUCER_ID}, {PRODUCER_EPOCH} and {SEQUENCE} together"),
            ));
        }
    };
    Ok(Some(Retry { known_by, fingerprint: fingerprint(parts) }))
}

fn number(headers: &HeaderMap, name: &'static str) -> Result<u64> {
    let text = headers.get(name).and_then(|value| value.to_str().ok());
    text.and_then(|text| text.parse().ok())
        .filter(|number| *number <= i64::MAX.cast_unsigned())
        .ok_or_else(|| not_a_number(name))
}

fn not_a_number(name: &str) -> Error {
    Error::invalid("invalid-retry", format!("{name} is not a number that POST /v1/producers gave out, or a count"))
}

fn fingerprint(parts: &[&[u8]]) -> Fingerprint {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let mut first = Fingerprint::default();
    first.copy_from_slice(&hasher.finalize()[..16]);
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| ((*name).try_into().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn one_way_or_the_other() {
        assert!(read(&headers(&[]), &[]).unwrap().is_none());
        let key = read(&headers(&[(IDEMPOTENCY_KEY, "a-1")]), &[b"x"]).unwrap().unwrap();
        assert!(matches!(key.known_by, KnownBy::Key(key) if key == "a-1"));
        let three = [(PRODUCER_ID, "7"), (PRODUCER_EPOCH, "1"), (SEQUENCE, "0")];
        let known_by = read(&headers(&three), &[]).unwrap().unwrap().known_by;
        assert!(matches!(known_by, KnownBy::Sequence { producer: ProducerId(7), epoch: 1, first: 0 }));
        for wrong in [
            &three[..2],
            &[(IDEMPOTENCY_KEY, "a"), (SEQUENCE, "0")],
            &[(IDEMPOTENCY_KEY, "a b")],
            &[(IDEMPOTENCY_KEY, "")],
            &[(PRODUCER_ID, "-1"), (PRODUCER_EPOCH, "1"), (SEQUENCE, "0")],
            &[(PRODUCER_ID, "1"), (PRODUCER_EPOCH, "99999"), (SEQUENCE, "0")],
        ] {
            assert!(read(&headers(wrong), &[]).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn parts_are_told_apart() {
        assert_ne!(fingerprint(&[b"ab", b"c"]), fingerprint(&[b"a", b"bc"]));
        assert_eq!(fingerprint(&[b"ab", b"c"]), fingerprint(&[b"ab", b"c"]));
    }
}
