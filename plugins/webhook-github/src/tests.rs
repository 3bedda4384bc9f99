//! The promises, on the native doubles.

use kafka_do_sdk::NewRecord;
use kafka_do_sdk::testing::{WebhookHarness, request};
use kafka_do_sdk::webhook::signing::encode_hex;
use proptest::prelude::*;

use super::*;

const SETTINGS: &str = r#"{"secret":["It's a Secret to Everybody","old"]}"#;
const BODY: &str = r#"{"action":"opened","repository":{"id":7,"full_name":"dotdo/kafka.do"}}"#;

fn delivery(secret: &str, body: &[u8]) -> Request {
    let signature = Algorithm::Sha256.sign(secret.as_bytes(), &[body]);
    request()
        .with_header("Content-Type", "application/json")
        .with_header("X-GitHub-Event", "issues")
        .with_header("X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958")
        .with_header("X-Hub-Signature-256", format!("sha256={}", encode_hex(&signature)))
        .with_body(body)
}

fn handle(settings: &str, request: Request) -> Reply {
    WebhookHarness::<GitHub>::new(settings).handle(request).expect("an answer")
}

#[track_caller]
fn assert_refused(reply: &Reply, status: u16) {
    let body = String::from_utf8_lossy(&reply.response.body);
    assert_eq!((reply.response.status, &reply.records, &reply.id), (status, &Vec::new(), &None), "{body}");
    assert!(body.contains("\"detail\"") && !body.contains("Everybody"), "{body}");
}

#[test]
fn a_signed_delivery_is_stored_as_it_came() {
    for secret in ["It's a Secret to Everybody", "old"] {
        let reply = handle(SETTINGS, delivery(secret, BODY.as_bytes()));
        let expected = NewRecord::new(BODY)
            .with_key("72d3162e-cc78-11e3-81ab-4c9367dc0958")
            .with_header("webhook-id", "72d3162e-cc78-11e3-81ab-4c9367dc0958")
            .with_header("webhook-event", "issues")
            .with_header("content-type", "application/json");
        assert_eq!(reply.records, [expected]);
        assert_eq!(reply.id.as_deref(), Some("72d3162e-cc78-11e3-81ab-4c9367dc0958"));
        assert_eq!((reply.response.status, reply.response.body.as_slice()), (200, br#"{"stored":1}"#.as_slice()));
    }
}

/// The example in GitHub's documentation.
#[test]
fn the_signature_is_githubs() {
    let request = request()
        .with_header("x-github-event", "ping")
        .with_header("x-github-delivery", "1")
        .with_header("x-hub-signature-256", "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17")
        .with_body("Hello, World!");
    let reply = handle(SETTINGS, request);
    // So it gets as far as the body, which is no JSON.
    assert_refused(&reply, 400);
}

#[test]
fn a_form_is_signed_as_it_came_and_stored_decoded() {
    let form = b"payload=%7B%22zen%22%3A+%22Keep+it+logically+awesome%2E%22%7D";
    let mut request = delivery("old", form);
    request.headers[0].value = b"application/x-www-form-urlencoded".to_vec();
    let reply = handle(SETTINGS, request.clone());
    assert_eq!(reply.records[0].value.as_deref(), Some(br#"{"zen": "Keep it logically awesome."}"#.as_slice()));
    assert!(reply.records[0].headers.iter().any(|header| header.value == b"application/json"));

    let mut other = delivery("old", b"other=1");
    other.headers[0].value = b"application/x-www-form-urlencoded".to_vec();
    assert_refused(&handle(SETTINGS, other), 400);
}

#[test]
fn topics_and_keys_follow_the_settings() {
    let settings = r#"{"secret":"old","topic_prefix":"github.","key_path":"repository.full_name"}"#;
    let record = handle(settings, delivery("old", BODY.as_bytes())).records.remove(0);
    assert_eq!(
        (record.topic.as_deref(), record.key.as_deref()),
        (Some("github.issues"), Some(b"dotdo/kafka.do".as_slice()))
    );
    // What says nothing of a repository, as a ping of an organisation, goes by its delivery.
    let record = handle(settings, delivery("old", b"{}")).records.remove(0);
    assert_eq!(record.key.as_deref(), Some(b"72d3162e-cc78-11e3-81ab-4c9367dc0958".as_slice()));
}

#[test]
fn what_is_not_signed_with_sha256_is_refused() {
    let without = |name: &str| {
        let mut request = delivery("old", BODY.as_bytes());
        request.headers.retain(|header| header.name != name);
        request
    };
    assert_refused(&handle(SETTINGS, without("x-hub-signature-256")), 401);
    let sha1 = format!("sha1={}", encode_hex(&Algorithm::Sha1.sign(b"old", &[BODY.as_bytes()])));
    assert_refused(&handle(SETTINGS, without("x-hub-signature-256").with_header("x-hub-signature", sha1.clone())), 401);
    for signature in [sha1.as_str(), "", "sha256=", "sha256=xyz", "sha256"] {
        let request = without("x-hub-signature-256").with_header("x-hub-signature-256", signature);
        assert_refused(&handle(SETTINGS, request), 401);
    }
    assert_refused(&handle(SETTINGS, delivery("other", BODY.as_bytes())), 401);
    assert_refused(&handle(SETTINGS, without("x-github-event")), 400);
    assert_refused(&handle(SETTINGS, without("x-github-delivery")), 400);
}

#[test]
fn a_long_id_is_hashed_and_other_methods_are_answered() {
    let mut long = delivery("old", BODY.as_bytes());
    long.headers[2].value = vec![b'x'; 300];
    assert_eq!(handle(SETTINGS, long).id.map(|id| id.len()), Some(64));
    for (method, status) in [("GET", 200), ("HEAD", 200), ("DELETE", 405)] {
        let reply = handle(SETTINGS, delivery("old", BODY.as_bytes()).with_method(method));
        assert_eq!((reply.response.status, reply.records.len()), (status, 0));
    }
}

#[test]
fn settings_that_cannot_be_are_refused() {
    for settings in ["{}", r#"{"secret":""}"#, r#"{"secret":[]}"#, r#"{"secret":"a","topic_prefix":"a/"}"#] {
        assert!(WebhookHarness::<GitHub>::try_new(settings).is_err(), "{settings}");
    }
}

proptest! {
    #[test]
    fn one_flipped_bit_is_refused(in_body: bool, bit in any::<prop::sample::Index>()) {
        let mut request = delivery("old", BODY.as_bytes());
        let bytes = if in_body { &mut request.body } else { &mut request.headers[3].value };
        // Case alone does not make another signature.
        let at = bit.index(bytes.len() * 8);
        prop_assume!(in_body || at % 8 != 5);
        bytes[at / 8] ^= 1 << (at % 8);
        assert_refused(&handle(SETTINGS, request), 401);
    }

    #[test]
    fn no_request_makes_it_panic(body in any::<Vec<u8>>(), form: bool) {
        let mut request = delivery("old", &body);
        if form {
            request.headers[0].value = b"application/x-www-form-urlencoded; charset=utf-8".to_vec();
        }
        prop_assert!([200, 400].contains(&handle(SETTINGS, request).response.status));
    }
}
