//! The records that flow: one real week of earthquakes, again and again, each time a week later and under new ids.

use std::fs;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::paths;

const WEEK_MS: i64 = 7 * 24 * 3_600_000;
const WEEKS: i64 = 60;
/// Records of one request.
const BATCH: usize = 900;

/// What changes from week to week.
#[derive(Deserialize)]
struct Quake {
    id: String,
    time: i64,
    updated: i64,
}

pub(super) struct Flow {
    sample: Vec<(String, Quake)>,
}

impl Flow {
    pub(super) fn read() -> Result<Self> {
        let path = paths::earthquakes();
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self> {
        let parse = |line: &str| Ok((line.to_owned(), serde_json::from_str(line)?));
        let sample = text.lines().map(parse).collect::<Result<_>>()?;
        Ok(Self { sample })
    }

    /// How many records there are in all.
    pub(super) fn len(&self) -> usize {
        self.weeks().count()
    }

    /// Bodies of requests, with the number of records of each.
    pub(super) fn batches(&self) -> impl Iterator<Item = (String, usize)> {
        let mut lines = self.weeks();
        std::iter::from_fn(move || {
            let batch: Vec<_> = lines.by_ref().take(BATCH).collect();
            (!batch.is_empty()).then(|| (batch.join("\n"), batch.len()))
        })
    }

    fn weeks(&self) -> impl Iterator<Item = String> {
        let of_week = |week| self.sample.iter().map(move |(line, quake)| later(line, quake, week));
        (0..WEEKS).flat_map(of_week)
    }
}

/// The line as it would stand so many weeks later; all else stays to the byte.
fn later(line: &str, quake: &Quake, weeks: i64) -> String {
    let Quake { id, time, updated } = quake;
    let shift = weeks * WEEK_MS;
    line.replacen(&format!(r#""id":"{id}""#), &format!(r#""id":"{id}-{weeks}""#), 1)
        .replacen(&format!(r#""time":{time}"#), &format!(r#""time":{}"#, time + shift), 1)
        .replacen(&format!(r#""updated":{updated}"#), &format!(r#""updated":{}"#, updated + shift), 1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_week_later_all_but_id_and_times_is_the_same() {
        let flow = Flow::parse(r#"{"id":"a1","time":1000,"updated":2000,"mag":4.5,"place":"id:a1"}"#).unwrap();
        let weeks: Vec<_> = flow.weeks().take(2).collect();
        let expected = [
            r#"{"id":"a1-0","time":1000,"updated":2000,"mag":4.5,"place":"id:a1"}"#,
            r#"{"id":"a1-1","time":604801000,"updated":604802000,"mag":4.5,"place":"id:a1"}"#,
        ];
        assert_eq!(weeks, expected);
    }

    #[test]
    fn the_flow_is_in_the_order_of_time_and_each_id_is_its_own() {
        let flow = Flow::read().unwrap();
        let quakes: Vec<Quake> = flow.weeks().map(|line| serde_json::from_str(&line).unwrap()).collect();
        assert!(quakes.is_sorted_by_key(|quake| quake.time));
        let ids: BTreeSet<_> = quakes.iter().map(|quake| &quake.id).collect();
        assert_eq!(ids.len(), flow.len());
        assert_eq!(flow.batches().map(|(_, records)| records).sum::<usize>(), flow.len());
    }
}
