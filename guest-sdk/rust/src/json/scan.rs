//! The common case in one loop: fields of the outermost object, whose names and texts have no unusual escapes. It says
//! `None` to whatever it is not sure of, broken documents among it, and the general walk decides.

/// Objects and arrays within each other that it follows.
const DEPTH_MAX: u32 = 32;

/// Where the values of the named fields stand, where it can tell that the whole document is JSON.
pub(super) fn scan<'a, const N: usize>(document: &'a [u8], names: [&str; N]) -> Option<[Option<&'a [u8]>; N]> {
    let mut found = [None; N];
    let is_sure = top_level(document, |name, value| {
        for (name_sought, found) in names.iter().zip(&mut found) {
            if name == name_sought.as_bytes() {
                // Where a name stands twice the last one counts.
                *found = Some(value);
            }
        }
    });
    is_sure.then_some(found)
}

/// Hands over the fields of the outermost object, name and value as they stand in the document, in their order. `false` where
/// it is not sure that the whole document is such an object: what was handed over then counts for nothing, and a parser
/// decides. Names come without their quotes; one with an escape is among what it is not sure of.
pub fn top_level<'a>(document: &'a [u8], mut field: impl FnMut(&'a [u8], &'a [u8])) -> bool {
    let mut scanner = Scanner { document, at: 0, seen: 0 };
    if scanner.object(&mut field).is_none() {
        return false;
    }
    scanner.space();
    let is_text = scanner.seen & HIGH_BITS == 0 || std::str::from_utf8(document).is_ok();
    scanner.at == document.len() && is_text
}

struct Scanner<'a> {
    document: &'a [u8],
    at: usize,
    /// All bytes of texts, or-ed: where none has its high bit they are ASCII, and so the document is UTF-8.
    seen: u64,
}

/// Every byte 1, and every byte's highest bit.
const ONES: u64 = u64::MAX / 255;
const HIGH_BITS: u64 = ONES * 0x80;

/// The highest bit of each byte that is 0; a bit above the first one that is set may be wrong.
fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGH_BITS
}

impl<'a> Scanner<'a> {
    fn object(&mut self, field: &mut impl FnMut(&'a [u8], &'a [u8])) -> Option<()> {
        self.space();
        self.expect(b'{')?;
        self.space();
        if self.take(b'}') {
            return Some(());
        }
        loop {
            self.expect(b'"')?;
            let name = self.name()?;
            self.space();
            self.expect(b':')?;
            self.space();
            let begin = self.at;
            self.value(0)?;
            field(name, self.document.get(begin..self.at)?);
            self.space();
            if self.take(b'}') {
                return Some(());
            }
            self.expect(b',')?;
            self.space();
        }
    }

    fn peek(&self) -> Option<u8> {
        self.document.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.take(byte).then_some(())
    }

    fn space(&mut self) {
        while let Some(byte) = self.peek() {
            // One look decides where tokens follow one another, as they mostly do.
            if byte > b' ' || !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return;
            }
            self.at += 1;
        }
    }

    /// A field's name, after its first quote; one with an escape is not for this loop.
    fn name(&mut self) -> Option<&'a [u8]> {
        let begin = self.at;
        let stop = self.run()?;
        (stop == b'"').then(|| self.document.get(begin..self.at - 1))?
    }

    /// A text, after its first quote.
    fn text(&mut self) -> Option<()> {
        loop {
            match self.run()? {
                b'"' => return Some(()),
                b'\\' => match self.peek()? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 1,
                    _ => return None,
                },
                _ => return None,
            }
        }
    }

    /// Goes behind the next quote, backslash or control character, eight bytes at a time, and answers which it was. What
    /// stands behind it in its eight bytes is counted as seen: at the worst the document is looked at once more.
    fn run(&mut self) -> Option<u8> {
        while let Some(eight) = self.document.get(self.at..).and_then(<[u8]>::first_chunk::<8>) {
            let word = u64::from_le_bytes(*eight);
            self.seen |= word;
            let stops = zeros(word ^ (ONES * u64::from(b'"')))
                | zeros(word ^ (ONES * u64::from(b'\\')))
                | (word.wrapping_sub(ONES * 0x20) & !word & HIGH_BITS);
            if stops != 0 {
                let stop = stops.trailing_zeros() / 8;
                self.at += stop as usize + 1;
                return eight.get(stop as usize).copied();
            }
            self.at += 8;
        }
        loop {
            let byte = self.peek()?;
            self.at += 1;
            match byte {
                b'"' | b'\\' | 0..0x20 => return Some(byte),
                _ => self.seen |= u64::from(byte),
            }
        }
    }

    fn value(&mut self, depth: u32) -> Option<()> {
        match self.peek()? {
            b'"' => {
                self.at += 1;
                self.text()
            }
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            open @ (b'{' | b'[') if depth < DEPTH_MAX => self.nested(open, depth + 1),
            _ => None,
        }
    }

    fn nested(&mut self, open: u8, depth: u32) -> Option<()> {
        // `{` and `}`, `[` and `]` are two apart.
        let close = open + 2;
        self.at += 1;
        self.space();
        if self.take(close) {
            return Some(());
        }
        loop {
            if open == b'{' {
                self.expect(b'"')?;
                self.text()?;
                self.space();
                self.expect(b':')?;
                self.space();
            }
            self.value(depth)?;
            self.space();
            if self.take(close) {
                return Some(());
            }
            self.expect(b',')?;
            self.space();
        }
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        let is_there = self.document.get(self.at..)?.starts_with(word);
        self.at += word.len();
        is_there.then_some(())
    }

    /// An exponent may lead out of range, which is for the general walk to judge.
    fn number(&mut self) -> Option<()> {
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        (!matches!(self.peek(), Some(b'e' | b'E'))).then_some(())
    }

    fn digits(&mut self) -> Option<()> {
        let begin = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        (self.at > begin).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[expect(clippy::option_option, reason = "not sure, not there and there are three things")]
    fn found<'a>(document: &'a str, name: &str) -> Option<Option<&'a str>> {
        scan(document.as_bytes(), [name]).map(|[value]| value.map(|value| std::str::from_utf8(value).expect("text")))
    }

    #[test]
    fn takes_the_common_case() {
        let flight = r#" {"carrier":"UA", "dep_delay" : -2.5 ,"tailnum":null,"tags":["a\n",{"b":[]}],"é":true} "#;
        assert_eq!(found(flight, "dep_delay"), Some(Some("-2.5")));
        assert_eq!(found(flight, "tags"), Some(Some(r#"["a\n",{"b":[]}]"#)));
        assert_eq!(found(flight, "é"), Some(Some("true")));
        assert_eq!(found(flight, "missing"), Some(None));
        assert_eq!(found(r#"{"a":1,"a":2}"#, "a"), Some(Some("2")));
        assert_eq!(found("{}", "a"), Some(None));
    }

    #[test]
    fn leaves_the_rest() {
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(40), "]".repeat(40));
        for other in [
            "",
            "[]",
            "1",
            r#"{"\u0061":1}"#,
            r#"{"a":"\u0061"}"#,
            r#"{"a":1e9}"#,
            r#"{"a":01}"#,
            r#"{"a":1,}"#,
            r#"{"a":1}x"#,
            &deep,
        ] {
            assert_eq!(found(other, "a"), None, "{other}");
        }
        assert!(scan(b"{\"a\":\"\xff\"}", ["a"]).is_none());
    }

    proptest! {
        /// What it takes is JSON, and it finds what stands there.
        #[test]
        fn agrees_with_the_tree(
            pieces in prop::collection::vec(
                prop::sample::select(vec![
                    "{", "}", "[", "]", ",", ":", "\"a\"", "\"b\"", "\"\\n\"", "\"é\"", "1", "-", "0", ".5", "e3", "true", "nul", "null", " ", "{\"a\":1}", "\"a\":", "\\", "\"",
                ]),
                0..12,
            ),
        ) {
            let document = format!("{{{}}}", pieces.concat());
            if let Some(value) = found(&document, "a") {
                let tree: Value = serde_json::from_str(&document).expect("what is taken is JSON");
                let value = value.map(|value| serde_json::from_str::<Value>(value).expect("and so is its part"));
                prop_assert_eq!(value.as_ref(), tree.get("a"));
            }
        }
    }
}
