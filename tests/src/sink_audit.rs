//! What a sink has to keep to, checked from both ends: the records that it was given, and the requests that came of them.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::bad_server::{Attempt, Request};
use crate::stored::Stored;
use crate::webhook::hmac_sha256;

/// Partition and offset.
type Place = (usize, u64);

/// Attempts by the record that they carry. Each record's value differs from all others, and goes out as it is.
pub struct SinkAudit<'a> {
    records: BTreeMap<Place, &'a Stored>,
    attempts: &'a [Attempt],
    /// For each record, which attempts carried it.
    of: BTreeMap<Place, Vec<usize>>,
}

impl<'a> SinkAudit<'a> {
    /// Finds the record of each attempt; those that were not read are known by their idempotency key. One key stands for one
    /// record, and the other way around.
    pub fn new(records: &'a [Stored], attempts: &'a [Attempt]) -> Self {
        let by_value: HashMap<&[u8], Place> =
            records.iter().map(|record| (record.value(), (record.partition, record.offset))).collect();
        assert_eq!(by_value.len(), records.len(), "values differ");
        let mut by_key: HashMap<&str, Place> = HashMap::new();
        let mut keys: HashMap<Place, &str> = HashMap::new();
        for Attempt { request, .. } in attempts.iter().filter(|attempt| !attempt.request.body.is_empty()) {
            let place = by_value.get(&request.body[..]);
            let place = *place.unwrap_or_else(|| panic!("no record's value: {request:?}"));
            let key = idempotency_key(request);
            assert_eq!(*by_key.entry(key).or_insert(place), place, "{key} stands for two records");
            assert_eq!(*keys.entry(place).or_insert(key), key, "{place:?} has two idempotency keys");
        }
        let mut of: BTreeMap<Place, Vec<usize>> = BTreeMap::new();
        for (index, attempt) in attempts.iter().enumerate() {
            // One that nobody read, and that never came again, was another one's last; `settled` finds it missing.
            if let Some(&place) = by_key.get(idempotency_key(&attempt.request)) {
                of.entry(place).or_default().push(index);
            }
        }
        let records = records.iter().map(|record| ((record.partition, record.offset), record)).collect();
        Self { records, attempts, of }
    }

    fn first_success(&self, place: Place) -> Option<usize> {
        self.of.get(&place)?.iter().copied().find(|&index| self.attempts[index].answer.is_success())
    }

    /// Every record was delivered, or is a dead letter, and none is both. A dead letter, known with when it could first be
    /// read, was never sent again from then on.
    pub fn settled(&self, letters: &BTreeMap<Place, Instant>) {
        for &place in self.records.keys() {
            match (self.first_success(place), letters.get(&place)) {
                (Some(_), None) => {}
                (None, Some(&appended)) => {
                    let attempts = self.of.get(&place).map_or(&[][..], Vec::as_slice);
                    let late = attempts.iter().filter(|&&index| self.attempts[index].request.at > appended).count();
                    assert_eq!(late, 0, "{place:?} was sent when it was a dead letter already");
                }
                (None, None) => panic!("{place:?} was lost; it was tried {:?}", self.of.get(&place)),
                (Some(_), Some(_)) => panic!("{place:?} was delivered and is a dead letter"),
            }
        }
        assert!(letters.keys().all(|place| self.records.contains_key(place)), "dead letters are of records");
    }

    /// Of two records of one key in one partition, the later one is sent for the first time only when the earlier one is
    /// through: after its first delivery, or where it never was delivered after its last attempt.
    pub fn in_order(&self) {
        let mut through: HashMap<_, (Place, usize)> = HashMap::new();
        for (&place, record) in &self.records {
            let Some(attempts) = self.of.get(&place) else { continue };
            let settled = self.first_success(place).unwrap_or(attempts[attempts.len() - 1]);
            if let Some((before, done)) = through.insert((place.0, &record.key), (place, settled)) {
                assert!(
                    attempts[0] > done,
                    "{place:?} was sent before {before:?}, which has the same key, was through"
                );
            }
        }
    }

    /// How many deliveries were repetitions.
    pub fn repeated(&self) -> usize {
        let successes = self.attempts.iter().filter(|attempt| attempt.answer.is_success()).count();
        successes - self.records.keys().filter(|&&place| self.first_success(place).is_some()).count()
    }

    /// Each request that was read is signed as Standard Webhooks says, with this key.
    pub fn signed(&self, key: &[u8]) {
        for Attempt { request, .. } in self.attempts.iter().filter(|attempt| !attempt.request.body.is_empty()) {
            let header = |name| request.header(name).unwrap_or_else(|| panic!("no {name}: {request:?}"));
            let signed = [header("webhook-id"), ".", header("webhook-timestamp"), "."].map(str::as_bytes);
            let digest = hmac_sha256(key, &[&signed.concat(), &request.body]);
            let expected = format!("v1,{}", STANDARD.encode(digest));
            assert!(header("webhook-signature").split(' ').any(|found| found == expected), "{request:?}");
        }
    }
}

fn idempotency_key(request: &Request) -> &str {
    request.header("idempotency-key").unwrap_or_else(|| panic!("no idempotency key: {request:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bad_server::Answer;

    fn records() -> Vec<Stored> {
        let record = |offset: u64| Stored {
            partition: 0,
            offset,
            key: Some(b"k".to_vec()),
            value: Some(format!("v{offset}").into_bytes()),
            headers: Vec::new(),
        };
        (0..3).map(record).collect()
    }

    fn attempt(offset: u64, status: u16) -> Attempt {
        let request = Request {
            at: Instant::now(),
            method: "POST".to_owned(),
            target: "/".to_owned(),
            headers: vec![("idempotency-key".to_owned(), format!("in-0-{offset}"))],
            body: format!("v{offset}").into_bytes(),
        };
        Attempt { request, answer: Answer::status(status) }
    }

    #[track_caller]
    fn passes(attempts: &[(u64, u16)], letters: &[u64], should: bool) {
        let attempts: Vec<Attempt> = attempts.iter().map(|&(offset, status)| attempt(offset, status)).collect();
        let letters = letters.iter().map(|&offset| ((0, offset), Instant::now())).collect();
        let found = std::panic::catch_unwind(|| {
            let records = records();
            let audit = SinkAudit::new(&records, &attempts);
            audit.settled(&letters);
            audit.in_order();
        });
        assert_eq!(found.is_ok(), should);
    }

    #[test]
    fn an_audit_sees_what_is_wrong() {
        passes(&[(0, 200), (1, 500), (1, 200), (2, 200)], &[], true);
        passes(&[(0, 200), (1, 500), (2, 200)], &[1], true);
        passes(&[(0, 200), (1, 200), (0, 200), (2, 200)], &[], true);
        passes(&[(0, 200), (2, 200)], &[], false);
        passes(&[(0, 200), (1, 500), (2, 200)], &[], false);
        passes(&[(0, 200), (1, 200), (2, 200)], &[1], false);
        passes(&[(1, 200), (0, 200), (2, 200)], &[], false);
        passes(&[(0, 200), (1, 500), (2, 200), (1, 200)], &[], false);
    }
}
