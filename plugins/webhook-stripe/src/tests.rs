//! The promises, on the native doubles.

use kafka_do_sdk::NewRecord;
use kafka_do_sdk::testing::{WebhookHarness, request};
use kafka_do_sdk::webhook::signing::encode_hex;
use proptest::prelude::*;

use super::*;

const SETTINGS: &str = r#"{"secret":["whsec_new","whsec_old"]}"#;
const BODY: &str = r#"{"id":"evt_1","object":"event","type":"invoice.paid","data":{"object":{"customer":"cus_1"}}}"#;
const NOW_S: i64 = 1_492_774_577;

fn sign(secret: &str, timestamp: i64, body: &[u8]) -> String {
    encode_hex(&Algorithm::Sha256.sign(secret.as_bytes(), &[timestamp.to_string().as_bytes(), b".", body]))
}

fn event(secret: &str, timestamp: i64, body: &[u8]) -> Request {
    let signature = format!("t={timestamp},v1={}", sign(secret, timestamp, body));
    request().with_header("Content-Type", "application/json").with_header("Stripe-Signature", signature).with_body(body)
}

fn handle(settings: &str, request: Request) -> Reply {
    let mut harness = WebhookHarness::<Stripe>::new(settings);
    harness.set_now_ms(NOW_S * 1_000 + 999);
    harness.handle(request).expect("an answer")
}

#[track_caller]
fn assert_refused(reply: &Reply, status: u16) {
    let body = String::from_utf8_lossy(&reply.response.body);
    assert_eq!((reply.response.status, &reply.records, &reply.id), (status, &Vec::new(), &None), "{body}");
    assert!(body.contains("\"detail\"") && !body.contains("whsec"), "{body}");
}

#[test]
fn a_signed_event_is_stored_as_it_came() {
    for secret in ["whsec_new", "whsec_old"] {
        let reply = handle(SETTINGS, event(secret, NOW_S, BODY.as_bytes()));
        let expected = NewRecord::new(BODY)
            .with_key("evt_1")
            .with_header("webhook-id", "evt_1")
            .with_header("webhook-event", "invoice.paid")
            .with_header("content-type", "application/json");
        assert_eq!((reply.records, reply.id.as_deref()), (vec![expected], Some("evt_1")));
        assert_eq!((reply.response.status, reply.response.body.as_slice()), (200, br#"{"stored":1}"#.as_slice()));
    }
}

#[test]
fn any_of_the_signatures_is_enough() {
    let header = format!("t={NOW_S},v0=aa,v1=00, v1={},v1=zz", sign("whsec_old", NOW_S, BODY.as_bytes()));
    let mut request = event("other", NOW_S, BODY.as_bytes());
    assert_refused(&handle(SETTINGS, request.clone()), 401);
    request.headers[1].value = header.into_bytes();
    assert_eq!(handle(SETTINGS, request).response.status, 200);
}

#[test]
fn topics_and_keys_follow_the_settings() {
    let settings = r#"{"secret":"whsec_new","topic_prefix":"stripe.","key_path":"data.object.customer"}"#;
    let record = handle(settings, event("whsec_new", NOW_S, BODY.as_bytes())).records.remove(0);
    assert_eq!(
        (record.topic.as_deref(), record.key.as_deref()),
        (Some("stripe.invoice.paid"), Some(b"cus_1".as_slice()))
    );
}

#[test]
fn old_signatures_are_refused() {
    for (age_s, status) in [(0, 200), (300, 200), (301, 401), (-300, 200), (-301, 401)] {
        let reply = handle(SETTINGS, event("whsec_new", NOW_S - age_s, BODY.as_bytes()));
        assert_eq!(reply.response.status, status, "{age_s}");
    }
    let strict = r#"{"secret":"whsec_new","tolerance_s":10}"#;
    assert_refused(&handle(strict, event("whsec_new", NOW_S - 11, BODY.as_bytes())), 401);
    assert_refused(&handle(SETTINGS, event("whsec_new", i64::MIN, BODY.as_bytes())), 401);
}

#[test]
fn what_is_no_event_is_refused() {
    for header in ["", "t=1", "v1=aa", "t=x,v1=aa", "t=,v1="] {
        let mut request = event("whsec_new", NOW_S, BODY.as_bytes());
        request.headers[1].value = header.into();
        assert_refused(&handle(SETTINGS, request), 401);
    }
    assert_refused(&handle(SETTINGS, request().with_body(BODY)), 401);
    for body in ["", "{", "[]", "{}", r#"{"id":"evt_1"}"#, r#"{"id":1,"type":"a"}"#] {
        assert_refused(&handle(SETTINGS, event("whsec_new", NOW_S, body.as_bytes())), 400);
    }
    for (method, status) in [("GET", 200), ("HEAD", 200), ("PATCH", 405)] {
        let reply = handle(SETTINGS, event("whsec_new", NOW_S, BODY.as_bytes()).with_method(method));
        assert_eq!((reply.response.status, reply.records.len()), (status, 0));
    }
}

#[test]
fn settings_that_cannot_be_are_refused() {
    for settings in
        ["{}", r#"{"secret":""}"#, r#"{"secret":"a","tolerance_s":-1}"#, r#"{"secret":"a","topic_prefix":""}"#]
    {
        assert!(WebhookHarness::<Stripe>::try_new(settings).is_err(), "{settings}");
    }
}

proptest! {
    #[test]
    fn one_flipped_bit_is_refused(in_body: bool, bit in any::<prop::sample::Index>()) {
        let mut request = event("whsec_new", NOW_S, BODY.as_bytes());
        // Timestamp and signature stand in one header.
        let bytes = if in_body { &mut request.body } else { &mut request.headers[1].value };
        let at = bit.index(bytes.len() * 8);
        let signature_from = bytes.len() - 64;
        // Case alone does not make another signature.
        prop_assume!(in_body || at / 8 < signature_from || at % 8 != 5);
        bytes[at / 8] ^= 1 << (at % 8);
        assert_refused(&handle(SETTINGS, request), 401);
    }

    #[test]
    fn no_request_makes_it_panic(header in any::<Vec<u8>>(), body in any::<Vec<u8>>()) {
        let request = request().with_header("stripe-signature", header).with_body(body);
        assert_refused(&handle(SETTINGS, request), 401);
    }
}
