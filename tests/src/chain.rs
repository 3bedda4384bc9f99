//! Chains of records: each carries the hash of its producer's previous one, so that a loss, a repetition, a swap or a
//! change shows at its place.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The end of one producer's chain so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    pub length: u64,
    hash: String,
}

fn hash_of(record: &Value) -> String {
    let digest = Sha256::digest(record.to_string());
    format!("{:032x}", u128::from_be_bytes(*digest.first_chunk().expect("a digest has 32 bytes")))
}

impl Chain {
    /// The next record of a producer.
    pub fn record(&mut self, producer: u64, filler_bytes: usize) -> Value {
        let filler = "x".repeat(filler_bytes);
        let record = json!({"producer": producer, "sequence": self.length, "previous": self.hash, "filler": filler});
        self.extend(&record);
        record
    }

    fn extend(&mut self, record: &Value) {
        self.hash = hash_of(record);
        self.length += 1;
    }
}

/// Takes the records of a topic in the order of their offsets, a partition after the other.
#[derive(Debug, Default)]
pub struct Auditor {
    pub chains: BTreeMap<u64, Chain>,
}

impl Auditor {
    #[track_caller]
    pub fn see(&mut self, record: &Value) {
        let producer = record["producer"].as_u64().expect("a producer");
        let chain = self.chains.entry(producer).or_default();
        assert_eq!(record["sequence"], chain.length, "producer {producer}: lost, repeated or out of order");
        assert_eq!(
            record["previous"],
            chain.hash.as_str(),
            "producer {producer}: the chain breaks at {}",
            chain.length
        );
        chain.extend(record);
    }
}

#[test]
fn an_auditor_sees_what_is_wrong() {
    let mut chain = Chain::default();
    let records: Vec<Value> = (0..4).map(|_| chain.record(7, 3)).collect();
    let audit = |records: &[&Value]| {
        let records: Vec<Value> = records.iter().map(|&record| record.clone()).collect();
        std::panic::catch_unwind(move || {
            let mut auditor = Auditor::default();
            for record in &records {
                auditor.see(record);
            }
            auditor.chains[&7].clone()
        })
    };
    let [a, b, c, d] = &records[..] else { unreachable!("there are four") };
    assert_eq!(audit(&[a, b, c, d]).expect("all is well"), chain);
    assert!(audit(&[a, b, d]).is_err(), "a loss");
    assert!(audit(&[a, b, b, c, d]).is_err(), "a repetition");
    assert!(audit(&[a, c, b, d]).is_err(), "a swap");
    let mut changed = b.clone();
    changed["filler"] = json!("xxy");
    assert!(audit(&[a, &changed, c, d]).is_err(), "a change");
}
