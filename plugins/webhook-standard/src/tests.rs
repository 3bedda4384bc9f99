//! The promises, on the native doubles.

use kafka_do_sdk::NewRecord;
use kafka_do_sdk::testing::{WebhookHarness, request};
use kafka_do_sdk::webhook::signing::encode_base64;
use proptest::prelude::*;

use super::*;

/// The secret and the message of the standard's own examples.
const SECRET: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const SETTINGS: &str = r#"{"secret":["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw","b2xk"]}"#;
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const NOW_S: i64 = 1_614_265_330;
const BODY: &str = r#"{"test": 2432232314}"#;

fn sign(secret: &str, id: &str, timestamp: i64, body: &[u8]) -> String {
    let key = decode_base64(secret).expect("base64");
    let signed = [id.as_bytes(), b".", timestamp.to_string().as_bytes(), b".", body].concat();
    format!("v1,{}", encode_base64(&Algorithm::Sha256.sign(&key, &[&signed])))
}

fn message(secret: &str, timestamp: i64, body: &[u8]) -> Request {
    request()
        .with_header("Webhook-Id", ID)
        .with_header("Webhook-Timestamp", timestamp.to_string())
        .with_header("Webhook-Signature", sign(secret, ID, timestamp, body))
        .with_body(body)
}

fn handle(settings: &str, request: Request) -> Reply {
    let mut harness = WebhookHarness::<Standard>::new(settings);
    harness.set_now_ms(NOW_S * 1_000);
    harness.handle(request).expect("an answer")
}

#[track_caller]
fn assert_refused(reply: &Reply, status: u16) {
    let body = String::from_utf8_lossy(&reply.response.body);
    assert_eq!((reply.response.status, &reply.records, &reply.id), (status, &Vec::new(), &None), "{body}");
    assert!(body.contains("\"detail\"") && !body.contains("MfKQ"), "{body}");
}

#[test]
fn the_example_of_the_standard_is_stored_as_it_came() {
    let request = request()
        .with_header("webhook-id", ID)
        .with_header("webhook-timestamp", "1614265330")
        .with_header("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        .with_body(BODY);
    let reply = handle(SETTINGS, request);
    let expected = NewRecord::new(BODY).with_key(ID).with_header("webhook-id", ID);
    assert_eq!((reply.records, reply.id.as_deref()), (vec![expected], Some(ID)));
    assert_eq!((reply.response.status, reply.response.body.as_slice()), (200, br#"{"stored":1}"#.as_slice()));
}

#[test]
fn any_signature_by_any_secret_under_either_name_is_enough() {
    for (family, secret) in [("webhook", "b2xk"), ("svix", SECRET)] {
        let signatures = format!("v1a,xx v1,!! v1,YQ== {} v2,YQ==", sign(secret, ID, NOW_S, BODY.as_bytes()));
        let request = request()
            .with_header(format!("{family}-id"), ID)
            .with_header(format!("{family}-timestamp"), NOW_S.to_string())
            .with_header(format!("{family}-signature"), signatures)
            .with_body(BODY);
        assert_eq!(handle(SETTINGS, request).response.status, 200);
    }
    assert_refused(&handle(SETTINGS, message("b3RoZXI=", NOW_S, BODY.as_bytes())), 401);
}

#[test]
fn topics_and_keys_follow_the_settings() {
    let settings = r#"{"secret":"b2xk","topic_prefix":"app.","key_path":"data.id"}"#;
    let body = br#"{"type":"user.created","data":{"id":7}}"#;
    let record = handle(settings, message("b2xk", NOW_S, body)).records.remove(0);
    assert_eq!((record.topic.as_deref(), record.key.as_deref()), (Some("app.user.created"), Some(b"7".as_slice())));
    // A body that is no JSON has no type, and is an event all the same.
    let record = handle(settings, message("b2xk", NOW_S, b"hello")).records.remove(0);
    assert_eq!((record.topic, record.key.as_deref()), (None, Some(ID.as_bytes())));
}

#[test]
fn old_signatures_are_refused() {
    for (age_s, status) in [(0, 200), (300, 200), (301, 401), (-300, 200), (-301, 401)] {
        assert_eq!(
            handle(SETTINGS, message("b2xk", NOW_S - age_s, BODY.as_bytes())).response.status,
            status,
            "{age_s}"
        );
    }
    let strict = r#"{"secret":"b2xk","tolerance_s":10}"#;
    assert_refused(&handle(strict, message("b2xk", NOW_S - 11, BODY.as_bytes())), 401);
}

#[test]
fn what_lacks_a_header_is_refused() {
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let mut request = message("b2xk", NOW_S, BODY.as_bytes());
        request.headers.retain(|header| header.name != name);
        assert_refused(&handle(SETTINGS, request.clone()), 401);
        assert_refused(&handle(SETTINGS, request.with_header(name, "")), 401);
    }
    for (method, status) in [("GET", 200), ("HEAD", 200), ("OPTIONS", 405)] {
        let reply = handle(SETTINGS, message("b2xk", NOW_S, BODY.as_bytes()).with_method(method));
        assert_eq!((reply.response.status, reply.records.len()), (status, 0));
    }
}

#[test]
fn settings_that_cannot_be_are_refused() {
    for settings in ["{}", r#"{"secret":"whsec_"}"#, r#"{"secret":"not base64!"}"#, r#"{"secret":["b2xk",""]}"#] {
        assert!(WebhookHarness::<Standard>::try_new(settings).is_err(), "{settings}");
    }
}

proptest! {
    #[test]
    fn one_flipped_bit_is_refused(part in 0..4_usize, bit in any::<prop::sample::Index>()) {
        let mut request = message(SECRET, NOW_S, BODY.as_bytes());
        let bytes = match part {
            3 => &mut request.body,
            header => &mut request.headers[header].value,
        };
        let at = bit.index(bytes.len() * 8);
        bytes[at / 8] ^= 1 << (at % 8);
        assert_refused(&handle(SETTINGS, request), 401);
    }

    #[test]
    fn no_request_makes_it_panic(headers in any::<[Vec<u8>; 3]>(), body in any::<Vec<u8>>()) {
        let [id, timestamp, signature] = headers;
        let request = request()
            .with_header("webhook-id", id)
            .with_header("webhook-timestamp", timestamp)
            .with_header("webhook-signature", signature)
            .with_body(body);
        assert_refused(&handle(SETTINGS, request), 401);
    }
}
