//! The parser as it runs in the host, a component: whatever is said to it, it answers, and soon.
//!
//! `KAFKA_DO_TEST_UTTERANCES=200000` says a great deal more to it.

use std::time::Duration;

use kafka_do_tests::plugin;
use rustix::time::{ClockId, clock_gettime};
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store};

#[allow(clippy::pedantic, unreachable_pub, reason = "generated")]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../wit",
        inline: "package kafka-do:tests; world parsing { export kafka-do:plugin/parser@0.1.0; }",
    });
}

use bindings::Parsing;
use bindings::exports::kafka_do::plugin::parser::{Catalog, Outcome, TaskContext, TopicInfo, Utterance};

/// What a sentence may have, by the contract of `/v1/ask`.
const SENTENCE_BYTES_MAX: usize = 4096;
/// What an answer may take of a processor.
const ANSWER_MAX: Duration = Duration::from_millis(5);
const COMPONENT_BYTES_MAX: usize = 1_000_000;

struct Speaking {
    store: Store<()>,
    parser: Parsing,
}

impl Speaking {
    /// An instance with nothing within its reach: a parser that asked for something would trap.
    fn new() -> Self {
        let bytes = plugin("natural-language");
        assert!(bytes.len() < COMPONENT_BYTES_MAX, "the component has {} bytes", bytes.len());
        let engine = Engine::default();
        let component = Component::new(&engine, &bytes).expect("it is a component");
        let mut linker = Linker::new(&engine);
        linker.define_unknown_imports_as_traps(&component).expect("its imports can be left out");
        let mut store = Store::new(&engine, ());
        let parser = Parsing::instantiate(&mut store, &component, &linker).expect("it is a parser");
        let context = TaskContext { deployment: "words".to_owned(), partition: None, settings: "{}".to_owned() };
        parser.kafka_do_plugin_parser().call_open(&mut store, &context).expect("it does not trap").expect("it opens");
        Self { store, parser }
    }

    fn said(&mut self, text: &str) -> (Outcome, Duration) {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let utterance = Utterance {
            text: text.to_owned(),
            now_ms: 1_795_689_015_000,
            utc_offset_minutes: -300,
            catalog: Catalog {
                topics: ["orders", "page-views", "payments", "user-events", "user-events-by-day"]
                    .map(|name| TopicInfo { name: name.to_owned(), partitions: 3 })
                    .to_vec(),
                groups: names(&["audit", "order-processor"]),
                plugins: names(&["filter-json", "http-sink"]),
                deployments: names(&["big-orders"]),
            },
        };
        let begun = processor_time();
        let answer = self.parser.kafka_do_plugin_parser().call_parse(&mut self.store, &utterance);
        let took = processor_time().saturating_sub(begun);
        (answer.expect("it does not trap").expect("it does not fail"), took)
    }
}

/// Of this thread: what others do on the machine meanwhile is not the parser's.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or_default(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// A generator that a number seeds (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % count as u64).expect("below a usize")
    }
}

/// Pieces that sentences are made of, and such as break readers of text.
const PIECES: &[&str] = &[
    "orders",
    "order",
    "ordrs",
    "to",
    "into",
    "where",
    "amount",
    ">",
    "=",
    "and",
    "or",
    "100",
    "create",
    "topic",
    "group",
    "audit",
    "as",
    "from",
    "yesterday",
    "last",
    "per",
    "count",
    "with",
    "\"",
    "'",
    "`",
    "\u{201c}",
    "{",
    "}",
    "[",
    "]",
    "\\",
    ",",
    ":",
    ".",
    "?",
    "!",
    "stream",
    "set",
    "retention",
    "3",
    "partitions",
    "7-day",
    "is",
    "between",
    "monday",
    "9am",
    "a",
    "the",
    "page",
    "views",
    "user",
    "events",
    "\u{1f680}",
    "\u{0}",
    "\u{202e}",
    "caf\u{e9}",
    "-",
    "_",
    "2026-11-01",
    "hours",
    "ago",
    "in",
    "\n",
    "\t",
    "99999999999999999999",
];

fn utterance(dice: &mut Dice) -> String {
    let bytes_max = match dice.below(4) {
        0 => SENTENCE_BYTES_MAX,
        1 => 400,
        _ => 60,
    };
    let mut text = String::new();
    match dice.below(5) {
        // Any text.
        0 => {
            let bytes: Vec<u8> = (0..bytes_max).map(|_| u8::try_from(dice.below(256)).expect("a byte")).collect();
            text = String::from_utf8_lossy(&bytes).into_owned();
        }
        // One piece, again and again.
        1 => {
            let piece = PIECES[dice.below(PIECES.len())];
            let between = ["", " "][dice.below(2)];
            while text.len() < bytes_max {
                text.push_str(piece);
                text.push_str(between);
            }
        }
        // Two that alternate, as of clauses and names.
        2 => {
            let pair =
                [PIECES[dice.below(PIECES.len())], PIECES[dice.below(PIECES.len())], PIECES[dice.below(PIECES.len())]];
            text.push_str(["", "orders ", "stream ", "copy ", "produce ", "count "][dice.below(6)]);
            let between = ["", " "][dice.below(2)];
            while text.len() < bytes_max {
                text.push_str(pair[dice.below(3)]);
                text.push_str(between);
            }
        }
        _ => {
            while text.len() < bytes_max {
                text.push_str(PIECES[dice.below(PIECES.len())]);
                if dice.below(5) > 0 {
                    text.push(' ');
                }
            }
        }
    }
    text.truncate(text.floor_char_boundary(SENTENCE_BYTES_MAX));
    text
}

#[test]
fn whatever_is_said_is_answered_soon() {
    let wanted =
        std::env::var("KAFKA_DO_TEST_UTTERANCES").ok().and_then(|count| count.parse().ok()).unwrap_or(4_000_u64);
    let mut speaking = Speaking::new();
    let (mut longest, mut understood) = (Duration::ZERO, 0_u64);
    for seed in 0..wanted {
        let text = utterance(&mut Dice(seed));
        let (outcome, took) = speaking.said(&text);
        assert!(took < ANSWER_MAX, "{took:?} for {} bytes, seed {seed}: {text:?}", text.len());
        longest = longest.max(took);
        match outcome {
            Outcome::Understood(readings) => {
                assert!(!readings.is_empty(), "{text:?}");
                understood += 1;
            }
            Outcome::Unclear(question) => assert!(!question.text.is_empty() && question.text.len() < 500, "{text:?}"),
        }
    }
    println!("{wanted} utterances, {understood} of them understood; the longest took {longest:?}");
}

#[test]
fn a_sentence_means_the_same_in_the_component() {
    let mut speaking = Speaking::new();
    let (outcome, _) = speaking.said("count page views per page every 5 minutes into page-counts");
    let Outcome::Understood(readings) = outcome else { panic!("it is understood") };
    assert_eq!(readings[0].restated, "count page-views per page every 5 minutes into page-counts");
    let (outcome, _) = speaking.said("describe ordrs");
    let Outcome::Unclear(question) = outcome else { panic!("it is asked back") };
    assert_eq!(question.suggestions, ["describe orders"]);
}
