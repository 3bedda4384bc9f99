//! A sentence as tokens: words, quoted text, JSON, comparisons. Each knows where it stands, so that what somebody wants to
//! produce is taken as it was said, spaces and all.

use std::borrow::Cow;
use std::ops::Range;

use kafka_do_sdk::parser::Comparison;
use winnow::Parser;
use winnow::combinator::{alt, peek, preceded, terminated};
use winnow::error::EmptyError;
use winnow::stream::{LocatingSlice, Location, Stream};
use winnow::token::{any, rest, take_while};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Word,
    /// Literal, and never a word of the grammar.
    Quoted,
    /// An object or an array; whether it is whole JSON is the host's business.
    Json,
    Compare(Comparison),
    Comma,
    Colon,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub kind: Kind,
    /// What it says: a quoted one without its quotes, with its escapes.
    pub text: &'a str,
    pub start: usize,
    pub end: usize,
}

impl<'a> Token<'a> {
    pub(crate) fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    pub(crate) fn is_one_of(&self, words: &[&str]) -> bool {
        self.kind == Kind::Word && words.iter().any(|word| self.text.eq_ignore_ascii_case(word))
    }

    /// The text that is meant.
    pub(crate) fn meant(&self) -> Cow<'a, str> {
        if self.kind == Kind::Quoted { unescape(self.text) } else { Cow::Borrowed(self.text) }
    }

    pub(crate) fn span(&self) -> Range<usize> {
        self.start..self.end
    }
}

/// Quotes that open, and what closes them.
const QUOTES: [(char, char); 5] =
    [('"', '"'), ('\'', '\''), ('`', '`'), ('\u{201c}', '\u{201d}'), ('\u{2018}', '\u{2019}')];
const COMPARISONS: [(&str, Comparison); 12] = [
    (">=", Comparison::GreaterOrEqual),
    ("\u{2265}", Comparison::GreaterOrEqual),
    ("<=", Comparison::LessOrEqual),
    ("\u{2264}", Comparison::LessOrEqual),
    ("!=", Comparison::NotEqual),
    ("<>", Comparison::NotEqual),
    ("\u{2260}", Comparison::NotEqual),
    ("==", Comparison::Equal),
    ("=", Comparison::Equal),
    (">", Comparison::Greater),
    ("<", Comparison::Less),
    ("~", Comparison::Contains),
];

type Text<'a> = LocatingSlice<&'a str>;
type Lexed<T> = Result<T, EmptyError>;

/// The tokens of a sentence. Every text has some, or none; punctuation that ends a sentence is left out.
pub(crate) fn tokens(sentence: &str) -> Vec<Token<'_>> {
    let mut lexer = Lexer { openings: Openings::default() };
    let mut text = LocatingSlice::new(sentence);
    let mut tokens = Vec::new();
    loop {
        let skipped: Lexed<&str> = take_while(0.., char::is_whitespace).parse_next(&mut text);
        if skipped.is_err() || text.is_empty() {
            return tokens;
        }
        match lexer.token(&mut text) {
            Ok(Some(token)) => tokens.push(token),
            Ok(None) => {}
            Err(_) => return tokens,
        }
    }
}

/// Which kinds of quote and bracket were seen to stay open: they are not tried again, or a text of a thousand quotes would be
/// read a thousand times.
#[derive(Default)]
struct Openings {
    quotes: [bool; QUOTES.len()],
    json: bool,
}

struct Lexer {
    openings: Openings,
}

impl Lexer {
    /// The token here; `None` for punctuation that means nothing.
    fn token<'a>(&mut self, text: &mut Text<'a>) -> Lexed<Option<Token<'a>>> {
        let start = text.current_token_start();
        let (kind, said) = if let Some(quoted) = self.quoted(text) {
            (Kind::Quoted, quoted)
        } else if let Some(json) = self.json(text) {
            (Kind::Json, json)
        } else if let Ok(comparison) = comparison(text) {
            comparison
        } else {
            alt((mark, punctuation, word)).parse_next(text)?
        };
        let end = text.current_token_start();
        Ok((!said.is_empty() || kind == Kind::Quoted).then_some(Token { kind, text: said, start, end }))
    }

    fn quoted<'a>(&mut self, text: &mut Text<'a>) -> Option<&'a str> {
        let first = text.chars().next()?;
        let index = QUOTES.iter().position(|(open, _)| *open == first)?;
        if self.openings.quotes[index] {
            return None;
        }
        let close = QUOTES[index].1;
        let begun = text.checkpoint();
        text.next_token();
        let mut escaped = false;
        let length = text.char_indices().find_map(|(at, char)| {
            let closes = char == close && !escaped;
            escaped = char == '\\' && !escaped;
            closes.then_some(at)
        });
        let Some(length) = length else {
            self.openings.quotes[index] = true;
            text.reset(&begun);
            return None;
        };
        let inside = text.next_slice(length);
        text.next_token();
        Some(inside)
    }

    fn json<'a>(&mut self, text: &mut Text<'a>) -> Option<&'a str> {
        if self.openings.json || !text.starts_with(['{', '[']) {
            return None;
        }
        let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
        for (at, byte) in text.bytes().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if in_string => escaped = true,
                b'"' => in_string = !in_string,
                b'{' | b'[' if !in_string => depth += 1,
                b'}' | b']' if !in_string => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Some(text.next_slice(at + 1));
            }
        }
        self.openings.json = true;
        None
    }
}

fn comparison<'a>(text: &mut Text<'a>) -> Lexed<(Kind, &'a str)> {
    let begun: &'a str = text;
    let found = COMPARISONS.iter().find(|(sign, _)| begun.starts_with(sign));
    let (sign, comparison) = found.ok_or(EmptyError)?;
    Ok((Kind::Compare(*comparison), text.next_slice(sign.len())))
}

fn mark<'a>(text: &mut Text<'a>) -> Lexed<(Kind, &'a str)> {
    alt((",".map(|said| (Kind::Comma, said)), ":".map(|said| (Kind::Colon, said)))).parse_next(text)
}

/// What ends a sentence, or a part of one, means nothing by itself. A question mark that stands alone is a word.
fn punctuation<'a>(text: &mut Text<'a>) -> Lexed<(Kind, &'a str)> {
    terminated(alt((".", "!", ";")), peek(alt((take_while(1.., char::is_whitespace), rest.verify(str::is_empty)))))
        .map(|_| (Kind::Word, ""))
        .parse_next(text)
}

/// Runs to a space or a comparison, and does without the punctuation at its end.
fn word<'a>(text: &mut Text<'a>) -> Lexed<(Kind, &'a str)> {
    let begun: &'a str = preceded(peek(any), rest).parse_next(&mut text.clone())?;
    let bytes = begun.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let ends = |(at, char): &(usize, char)| match char {
        '<' | '>' | '=' | '\u{2264}' | '\u{2265}' | '\u{2260}' => true,
        '!' => bytes.get(at + 1) == Some(&b'='),
        // A comma within is a separator, but between digits: `1,000` is a number.
        ',' => *at == 0 || !is_digit(at - 1) || !is_digit(at + 1),
        other => other.is_whitespace(),
    };
    let whole = begun.char_indices().find(ends).map_or(begun, |(at, _)| &begun[..at]);
    let trimmed = whole.trim_end_matches(['.', ',', ':', ';', '!', '?']);
    let said = if trimmed.is_empty() { whole } else { trimmed };
    let said = text.next_slice(if said.is_empty() { first_length(text) } else { said.len() });
    Ok((Kind::Word, said))
}

/// Of a character that begins nothing.
fn first_length(text: &str) -> usize {
    text.chars().next().map_or(0, char::len_utf8)
}

/// A backslash takes the next character as it is, but for `\n` and `\t`.
fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut meant = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => match chars.next() {
                Some('n') => meant.push('\n'),
                Some('t') => meant.push('\t'),
                Some(other) => meant.push(other),
                None => meant.push('\\'),
            },
            other => meant.push(other),
        }
    }
    Cow::Owned(meant)
}

/// A text in quotes, as [`Token::meant`] reads it back.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::{quote, tokens};

    fn said(sentence: &str) -> Vec<String> {
        tokens(sentence).iter().map(|token| token.meant().into_owned()).collect()
    }

    #[test]
    fn sentences_come_apart_at_words() {
        let cases: [(&str, &[&str]); 10] = [
            ("list topics.", &["list", "topics"]),
            ("  orders, payments and  refunds ", &["orders", ",", "payments", "and", "refunds"]),
            ("orders where amount>=1,000", &["orders", "where", "amount", ">=", "1,000"]),
            ("status!=paid", &["status", "!=", "paid"]),
            (r#"produce "a \"b\" c" to events"#, &["produce", r#"a "b" c"#, "to", "events"]),
            (r#"produce {"a": "}"} to events"#, &["produce", r#"{"a": "}"}"#, "to", "events"]),
            ("produce to orders: it's 9:30!", &["produce", "to", "orders", ":", "it's", "9:30"]),
            ("nov 16, 2011", &["nov", "16", ",", "2011"]),
            ("say \u{201c}hi there\u{201d}", &["say", "hi there"]),
            ("? ... \"open", &["?", "...", "\"open"]),
        ];
        for (sentence, expected) in cases {
            assert_eq!(said(sentence), expected, "{sentence}");
        }
    }

    proptest! {
        #[test]
        fn any_text_comes_apart(text in any::<String>()) {
            let mut end = 0;
            for token in tokens(&text) {
                prop_assert!(token.start >= end && token.end > token.start, "{token:?}");
                prop_assert!(text.get(token.span()).is_some());
                end = token.end;
            }
        }

        #[test]
        fn what_is_quoted_is_read_back(text in any::<String>()) {
            prop_assert_eq!(said(&quote(&text)), [text]);
        }
    }
}
