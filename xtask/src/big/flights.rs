//! The records: a year of real flights, again and again, each with a number of its own, so that no two are the same and
//! one that came twice or in the wrong place does not go unseen.

use std::hash::{DefaultHasher, Hasher};
use std::io::Read;

use anyhow::{Context, Result, bail};
use serde::Serialize;

use crate::paths;

pub(super) struct Flights {
    pub(super) what: &'static str,
    /// How many there are in all.
    pub(super) records: usize,
    text: String,
    /// Where each line begins, behind its opening brace, and where the last one ends.
    begins: Vec<usize>,
}

impl Flights {
    /// The flights, or the sample of earthquakes where they are missing.
    pub(super) fn load(records: usize) -> Result<Self> {
        let Some(path) = paths::large_data("flights.ndjson.gz") else {
            eprintln!(
                "flights.ndjson.gz is not there: KAFKA_DO_TEST_DATA says where it is. Earthquakes have its place."
            );
            return Self::parse("earthquakes", std::fs::read_to_string(paths::earthquakes())?, records);
        };
        let mut text = String::new();
        let file = std::fs::File::open(&path).with_context(|| format!("cannot read {}", path.display()))?;
        flate2::read::GzDecoder::new(file).read_to_string(&mut text)?;
        Self::parse("flights", text, records)
    }

    fn parse(what: &'static str, mut text: String, records: usize) -> Result<Self> {
        if !text.ends_with('\n') {
            text.push('\n');
        }
        let mut begins = vec![0];
        begins.extend(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1));
        if !text.lines().all(|line| line.starts_with('{')) {
            bail!("{what} should be an object a line");
        }
        Ok(Self { what, records, text, begins })
    }

    /// Appends the record with this number as a line.
    pub(super) fn write(&self, number: usize, out: &mut Vec<u8>) {
        let line = number % (self.begins.len() - 1);
        out.extend_from_slice(b"{\"n\":");
        out.extend_from_slice(number.to_string().as_bytes());
        out.push(b',');
        out.extend_from_slice(&self.text.as_bytes()[self.begins[line] + 1..self.begins[line + 1]]);
    }
}

/// A hash that rolls over the values of a partition, in their order.
#[derive(Clone, Default)]
pub(super) struct Chain {
    hasher: DefaultHasher,
    pub(super) records: u64,
}

/// What a chain came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Link {
    pub(super) records: u64,
    pub(super) hash: String,
}

impl Chain {
    pub(super) fn add(&mut self, value: &[u8]) {
        self.hasher.write(value);
        // No value holds a line break, so that no two sequences are the same text.
        self.hasher.write_u8(b'\n');
        self.records += 1;
    }

    pub(super) fn link(&self) -> Link {
        Link { records: self.records, hash: format!("{:016x}", self.hasher.finish()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_record_has_its_number() {
        let flights = Flights::parse("a", "{\"x\":1}\n{\"x\":2}".into(), 3).unwrap();
        let mut out = Vec::new();
        for number in 0..flights.records {
            flights.write(number, &mut out);
        }
        assert_eq!(out, b"{\"n\":0,\"x\":1}\n{\"n\":1,\"x\":2}\n{\"n\":2,\"x\":1}\n");
        assert!(Flights::parse("a", "[1]\n".into(), 1).is_err());
    }

    #[test]
    fn a_chain_knows_order_and_number() {
        let of = |values: &[&[u8]]| {
            let mut chain = Chain::default();
            for value in values {
                chain.add(value);
            }
            chain.link()
        };
        assert_eq!(of(&[b"a", b"b"]), of(&[b"a", b"b"]));
        assert_ne!(of(&[b"a", b"b"]), of(&[b"b", b"a"]));
        assert_ne!(of(&[b"a", b"b"]), of(&[b"ab"]));
        assert_eq!(of(&[]).records, 0);
    }
}
