//! The columnar form of the processing role: a batch as columns of text, and its outcome back as records.

use std::borrow::Cow;

use bytes::Bytes;

use super::bindings::columns::exports::kafka_do::plugin::column_processor as wit;
use super::instance::Input;
use super::narrowing::Narrowing;
use super::outcome::{CallError, Emitted, Outcome, Rejection, broken, readable};
use super::projection::Projection;
use crate::limits::{OUTCOME_BYTES_MAX, OUTCOME_RECORDS_MAX};
use crate::model::record::{Header, Record, StoredRecord};

/// The records of a batch that are text and that the guest may want, column by column; the others never get to it.
pub(super) struct Columns<'a> {
    /// The record of each row.
    rows: Vec<&'a StoredRecord<'a>>,
    refused: Vec<Rejection>,
    offsets: Vec<u64>,
    timestamps_ms: Vec<i64>,
    keys: Vec<Option<&'a str>>,
    values: Vec<Option<Cow<'a, str>>>,
    headers: Vec<(u32, &'a str, &'a str)>,
}

impl<'a> Columns<'a> {
    pub(super) fn new(input: &'a Input<'_>, narrowing: &Narrowing, projection: Option<&Projection>) -> Self {
        let count = input.records.len();
        let mut columns = Self {
            rows: Vec::with_capacity(count),
            refused: Vec::new(),
            offsets: Vec::with_capacity(count),
            timestamps_ms: Vec::with_capacity(count),
            keys: Vec::with_capacity(count),
            values: Vec::with_capacity(count),
            headers: Vec::new(),
        };
        let is_wanted = |value: Option<&[u8]>| value.is_none_or(|value| !narrowing.leaves_out(value));
        for record in input.records.iter().filter(|record| is_wanted(record.value)) {
            if let Err(what) = columns.push(record, projection) {
                let reason = format!("the {what} is not UTF-8 text, and the plugin takes text only");
                columns.refused.push(Rejection { offset: record.offset, reason });
            }
        }
        columns
    }

    fn push(&mut self, record: &'a StoredRecord<'_>, projection: Option<&Projection>) -> Result<(), &'static str> {
        let text = |bytes: Option<&'a [u8]>, what| bytes.map(str::from_utf8).transpose().map_err(|_| what);
        let key = text(record.key, "key")?;
        let value = text(record.value, "value")?;
        let row = u32::try_from(self.rows.len()).map_err(|_| "batch")?;
        let first_header = self.headers.len();
        for (name, header) in record.headers.iter() {
            if let (Ok(name), Ok(header)) = (str::from_utf8(name), str::from_utf8(header.unwrap_or_default())) {
                self.headers.push((row, name, header));
            } else {
                self.headers.truncate(first_header);
                return Err("header");
            }
        }
        self.rows.push(record);
        self.offsets.push(record.offset);
        self.timestamps_ms.push(record.timestamp_ms);
        self.keys.push(key);
        self.values.push(value.map(|value| projection.map_or(Cow::Borrowed(value), |projection| projection.of(value))));
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The outcome where no record gets to the guest.
    pub(super) fn refused(self) -> Result<Outcome, CallError> {
        Outcome { rejections: self.refused, ..Outcome::default() }.in_order()
    }

    /// Calls with the batch as the contract has it.
    pub(super) async fn lend<R>(&self, input: &Input<'_>, call: impl AsyncFnOnce(wit::TextBatch<'_>) -> R) -> R {
        let values: Vec<Option<&str>> = self.values.iter().map(Option::as_deref).collect();
        let header = |(row, name, value): &(u32, &'a str, &'a str)| wit::RowHeader { row: *row, name, value };
        let headers: Vec<wit::RowHeader<'_>> = self.headers.iter().map(header).collect();
        call(wit::TextBatch {
            topic: input.topic,
            partition: input.partition,
            offsets: &self.offsets,
            timestamps_ms: &self.timestamps_ms,
            keys: &self.keys,
            values: &values,
            headers: &headers,
        })
        .await
    }

    /// Checks what the guest returned of these rows.
    pub(super) fn outcome(self, outcome: wit::Outcome) -> Result<Outcome, CallError> {
        let rows = self.rows.len();
        if let Some(stray) = outcome.emitted.iter().find(|emitted| emitted.row as usize >= rows) {
            return Err(broken(format!("it emitted a record of row {}, and the batch has {rows}", stray.row)));
        }
        let mut found = Gathered::new(&self.rows, outcome.emitted)?;
        let mut last = None;
        for row in outcome.kept {
            let record =
                self.rows.get(row as usize).filter(|_| last.is_none_or(|last| last < row)).ok_or_else(|| {
                    broken(format!("it kept row {row} of {rows}; rows are kept in ascending order, each once"))
                })?;
            last = Some(row);
            found.emit_before(row)?;
            found.keep(record)?;
        }
        found.emit_before(u32::MAX)?;
        let mut rejections = self.refused;
        for rejected in outcome.rejected {
            let record = self
                .rows
                .get(rejected.row as usize)
                .ok_or_else(|| broken(format!("it rejected row {}, and the batch has {rows}", rejected.row)))?;
            rejections.push(Rejection { offset: record.offset, reason: readable(&rejected.reason) });
        }
        Outcome { records: found.records, rejections, ..Outcome::default() }.in_order()
    }
}

/// What `advance` answered: no rows, so nothing is kept or rejected.
pub(super) fn advanced(outcome: wit::Outcome) -> Result<Outcome, CallError> {
    if !outcome.kept.is_empty() || !outcome.rejected.is_empty() {
        return Err(broken("it kept or rejected rows in advance, which has none".into()));
    }
    let mut found = Gathered::new(&[], outcome.emitted)?;
    found.emit_before(u32::MAX)?;
    Ok(Outcome { records: found.records, ..Outcome::default() })
}

/// Records in the order of their rows.
struct Gathered<'a> {
    rows: &'a [&'a StoredRecord<'a>],
    emitted: std::iter::Peekable<std::vec::IntoIter<wit::EmittedRecord>>,
    records: Vec<Emitted>,
    bytes: usize,
}

impl<'a> Gathered<'a> {
    fn new(rows: &'a [&'a StoredRecord<'a>], mut emitted: Vec<wit::EmittedRecord>) -> Result<Self, CallError> {
        if emitted.len() > OUTCOME_RECORDS_MAX {
            return Err(broken(format!(
                "it returned {} records, over the {OUTCOME_RECORDS_MAX} of one call",
                emitted.len()
            )));
        }
        // Stable: within a row the guest's order holds.
        emitted.sort_by_key(|record| record.row);
        Ok(Self { rows, emitted: emitted.into_iter().peekable(), records: Vec::new(), bytes: 0 })
    }

    fn keep(&mut self, record: &StoredRecord<'_>) -> Result<(), CallError> {
        let (timestamp_ms, origin) = (Some(record.timestamp_ms), Some(record.offset));
        let record = Record::from(record);
        self.push(Emitted { topic: None, partition: None, timestamp_ms, origin, record })
    }

    /// What was emitted for the rows before this one.
    fn emit_before(&mut self, row: u32) -> Result<(), CallError> {
        while let Some(emitted) = self.emitted.next_if(|emitted| emitted.row < row || row == u32::MAX) {
            let origin = self.rows.get(emitted.row as usize).map(|record| record.offset);
            let header = |(name, value): (String, String)| Header { name: name.into(), value: Some(value.into()) };
            let record = Record {
                timestamp_ms: emitted.timestamp_ms.unwrap_or(0),
                key: emitted.key.map(Bytes::from),
                value: emitted.value.map(Bytes::from),
                headers: emitted.headers.into_iter().map(header).collect(),
            };
            record.check().map_err(|error| broken(error.detail))?;
            let (topic, timestamp_ms) = (emitted.topic, emitted.timestamp_ms);
            self.push(Emitted { topic, partition: None, timestamp_ms, origin, record })?;
        }
        Ok(())
    }

    fn push(&mut self, emitted: Emitted) -> Result<(), CallError> {
        self.bytes += emitted.record.bytes();
        if self.bytes > OUTCOME_BYTES_MAX {
            return Err(broken(format!("its records have more than the {OUTCOME_BYTES_MAX} bytes of one call")));
        }
        self.records.push(emitted);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::record::KeptRecord;

    fn records(values: &[&[u8]]) -> Vec<KeptRecord> {
        let record = |(offset, value): (usize, &&[u8])| {
            let header = Header { name: "h".into(), value: Some(Bytes::copy_from_slice(value)) };
            let value = Some(Bytes::copy_from_slice(value));
            KeptRecord::appended(offset as u64 * 10, Record { value, headers: vec![header], ..Record::default() })
        };
        values.iter().enumerate().map(record).collect()
    }

    fn answered(values: &[&[u8]], outcome: wit::Outcome) -> Result<Outcome, CallError> {
        let kept = records(values);
        let records: Vec<_> = kept.iter().map(KeptRecord::lend).collect();
        let input = Input { topic: "t", partition: 0, records: &records };
        Columns::new(&input, &Narrowing::default(), None).outcome(outcome)
    }

    fn emitted(row: u32, value: &str) -> wit::EmittedRecord {
        wit::EmittedRecord {
            row,
            topic: None,
            timestamp_ms: Some(1),
            key: None,
            value: Some(value.to_owned()),
            headers: vec![],
        }
    }

    fn rejected(row: u32) -> wit::RejectedRow {
        wit::RejectedRow { row, reason: "no".to_owned() }
    }

    #[test]
    fn what_is_no_text_never_gets_to_the_guest() {
        let outcome = wit::Outcome { kept: vec![0, 1], emitted: vec![], rejected: vec![] };
        let outcome = answered(&[b"a", b"\xff", b"c"], outcome).unwrap();
        let values: Vec<_> = outcome.records.iter().filter_map(|emitted| emitted.record.value.clone()).collect();
        assert_eq!(values, ["a", "c"], "rows are those that it got");
        assert_eq!(outcome.records[1].record.headers[0].value.as_deref(), Some(&b"c"[..]), "headers and all");
        let [rejection] = &outcome.rejections[..] else { panic!("{outcome:?}") };
        assert_eq!(rejection.offset, 10);
        assert!(rejection.reason.contains("not UTF-8"), "{}", rejection.reason);
    }

    #[test]
    fn output_is_in_the_order_of_rows() {
        let emitted = vec![emitted(2, "third"), emitted(0, "first, a"), emitted(0, "first, b"), emitted(1, "second")];
        let outcome = wit::Outcome { kept: vec![1], emitted, rejected: vec![rejected(2)] };
        let outcome = answered(&[b"a", b"b", b"c"], outcome).unwrap();
        let values: Vec<_> = outcome.records.iter().filter_map(|emitted| emitted.record.value.clone()).collect();
        assert_eq!(values, ["first, a", "first, b", "b", "second", "third"]);
        assert_eq!(outcome.rejections[0].offset, 20);
    }

    #[test]
    fn lies_are_found() {
        let keeps = |kept: Vec<u32>| wit::Outcome { kept, emitted: vec![], rejected: vec![] };
        let rejects = |rejected| wit::Outcome { kept: vec![], emitted: vec![], rejected };
        let far = wit::EmittedRecord { timestamp_ms: Some(i64::MAX), ..emitted(0, "when") };
        let lies = [
            keeps(vec![2]),
            keeps(vec![1, 0]),
            keeps(vec![0, 0]),
            wit::Outcome { kept: vec![], emitted: vec![emitted(2, "whose")], rejected: vec![] },
            rejects(vec![rejected(2)]),
            rejects(vec![rejected(0), rejected(0)]),
            wit::Outcome { kept: vec![], emitted: vec![far], rejected: vec![] },
        ];
        for lie in lies {
            let told = format!("{lie:?}");
            let error = answered(&[b"a", b"b"], lie).expect_err(&told);
            assert!(matches!(&error, CallError::Broken(reason) if reason.contains("broke its contract")), "{error:?}");
        }
        assert!(advanced(keeps(vec![0])).is_err(), "there are no rows in advance");
    }
}
