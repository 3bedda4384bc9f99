//! `kafka-do produce`: one record from the command line, or a file or a pipe of them.
//!
//! Records keep their order: one request is in flight at a time, and the next one is read meanwhile. Requests carry a
//! producer id and a sequence, so that one whose answer was lost is sent again, and stored once.

use std::future::Future;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::pin::pin;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::client::{Answer, Backoff, Client, Content, Failure, encoded};
use super::output::{Output, number, print, rate};
use super::topic;
use crate::clock::Clock;
use crate::limits::RECORD_BYTES_MAX;

/// A request holds whole lines, up to this many, and up to this many bytes.
const CHUNK_LINES_MAX: usize = 5_000;
const CHUNK_BYTES_MAX: usize = 1 << 20;
const READ_BYTES: usize = 256 << 10;

/// Append records to a topic: one from the command line, or NDJSON from a file or a pipe
///
/// NDJSON is sent in requests of up to 5,000 lines and 1 MiB, in order, each stored whole or not at all. What a busy host
/// refuses, and what a broken connection leaves open, is sent again for a minute; the host knows what it has stored, and
/// stores nothing twice. With --json its last word is {"records", "seconds"}.
#[derive(Debug, Args)]
pub(super) struct Produce {
    topic: String,
    /// One record's value: JSON where it parses, else its bytes as they stand; null is a tombstone.
    /// Without a value, NDJSON is read from --file or the standard input, a value a line
    #[arg(allow_negative_numbers = true)]
    value: Option<String>,
    /// The record's key
    #[arg(long, requires = "value")]
    key: Option<String>,
    /// The field of each line's value that is its key, as a dotted path: order.id
    #[arg(long, value_name = "PATH", conflicts_with = "value")]
    key_path: Option<String>,
    /// Read NDJSON from this file; - is the standard input
    #[arg(long, short, conflicts_with = "value")]
    file: Option<PathBuf>,
    /// The partition of all records [default: that of the key; without a key, the host's choice]
    #[arg(long, value_name = "N")]
    partition: Option<u32>,
}

#[derive(Deserialize)]
struct Receipts {
    records: Vec<Receipt>,
}

#[derive(Deserialize)]
struct Receipt {
    partition: u32,
    offset: u64,
}

impl Produce {
    pub(super) async fn run(self, client: &mut Client, output: Output) -> anyhow::Result<()> {
        if let Some(value) = &self.value {
            return self.one(value, client, output).await;
        }
        // A topic that is not there is better heard of before the first line is typed.
        client.get(&topic::path(&self.topic)).await?;
        let mut producer = Producer::register(client).await?;
        let mut source = Source::open(self.file.as_ref(), output).await?;
        let begun = Clock::instant();
        let outcome = self.all(client, &mut producer, &mut source, begun).await;
        source.progress.finish_and_clear();
        outcome?;
        let (records, seconds) = (source.stored.records, begun.elapsed().as_secs_f64());
        if output.json {
            return print(&json!({ "records": records, "seconds": seconds }).to_string());
        }
        print(&format!("{records} records in {seconds:.1} s ({}/s)", per_second(records, begun)))
    }

    async fn one(&self, value: &str, client: &mut Client, output: Output) -> anyhow::Result<()> {
        let record = NewRecord { key: self.key.as_deref(), value: value_of(value)?, partition: self.partition };
        let mut producer = Producer::register(client).await?;
        let answer =
            producer.send(client, &self.path(), &Content::json(&record)?, 1).await.map_err(|unsent| match unsent {
                Unsent { failure, is_unsure: false } => failure.into(),
                Unsent { failure, is_unsure: true } => anyhow!(
                    "{failure}. The record may be stored or not: look at the end of the topic before you send it again"
                ),
            })?;
        output.show(&answer.body, |receipts: Receipts| {
            let places = receipts
                .records
                .iter()
                .map(|Receipt { partition, offset }| format!("partition {partition}, offset {offset}"));
            places.collect::<Vec<_>>().join("\n")
        })
    }

    async fn all(
        &self,
        client: &mut Client,
        producer: &mut Producer,
        source: &mut Source,
        begun: Instant,
    ) -> anyhow::Result<()> {
        let path = self.path();
        while let Some(chunk) = source.next().await? {
            if chunk.records > 0 {
                let content = Content::ndjson(chunk.bytes.clone());
                let sent = source.read_during(producer.send(client, &path, &content, chunk.records)).await;
                sent.map_err(|unsent| source.stopped(&chunk, &unsent))?;
            }
            source.stored.lines += chunk.lines;
            source.stored.records += chunk.records;
            source.progress.inc(chunk.bytes.len() as u64);
            source.progress.set_message(format!("{}/s", per_second(source.stored.records, begun)));
        }
        Ok(())
    }

    fn path(&self) -> String {
        let path = format!("{}/records", topic::path(&self.topic));
        // In the form of one record, the record says its partition itself.
        let partition =
            self.partition.filter(|_| self.value.is_none()).map(|partition| format!("partition={partition}"));
        let key_path = self.key_path.as_deref().map(|key_path| format!("key_path={}", encoded(key_path)));
        let query: Vec<_> = partition.into_iter().chain(key_path).collect();
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    }
}

#[derive(Serialize)]
struct NewRecord<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    value: Box<RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partition: Option<u32>,
}

/// JSON as it stands, anything else in the form for bytes.
fn value_of(text: &str) -> anyhow::Result<Box<RawValue>> {
    if let Ok(value) = serde_json::from_str::<&RawValue>(text) {
        return Ok(value.to_owned());
    }
    Ok(serde_json::value::to_raw_value(&json!({ "$base64": STANDARD.encode(text) }))?)
}

/// Who sends, as the host knows it: what comes again is told from what is new by its place in the sequence.
struct Producer {
    identity: Identity,
    /// Records that the host has stored of it. One command sends to one topic, and either names a partition in all
    /// requests or in none, so that one count does.
    sequence: u64,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct Identity {
    producer_id: u64,
    epoch: u64,
}

/// A request that came to nothing, as far as is known.
struct Unsent {
    failure: Failure,
    /// Whether one of its tries may have been stored all the same.
    is_unsure: bool,
}

impl Producer {
    /// Asks for an id of its own. One that is given twice, since an answer was lost, does no harm.
    async fn register(client: &mut Client) -> Result<Self, Failure> {
        let mut backoff = Backoff::new();
        loop {
            match client.post("/v1/producers", None).await {
                Ok(answer) => return Ok(Self { identity: answer.parse()?, sequence: 0 }),
                Err(failure) if (failure.is_passing() || failure.is_unsure()) && !backoff.is_over() => {
                    backoff.wait(&failure).await;
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    /// Sends records until the host has stored them, or says that it never will.
    async fn send(
        &mut self,
        client: &mut Client,
        path: &str,
        content: &Content,
        records: u64,
    ) -> Result<Answer, Unsent> {
        let mut backoff = Backoff::new();
        let mut is_unsure = false;
        loop {
            let failure = match client.post(path, Some(self.signed(content.clone()))).await {
                Ok(answer) => {
                    self.sequence += records;
                    return Ok(answer);
                }
                Err(failure) => failure,
            };
            is_unsure |= failure.is_unsure();
            let may_pass = failure.is_passing() || failure.is_unsure() || failure.is_absence();
            if may_pass && !backoff.is_over() {
                backoff.wait(&failure).await;
            } else if is_forgotten(&failure) && self.sequence > 0 && !is_unsure {
                // A host remembers so many producers, and a pipe may rest for days. Nothing is under way: begin anew.
                *self = Self::register(client).await.map_err(|failure| Unsent { failure, is_unsure })?;
            } else {
                return Err(Unsent { failure, is_unsure });
            }
        }
    }

    fn signed(&self, content: Content) -> Content {
        content
            .with("kafka-do-producer-id", self.identity.producer_id)
            .with("kafka-do-producer-epoch", self.identity.epoch)
            .with("kafka-do-sequence", self.sequence)
    }
}

fn is_forgotten(failure: &Failure) -> bool {
    matches!(failure, Failure::Refused(refusal) if refusal.code == "unknown-producer")
}

#[expect(clippy::cast_precision_loss, reason = "shown in three digits")]
fn per_second(records: u64, begun: Instant) -> String {
    rate(records as f64 / begun.elapsed().as_secs_f64().max(1e-9))
}

/// Where the lines come from, and how far they are stored.
struct Source {
    reader: Box<dyn AsyncRead + Unpin>,
    name: String,
    /// A file is there already, so that waiting for a full request costs nothing. A pipe may be slow: what it has is sent.
    is_file: bool,
    ended: bool,
    /// Of reading; told once what was read before it is stored.
    error: Option<io::Error>,
    lines: Lines,
    stored: Stored,
    progress: ProgressBar,
}

#[derive(Default)]
struct Stored {
    lines: u64,
    records: u64,
}

impl Source {
    async fn open(path: Option<&PathBuf>, output: Output) -> anyhow::Result<Self> {
        let mut source = Self {
            reader: Box::new(tokio::io::stdin()),
            name: "the standard input".to_owned(),
            is_file: false,
            ended: false,
            error: None,
            lines: Lines::default(),
            stored: Stored::default(),
            progress: ProgressBar::hidden(),
        };
        let Some(path) = path.filter(|path| path.as_os_str() != "-") else {
            if io::stdin().is_terminal() {
                eprintln!("Reading a JSON value a line; end with Ctrl-D.");
            }
            return Ok(source);
        };
        let unreadable = || format!("{} cannot be read", path.display());
        let file = tokio::fs::File::open(path).await.with_context(unreadable)?;
        let metadata = file.metadata().await.with_context(unreadable)?;
        source.is_file = metadata.is_file();
        if source.is_file && !output.json {
            let style = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes}  {msg}")?;
            source.progress = ProgressBar::new(metadata.len()).with_style(style);
            source.progress.enable_steady_tick(Duration::from_millis(100));
        }
        source.name = path.display().to_string();
        source.reader = Box::new(file);
        Ok(source)
    }

    /// The next request, or nothing where all was read.
    async fn next(&mut self) -> anyhow::Result<Option<Chunk>> {
        while !self.ended && !self.lines.is_full() && (self.is_file || self.lines.records == 0) {
            self.read().await;
        }
        if self.lines.count > 0 {
            return Ok(Some(self.lines.take()));
        }
        if let Some(error) = self.error.take() {
            return Err(error).with_context(|| {
                format!("{} records are stored; {} cannot be read on", number(self.stored.records), self.name)
            });
        }
        if self.lines.is_full() {
            let line = self.stored.lines + 1;
            anyhow::bail!(
                "line {} of {} is longer than {RECORD_BYTES_MAX} bytes, the most that a record holds; {} records before it are stored",
                number(line),
                self.name,
                number(self.stored.records)
            );
        }
        Ok(None)
    }

    /// Reads on while `task` runs.
    async fn read_during<T>(&mut self, task: impl Future<Output = T>) -> T {
        let mut task = pin!(task);
        loop {
            let reads = !self.ended && !self.lines.is_full();
            tokio::select! {
                done = &mut task => return done,
                () = self.read(), if reads => {}
            }
        }
    }

    /// Reads some. Where it is called off, nothing is lost.
    async fn read(&mut self) {
        self.lines.buffer.reserve(READ_BYTES);
        match self.reader.read_buf(&mut self.lines.buffer).await {
            Ok(0) => {
                self.ended = true;
                self.lines.end();
            }
            Ok(_) => self.lines.scan(),
            Err(error) => {
                self.ended = true;
                self.error = Some(error);
            }
        }
    }

    /// What a person has to know who wants to go on from here.
    fn stopped(&self, chunk: &Chunk, Unsent { failure, is_unsure }: &Unsent) -> anyhow::Error {
        let Self { name, stored, .. } = self;
        let (first, last) = (stored.lines + 1, stored.lines + chunk.lines);
        let lines = format!("lines {} to {} of {name}", number(first), number(last));
        let records = number(stored.records);
        if *is_unsure {
            return anyhow!(
                "{failure}. {records} records are certainly stored; {lines} may be stored or not: look at the end of the topic \
                 before you send them again"
            );
        }
        match chunk.first_that_is_not_json() {
            Some((index, error)) => anyhow!(
                "line {} of {name} is not JSON: {error}. {records} records are stored, all from before line {}",
                number(first + index),
                number(first)
            ),
            None => anyhow!("{lines} were not stored: {failure}. {records} records before them are"),
        }
    }
}

/// Lines that make one request.
#[derive(Debug, PartialEq, Eq)]
struct Chunk {
    bytes: Bytes,
    lines: u64,
    /// Lines that are not empty.
    records: u64,
}

impl Chunk {
    /// The index of a line, and what is wrong with it.
    fn first_that_is_not_json(&self) -> Option<(u64, String)> {
        let lines = self.bytes.split(|byte| *byte == b'\n').zip(0..);
        let mut written = lines.filter(|(line, _)| !line.trim_ascii().is_empty());
        written.find_map(|(line, index)| {
            let error = serde_json::from_slice::<IgnoredAny>(line).err()?;
            // Its own "at line 1" is that of the value.
            let text = error.to_string();
            let what = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
            Some((index, format!("{what} at column {}", error.column())))
        })
    }
}

/// Cuts what was read into requests.
#[derive(Debug, Default)]
struct Lines {
    buffer: BytesMut,
    /// The next request is the buffer up to here.
    cut: usize,
    /// No line ends between `cut` and here.
    scanned: usize,
    count: usize,
    records: usize,
    full: bool,
}

impl Lines {
    fn scan(&mut self) {
        while !self.full {
            let Some(at) = memchr::memchr(b'\n', &self.buffer[self.scanned..]) else {
                self.scanned = self.buffer.len();
                return;
            };
            let end = self.scanned + at + 1;
            if self.count > 0 && end > CHUNK_BYTES_MAX {
                self.full = true;
                return;
            }
            self.records += usize::from(!self.buffer[self.cut..end].trim_ascii().is_empty());
            self.count += 1;
            (self.cut, self.scanned) = (end, end);
            self.full = self.count == CHUNK_LINES_MAX || end >= CHUNK_BYTES_MAX;
        }
    }

    /// The last line needs no line break.
    fn end(&mut self) {
        if self.buffer.last().is_some_and(|last| *last != b'\n') {
            self.buffer.extend_from_slice(b"\n");
        }
        self.scan();
    }

    /// Whether to stop reading: the request is full, or a line has begun that no record can hold.
    fn is_full(&self) -> bool {
        self.full || self.scanned - self.cut > RECORD_BYTES_MAX
    }

    fn take(&mut self) -> Chunk {
        let chunk = Chunk {
            bytes: self.buffer.split_to(self.cut).freeze(),
            lines: self.count as u64,
            records: self.records as u64,
        };
        self.scanned -= self.cut;
        (self.cut, self.count, self.records, self.full) = (0, 0, 0, false);
        self.scan();
        chunk
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::super::client::Endpoint;
    use super::*;

    /// Cuts `text`, which arrives in pieces of `piece` bytes, into the line counts of its requests.
    fn cut(text: &[u8], piece: usize) -> Vec<Chunk> {
        let mut lines = Lines::default();
        let mut chunks = Vec::new();
        for piece in text.chunks(piece) {
            lines.buffer.extend_from_slice(piece);
            lines.scan();
            while lines.is_full() {
                chunks.push(lines.take());
            }
        }
        lines.end();
        while lines.count > 0 {
            chunks.push(lines.take());
        }
        chunks
    }

    #[test]
    fn requests_join_into_the_file() {
        let lines: Vec<_> = (0..12_345).map(|index| format!("{{\"index\":{index}}}\n")).collect();
        let text = lines.concat();
        for piece in [1_000, 4_096, 1 << 20] {
            let chunks = cut(text.as_bytes(), piece);
            assert_eq!(chunks.iter().map(|chunk| chunk.records).collect::<Vec<_>>(), [5_000, 5_000, 2_345]);
            let joined: Vec<u8> = chunks.iter().flat_map(|chunk| chunk.bytes.to_vec()).collect();
            assert_eq!(joined, text.as_bytes());
        }
    }

    #[test]
    fn requests_are_bounded_in_bytes_and_a_long_line_goes_alone() {
        let line = |bytes: usize| format!("\"{}\"\n", "x".repeat(bytes - 3));
        let text = [line(700_000), line(400_000), line(3 << 20), line(10), line(10)].concat();
        let sizes: Vec<_> = cut(text.as_bytes(), 65_536).iter().map(|chunk| (chunk.bytes.len(), chunk.lines)).collect();
        assert_eq!(sizes, [(700_000, 1), (400_000, 1), (3 << 20, 1), (20, 2)]);
    }

    #[test]
    fn empty_lines_count_as_lines_and_not_as_records() {
        let chunks = cut(b"1\n\n \r\n2", 3);
        assert_eq!(chunks, [Chunk { bytes: Bytes::from_static(b"1\n\n \r\n2\n"), lines: 4, records: 2 }]);
        assert!(cut(b"", 1).is_empty());
    }

    #[test]
    fn a_line_without_an_end_is_not_read_for_ever() {
        let mut lines = Lines::default();
        lines.buffer.resize(RECORD_BYTES_MAX + 1, b'x');
        lines.scan();
        assert!(lines.is_full() && lines.count == 0);
    }

    #[test]
    fn the_line_that_is_not_json_is_found() {
        let chunk = Chunk { bytes: Bytes::from_static(b"1\n\n{\n2\n"), lines: 4, records: 3 };
        assert_eq!(chunk.first_that_is_not_json().map(|(index, _)| index), Some(2));
    }

    #[test]
    fn what_is_not_json_goes_as_bytes() {
        assert_eq!(value_of(r#"{"a": 1}"#).unwrap().get(), r#"{"a": 1}"#);
        assert_eq!(value_of("null").unwrap().get(), "null");
        assert_eq!(value_of("hello").unwrap().get(), r#"{"$base64":"aGVsbG8="}"#);
        assert_eq!(value_of("").unwrap().get(), r#"{"$base64":""}"#);
    }

    /// What a host does with one request: it answers, or it breaks the connection.
    type Script = &'static [Option<(u16, &'static str)>];

    const PRODUCER: Option<(u16, &str)> = Some((201, r#"{"producer_id":7,"epoch":1}"#));
    const STORED: Option<(u16, &str)> = Some((200, r#"{"records":[],"durability":"synced"}"#));

    /// Plays a host, and tells what it was asked: the path, and the sequence where one was given.
    async fn play(listener: TcpListener, script: Script) -> Vec<(String, Option<String>)> {
        let mut asked = Vec::new();
        let mut open = None;
        for step in script {
            let mut stream = match open.take() {
                Some(stream) => stream,
                None => listener.accept().await.unwrap().0,
            };
            let mut request = Vec::new();
            let (head, body_bytes) = loop {
                stream.read_buf(&mut request).await.unwrap();
                let Some(end) = memchr::memmem::find(&request, b"\r\n\r\n") else { continue };
                let head = String::from_utf8(request[..end].to_vec()).unwrap();
                break (head, request.len() - end - 4);
            };
            let header = |name: &str| {
                let lines = head.lines().filter_map(|line| line.split_once(": "));
                lines.filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned()).next()
            };
            let left = header("content-length").map_or(0, |bytes| bytes.parse::<usize>().unwrap()) - body_bytes;
            stream.read_exact(&mut vec![0; left]).await.unwrap();
            asked.push((head.split(' ').nth(1).unwrap().to_owned(), header("kafka-do-sequence")));
            let Some((status, body)) = step else { continue };
            let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
            open = Some(stream);
        }
        asked
    }

    /// Sends requests of 2 records each to a host that keeps to the script. Returns what came of the last one, and the
    /// sequences that the host saw.
    async fn exchange(requests: usize, script: Script) -> (Result<Answer, Unsent>, Vec<Option<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint: Endpoint = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let mut client = Client::new(endpoint);
        let produce = async {
            let mut producer = Producer::register(&mut client).await.unwrap();
            let content = Content::ndjson(Bytes::from_static(b"1\n2\n"));
            let mut last = producer.send(&mut client, "/r", &content, 2).await;
            for _ in 1..requests {
                last = producer.send(&mut client, "/r", &content, 2).await;
            }
            last
        };
        let (sent, asked) = tokio::join!(produce, play(listener, script));
        assert_eq!(asked[0], ("/v1/producers".to_owned(), None));
        (sent, asked.into_iter().filter(|(path, _)| path == "/r").map(|(_, sequence)| sequence).collect())
    }

    fn sequences(of: &[u64]) -> Vec<Option<String>> {
        of.iter().map(|sequence| Some(sequence.to_string())).collect()
    }

    #[tokio::test]
    async fn what_may_have_been_stored_is_sent_again_in_its_place() {
        const UNKNOWN: &str = r#"{"type":"https://kafka.do/problems/outcome-unknown","detail":"x"}"#;
        let script: Script = &[PRODUCER, STORED, None, Some((503, UNKNOWN)), STORED, STORED];
        let (sent, seen) = exchange(3, script).await;
        assert!(sent.is_ok());
        assert_eq!(seen, sequences(&[0, 2, 2, 2, 4]));
    }

    #[tokio::test]
    async fn a_producer_that_was_forgotten_begins_anew() {
        const FORGOTTEN: &str = r#"{"type":"https://kafka.do/problems/unknown-producer","detail":"x"}"#;
        let (sent, seen) = exchange(2, &[PRODUCER, STORED, Some((404, FORGOTTEN)), PRODUCER, STORED]).await;
        assert!(sent.is_ok());
        assert_eq!(seen, sequences(&[0, 2, 0]));
        // Where a try was lost before, it may have been stored under the old id: to begin anew could store it twice.
        let (sent, seen) = exchange(2, &[PRODUCER, STORED, None, Some((404, FORGOTTEN))]).await;
        assert!(sent.is_err_and(|unsent| unsent.is_unsure));
        assert_eq!(seen, sequences(&[0, 2, 2]));
    }

    #[tokio::test]
    async fn a_refusal_is_told_at_once() {
        const INVALID: &str = r#"{"type":"https://kafka.do/problems/invalid-json","detail":"x"}"#;
        let (sent, seen) = exchange(1, &[PRODUCER, Some((400, INVALID))]).await;
        assert!(sent.is_err_and(|unsent| !unsent.is_unsure));
        assert_eq!(seen, sequences(&[0]));
    }
}
