//! How rows of the SDK's own tables are written: a tag, then numbers and keys whose bytes stand in the order of what they say.

use crate::HostError;

/// Flipping the sign bit makes the order of the bytes the order of the numbers.
const SIGN: u64 = 1 << 63;
const TIME_BYTES: usize = 8;

/// The row key `tag | time | rest`.
pub(crate) fn write_timed(row_key: &mut Vec<u8>, tag: u8, time_ms: i64, rest: &[u8]) {
    row_key.clear();
    row_key.push(tag);
    row_key.extend_from_slice(&ordered(time_ms));
    row_key.extend_from_slice(rest);
}

/// The same, as a row key of its own.
pub(crate) fn timed(tag: u8, time_ms: i64, rest: &[u8]) -> Vec<u8> {
    let mut row_key = Vec::with_capacity(1 + TIME_BYTES + rest.len());
    write_timed(&mut row_key, tag, time_ms, rest);
    row_key
}

/// Reads what [`write_timed`] writes.
pub(crate) fn read_timed(row_key: &[u8], tag: u8) -> Option<(i64, &[u8])> {
    let rest = row_key.split_first().filter(|(found, _)| **found == tag)?.1;
    let (time, rest) = rest.split_first_chunk::<TIME_BYTES>()?;
    Some((from_ordered(*time), rest))
}

/// The row key `tag | key`.
pub(crate) fn keyed(tag: u8, key: &[u8]) -> Vec<u8> {
    [&[tag], key].concat()
}

pub(crate) fn ordered(number: i64) -> [u8; TIME_BYTES] {
    (number.cast_unsigned() ^ SIGN).to_be_bytes()
}

pub(crate) fn from_ordered(bytes: [u8; TIME_BYTES]) -> i64 {
    (u64::from_be_bytes(bytes) ^ SIGN).cast_signed()
}

/// A row that this crate did not write.
pub(crate) fn damaged() -> HostError {
    HostError::Other("a state table holds rows of another form; was it used by another plugin?".to_owned())
}

/// Takes values off the front of a row's value; `None` where it ends too early.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn number(&mut self) -> Option<i64> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(from_ordered(*number))
    }

    /// A text of bytes that [`write_bytes`] wrote.
    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk()?;
        let (bytes, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        self.0 = rest;
        Some(bytes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Writes bytes behind their length; a row is far below the 4 GiB that the length can say.
pub(crate) fn write_bytes(row: &mut Vec<u8>, bytes: &[u8]) {
    row.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    row.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn rows_stand_in_the_order_of_time_and_key(
            a in (any::<i64>(), any::<Vec<u8>>()),
            b in (any::<i64>(), any::<Vec<u8>>()),
        ) {
            let (row_a, row_b) = (timed(1, a.0, &a.1), timed(1, b.0, &b.1));
            prop_assert_eq!(row_a.cmp(&row_b), a.cmp(&b));
            prop_assert_eq!(read_timed(&row_a, 1), Some((a.0, a.1.as_slice())));
        }

        #[test]
        fn values_read_as_they_were_written(number: i64, bytes: Vec<u8>, other: Vec<u8>) {
            let mut row = ordered(number).to_vec();
            write_bytes(&mut row, &bytes);
            write_bytes(&mut row, &other);
            let mut reader = Reader(&row);
            prop_assert_eq!(reader.number(), Some(number));
            prop_assert_eq!(reader.bytes(), Some(bytes.as_slice()));
            prop_assert_eq!(reader.bytes(), Some(other.as_slice()));
            prop_assert!(reader.is_empty());
        }
    }

    #[test]
    fn other_rows_are_not_read() {
        assert_eq!(read_timed(&[0], 1), None);
        assert_eq!(read_timed(&[1, 0, 0], 1), None);
        assert_eq!(read_timed(&[], 1), None);
        assert!(Reader(&[0; 7]).number().is_none());
        assert!(Reader(&[0, 0, 0, 2, 1]).bytes().is_none());
    }
}
