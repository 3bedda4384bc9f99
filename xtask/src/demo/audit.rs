//! Everything read back and counted independently: this module takes the host's word for nothing but its ledger, and holds
//! that against the records themselves.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::{COUNTED, FILTER, FILTERED, GRACE_MS, TOPIC, WINDOW, WINDOW_MS};
use crate::http::{Client, Deployment, Range, Record};

/// What a host says of a run that has come to rest: its ledger, and every partition of the three topics.
pub(super) struct Evidence {
    filter: Deployment,
    window: Deployment,
    input: Vec<Vec<Record>>,
    filtered: Vec<Vec<Record>>,
    counted: Vec<Vec<Record>>,
}

/// One thing that was looked at.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) holds: bool,
    pub(super) text: String,
}

/// One window's count, as the records of the last topic carry it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names of the plugin")]
pub(super) struct Count {
    pub(super) window_start_ms: i64,
    pub(super) window_end_ms: i64,
    pub(super) key: String,
    pub(super) count: u64,
}

impl Evidence {
    pub(super) async fn collect(client: &Client) -> Result<Self> {
        Ok(Self {
            filter: client.deployment(FILTER).await?,
            window: client.deployment(WINDOW).await?,
            input: read_topic(client, TOPIC).await?,
            filtered: read_topic(client, FILTERED).await?,
            counted: read_topic(client, COUNTED).await?,
        })
    }

    /// Looks at everything. `sent` is how many records were produced.
    pub(super) fn findings(&self, sent: usize) -> Result<Vec<Finding>> {
        let ledger = ledger(&self.filter)?;
        Ok(vec![
            each_offset_once(&ledger, &self.input),
            all_records_in(&ledger, &self.input, sent),
            filtered_as_told(&ledger, &self.input, &self.filtered),
            counted_as_told(&self.filtered, &self.counts()?)?,
            nothing_failed(&[&self.filter, &self.window]),
        ])
    }

    /// The counts of each partition.
    pub(super) fn counts(&self) -> Result<Vec<Vec<Count>>> {
        let read = |record: &Record| Ok(serde_json::from_str(record.value.get())?);
        self.counted.iter().map(|records| records.iter().map(read).collect()).collect()
    }
}

async fn read_topic(client: &Client, topic: &str) -> Result<Vec<Vec<Record>>> {
    let mut partitions = Vec::new();
    for partition in client.topic(topic).await?.offsets {
        partitions.push(client.read_partition(topic, partition.partition).await?);
    }
    Ok(partitions)
}

/// What one generation did of one partition, and the magnitude that it asked for.
#[derive(Clone, Debug)]
struct Entry {
    range: Range,
    magnitude: f64,
}

/// The ledger of each partition, in the order of offsets. A generation that saw no record of a partition has no say there.
fn ledger(deployment: &Deployment) -> Result<BTreeMap<u32, Vec<Entry>>> {
    let mut ledger: BTreeMap<u32, Vec<Entry>> = BTreeMap::new();
    for generation in &deployment.generations {
        let magnitude = generation.settings["operand"].as_f64();
        let magnitude =
            magnitude.with_context(|| format!("generation {} has no number as operand", generation.generation))?;
        for range in generation.partitions.iter().filter(|range| range.from_offset < range.next_offset) {
            ledger.entry(range.partition).or_default().push(Entry { range: range.clone(), magnitude });
        }
    }
    for entries in ledger.values_mut() {
        entries.sort_by_key(|entry| entry.range.from_offset);
    }
    Ok(ledger)
}

fn each_offset_once(ledger: &BTreeMap<u32, Vec<Entry>>, input: &[Vec<Record>]) -> Finding {
    let broken = (0..).zip(input).find_map(|(partition, records)| {
        let mut next = 0;
        for Entry { range, .. } in ledger.get(&partition).into_iter().flatten() {
            if range.from_offset != next {
                return Some(format!(
                    "in partition {partition} a range ends before {next} and the next one begins at {}",
                    range.from_offset
                ));
            }
            next = range.next_offset;
        }
        (next != records.len() as u64)
            .then(|| format!("partition {partition} ends at {} and its ranges at {next}", records.len()))
    });
    let ranges: usize = ledger.values().map(Vec::len).sum();
    let text = format!(
        "Each offset once: {ranges} ranges of {} partitions join without a gap or an overlap, up to the end.",
        input.len()
    );
    finding(broken, text)
}

fn all_records_in(ledger: &BTreeMap<u32, Vec<Entry>>, input: &[Vec<Record>], sent: usize) -> Finding {
    let stored: usize = input.iter().map(Vec::len).sum();
    let read: u64 = ledger.values().flatten().map(|entry| entry.range.records_in).sum();
    let is_dense = input.iter().all(|records| (0..).zip(records).all(|(offset, record)| record.offset == offset));
    let broken = (stored != sent || read != sent as u64 || !is_dense).then(|| {
        format!(
            "{sent} records were sent, {stored} are stored ({}), {read} were read",
            if is_dense { "gapless" } else { "with gaps" }
        )
    });
    finding(
        broken,
        format!("All in: {sent} records sent, {stored} stored at gapless offsets, {read} read by the filter."),
    )
}

/// Filters the input again, range by range, and holds the result against the output: the same records in the same order.
fn filtered_as_told(ledger: &BTreeMap<u32, Vec<Entry>>, input: &[Vec<Record>], output: &[Vec<Record>]) -> Finding {
    let mut broken = None;
    for (partition, records) in (0..).zip(input) {
        let entries = ledger.get(&partition).map_or(&[][..], Vec::as_slice);
        let expected: Vec<_> = entries.iter().flat_map(|entry| kept(records, entry)).collect();
        let told: u64 = entries.iter().map(|entry| entry.range.records_out).sum();
        let found = output.get(partition as usize).map_or(&[][..], Vec::as_slice);
        let same = |(a, b): &(&&Record, &Record)| a.key == b.key && a.value.get() == b.value.get();
        let equal = expected.iter().zip(found).take_while(same).count();
        if equal != expected.len() || equal != found.len() || told != expected.len() as u64 {
            broken = Some(format!(
                "partition {partition} should have {} records and has {} (the ledger says {told}); they part at offset {equal}",
                expected.len(),
                found.len()
            ));
        }
    }
    let records: usize = output.iter().map(Vec::len).sum();
    finding(
        broken,
        format!(
            "Filtered as told: {records} records came out, the same as when filtered here, byte for byte and in order."
        ),
    )
}

fn kept<'a>(records: &'a [Record], entry: &Entry) -> Vec<&'a Record> {
    #[derive(Deserialize)]
    struct Quake {
        mag: Option<f64>,
    }
    let offsets = entry.range.from_offset..entry.range.next_offset;
    let is_strong = |record: &&Record| {
        offsets.contains(&record.offset)
            && serde_json::from_str::<Quake>(record.value.get())
                .is_ok_and(|quake| quake.mag.is_some_and(|mag| mag >= entry.magnitude))
    };
    records.iter().filter(is_strong).collect()
}

/// Counts the filtered records again, and holds the result against the counts.
fn counted_as_told(filtered: &[Vec<Record>], counts: &[Vec<Count>]) -> Result<Finding> {
    let mut broken = None;
    for (partition, records) in filtered.iter().enumerate() {
        let expected = count(records)?;
        let mut found = counts.get(partition).cloned().unwrap_or_default();
        found.sort();
        if found != expected {
            let differs = expected.iter().zip(&found).find(|(a, b)| a != b);
            broken = Some(format!(
                "partition {partition} should have {} counts and has {}; {differs:?}",
                expected.len(),
                found.len()
            ));
        }
    }
    let hours: usize = counts.iter().map(Vec::len).sum();
    let records: u64 = counts.iter().flatten().map(|count| count.count).sum();
    Ok(finding(
        broken,
        format!("Counted as told: {hours} hours hold {records} records, the same as when counted here."),
    ))
}

/// The counts of all windows that have closed, sorted.
fn count(records: &[Record]) -> Result<Vec<Count>> {
    #[derive(Deserialize)]
    struct Quake {
        net: String,
        time: i64,
    }
    let mut counts: BTreeMap<(i64, String), u64> = BTreeMap::new();
    let mut newest = i64::MIN;
    for record in records {
        let Quake { net, time } = serde_json::from_str(record.value.get())?;
        newest = newest.max(time);
        let start = time - time.rem_euclid(WINDOW_MS);
        let is_late = start + WINDOW_MS + GRACE_MS <= newest;
        if !is_late {
            *counts.entry((start, net)).or_default() += 1;
        }
    }
    let closed = counts.into_iter().filter(|((start, _), _)| start + WINDOW_MS + GRACE_MS <= newest);
    let closed = closed.map(|((start, key), count)| Count {
        window_start_ms: start,
        window_end_ms: start + WINDOW_MS,
        key,
        count,
    });
    Ok(closed.collect())
}

fn nothing_failed(deployments: &[&Deployment]) -> Finding {
    let broken = deployments.iter().find_map(|deployment| {
        let rejected: u64 = deployment
            .generations
            .iter()
            .flat_map(|generation| &generation.partitions)
            .map(|range| range.rejected)
            .sum();
        let failure = deployment.failures.last().map(|failure| failure.reason.as_str());
        (rejected > 0 || failure.is_some()).then(|| {
            format!(
                "{} has {rejected} records in {}, and failed: {failure:?}",
                deployment.name,
                deployment.dead_letter_topic.as_deref().unwrap_or("no topic")
            )
        })
    });
    finding(broken, "Nothing failed, and no record is a dead letter.".into())
}

fn finding(broken: Option<String>, text: String) -> Finding {
    Finding { holds: broken.is_none(), text: broken.unwrap_or(text) }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn records(values: &[Value]) -> Vec<Record> {
        let record = |(offset, value): (usize, &Value)| {
            serde_json::from_value(json!({"offset": offset, "key": null, "value": value}))
        };
        values.iter().enumerate().map(|pair| record(pair).unwrap()).collect()
    }

    fn quakes(magnitudes: &[f64]) -> Vec<Record> {
        records(&magnitudes.iter().map(|mag| json!({"mag": mag})).collect::<Vec<_>>())
    }

    fn entry(offsets: std::ops::Range<u64>, magnitude: f64, records_out: u64) -> Entry {
        let records_in = offsets.end - offsets.start;
        let range = Range {
            partition: 0,
            from_offset: offsets.start,
            next_offset: offsets.end,
            records_in,
            records_out,
            rejected: 0,
        };
        Entry { range, magnitude }
    }

    #[test]
    fn ranges_must_join() {
        let input = [quakes(&[1.0; 5])];
        let holds = |entries: Vec<Entry>| each_offset_once(&BTreeMap::from([(0, entries)]), &input).holds;
        assert!(holds(vec![entry(0..2, 1.0, 0), entry(2..5, 1.0, 0)]));
        assert!(!holds(vec![entry(0..2, 1.0, 0), entry(3..5, 1.0, 0)]));
        assert!(!holds(vec![entry(0..3, 1.0, 0), entry(2..5, 1.0, 0)]));
        assert!(!holds(vec![entry(0..4, 1.0, 0)]));
        assert!(!holds(vec![]));
    }

    #[test]
    fn each_range_is_filtered_by_its_own_threshold() {
        let input = [quakes(&[1.0, 5.0, 1.0, 5.0])];
        let ledger = BTreeMap::from([(0, vec![entry(0..2, 1.0, 2), entry(2..4, 4.0, 1)])]);
        let holds = |output: &[f64]| filtered_as_told(&ledger, &input, &[quakes(output)]).holds;
        assert!(holds(&[1.0, 5.0, 5.0]));
        assert!(!holds(&[5.0, 1.0, 5.0]));
        assert!(!holds(&[1.0, 5.0]));
        assert!(!holds(&[1.0, 5.0, 5.0, 5.0]));
    }

    #[test]
    fn only_closed_windows_have_a_count() {
        let at = |time: i64| json!({"net": "us", "time": time});
        let closed = count(&records(&[at(0), at(1), at(WINDOW_MS), at(2), at(WINDOW_MS + GRACE_MS), at(3)])).unwrap();
        let expected = Count { window_start_ms: 0, window_end_ms: WINDOW_MS, key: "us".into(), count: 3 };
        assert_eq!(closed, [expected]);
    }
}
