//! Sizes and times as people write them: `256MiB`, `64KB`, `7d`. Shared by the settings of a host and the command line.

/// From the largest down, so that the first that divides a number writes it shortest.
const SIZES: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("TB", 1_000_000_000_000),
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("KB", 1_000),
    ("B", 1),
];

const TIMES: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Reads a size; a number alone is bytes.
pub fn parse_bytes(text: &str) -> Result<u64, String> {
    parse(text, &SIZES, Some("B")).ok_or_else(|| format!("{text:?} is not a size; write 256MiB, 64KB or bytes"))
}

/// Reads a time. A number alone could mean anything, and is none.
pub fn parse_ms(text: &str) -> Result<u64, String> {
    parse(text, &TIMES, None).ok_or_else(|| format!("{text:?} is not a time; write 100ms, 10s, 5m, 12h or 7d"))
}

/// A size as [`parse_bytes`] reads it: exact, in the largest unit.
pub fn bytes_text(bytes: u64) -> String {
    text(bytes, &SIZES)
}

/// A time as [`parse_ms`] reads it.
pub fn ms_text(ms: u64) -> String {
    text(ms, &TIMES)
}

fn parse(text: &str, units: &[(&str, u64)], without: Option<&str>) -> Option<u64> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit = match unit.trim_start() {
        "" => without?,
        unit => unit,
    };
    let (_, factor) = units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

fn text(number: u64, units: &[(&str, u64)]) -> String {
    let fits = |(_, factor): &&(&str, u64)| number != 0 && number.is_multiple_of(*factor);
    let (name, factor) = units.iter().find(fits).or(units.last()).copied().unwrap_or(("", 1));
    format!("{}{name}", number / factor)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_are_read() {
        let cases = [
            ("0", 0),
            ("512", 512),
            ("512B", 512),
            ("64KB", 64_000),
            ("64KiB", 65_536),
            ("256MiB", 256 << 20),
            ("256mib", 256 << 20),
            (" 10 GiB ", 10 << 30),
            ("2TB", 2_000_000_000_000),
            ("1TiB", 1 << 40),
        ];
        for (text, bytes) in cases {
            assert_eq!(parse_bytes(text), Ok(bytes), "{text}");
        }
        for text in ["", "MiB", "-1", "+1", "1.5GiB", "10 apples", "1K", "20000000TiB", "99999999999999999999", "1 2"] {
            assert!(parse_bytes(text).unwrap_err().contains("256MiB"), "{text}");
        }
    }

    #[test]
    fn times_are_read() {
        let cases =
            [("0s", 0), ("100ms", 100), ("10s", 10_000), ("5m", 300_000), ("12h", 43_200_000), ("7d", 604_800_000)];
        for (text, ms) in cases {
            assert_eq!(parse_ms(text), Ok(ms), "{text}");
        }
        for text in ["", "10", "s", "-1s", "1y", "1.5d", "99999999999999d"] {
            assert!(parse_ms(text).unwrap_err().contains("7d"), "{text}");
        }
    }

    #[test]
    fn texts_are_short() {
        assert_eq!(
            [0, 1_000_001, 64_000, 65_536, 256 << 20].map(bytes_text),
            ["0B", "1000001B", "64KB", "64KiB", "256MiB"]
        );
        assert_eq!([0, 100, 10_000, 90_000, 604_800_000].map(ms_text), ["0ms", "100ms", "10s", "90s", "7d"]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(number: u64, scale in 0_usize..9) {
            let number = number - number % SIZES[scale].1;
            prop_assert_eq!(parse_bytes(&bytes_text(number)), Ok(number));
            prop_assert_eq!(parse_ms(&ms_text(number)), Ok(number));
        }

        #[test]
        fn whatever_is_typed_is_answered(text in "[0-9]{0,25}[a-zA-Z é]{0,4}") {
            let _ = (parse_bytes(&text), parse_ms(&text));
        }
    }
}
