//! What is written is read, by us and by an independent implementation; what was changed is noticed.

use super::*;
use crate::model::record::{Header, Record};
use bytes::BytesMut;
use kafka_protocol::records::{
    Compression as KafkaCompression, Record as KafkaRecord, RecordBatchDecoder, RecordBatchEncoder,
    RecordEncodeOptions, TimestampType,
};
use proptest::collection::vec;
use proptest::prelude::*;

fn bytes() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..200).prop_map(Bytes::from)
}

fn records() -> impl Strategy<Value = Vec<Record>> {
    let header = ("[a-z]{0,8}", proptest::option::of(bytes()))
        .prop_map(|(name, value)| Header { name: Bytes::from(name), value });
    let record =
        (0i64..4_000_000_000_000, proptest::option::of(bytes()), proptest::option::of(bytes()), vec(header, 0..4))
            .prop_map(|(timestamp_ms, key, value, headers)| Record { timestamp_ms, key, value, headers });
    vec(record, 1..40)
}

fn compression() -> impl Strategy<Value = Compression> {
    prop_oneof![Just(Compression::None), Just(Compression::Lz4), Just(Compression::Zstd)]
}

fn decode(batch: &Batch) -> Vec<(u64, Record)> {
    let copy = |bytes: &[u8]| Bytes::copy_from_slice(bytes);
    batch
        .plain()
        .unwrap()
        .records()
        .map(|record| {
            let record = record.unwrap();
            let headers = record
                .headers
                .iter()
                .map(|(name, value)| Header { name: copy(name), value: value.map(copy) })
                .collect();
            let owned = Record {
                timestamp_ms: record.timestamp_ms,
                key: record.key.map(copy),
                value: record.value.map(copy),
                headers,
            };
            (record.offset, owned)
        })
        .collect()
}

/// The same record as the independent implementation writes it.
fn foreign(offset: usize, record: &Record) -> KafkaRecord {
    KafkaRecord {
        transactional: false,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: 0,
        producer_id: -1,
        producer_epoch: -1,
        timestamp_type: TimestampType::Creation,
        offset: i64::try_from(offset).unwrap(),
        sequence: i32::try_from(offset).unwrap() - 1,
        timestamp: record.timestamp_ms,
        key: record.key.clone(),
        value: record.value.clone(),
        headers: record
            .headers
            .iter()
            .map(|h| (String::from_utf8(h.name.to_vec()).unwrap().into(), h.value.clone()))
            .collect(),
    }
}

proptest! {
    #[test]
    fn round_trips_at_any_offset(records in records(), base in 0u64..1 << 60, compression in compression()) {
        let batch = BatchBuilder::encode(&records, compression, None).unwrap().at_offset(base);
        let batch = Batch::parse(batch.bytes().clone()).unwrap();
        prop_assert_eq!(batch.base_offset(), base);
        prop_assert_eq!(batch.next_offset(), base + records.len() as u64);
        prop_assert_eq!(batch.max_timestamp_ms(), records.iter().map(|r| r.timestamp_ms).max().unwrap());
        let decoded = decode(&batch);
        for (index, (offset, record)) in decoded.iter().enumerate() {
            prop_assert_eq!(*offset, base + index as u64);
            prop_assert_eq!(record, &records[index]);
        }
        prop_assert_eq!(decoded.len(), records.len());
    }

    /// `kafka-protocol` shares no code with us: what we write it reads.
    #[test]
    fn an_independent_implementation_reads_ours(mut records in records(), compression in compression()) {
        // It keeps headers in a map: names must differ for the comparison to be fair.
        for record in &mut records {
            record.headers.sort_by(|a, b| a.name.cmp(&b.name));
            record.headers.dedup_by(|a, b| a.name == b.name);
        }
        let mut ours = BatchBuilder::encode(&records, compression, None).unwrap().bytes().clone();
        let read = RecordBatchDecoder::decode(&mut ours).unwrap().records;
        prop_assert_eq!(read.len(), records.len());
        for (index, (theirs, record)) in read.iter().zip(&records).enumerate() {
            prop_assert_eq!(theirs.offset, i64::try_from(index).unwrap());
            prop_assert_eq!(theirs.timestamp, record.timestamp_ms);
            prop_assert_eq!(&theirs.key, &record.key);
            prop_assert_eq!(&theirs.value, &record.value);
            prop_assert_eq!(theirs.headers.len(), record.headers.len());
            for header in &record.headers {
                prop_assert_eq!(theirs.headers.get(&header.name[..]).unwrap(), &header.value);
            }
        }
    }

    /// And what it writes we read.
    #[test]
    fn we_read_an_independent_implementation(mut records in records(), compression in compression()) {
        for record in &mut records {
            record.headers.sort_by(|a, b| a.name.cmp(&b.name));
            record.headers.dedup_by(|a, b| a.name == b.name);
        }
        let foreign: Vec<_> = records.iter().enumerate().map(|(i, r)| foreign(i, r)).collect();
        let mut out = BytesMut::new();
        let compression = match compression {
            Compression::None => KafkaCompression::None,
            Compression::Lz4 => KafkaCompression::Lz4,
            Compression::Zstd => KafkaCompression::Zstd,
        };
        let options = RecordEncodeOptions { version: 2, compression };
        RecordBatchEncoder::encode(&mut out, &foreign, &options).unwrap();
        let batch = Batch::parse(out.freeze()).unwrap();
        let decoded: Vec<_> = decode(&batch).into_iter().map(|(_, record)| record).collect();
        prop_assert_eq!(decoded, records);
    }

    /// What is kept keeps its offset, its time and its bytes; the batch keeps its range.
    #[test]
    fn retaining_takes_out_and_changes_nothing_else(
        records in records(),
        keep in vec(any::<bool>(), 40),
        compression in compression(),
        horizon in 0i64..4_000_000_000_000,
    ) {
        let batch = BatchBuilder::encode(&records, compression, None).unwrap().at_offset(1_000);
        let retained = batch.retain(|record| keep[usize::try_from(record.offset - 1_000).unwrap()], horizon).unwrap();
        let expected: Vec<_> = decode(&batch)
            .into_iter()
            .filter(|(offset, _)| keep[usize::try_from(*offset - 1_000).unwrap()])
            .collect();
        let Some(retained) = retained else {
            prop_assert!(expected.is_empty());
            return Ok(());
        };
        let retained = Batch::parse(retained.bytes().clone()).unwrap();
        prop_assert_eq!(decode(&retained), expected.clone());
        prop_assert_eq!(retained.next_offset(), batch.next_offset());
        let tombstones = expected.iter().any(|(_, record)| record.key.is_some() && record.value.is_none());
        prop_assert_eq!(retained.delete_horizon_ms(), tombstones.then_some(horizon));
        let again = retained.retain(|_| true, horizon + 1).unwrap().unwrap();
        prop_assert_eq!(again, retained);
    }

    /// Nothing that arrives from outside gets further than `parse`, and nothing makes it panic.
    #[test]
    fn a_changed_byte_is_noticed(records in records(), compression in compression(), at: prop::sample::Index, flip in 1u8..) {
        let batch = BatchBuilder::encode(&records, compression, None).unwrap();
        let mut bytes = batch.bytes().to_vec();
        // The base offset and the leader epoch are outside the checksum, as Kafka has it.
        let at = MAGIC_AT + at.index(bytes.len() - MAGIC_AT);
        bytes[at] ^= flip;
        prop_assert!(Batch::parse(Bytes::from(bytes)).is_err());
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(mut bytes in vec(any::<u8>(), 0..300), header: bool) {
        if header && bytes.len() >= HEADER_BYTES {
            let length = i32::try_from(bytes.len() - PREFIX_BYTES).unwrap();
            bytes[LENGTH_AT..LENGTH_AT + 4].copy_from_slice(&length.to_be_bytes());
            bytes[MAGIC_AT] = MAGIC;
            let crc = crc32c::crc32c(&bytes[ATTRIBUTES_AT..]);
            bytes[CRC_AT..ATTRIBUTES_AT].copy_from_slice(&crc.to_be_bytes());
        }
        let _ = Batch::parse(Bytes::from(bytes));
    }
}

#[test]
fn an_empty_batch_does_not_exist() {
    assert!(BatchBuilder::encode(&[], Compression::None, None).is_none());
}

#[test]
fn what_unfolds_without_end_is_refused() {
    let record = Record { value: Some(Bytes::from(vec![0; 100])), ..Record::default() };
    let batch = BatchBuilder::encode(&vec![record; 10], Compression::Zstd, None).unwrap();
    let bomb = zstd::bulk::compress(&vec![0; crate::limits::BATCH_PLAIN_BYTES_MAX + 1], 1).unwrap();
    let mut bytes = batch.bytes()[..HEADER_BYTES].to_vec();
    bytes.extend_from_slice(&bomb);
    let length = i32::try_from(bytes.len() - PREFIX_BYTES).unwrap();
    bytes[LENGTH_AT..LENGTH_AT + 4].copy_from_slice(&length.to_be_bytes());
    let crc = crc32c::crc32c(&bytes[ATTRIBUTES_AT..]);
    bytes[CRC_AT..ATTRIBUTES_AT].copy_from_slice(&crc.to_be_bytes());
    assert!(matches!(Batch::parse(bytes.into()), Err(BatchError::Decompression(_))));
}
