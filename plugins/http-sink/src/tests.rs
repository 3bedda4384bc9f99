//! The promises, on the native doubles.

use std::cell::RefCell;
use std::rc::Rc;

use kafka_do_sdk::Record;
use kafka_do_sdk::http::{Error, Response};
use kafka_do_sdk::testing::{SinkHarness, record};

use super::*;

const PLAIN: &str = r#"{"url":"http://h/in","max_attempts":3,"retry":{"initial_ms":100,"max_ms":1000}}"#;

/// A server whose mind can be changed: it answers what it is told to, and remembers what it took.
#[derive(Clone)]
struct Server {
    mind: Rc<RefCell<Box<Mind>>>,
    taken: Rc<RefCell<Vec<String>>>,
}

type Mind = dyn Fn(&str) -> Result<Response, Error>;

impl Server {
    fn new(mind: impl Fn(&str) -> Result<Response, Error> + 'static) -> Self {
        Self { mind: Rc::new(RefCell::new(Box::new(mind))), taken: Rc::default() }
    }

    fn change(&self, mind: impl Fn(&str) -> Result<Response, Error> + 'static) {
        *self.mind.borrow_mut() = Box::new(mind);
    }

    fn harness(&self, settings: &str) -> SinkHarness<HttpSink> {
        let Self { mind, taken } = self.clone();
        SinkHarness::new(settings, move |request| {
            let body = String::from_utf8(request.body.clone()).unwrap();
            let answer = (mind.borrow())(&body);
            if answer.as_ref().is_ok_and(Response::is_success) {
                taken.borrow_mut().push(body);
            }
            answer
        })
    }

    /// What it took since it was asked last.
    fn taken(&self) -> Vec<String> {
        std::mem::take(&mut self.taken.borrow_mut())
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it is what a server answers")]
fn answer(status: u16) -> Result<Response, Error> {
    Ok(Response::new(status, "so it is"))
}

fn records(keys_and_values: &[(&str, &str)]) -> Vec<Record> {
    keys_and_values.iter().map(|(key, value)| record().with_key(*key).with_value(*value)).collect()
}

fn advice(delivery: &Delivery) -> (&str, u32) {
    let RetryAdvice { reason, after_ms } = delivery.hold.as_ref().unwrap();
    (reason, after_ms.unwrap())
}

#[test]
fn a_batch_is_delivered() {
    let server = Server::new(|_| answer(202));
    let mut harness = server.harness(PLAIN);
    let delivery = harness.deliver(records(&[("a", "1"), ("a", "2"), ("b", "3")])).unwrap();
    assert_eq!((delivery.done, &delivery.rejections[..], delivery.hold), (3, &[][..], None));
    assert_eq!(server.taken(), ["1", "3", "2"], "those of one key one after the other");
    assert!(harness.state(TABLE).is_empty());
}

#[test]
fn a_poisoned_record_goes_to_the_dead_letters_and_is_never_delivered_afterwards() {
    let server = Server::new(|body| answer(if body == "bad" { 422 } else { 200 }));
    let mut harness = server.harness(PLAIN);
    // The first one fails, so that the rejection has to be remembered.
    server.change(|body| {
        answer(match body {
            "bad" => 422,
            "1" => 500,
            _ => 200,
        })
    });
    let batch = records(&[("a", "1"), ("b", "bad"), ("b", "2")]);
    assert_eq!(harness.deliver(batch.clone()).unwrap().done, 0);
    server.change(|_| answer(200));
    harness.restart();
    harness.set_now_ms(100);
    let delivery = harness.deliver(batch).unwrap();
    let [rejection] = delivery.rejections.as_slice() else { panic!("one is rejected: {delivery:?}") };
    assert_eq!((delivery.done, rejection.offset), (3, 1));
    assert_eq!(rejection.reason, "the server answered 422: so it is");
    assert_eq!(server.taken(), ["1", "2"]);
    assert!(harness.state(TABLE).is_empty());
}

#[test]
fn attempts_are_counted_across_restarts_and_then_it_is_a_dead_letter() {
    let server = Server::new(|body| answer(if body == "1" { 500 } else { 200 }));
    let mut harness = server.harness(PLAIN);
    let batch = records(&[("a", "1"), ("b", "2"), ("a", "3")]);
    for attempt in 1..3 {
        let delivery = harness.deliver(batch.clone()).unwrap();
        let (reason, after_ms) = advice(&delivery);
        assert_eq!(reason, format!("the server answered 500: so it is; {attempt} of 3 attempts"));
        assert!((1..=200).contains(&after_ms));
        harness.restart();
        assert_eq!(harness.deliver(batch.clone()).unwrap(), delivery, "nothing is sent before its time");
        harness.set_now_ms(i64::from(attempt) * 200);
    }
    let delivery = harness.deliver(batch.clone()).unwrap();
    assert_eq!((delivery.done, delivery.rejections.len(), &delivery.hold), (2, 1, &None));
    assert_eq!(delivery.rejections[0].reason, "the server answered 500: so it is; 3 of 3 attempts");
    assert_eq!(harness.deliver(batch[2..].to_vec()).unwrap().done, 1);
    assert_eq!(server.taken(), ["2", "3"], "what was delivered is not again, and the key goes on");
    assert!(harness.state(TABLE).is_empty());
}

#[test]
fn a_server_that_hangs_keeps_a_call_for_one_wave() {
    let server = Server::new(|_| Err(Error::NoAnswer("it took longer than 10000 ms".to_owned())));
    let mut harness = server.harness(r#"{"url":"http://h/in","concurrency":2}"#);
    let batch: Vec<Record> = (0..10).map(|n| record().with_value(n.to_string())).collect();
    let delivery = harness.deliver(batch.clone()).unwrap();
    assert_eq!((delivery.done, delivery.hold), (0, None));
    let row = harness.state(TABLE).values().next().unwrap();
    assert_eq!(String::from_utf8_lossy(row).matches("attempts").count(), 2);
    for _ in 0..2 {
        harness.deliver(batch.clone()).unwrap();
    }
    let delivery = harness.deliver(batch).unwrap();
    let reason = "6 requests failed in a row, the last because no answer: it took longer than 10000 ms";
    assert_eq!(advice(&delivery), (reason, 10_000));
}

#[test]
fn a_server_that_is_away_costs_nothing() {
    let server = Server::new(|_| Err(Error::NoConnection("refused".to_owned())));
    let mut harness = server.harness(PLAIN);
    let batch = records(&[("a", "1"), ("b", "2")]);
    let mut now_ms = 0;
    for _ in 0..100 {
        let delivery = harness.deliver(batch.clone()).unwrap();
        assert!(advice(&delivery).0.ends_with("no connection: refused"));
        now_ms += i64::from(advice(&delivery).1);
        harness.set_now_ms(now_ms);
        assert!(harness.state(TABLE).is_empty());
    }
    server.change(|_| answer(200));
    assert_eq!(harness.deliver(batch).unwrap().done, 2);
}

#[test]
fn a_busy_server_is_left_alone_for_as_long_as_it_says() {
    let server = Server::new(|_| Ok(Response::new(429, "slow down").with_header("retry-after", "120")));
    let mut harness = server.harness(PLAIN);
    let delivery = harness.deliver(records(&[("a", "1")])).unwrap();
    assert_eq!(advice(&delivery), ("the server answered 429: slow down", 120_000));
    server.change(|_| answer(200));
    harness.set_now_ms(119_999);
    assert_eq!(advice(&harness.deliver(records(&[("a", "1")])).unwrap()).1, 1);
    harness.set_now_ms(120_000);
    assert_eq!(harness.deliver(records(&[("a", "1")])).unwrap().done, 1);
}

#[test]
fn runs_are_delivered_in_order_and_a_poisoned_record_is_found_in_them() {
    let server = Server::new(|body| answer(if body.contains("bad") { 400 } else { 200 }));
    let mut harness = server.harness(r#"{"url":"http://h/in","batch":{"records":4},"timeout_ms":5000}"#);
    let batch = records(&[("a", "1"), ("a", "2"), ("a", "bad"), ("a", "4"), ("a", "5")]);
    let delivery = harness.deliver(batch).unwrap();
    assert_eq!((delivery.done, delivery.rejections.len(), delivery.rejections[0].offset), (5, 1, 2));
    let offsets = |body: &String| {
        let items: Vec<serde_json::Value> = serde_json::from_str(body).unwrap();
        items.iter().map(|item| item["offset"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(server.taken().iter().map(offsets).collect::<Vec<_>>().concat(), [0, 1, 3, 4]);
}

#[test]
fn what_only_an_operator_can_mend_stops_it() {
    for (error, remedy) in
        [(Error::Denied(String::new()), "sent to h:80"), (Error::Invalid(String::new()), "change `url`")]
    {
        let server = Server::new(move |_| Err(error.clone()));
        let failure = server.harness(PLAIN).deliver(records(&[("a", "1")])).unwrap_err();
        assert!(matches!(&failure, Failure::Fatal(reason) if reason.contains(remedy)), "{failure:?}");
    }
}

#[test]
fn settings_it_does_not_know_are_refused() {
    for more in [
        r#","x":1"#,
        r#","method":"GET""#,
        r#","secret":"whsec_?""#,
        r#","batch":{}"#,
        r#","headers":{"Host":"x"}"#,
        r#","headers":{"kafka-topic":"x"}"#,
        r#","headers":{"a b":"x"}"#,
        r#","headers":{"a":"x\ny"}"#,
    ] {
        let settings = format!(r#"{{"url":"http://h"{more}}}"#);
        assert!(SinkHarness::<HttpSink>::try_new(&settings, |_| answer(200)).is_err(), "{settings}");
    }
    assert!(SinkHarness::<HttpSink>::try_new("{}", |_| answer(200)).is_err());
}
