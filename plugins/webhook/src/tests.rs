//! The promises, on the native doubles.

use kafka_do_sdk::NewRecord;
use kafka_do_sdk::testing::{WebhookHarness, request};
use kafka_do_sdk::webhook::signing::{Algorithm, encode_base64, encode_hex};
use proptest::prelude::*;

use super::*;

const NONE: &str = r#"{"verify":{"method":"none"}}"#;
const HMAC: &str = r#"{"verify":{"method":"hmac","header":"X-Signature","algorithm":"sha256","encoding":"hex","prefix":"sha256="},"secret":["hush","old"]}"#;
const BODY: &str = r#"{"kind":"order.created","order":{"id":7}}"#;

fn handle(settings: &str, request: Request) -> Reply {
    WebhookHarness::<AnySender>::new(settings).handle(request).expect("an answer")
}

fn signed(secret: &str, body: &[u8]) -> Request {
    let signature = encode_hex(&Algorithm::Sha256.sign(secret.as_bytes(), &[body]));
    request().with_header("x-signature", format!("sha256={signature}")).with_body(body)
}

fn response_header<'r>(reply: &'r Reply, name: &str) -> Option<&'r str> {
    let header = reply.response.headers.iter().find(|header| header.name == name)?;
    std::str::from_utf8(&header.value).ok()
}

#[track_caller]
fn assert_refused(reply: &Reply, status: u16) {
    let body = String::from_utf8_lossy(&reply.response.body);
    assert_eq!((reply.response.status, &reply.records, &reply.id), (status, &Vec::new(), &None), "{body}");
    assert!(body.contains("\"detail\"") && !body.contains("hush"), "{body}");
}

#[test]
fn without_verification_all_is_stored_as_it_came() {
    let reply = handle(NONE, request().with_header("content-type", "text/plain").with_body([0xff, 0x00]));
    assert_eq!(reply.records, [NewRecord::new([0xff, 0x00]).with_header("content-type", "text/plain")]);
    assert_eq!((reply.id, reply.response.status), (None, 200));
}

#[test]
fn a_signature_is_read_in_each_form() {
    for (algorithm, name) in [(Algorithm::Sha1, "sha1"), (Algorithm::Sha256, "sha256"), (Algorithm::Sha512, "sha512")] {
        for encoding in ["hex", "base64"] {
            let settings = format!(
                r#"{{"verify":{{"method":"hmac","header":"X-Sig","algorithm":"{name}","encoding":"{encoding}"}},"secret":"hush"}}"#
            );
            let signature = algorithm.sign(b"hush", &[BODY.as_bytes()]);
            let signature = if encoding == "hex" { encode_hex(&signature) } else { encode_base64(&signature) };
            let good = request().with_header("x-sig", signature.clone()).with_body(BODY);
            assert_eq!(handle(&settings, good.clone()).response.status, 200, "{settings}");
            assert_refused(&handle(&settings, good.with_body("other")), 401);
        }
    }
    for secret in ["hush", "old"] {
        assert_eq!(handle(HMAC, signed(secret, BODY.as_bytes())).records, [NewRecord::new(BODY)]);
    }
    assert_refused(&handle(HMAC, signed("other", BODY.as_bytes())), 401);
    assert_refused(&handle(HMAC, request().with_body(BODY)), 401);
}

#[test]
fn a_shared_secret_is_shown_in_a_header() {
    let settings = r#"{"verify":{"method":"shared-secret","header":"X-Secret"},"secret":["hush","old"]}"#;
    for secret in ["hush", "old"] {
        assert_eq!(handle(settings, request().with_header("x-secret", secret)).response.status, 200);
    }
    for secret in ["", "hus", "hush!", "Hush"] {
        assert_refused(&handle(settings, request().with_header("x-secret", secret)), 401);
    }
    assert_refused(&handle(settings, request()), 401);

    let settings = r#"{"verify":{"method":"bearer"},"secret":"hush"}"#;
    for (value, status) in
        [("Bearer hush", 200), ("bearer hush", 200), ("hush", 401), ("Basic hush", 401), ("Bearer x", 401)]
    {
        assert_eq!(handle(settings, request().with_header("authorization", value)).response.status, status, "{value}");
    }
}

#[test]
fn type_id_topic_and_key_follow_the_settings() {
    let settings = r#"{"verify":{"method":"none"},"topic_prefix":"shop.","key_path":"order.id","event_path":"kind","id_header":"X-Id"}"#;
    let reply = handle(settings, request().with_header("x-id", "e1").with_body(BODY));
    let expected = NewRecord::new(BODY)
        .with_topic("shop.order.created")
        .with_key("7")
        .with_header("webhook-id", "e1")
        .with_header("webhook-event", "order.created");
    assert_eq!((reply.records, reply.id.as_deref()), (vec![expected], Some("e1")));

    let settings = r#"{"verify":{"method":"none"},"event_header":"X-Event","event_path":"kind","id_path":"order.id"}"#;
    let reply = handle(settings, request().with_header("x-event", "first").with_body(BODY));
    assert_eq!((reply.records[0].headers[1].value.as_slice(), reply.id.as_deref()), (b"first".as_slice(), Some("7")));
    let reply = handle(settings, request().with_body(BODY));
    assert_eq!(reply.records[0].headers[1].value, b"order.created");

    let long = handle(settings, request().with_body(format!(r#"{{"order":{{"id":"{}"}}}}"#, "x".repeat(256))));
    assert_eq!(long.id.map(|id| id.len()), Some(64));
    let broken = request().with_header("content-type", "application/json; charset=utf-8").with_body("{");
    assert_refused(&handle(NONE, broken), 400);
}

fn binary() -> Request {
    request()
        .with_header("CE-SpecVersion", "1.0")
        .with_header("CE-Type", "com.example.made")
        .with_header("CE-Source", "/shop/1")
        .with_header("CE-Id", "A234")
        .with_header("CE-Subject", "%E2%82%AC+5")
        .with_header("CE-Note", r#""say \"hi\"""#)
        .with_header("Content-Type", "application/xml")
        .with_body("<made/>")
}

#[test]
fn a_cloud_event_in_binary_mode_has_its_attributes_in_headers() {
    let settings = r#"{"verify":{"method":"none"},"topic_prefix":"ce."}"#;
    let reply = handle(settings, binary());
    let expected = NewRecord::new("<made/>")
        .with_topic("ce.com.example.made")
        .with_key("/shop/1 A234")
        .with_header("webhook-id", "/shop/1 A234")
        .with_header("webhook-event", "com.example.made")
        .with_header("content-type", "application/xml")
        .with_header("ce_specversion", "1.0")
        .with_header("ce_type", "com.example.made")
        .with_header("ce_source", "/shop/1")
        .with_header("ce_id", "A234")
        .with_header("ce_subject", "€+5")
        .with_header("ce_note", r#"say "hi""#);
    assert_eq!((reply.records, reply.id.as_deref()), (vec![expected], Some("/shop/1 A234")));

    for lacking in ["ce-type", "ce-source", "ce-id"] {
        let mut request = binary();
        request.headers.retain(|header| header.name != lacking);
        assert_refused(&handle(NONE, request), 400);
    }
    let mut old = binary();
    old.headers[0].value = b"0.3".to_vec();
    assert_refused(&handle(NONE, old), 400);
}

const EVENT: &str = r#"{"specversion":"1.0","id":"1","source":"/s","type":"made","data":{"n":1}}"#;

#[test]
fn a_cloud_event_in_structured_mode_is_the_value() {
    let content_type = "application/cloudevents+json; charset=UTF-8";
    let reply = handle(NONE, request().with_header("content-type", content_type).with_body(EVENT));
    let expected = NewRecord::new(EVENT)
        .with_key("/s 1")
        .with_header("webhook-id", "/s 1")
        .with_header("webhook-event", "made")
        .with_header("content-type", content_type);
    assert_eq!((reply.records, reply.id.as_deref()), (vec![expected], Some("/s 1")));
    for body in ["", "{}", "[]", r#"{"specversion":"1.0","id":1,"source":"/s","type":"made"}"#] {
        assert_refused(&handle(NONE, request().with_header("content-type", content_type).with_body(body)), 400);
    }
}

#[test]
fn a_batch_is_a_record_an_event_and_all_or_nothing() {
    let batch =
        |body: String| request().with_header("content-type", "application/cloudevents-batch+json").with_body(body);
    let other = EVENT.replace(r#""id":"1""#, r#""id": "2""#);
    let reply = handle(NONE, batch(format!("[ {EVENT} ,\n{other}]")));
    let values: Vec<_> = reply.records.iter().filter_map(|record| record.value.as_deref()).collect();
    assert_eq!(values, [EVENT.as_bytes(), other.as_bytes()]);
    assert_eq!(reply.records[1].key.as_deref(), Some(b"/s 2".as_slice()));
    assert_eq!(reply.records[1].headers[2].value, b"application/cloudevents+json");
    assert_eq!(
        (reply.id.as_deref(), reply.response.body.as_slice()),
        (Some("/s 1\n/s 2"), br#"{"stored":2}"#.as_slice())
    );

    let empty = handle(NONE, batch("[]".to_owned()));
    assert_eq!((empty.response.status, empty.records.len(), empty.id), (200, 0, None));
    for body in ["{}", "[1]", "[", &format!("[{EVENT},{{}}]")] {
        assert_refused(&handle(NONE, batch(body.to_owned())), 400);
    }
}

#[test]
fn cloud_events_are_verified_as_all_others() {
    assert_refused(&handle(HMAC, binary()), 401);
}

#[test]
fn handshakes_are_answered() {
    let asked = request().with_method("OPTIONS").with_header("WebHook-Request-Origin", "eventgrid.azure.net");
    let reply = handle(HMAC, asked.clone());
    assert_eq!(response_header(&reply, "webhook-allowed-origin"), Some("eventgrid.azure.net"));
    assert_eq!(response_header(&reply, "webhook-allowed-rate"), None);
    let reply = handle(HMAC, asked.with_header("WebHook-Request-Rate", "120"));
    assert_eq!(response_header(&reply, "webhook-allowed-rate"), Some("*"));
    assert_refused(&handle(HMAC, request().with_method("OPTIONS")), 405);

    let settings = HMAC.replace(
        r#""secret""#,
        r#""challenge":{"parameter":"hub.challenge","verify_parameter":"hub.verify_token"},"secret""#,
    );
    let ask = |query: &str| handle(&settings, request().with_method("GET").with_query(query));
    let reply = ask("hub.mode=subscribe&hub.challenge=11%3C58&hub.verify_token=hush");
    assert_eq!((reply.response.status, reply.response.body.as_slice()), (200, b"11<58".as_slice()));
    assert_eq!(response_header(&reply, "content-type"), Some("text/plain; charset=utf-8"));
    assert_refused(&ask("hub.challenge=1158&hub.verify_token=other"), 403);
    assert_refused(&ask("hub.challenge=1158"), 403);
    let probe = ask("");
    assert_eq!((probe.response.status, probe.records.len()), (200, 0));

    let open = r#"{"verify":{"method":"none"},"challenge":{"parameter":"challenge"}}"#;
    let reply = handle(open, request().with_method("GET").with_query("challenge=a+b"));
    assert_eq!(reply.response.body, b"a b");
}

#[test]
fn settings_that_cannot_be_are_refused() {
    for settings in [
        "{}",
        r#"{"verify":{"method":"maybe"}}"#,
        r#"{"verify":{"method":"bearer"}}"#,
        r#"{"verify":{"method":"shared-secret"},"secret":"a"}"#,
        r#"{"verify":{"method":"hmac","header":"x","algorithm":"md5","encoding":"hex"},"secret":"a"}"#,
        r#"{"verify":{"method":"none"},"challenge":{"parameter":"a","verify_parameter":"b"}}"#,
        r#"{"verify":{"method":"none"},"topic_prefix":"/"}"#,
    ] {
        assert!(WebhookHarness::<AnySender>::try_new(settings).is_err(), "{settings}");
    }
}

proptest! {
    #[test]
    fn one_flipped_bit_is_refused(in_body: bool, bit in any::<prop::sample::Index>()) {
        let mut request = signed("hush", BODY.as_bytes());
        let bytes = if in_body { &mut request.body } else { &mut request.headers[0].value };
        let at = bit.index(bytes.len() * 8);
        // Case alone does not make another signature.
        prop_assume!(in_body || at % 8 != 5);
        bytes[at / 8] ^= 1 << (at % 8);
        assert_refused(&handle(HMAC, request), 401);
    }

    #[test]
    fn no_request_makes_it_panic(
        content_type in prop::sample::select(vec![
            "", "application/json", "application/cloudevents+json", "application/cloudevents-batch+json",
        ]),
        attributes in prop::collection::vec(("ce-(id|type|source|specversion|[a-z]{0,3})", any::<Vec<u8>>()), 0..6),
        query in any::<String>(),
        body in any::<Vec<u8>>(),
    ) {
        let request = attributes.into_iter().fold(request(), |request, (name, value)| request.with_header(name, value));
        let request = request.with_header("content-type", content_type).with_query(query).with_body(body);
        prop_assert!([200, 400].contains(&handle(NONE, request).response.status));
    }
}
