//! The records of a batch, one after the other, borrowed from its bytes.

use super::super::record::{StoredHeaders, StoredRecord};
use super::super::varint;
use super::BatchError;

/// Iterates over the records of a batch, borrowing its bytes.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    rest: &'a [u8],
    base_offset: u64,
    last_offset_delta: i64,
    previous_offset_delta: i64,
    base_timestamp_ms: i64,
    index: usize,
    count: usize,
}

impl<'a> Records<'a> {
    pub(super) fn new(
        rest: &'a [u8],
        base_offset: u64,
        last_offset_delta: i64,
        base_timestamp_ms: i64,
        count: usize,
    ) -> Self {
        Self { rest, base_offset, last_offset_delta, previous_offset_delta: -1, base_timestamp_ms, index: 0, count }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<StoredRecord<'a>, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.index == self.count {
            let trailing = std::mem::take(&mut self.rest).len();
            return (trailing > 0).then_some(Err(BatchError::Trailing(trailing)));
        }
        let record = self.take().ok_or(BatchError::Record { index: self.index, count: self.count });
        if record.is_ok() {
            self.index += 1;
        } else {
            self.index = self.count;
            self.rest = &[];
        }
        Some(record)
    }
}

impl<'a> Records<'a> {
    fn take(&mut self) -> Option<StoredRecord<'a>> {
        let mut body = take_slice(&mut self.rest)?;
        let (_attributes, after) = body.split_first()?;
        body = after;
        let timestamp_ms = self.base_timestamp_ms.checked_add(varint::take(&mut body)?)?;
        let offset_delta = varint::take(&mut body)?;
        if offset_delta <= self.previous_offset_delta || offset_delta > self.last_offset_delta {
            return None;
        }
        self.previous_offset_delta = offset_delta;
        let key = take_nullable(&mut body)?;
        let value = take_nullable(&mut body)?;
        let count = usize::try_from(varint::take(&mut body)?).ok()?;
        let headers = StoredHeaders { count, bytes: body };
        for _ in 0..count {
            read_header(&mut body).ok()?;
        }
        let offset = self.base_offset.checked_add(u64::try_from(offset_delta).ok()?)?;
        body.is_empty().then_some(StoredRecord { offset, timestamp_ms, key, value, headers })
    }
}

/// A header's name and value, off the front of `input`.
pub(in super::super) fn read_header<'a>(input: &mut &'a [u8]) -> Result<(&'a [u8], Option<&'a [u8]>), ()> {
    let name = take_slice(input).ok_or(())?;
    let value = take_nullable(input).ok_or(())?;
    Ok((name, value))
}

fn take_slice<'a>(input: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(varint::take(input)?).ok()?;
    let (slice, rest) = input.split_at_checked(length)?;
    *input = rest;
    Some(slice)
}

#[expect(clippy::option_option, reason = "malformed, null and there are three things")]
fn take_nullable<'a>(input: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    let mut ahead = *input;
    if varint::take(&mut ahead)? == -1 {
        *input = ahead;
        return Some(None);
    }
    take_slice(input).map(Some)
}
