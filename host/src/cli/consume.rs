//! `kafka-do consume`: the records of a topic, to the end of today or as they come.

use std::borrow::Cow;
use std::io::{self, BufWriter, IsTerminal, Write};

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Buf, Bytes, BytesMut};
use clap::{Args, ValueEnum};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::client::{Backoff, Client, Failure};
use super::member::Member;
use super::output::{Output, output_error};
use super::topic;
use crate::clock::Clock;
use crate::config::unit::parse_ms;

/// Read the records of a topic
///
/// Without --follow, reads from the oldest record to where the topic ends now, and ends there. With --follow, begins at
/// the end and goes on as records come, also over a restart of the host; --from earliest --follow reads all, and goes on.
/// Records of a partition come in their order; between partitions there is none, but with --last, which goes by time.
///
/// With --group, shares the topic with the other members of the group, and goes on where the group stands until Ctrl-C: each
/// batch is committed once it is written. --from is for partitions that the group has not read yet.
#[derive(Debug, Args)]
pub(super) struct Consume {
    topic: String,
    /// Where to begin: earliest, latest, or a time (RFC 3339, or milliseconds since 1970)
    /// [default: earliest; with --follow: latest]
    #[arg(long, value_name = "WHERE")]
    from: Option<String>,
    /// Go on as records come
    #[arg(long, short)]
    follow: bool,
    /// Leave out records of this time or later (RFC 3339, or milliseconds since 1970); with --follow: end at this time
    #[arg(long, value_name = "TIME", value_parser = moment, conflicts_with = "group")]
    until: Option<i64>,
    /// The newest records, in the order of their time; with --where the newest of those that satisfy it
    #[arg(long, value_name = "N", conflicts_with_all = ["from", "follow", "until", "group"])]
    last: Option<u64>,
    /// Only records whose JSON value satisfies this, as in 'amount>100', 'customer.name=Ada' or 'tags~urgent': a
    /// dotted path, one of = != < <= > >= ~ (contains), and what to compare with. Several must all hold
    #[arg(long = "where", value_name = "CONDITION", conflicts_with = "group")]
    conditions: Vec<String>,
    /// Read as a member of this consumer group, which goes on as records come
    #[arg(long, short, value_name = "GROUP")]
    group: Option<String>,
    /// Be a static member: a new process of this name takes the place of the old one
    #[arg(long, value_name = "NAME", requires = "group")]
    instance: Option<String>,
    /// A member that is silent for longer is taken for dead, as in 30s
    #[arg(long, value_name = "TIME", requires = "group", value_parser = parse_ms)]
    session_timeout: Option<u64>,
    /// End after this many records
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max: Option<u64>,
    /// How records are written [default: line on a terminal, else value; with --json: json]
    #[arg(long, value_enum, conflicts_with = "json")]
    format: Option<Format>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// partition:offset, key (- for none) and value, separated by spaces
    Line,
    /// The value's own bytes and a line break; null for a tombstone
    Value,
    /// NDJSON as the API answers it: partition, offset, timestamp, key, value, headers; and cursor, or with --group topic
    Json,
}

impl Format {
    pub(super) fn unless_told() -> Self {
        if io::stdout().is_terminal() { Self::Line } else { Self::Value }
    }
}

/// A record as the API writes it.
#[derive(Deserialize)]
pub(super) struct Item<'a> {
    /// Of a stream of one topic.
    #[serde(default)]
    cursor: &'a str,
    partition: u32,
    offset: u64,
    #[serde(borrow)]
    key: Option<&'a RawValue>,
    #[serde(borrow)]
    value: &'a RawValue,
}

const CURSOR: &str = "kafka-do-cursor";

impl Consume {
    pub(super) async fn run(self, client: &mut Client, output: Output) -> anyhow::Result<()> {
        let format = match (output.json, self.format) {
            (true, _) => Format::Json,
            (false, Some(format)) => format,
            (false, None) => Format::unless_told(),
        };
        if let Some(group) = self.group {
            let member = Member {
                group,
                topic: self.topic,
                start: self.from,
                instance: self.instance,
                session_timeout_ms: self.session_timeout,
            };
            return member.consume(client, format, self.max).await;
        }
        if self.follow && self.from.is_none() && io::stderr().is_terminal() {
            eprintln!("Waiting for new records of {}; --from earliest shows those that are there.", self.topic);
        }
        let query = Query {
            from: self.from,
            follow: self.follow,
            until: self.until.map(|ms| ms.to_string()),
            limit: self.max,
            last: self.last,
            conditions: self.conditions,
            cursor: None,
        };
        Reading { path: format!("{}/records", topic::path(&self.topic)), query }.run(client, format).await
    }
}

/// Milliseconds since 1970, as they are or from RFC 3339.
fn moment(text: &str) -> Result<i64, String> {
    let time = text.parse().or_else(|_| text.parse().map(jiff::Timestamp::as_millisecond));
    time.map_err(|_| "it is not a time; write 2026-11-23T09:00:00Z, or milliseconds since 1970".to_owned())
}

/// A read of a topic, to its end or as records come.
#[derive(Debug)]
pub(super) struct Reading {
    /// That of the topic's records.
    path: String,
    query: Query,
}

/// What the call takes.
#[derive(Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Query {
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    follow: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<u64>,
    #[serde(default, rename = "where")]
    conditions: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

impl Reading {
    /// The read that a `GET` of this path is.
    pub(super) fn of_call(path: &str) -> anyhow::Result<Self> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let query =
            serde_html_form::from_str(query).with_context(|| format!("{path} is asked in a way unknown here"))?;
        Ok(Self { path: path.to_owned(), query })
    }

    pub(super) fn follows(&self) -> bool {
        self.query.follow
    }

    /// Writes the records to the standard output. A read that follows goes on where it was, also over a restart of the host.
    pub(super) async fn run(self, client: &mut Client, format: Format) -> anyhow::Result<()> {
        let stdout = io::stdout().lock();
        let out = BufWriter::with_capacity(256 << 10, stdout);
        let mut reader = Reader { out, format, left: self.query.limit, cursor: None };
        let mut backoff = Backoff::new();
        let mut was_there = false;
        loop {
            let failure = match client.stream(&self.call(&reader)?).await {
                Ok(response) => {
                    was_there = true;
                    // A stream that breaks before its first record is taken up where it began.
                    let begin = response.headers().get(CURSOR).and_then(|cursor| cursor.to_str().ok());
                    reader.cursor = reader.cursor.or_else(|| begin.map(str::to_owned));
                    match reader.read(response.into_body(), &mut backoff).await? {
                        End::Done => return Ok(()),
                        End::Closed if !self.query.follow || self.is_past() => return Ok(()),
                        End::Closed => Failure::Broken(format!("{} closed the connection", client.endpoint())),
                        End::Broken(error) => {
                            Failure::Broken(format!("the connection to {} broke ({error})", client.endpoint()))
                        }
                    }
                }
                Err(failure) => failure,
            };
            let may_pass = failure.is_passing() || (was_there && !matches!(failure, Failure::Refused(_)));
            if !(self.query.follow && may_pass) {
                return Err(failure.into());
            }
            if backoff.is_new() {
                eprintln!("kafka-do: {failure}; trying again");
            }
            backoff.wait(&failure).await;
        }
    }

    /// Whether the time has come at which the host ends the stream.
    fn is_past(&self) -> bool {
        let until = self.query.until.as_deref().and_then(|until| moment(until).ok());
        until.is_some_and(|until_ms| until_ms <= Clock::system().now_ms())
    }

    /// The call that goes on where the reader is.
    fn call<W: Write>(&self, reader: &Reader<W>) -> anyhow::Result<String> {
        let Query { from, follow, until, last, conditions, .. } = &self.query;
        // Partitions that the cursor does not know are new since then: nothing of them was read.
        let from = if reader.cursor.is_some() { Some("earliest".to_owned()) } else { from.clone() };
        let query = Query {
            from,
            follow: *follow,
            until: until.clone(),
            limit: reader.left,
            last: *last,
            conditions: conditions.clone(),
            cursor: reader.cursor.clone(),
        };
        Ok(format!("{}?{}", self.path, serde_html_form::to_string(query)?))
    }
}

enum End {
    /// As many records were written as were asked for.
    Done,
    /// The host has sent all that it wanted to.
    Closed,
    Broken(hyper::Error),
}

/// Writes the records of one stream after another.
struct Reader<W: Write> {
    out: W,
    format: Format,
    /// Records still to be written; `None` has no bound.
    left: Option<u64>,
    /// Of the last record that was written, or of the stream's beginning.
    cursor: Option<String>,
}

impl<W: Write> Reader<W> {
    async fn read(&mut self, mut body: Incoming, backoff: &mut Backoff) -> anyhow::Result<End> {
        let mut unread = BytesMut::new();
        loop {
            let frame = match body.frame().await {
                None => return Ok(End::Closed),
                Some(Ok(frame)) => frame,
                Some(Err(error)) => return Ok(End::Broken(error)),
            };
            let Ok(data) = frame.into_data() else { continue };
            *backoff = Backoff::new();
            unread.extend_from_slice(&data);
            let Some(end) = memchr::memrchr(b'\n', &unread) else { continue };
            let lines = unread.split_to(end + 1).freeze();
            let is_done = self.write_lines(lines)?;
            self.out.flush().map_err(output_error)?;
            if is_done {
                return Ok(End::Done);
            }
        }
    }

    /// Writes whole lines, and says whether that was enough.
    fn write_lines(&mut self, mut lines: Bytes) -> anyhow::Result<bool> {
        let mut cursor = None;
        while let Some(end) = memchr::memchr(b'\n', &lines) {
            let line = lines.split_to(end);
            lines.advance(1);
            if self.left == Some(0) {
                break;
            }
            let item: Item<'_> =
                serde_json::from_slice(&line).context("the host's stream cannot be read; is it of this version?")?;
            item.write(&mut self.out, self.format, &line).map_err(output_error)?;
            self.left = self.left.map(|left| left - 1);
            cursor = Some(line.slice_ref(item.cursor.as_bytes()));
        }
        if let Some(cursor) = cursor {
            self.cursor = Some(String::from_utf8_lossy(&cursor).into_owned());
        }
        Ok(self.left == Some(0))
    }
}

impl Item<'_> {
    /// Writes the record, which came as `json`, and the end of its line.
    pub(super) fn write(&self, out: &mut impl Write, format: Format, json: &[u8]) -> io::Result<()> {
        match format {
            Format::Json => out.write_all(json)?,
            Format::Value => out.write_all(&bytes_of(self.value))?,
            Format::Line => write_line(out, self)?,
        }
        out.write_all(b"\n")
    }
}

/// A record as a line for people.
fn write_line(out: &mut impl Write, item: &Item<'_>) -> io::Result<()> {
    let Item { partition, offset, key, value, .. } = item;
    let key = key.map_or(Cow::Borrowed("-"), shown_key);
    write!(out, "{partition}:{offset} {key} {}", shown_value(value))
}

/// Without quotes, where it cannot be mistaken for something else.
fn shown_key(raw: &RawValue) -> Cow<'_, str> {
    match serde_json::from_str::<String>(raw.get()) {
        Ok(text) if !text.is_empty() && text != "-" && !text.contains(char::is_whitespace) => escaped(&text).into(),
        _ => escaped(raw.get()).into(),
    }
}

/// Bytes that are text as text, JSON as it stands.
fn shown_value(raw: &RawValue) -> String {
    match bytes_of(raw) {
        Cow::Owned(bytes) => String::from_utf8(bytes).map_or_else(|_| raw.get().to_owned(), |text| escaped(&text)),
        Cow::Borrowed(_) => escaped(raw.get()),
    }
}

/// Without what could command a terminal.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    out
}

/// The value as it was produced.
fn bytes_of(raw: &RawValue) -> Cow<'_, [u8]> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Form<'a> {
        #[serde(borrow, rename = "$base64")]
        base64: Cow<'a, str>,
    }
    let json = raw.get();
    let form = json.starts_with("{\"$base64\"").then(|| serde_json::from_str::<Form<'_>>(json).ok()).flatten();
    match form.and_then(|form| STANDARD.decode(form.base64.as_bytes()).ok()) {
        Some(bytes) => Cow::Owned(bytes),
        None => Cow::Borrowed(json.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = concat!(
        r#"{"cursor":"1.0","partition":0,"offset":0,"timestamp":5,"key":"a","value":{"b": 1},"headers":{}}"#,
        "\n",
        r#"{"cursor":"1.1","partition":1,"offset":0,"timestamp":5,"key":null,"value":{"$base64":"aGkbWzJK"},"headers":{}}"#,
        "\n",
        r#"{"cursor":"2.1","partition":0,"offset":1,"timestamp":5,"key":"a b","value":null,"headers":{}}"#,
        "\n",
    );

    fn written(format: Format, left: Option<u64>) -> (String, bool, Option<String>) {
        let mut reader = Reader { out: Vec::new(), format, left, cursor: None };
        let is_done = reader.write_lines(Bytes::from_static(STREAM.as_bytes())).unwrap();
        (String::from_utf8(reader.out).unwrap(), is_done, reader.cursor)
    }

    #[test]
    fn records_are_written_in_three_forms() {
        assert_eq!(written(Format::Json, None), (STREAM.to_owned(), false, Some("2.1".into())));
        assert_eq!(written(Format::Value, None).0, "{\"b\": 1}\nhi\u{1b}[2J\nnull\n");
        assert_eq!(written(Format::Line, None).0, "0:0 a {\"b\": 1}\n1:0 - hi\\u{1b}[2J\n0:1 \"a b\" null\n");
    }

    #[test]
    fn a_call_goes_on_where_the_reader_is() {
        let path = "/v1/topics/t/records";
        let call = format!("{path}?from=latest&follow=true&limit=3&where=a.b%3E+1&where=c%7Ex%26y");
        let reading = Reading::of_call(&call).unwrap();
        let mut reader = Reader { out: Vec::new(), format: Format::Value, left: reading.query.limit, cursor: None };
        assert_eq!(reading.query.conditions, ["a.b> 1", "c~x&y"]);
        assert_eq!(reading.call(&reader).unwrap(), call);
        reader.write_lines(Bytes::from_static(STREAM.as_bytes()).slice(..=STREAM.find('\n').unwrap())).unwrap();
        let on = format!("{path}?from=earliest&follow=true&limit=2&where=a.b%3E+1&where=c%7Ex%26y&cursor=1.0");
        assert_eq!(reading.call(&reader).unwrap(), on);
        for unknown in ["follow=perhaps", "newest=5", "limit=1&limit=2"] {
            assert!(Reading::of_call(&format!("{path}?{unknown}")).is_err(), "{unknown}");
        }
        let ended = |until: &str| Reading::of_call(&format!("{path}?until={until}")).unwrap().is_past();
        assert!(ended("1970-01-01T00:00:01Z") && ended("1000") && !ended("9999999999999"));
    }

    #[test]
    fn enough_is_enough() {
        let (out, is_done, cursor) = written(Format::Value, Some(1));
        assert_eq!((out.as_str(), is_done, cursor.as_deref()), ("{\"b\": 1}\n", true, Some("1.0")));
        assert!(written(Format::Value, Some(3)).1);
        assert!(!written(Format::Value, Some(4)).1);
    }
}
