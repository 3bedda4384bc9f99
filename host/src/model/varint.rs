//! Zigzag variable-length integers, as RecordBatch v2 (and Protocol Buffers) write them.

use bytes::BufMut;

/// Longest encoding of a 64-bit value.
pub const BYTES_MAX: usize = 10;

#[expect(clippy::cast_possible_truncation, reason = "the low bits are what is wanted")]
pub fn put(out: &mut impl BufMut, value: i64) {
    let mut rest = zigzag(value);
    while rest >= 0x80 {
        out.put_u8((rest as u8) | 0x80);
        rest >>= 7;
    }
    out.put_u8(rest as u8);
}

/// Bytes that `put` writes for `value`.
pub fn len(value: i64) -> usize {
    let bits = 64 - (zigzag(value) | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

/// Takes a value off the front of `input`; `None` where it ends too early or does not fit 64 bits.
#[inline]
pub fn take(input: &mut &[u8]) -> Option<i64> {
    // Nearly all of them are lengths and deltas of one byte or two.
    match **input {
        [first, ref rest @ ..] if first < 0x80 => {
            *input = rest;
            Some(unzigzag(u64::from(first)))
        }
        [first, second, ref rest @ ..] if second < 0x80 => {
            *input = rest;
            Some(unzigzag(u64::from(first & 0x7f) | u64::from(second) << 7))
        }
        _ => take_long(input),
    }
}

fn take_long(input: &mut &[u8]) -> Option<i64> {
    let mut value = 0u64;
    for index in 0..BYTES_MAX {
        let byte = *input.get(index)?;
        if index == BYTES_MAX - 1 && byte > 1 {
            return None;
        }
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            *input = &input[index + 1..];
            return Some(unzigzag(value));
        }
    }
    None
}

#[expect(clippy::cast_sign_loss, reason = "zigzag is a bijection between the signed and the unsigned")]
fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

#[expect(clippy::cast_possible_wrap, reason = "zigzag is a bijection between the signed and the unsigned")]
fn unzigzag(value: u64) -> i64 {
    ((value >> 1) as i64) ^ -((value & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn round_trips(value: i64) {
            let mut bytes = Vec::new();
            put(&mut bytes, value);
            prop_assert_eq!(bytes.len(), len(value));
            let mut input = &bytes[..];
            prop_assert_eq!(take(&mut input), Some(value));
            prop_assert!(input.is_empty());
        }
    }

    #[test]
    fn rejects_what_ends_early_or_overflows() {
        assert_eq!(take(&mut &[][..]), None);
        assert_eq!(take(&mut &[0x80, 0x80][..]), None);
        assert_eq!(take(&mut &[0xff; 11][..]), None);
        assert_eq!(take(&mut &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02][..]), None);
    }
}
