//! Sinks, sources and webhooks: what a call that fails leaves, what the next one begins with, and who reaches outside.

use std::cell::RefCell;
use std::rc::Rc;

use kafka_do_sdk::sink::{Delivery, Sink};
use kafka_do_sdk::source::{PollLimits, PollOutcome, Source};
use kafka_do_sdk::state::Table;
use kafka_do_sdk::testing::{SinkHarness, SourceHarness, WebhookHarness, nothing_outside, record, request};
use kafka_do_sdk::webhook::{Reply, Request, Response, Webhook};
use kafka_do_sdk::{
    Batch, Context, Description, Failure, NewRecord, NoSettings, Rejection, RetryAdvice, clock, http, log,
};
use proptest::prelude::*;

/// Posts each value. It counts in a field what it has seen, and in state what was taken.
struct Poster {
    seen: u32,
    taken: Table,
}

impl Poster {
    fn count(&self) -> Result<u32, Failure> {
        Ok(self.taken.get("count")?.and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_be_bytes))
    }
}

impl Sink for Poster {
    type Settings = NoSettings;

    fn describe() -> Description {
        Description::new("Posts each value.").with_table("taken").with_host("example.com:443")
    }

    fn open(_: Context<NoSettings>) -> Result<Self, Failure> {
        Ok(Self { seen: 0, taken: Table::open("taken")? })
    }

    fn deliver(&mut self, batch: Batch) -> Result<Delivery, Failure> {
        let requests: Vec<http::Request> = batch
            .records
            .iter()
            .map(|record| http::Request::post("https://example.com/", record.value.clone().unwrap_or_default()))
            .collect();
        let mut delivery = Delivery::new(0);
        for (record, result) in batch.records.iter().zip(http::send_all(&requests)) {
            self.seen += 1;
            match result {
                Ok(response) if response.is_success() => {}
                Ok(response) if response.status == 503 => {
                    let advice = RetryAdvice { reason: "it is busy".to_owned(), after_ms: Some(10) };
                    delivery = delivery.with_hold(advice);
                    break;
                }
                Ok(response) => {
                    delivery.rejections.push(Rejection {
                        topic: batch.topic.clone(),
                        partition: batch.partition,
                        offset: record.offset,
                        reason: format!("status {}", response.status),
                    });
                }
                Err(error) => {
                    self.taken.put("count", u32::MAX.to_be_bytes());
                    return Err(Failure::retry(error));
                }
            }
            delivery.done += 1;
        }
        log::info(format!("seen {}", self.seen));
        self.taken.put("count", (self.count()? + delivery.done).to_be_bytes());
        Ok(delivery)
    }
}

kafka_do_sdk::export_sink!(Poster);

/// What the values ask for: a status, or no answer.
fn outside(request: &http::Request) -> Result<http::Response, http::Error> {
    // The double may ask the host as the plugin does.
    let _ = clock::now_ms();
    let body = String::from_utf8_lossy(&request.body);
    body.parse().map(|status| http::Response::new(status, "")).map_err(|_| http::Error::NoConnection(body.into_owned()))
}

fn taken(harness: &SinkHarness<Poster>) -> u32 {
    let bytes = harness.state("taken").get(b"count".as_slice()).cloned();
    bytes.and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_be_bytes)
}

fn last_line(harness: &SinkHarness<Poster>) -> &str {
    harness.log_lines().last().map_or("", |line| line.message.as_str())
}

#[test]
fn a_sink_says_how_much_is_done_and_gets_the_rest_again() {
    let mut harness = SinkHarness::<Poster>::new("{}", outside).with_partition(3);
    let delivery = harness.deliver(["200", "404", "503", "200"].map(|value| record().with_value(value))).unwrap();
    assert_eq!(delivery.done, 2);
    assert_eq!(delivery.hold, Some(RetryAdvice { reason: "it is busy".to_owned(), after_ms: Some(10) }));
    let [rejection] = delivery.rejections.as_slice() else { panic!("one rejection: {delivery:?}") };
    assert_eq!((rejection.partition, rejection.offset), (3, 1));
    assert_eq!(taken(&harness), 2);

    // Holding is a success: the value that counted three is still there.
    let delivery = harness.deliver(["404", "200"].map(|value| record().with_value(value))).unwrap();
    assert_eq!((delivery.done, delivery.rejections[0].offset), (2, 2));
    assert_eq!(last_line(&harness), "seen 5");
    assert_eq!(taken(&harness), 4);
}

#[test]
fn what_a_sink_wrote_before_it_failed_is_not_kept_nor_is_the_sink() {
    let mut harness = SinkHarness::<Poster>::new("{}", outside);
    harness.deliver([record().with_value("200")]).unwrap();
    let failure = harness.deliver([record().with_value("gone")]).unwrap_err();
    assert_eq!(failure, Failure::retry("no connection: gone"));
    assert_eq!(taken(&harness), 1);

    harness.deliver([record().with_value("200")]).unwrap();
    assert_eq!(last_line(&harness), "seen 1");
    assert_eq!(taken(&harness), 2);
}

#[test]
fn a_sink_without_an_outside_is_denied() {
    let mut harness = SinkHarness::<Poster>::new("{}", nothing_outside);
    let failure = harness.deliver([record()]).unwrap_err();
    assert!(matches!(failure, Failure::Retry(advice) if advice.reason.starts_with("the host denied the request")));
}

/// Counts, and fails after it has answered as often as the settings say.
struct Counter {
    next: u64,
    left: u64,
    acknowledged: Table,
}

impl Source for Counter {
    type Settings = Vec<u64>;

    fn describe() -> Description {
        Description::new("Counts.").with_table("acknowledged")
    }

    fn open(context: Context<Vec<u64>>, resume: Option<Vec<u8>>) -> Result<Self, Failure> {
        let next = resume.and_then(|cursor| cursor.try_into().ok()).map_or(0, u64::from_be_bytes);
        Ok(Self { next, left: context.settings[0], acknowledged: Table::open("acknowledged")? })
    }

    fn poll(&mut self, limits: PollLimits) -> Result<PollOutcome, Failure> {
        let Some(left) = self.left.checked_sub(1) else {
            self.next = 1_000;
            return Err(Failure::retry("enough"));
        };
        self.left = left;
        let records = (self.next..).take(limits.records as usize).map(|number| NewRecord::new(number.to_string()));
        let outcome = PollOutcome::new((self.next + u64::from(limits.records)).to_be_bytes()).with_records(records);
        self.next += u64::from(limits.records);
        Ok(outcome)
    }

    fn committed(&mut self, cursor: &[u8]) -> Result<(), Failure> {
        self.acknowledged.put("cursor", cursor);
        Ok(())
    }
}

kafka_do_sdk::export_source!(Counter);

#[derive(Debug, Clone, Copy)]
enum Step {
    Poll,
    PollInVain,
    Committed,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![Just(Step::Poll), Just(Step::PollInVain), Just(Step::Committed), Just(Step::Restart)]
}

proptest! {
    /// Whatever fails or is lost in between, and whether or not the source hears what was committed.
    #[test]
    fn a_source_goes_on_from_what_was_committed(
        polls in 1_u64..5,
        records in 1_u32..4,
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let limits = PollLimits { records, bytes: 1_000 };
        let mut harness = SourceHarness::<Counter>::new(&format!("[{polls}]"), nothing_outside).with_limits(limits);
        let mut next = 0;
        for step in steps {
            match step {
                Step::Poll => {
                    // One that fails is opened anew by the call after it.
                    let outcome = harness.poll().or_else(|_| harness.poll()).unwrap();
                    for record in outcome.records {
                        prop_assert_eq!(record.value, Some(next.to_string().into_bytes()));
                        next += 1;
                    }
                }
                Step::PollInVain => {
                    let _ = harness.poll_in_vain();
                }
                Step::Committed => {
                    harness.committed().unwrap();
                    let cursor = harness.state("acknowledged").get(b"cursor".as_slice());
                    prop_assert_eq!(cursor.map(Vec::as_slice), harness.cursor());
                }
                Step::Restart => harness.restart(),
            }
        }
    }
}

#[test]
fn a_source_may_begin_where_another_ended() {
    let resume = Some(7_u64.to_be_bytes().to_vec());
    let mut harness = SourceHarness::<Counter>::try_new("[1]", resume, nothing_outside).unwrap();
    assert_eq!(harness.poll().unwrap().records[0], NewRecord::new("7"));
}

/// Says how often it was called, until it was asked to fail.
struct Calls(u32);

impl Webhook for Calls {
    type Settings = NoSettings;

    fn describe() -> Description {
        Description::new("Counts its calls.")
    }

    fn open(_: Context<NoSettings>) -> Result<Self, Failure> {
        Ok(Self(0))
    }

    fn handle(&mut self, request: Request) -> Result<Reply, Failure> {
        self.0 += 1;
        if request.path == "/fail" {
            return Err(Failure::reject("as asked"));
        }
        let response = Response::text(200, format!("{} at {}", self.0, clock::now_ms()));
        Ok(Reply::new(response).with_id("a").with_records([NewRecord::new(request.body)]))
    }
}

kafka_do_sdk::export_webhook!(Calls);

#[test]
fn a_webhook_that_failed_is_opened_anew() {
    let mut harness = WebhookHarness::<Calls>::new("{}");
    harness.set_now_ms(5);
    let body = |reply: Reply| String::from_utf8(reply.response.body).unwrap();
    assert_eq!(harness.handle(request()).map(body), Ok("1 at 5".to_owned()));
    assert_eq!(harness.handle(request()).map(body), Ok("2 at 5".to_owned()));
    assert_eq!(harness.handle(request().with_path("/fail")), Err(Failure::reject("as asked")));
    assert_eq!(harness.handle(request()).map(body), Ok("1 at 5".to_owned()));
    assert!(WebhookHarness::<Calls>::try_new(r#"{"a":1}"#).is_err());
}

#[test]
fn requests_go_out_in_order_and_come_back_so() {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let mut harness = SinkHarness::<Poster>::new("{}", {
        let seen = Rc::clone(&seen);
        move |request| {
            seen.borrow_mut().push((request.method.clone(), request.body.clone()));
            outside(request)
        }
    });
    let delivery = harness.deliver(["201", "400", "202"].map(|value| record().with_value(value))).unwrap();
    assert_eq!(delivery.rejections[0].reason, "status 400");
    let post = |body: &str| ("POST".to_owned(), body.as_bytes().to_vec());
    assert_eq!(*seen.borrow(), ["201", "400", "202"].map(post));
}
