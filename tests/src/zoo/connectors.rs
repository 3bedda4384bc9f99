//! Connectors and parsers that misbehave: each role has a guest, and each of its modes a line.

/// One way to go wrong.
#[derive(Clone, Copy, Debug)]
pub struct ConnectorCase {
    pub mode: &'static str,
    pub end: ConnectorEnd,
}

/// How it must end, and a part of what the operator must get to see.
#[derive(Clone, Copy, Debug)]
pub enum ConnectorEnd {
    /// It does what it is there for.
    Works,
    /// The sender of a request is told this, and nothing is stored.
    Told { status: u16, says: &'static str },
    /// It stands where it stood, in this state.
    Stands { state: &'static str, says: &'static str },
}

use ConnectorEnd::{Stands, Told, Works};

const fn told(mode: &'static str, says: &'static str) -> ConnectorCase {
    ConnectorCase { mode, end: Told { status: 503, says } }
}

const fn fails(mode: &'static str, says: &'static str) -> ConnectorCase {
    ConnectorCase { mode, end: Stands { state: "failing", says } }
}

const fn works(mode: &'static str) -> ConnectorCase {
    ConnectorCase { mode, end: Works }
}

pub const BAD_WEBHOOKS: &[ConnectorCase] = &[
    works("answer"),
    told("trap", "handle trapped: wasm trap: wasm `unreachable`"),
    told("loop", "5000 ms"),
    told("hog-memory", "more memory than the 134217728 bytes"),
    told("status", "it answers with status 42"),
    told("framing-header", "it answers with a header content-length that it may not send"),
    told("long-id", "it gave one of 256"),
    told("wrong-topic", "topic not-granted, which is not granted"),
    told("huge-answer", "over the 1048576"),
    told("retry", "told to ask for another try"),
    ConnectorCase { mode: "fatal", end: Told { status: 500, says: "told to be fatal" } },
    ConnectorCase { mode: "reject", end: Told { status: 400, says: "told to reject" } },
];

pub const BAD_SINKS: &[ConnectorCase] = &[
    works("deliver"),
    fails("trap", "deliver trapped: wasm trap: wasm `unreachable`"),
    fails("loop", "it computed for more than 5000 ms"),
    fails("overdone", "records are done, of"),
    fails("early-rejection", "and says that it is not done"),
    fails("reject-outside", "which was not in the batch"),
    fails("hold", "told to hold"),
];

pub const BAD_SOURCES: &[ConnectorCase] = &[
    works("poll"),
    fails("trap", "poll trapped: wasm trap: wasm `unreachable`"),
    fails("loop", "it computed for more than 5000 ms"),
    fails("many-records", "over the 10000 of one poll"),
    fails("huge-cursor", "over the 4194304 allowed"),
    fails("wrong-topic", "topic not-granted, which is not granted"),
];

const fn misreads(mode: &'static str, says: &'static str) -> ConnectorCase {
    ConnectorCase { mode, end: Told { status: 422, says } }
}

pub const BAD_PARSERS: &[ConnectorCase] = &[
    works("literal"),
    told("trap", "parse trapped: wasm trap: wasm `unreachable`"),
    told("loop", "it computed for more than 5000 ms"),
    told("hog-memory", "more memory than the 134217728 bytes"),
    told("huge-answer", "it handed over more than the 67108864 bytes of one call"),
    misreads("lying-name", "\"../v1/topics/orders\" as a topic's name"),
    misreads("lying-path", "\"a..b\" as a field's path"),
    misreads("beyond-time", "beyond the year 9999"),
    misreads("reject", "told to reject"),
    told("nothing-understood", "it understood, and says not what"),
    told("too-sure", "a confidence is 0 to 100, and it gave 200"),
    told("long-words", "its question has 3072 bytes, over the 2048 allowed"),
    told("many-readings", "9 interpretations, over the 8 allowed"),
    told("broken-settings", "its settings are no JSON object"),
    told("from-nowhere", "its stream comes from no topic"),
    told("both-partitions", "of add-partitions and partitions it gave both"),
    told("retry", "told to ask for another try"),
    ConnectorCase { mode: "fatal", end: Told { status: 500, says: "told to be fatal" } },
];

/// The guest of each list.
pub const CONNECTORS: [(&str, &[ConnectorCase]); 4] = [
    ("bad-webhook", BAD_WEBHOOKS),
    ("bad-sink", BAD_SINKS),
    ("bad-source", BAD_SOURCES),
    ("literal-parser", BAD_PARSERS),
];
