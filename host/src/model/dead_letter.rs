//! A dead letter: the copy of a record that nobody could take, with where it came from and why.

use bytes::Bytes;

use super::record::{Header, Record, StoredRecord};

/// `more` says further what whoever refused it knows, in headers of its own.
pub fn dead_letter<const N: usize>(
    record: &StoredRecord<'_>,
    topic: &str,
    partition: u32,
    reason: &str,
    more: [(&'static str, String); N],
) -> Record {
    let mut letter = Record::from(record);
    let own = [
        ("dead-letter-reason", reason.to_owned()),
        ("dead-letter-topic", topic.to_owned()),
        ("dead-letter-partition", partition.to_string()),
        ("dead-letter-offset", record.offset.to_string()),
    ];
    letter.headers.extend(
        own.into_iter()
            .chain(more)
            .map(|(name, value)| Header { name: Bytes::from_static(name.as_bytes()), value: Some(value.into()) }),
    );
    letter
}
