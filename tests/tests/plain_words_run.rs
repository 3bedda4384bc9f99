//! A sentence does what its calls do, and nothing else: each command through `/v1/ask`, read by a parser that is told what to
//! read.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use kafka_do_tests::{Host, Response, guest, plugin, read_topic, until_equal};
use serde_json::{Value, json};

/// Clients that ask while the parser is swapped, and how often it is.
const CLIENTS: usize = 8;
const SWAPS: usize = 20;
/// More than a result shows.
const MANY_RECORDS: usize = 1_200;

fn literal() -> Value {
    json!({"plugin": "literal-parser", "settings": {"mode": "literal"}})
}

async fn listening() -> Host {
    let host = Host::start().await;
    host.upload("literal-parser", guest("literal-parser")).await.ok();
    host.put("/v1/deployments/words", literal()).await.ok();
    host
}

/// The sentence that is read as these commands, best first.
fn sentence(commands: &[Value]) -> String {
    unsure_sentence(commands, 90)
}

fn unsure_sentence(commands: &[Value], confidence: u8) -> String {
    let reading = |command| json!({"command": command, "confidence": confidence, "restated": "what it was told"});
    json!({"understood": commands.iter().map(reading).collect::<Vec<_>>()}).to_string()
}

async fn say_with(host: &Host, command: &Value, more: Value) -> Response {
    let mut request = json!({"text": sentence(std::slice::from_ref(command))});
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    host.post("/v1/ask", request).await
}

async fn say(host: &Host, command: &Value) -> Response {
    say_with(host, command, json!({})).await
}

/// Says it, and it goes as its one call: what is answered is what the call answers.
async fn done(host: &Host, command: Value, line: &str) -> Value {
    let answer = say(host, &command).await.ok();
    assert_eq!(answer["interpretations"][0]["command"], command);
    assert_eq!(line_of(&answer), line, "{answer}");
    answer["result"].clone()
}

/// The one call.
fn line_of(answer: &Value) -> String {
    let [call] = answer["calls"].as_array().unwrap().as_slice() else { panic!("{answer}") };
    format!("{} {}", call["method"].as_str().unwrap(), call["path"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_topics_and_records() {
    let host = listening().await;
    let create = json!({"type": "create-topic", "topic": "orders", "partitions": 2, "retention_ms": 1_000_000_000_000_u64, "key_path": "id"});
    let made = done(&host, create, "PUT /v1/topics/orders").await;
    assert_eq!(made, host.get("/v1/topics/orders").await.ok());
    assert_eq!((&made["partitions"], &made["key_path"]), (&json!(2), &json!("id")));

    let produce = |value: &str| json!({"type": "produce", "topic": "orders", "value": value});
    let stored = done(&host, produce("{\"id\": \"a\", \"n\": 1}"), "POST /v1/topics/orders/records").await;
    assert_eq!(stored["records"].as_array().unwrap().len(), 1, "{stored}");
    say(&host, &produce("order 123")).await.ok();
    let unsaid = json!({"type": "produce", "topic": "orders", "key": "k"});
    assert_eq!(say(&host, &unsaid).await.problem(400), "no-value");
    say_with(&host, &unsaid, json!({"value": null})).await.ok();
    assert_eq!(say_with(&host, &produce("1"), json!({"value": 2})).await.problem(400), "two-values");
    let mut values: Vec<Value> = read_topic(&host, "orders").await.concat().into_iter().map(|it| it.value).collect();
    values.sort_by_key(Value::to_string);
    assert_eq!(values, [json!("order 123"), Value::Null, json!({"id": "a", "n": 1})]);

    let consume = |more: Value| {
        let mut command = json!({"type": "consume", "topic": "orders", "start": "earliest"});
        command.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        command
    };
    let read = done(&host, consume(json!({})), "GET /v1/topics/orders/records?from=earliest").await;
    assert_eq!((read["records"].as_array().unwrap().len(), read.get("more")), (3, None), "{read}");
    let latest = consume(json!({"start": "latest"}));
    let read = done(&host, latest, "GET /v1/topics/orders/records?from=latest&follow=true").await;
    assert_eq!(read["records"].as_array().unwrap().len(), 3, "it does not wait, and has what came last: {read}");
    let none = consume(json!({"start": {"since_ms": 4_000_000_000_000_i64}}));
    let read = done(&host, none, "GET /v1/topics/orders/records?from=4000000000000").await;
    assert_eq!(read, json!({"records": []}));
    assert_eq!(say(&host, &consume(json!({"start": "committed"}))).await.problem(400), "no-group");

    let add = json!({"type": "alter-topic", "topic": "orders", "add_partitions": 2});
    assert_eq!(done(&host, add, "PATCH /v1/topics/orders").await["partitions"], 4);
    let described = done(&host, json!({"type": "describe-topic", "topic": "orders"}), "GET /v1/topics/orders").await;
    assert_eq!(described, host.get("/v1/topics/orders").await.ok());
    let listed = done(&host, json!({"type": "list-topics"}), "GET /v1/topics").await;
    assert_eq!(listed, host.get("/v1/topics").await.ok());
    let helped = say(&host, &json!({"type": "help", "about": "topics"})).await.ok();
    assert_eq!(helped["calls"], json!([]));
    assert_eq!(helped["result"]["phrases"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_groups_and_deployments() {
    let host = listening().await;
    host.upload("filter-json", plugin("filter-json")).await.ok();
    host.upload("webhook", plugin("webhook")).await.ok();
    host.create_topic("orders", 3).await;
    for n in 0..10 {
        host.post("/v1/topics/orders/records", json!({"value": {"amount": n}})).await.ok();
    }
    let member = host.post("/v1/groups/readers/members", json!({"topics": ["orders"]})).await.ok();
    let member = member["member_id"].as_str().unwrap().to_owned();
    let grouped = json!({"type": "consume", "topic": "orders", "group": "readers", "start": "committed"});
    let stands = done(&host, grouped.clone(), "GET /v1/groups/readers/stream?topics=orders").await;
    assert_eq!((&stands["group"], stands["members"].as_array().unwrap().len()), (&json!("readers"), 1), "{stands}");
    let mut strangers = grouped.clone();
    strangers["group"] = json!("strangers");
    assert_eq!(done(&host, strangers, "GET /v1/groups/strangers/stream?topics=orders").await, Value::Null);
    assert_eq!(host.get("/v1/groups/strangers").await.status, 404, "nobody joined");
    let mut limited = grouped;
    limited["limit"] = json!(3);
    assert_eq!(say(&host, &limited).await.problem(400), "not-with-a-group");
    host.delete(&format!("/v1/groups/readers/members/{member}")).await.ok();

    let described = json!({"type": "describe-group", "group": "readers"});
    assert_eq!(done(&host, described, "GET /v1/groups/readers").await["group"], "readers");
    let listed = done(&host, json!({"type": "list-groups"}), "GET /v1/groups").await;
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "the parser is none: {listed}");
    let reset = json!({"type": "reset-group", "group": "readers", "to": "latest"});
    assert_eq!(say(&host, &reset).await.problem(409), "confirmation-needed");
    let moved = say_with(&host, &reset, json!({"confirm": true})).await.ok();
    assert_eq!((&moved["result"]["group"], &moved["needs_confirm"]), (&json!("readers"), &json!(true)));
    assert_eq!(host.get("/v1/groups/readers").await.ok()["lag"], 0);

    let large = json!([{"path": "amount", "comparison": "greater-or-equal", "operand": "7"}]);
    let stream = json!({"type": "stream", "from": ["orders"], "to": "large-orders", "conditions": large});
    let name = "orders-where-amount-greater-or-equal-7-to-large-orders";
    let deployed = done(&host, stream, &format!("PUT /v1/deployments/{name}")).await;
    assert_eq!(deployed["name"], name);
    host.caught_up(name).await;
    let through = host.high_watermarks("large-orders").await;
    assert_eq!((through.len(), through.iter().sum::<u64>()), (3, 3), "made with as many partitions");

    let of = |kind: &str| json!({"type": kind, "deployment": name});
    let paused = done(&host, of("pause"), &format!("POST /v1/deployments/{name}/pause")).await;
    assert_eq!(paused["state"], "paused");
    assert_eq!(done(&host, of("resume"), &format!("POST /v1/deployments/{name}/resume")).await["name"], name);
    let shown = done(&host, of("describe-deployment"), &format!("GET /v1/deployments/{name}")).await;
    assert_eq!(shown["name"], name);
    let listed = done(&host, json!({"type": "list-deployments"}), "GET /v1/deployments").await;
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    let connect =
        json!({"type": "connect", "plugin": "webhook", "settings": {"verify": {"method": "none"}}, "topic": "events"});
    let connected = done(&host, connect, "PUT /v1/deployments/webhook-events").await;
    assert_eq!((&connected["role"], &connected["output"]), (&json!("receiving"), &json!("events")), "{connected}");

    assert_eq!(say(&host, &of("remove")).await.problem(409), "confirmation-needed");
    assert_eq!(host.get(&format!("/v1/deployments/{name}")).await.status, 200);
    let removed = say_with(&host, &of("remove"), json!({"confirm": true})).await.ok();
    assert_eq!((line_of(&removed), removed["result"].clone()), (format!("DELETE /v1/deployments/{name}"), Value::Null));
    assert_eq!(host.get(&format!("/v1/deployments/{name}")).await.status, 404);
    let gone = json!({"type": "delete-group", "group": "readers"});
    say_with(&host, &gone, json!({"confirm": true})).await.ok();
    assert_eq!(host.get("/v1/groups/readers").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_confirmed_is_taken_away() {
    let host = listening().await;
    host.put("/v1/topics/orders", json!({"retention_ms": 10_000_000})).await.ok();
    let delete = json!({"type": "delete-topic", "topic": "orders"});
    let retention = |ms: u64| json!({"type": "alter-topic", "topic": "orders", "retention_ms": ms});

    let refused = say(&host, &delete).await;
    assert_eq!(refused.problem(409), "confirmation-needed");
    assert!(refused.text.contains("what it was told"), "the restatement is the question: {}", refused.text);
    let shortened = say(&host, &retention(9_999_999)).await;
    assert_eq!(shortened.problem(409), "confirmation-needed");
    say(&host, &retention(u64::MAX)).await.ok();
    assert_eq!(host.get("/v1/topics/orders").await.ok()["retention_ms"], Value::Null);
    assert_eq!(say(&host, &retention(10_000_000)).await.problem(409), "confirmation-needed");

    // A dry run says so, and does nothing, also of what needs no confirmation.
    let planned = say_with(&host, &delete, json!({"dry_run": true, "confirm": true})).await.ok();
    assert_eq!((&planned["needs_confirm"], planned.get("result")), (&json!(true), None));
    let create = json!({"type": "create-topic", "topic": "other"});
    let planned = say_with(&host, &create, json!({"dry_run": true})).await.ok();
    assert_eq!(
        planned,
        json!({
            "interpretations": [{"command": create, "confidence": 90, "restated": "what it was told"}],
            "calls": [{"method": "PUT", "path": "/v1/topics/other", "body": {}}],
        })
    );
    assert_eq!(host.get("/v1/topics/other").await.status, 404);
    assert_eq!(host.get("/v1/topics/orders").await.status, 200);

    say_with(&host, &delete, json!({"confirm": true})).await.ok();
    assert_eq!(host.get("/v1/topics/orders").await.status, 404);
    // What a call is refused for is passed on, with the call.
    let again = say_with(&host, &delete, json!({"confirm": true})).await;
    assert_eq!(again.problem(404), "unknown-topic");
    assert_eq!(line_of(&again.json()), "DELETE /v1/topics/orders");
}

/// Whatever the parser calls it, what is confirmed is what the host says that it does.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_shown_is_what_is_confirmed() {
    let host = listening().await;
    for topic in ["orders", "logs"] {
        host.create_topic(topic, 1).await;
    }
    let delete = |topic: &str| json!({"type": "delete-topic", "topic": topic});
    let refused = say(&host, &delete("logs")).await;
    assert_eq!(refused.problem(409), "confirmation-needed");
    let shown = refused.json();
    assert_eq!(line_of(&shown), "DELETE /v1/topics/logs");
    let because = shown["because"].as_str().unwrap();
    assert!(because.starts_with("it deletes topic logs"), "{because}");
    let detail = shown["detail"].as_str().unwrap();
    assert!(detail.contains("DELETE /v1/topics/logs") && detail.contains(because), "{detail}");
    let planned = say_with(&host, &delete("logs"), json!({"dry_run": true})).await.ok();
    assert_eq!((&planned["plan"], &planned["because"]), (&shown["plan"], &shown["because"]));

    let other = say_with(&host, &delete("orders"), json!({"confirm": shown["plan"]})).await;
    assert_eq!(other.problem(409), "confirmation-needed");
    assert_ne!(other.json()["plan"], shown["plan"]);
    let list = json!({"type": "list-topics"});
    for (command, confirm) in
        [(delete("logs"), json!("")), (delete("logs"), json!(false)), (list, shown["plan"].clone())]
    {
        let answer = say_with(&host, &command, json!({ "confirm": confirm })).await;
        assert_eq!(answer.problem(409), "confirmation-needed", "{command} {confirm}");
    }
    let strange = say_with(&host, &delete("logs"), json!({"confirm": 1})).await;
    assert!(strange.problem(400) == "invalid-json" && strange.text.contains("plan"), "{}", strange.text);
    for topic in ["orders", "logs"] {
        assert_eq!(host.get(&format!("/v1/topics/{topic}")).await.status, 200);
    }
    say_with(&host, &delete("logs"), json!({"confirm": shown["plan"]})).await.ok();
    assert_eq!(host.get("/v1/topics/logs").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_other_consequences_is_confirmed_too() {
    let host = listening().await;
    for name in ["filter-json", "http-sink", "webhook"] {
        host.upload(name, plugin(name)).await.ok();
    }
    host.create_topic("orders", 1).await;
    let because = async |command: &Value| {
        let refused = say(&host, command).await;
        assert_eq!(refused.problem(409), "confirmation-needed", "{command}");
        refused.json()["because"].as_str().unwrap().to_owned()
    };
    // A value that deletes.
    let null = json!({"type": "produce", "topic": "orders", "key": "k", "value": "null"});
    assert!(because(&null).await.contains("null"));
    // A reading that may be wrong.
    let unsure = |confidence| json!({"text": unsure_sentence(&[json!({"type": "list-topics"})], confidence)});
    let refused = host.post("/v1/ask", unsure(49)).await;
    assert!(refused.problem(409) == "confirmation-needed" && refused.text.contains("not sure"), "{}", refused.text);
    host.post("/v1/ask", unsure(50)).await.ok();

    // A deployment that is there and does something else; the same again is nothing to ask about.
    let name = "orders-where-amount-greater-100-to-hv";
    let condition = |operand: &str| json!({"path": "amount", "comparison": "greater", "operand": operand});
    let stream = json!({"type": "stream", "from": ["orders"], "to": "hv", "conditions": [condition("100")]});
    let form = json!({"plugin": "filter-json", "inputs": ["orders"], "output": "hv", "settings": condition("5")});
    host.put(&format!("/v1/deployments/{name}"), form).await.ok();
    let swaps = because(&stream).await;
    assert!(swaps.contains(name) && swaps.contains("other settings"), "{swaps}");
    let generation = async || host.get(&format!("/v1/deployments/{name}")).await.ok()["generation"].clone();
    assert_eq!(generation().await, 1);
    say_with(&host, &stream, json!({"confirm": true})).await.ok();
    assert_eq!(generation().await, 2);
    say(&host, &stream).await.ok();
    assert_eq!(generation().await, 2);

    // More partitions of what a deployment reads.
    let more = |topic: &str| json!({"type": "alter-topic", "topic": topic, "add_partitions": 1});
    assert!(because(&more("orders")).await.contains(name));
    assert_eq!(host.get("/v1/topics/orders").await.ok()["partitions"], 1);
    say(&host, &more("hv")).await.ok();

    // What leaves the host.
    let connect = |plugin: &str, settings: Value| json!({"type": "connect", "plugin": plugin, "settings": settings, "topic": "orders"});
    let leaves = because(&connect("http-sink", json!({"url": "https://evil.example/"}))).await;
    assert!(leaves.contains("evil.example:443") && leaves.contains("orders"), "{leaves}");
    let told = because(&connect("webhook", json!({"verify": {"secret": {"$secret": "STRIPE"}}}))).await;
    assert!(told.contains("STRIPE"), "{told}");
    assert_eq!(say(&host, &connect("literal-parser", json!({"mode": "trap"}))).await.problem(400), "not-a-connector");
    assert_eq!(host.get("/v1/deployments").await.ok()["items"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_bring_nothing_is_said_to() {
    let host = listening().await;
    host.create_topic("orders", 1).await;
    let consume = |start: Value, until_ms: u64| json!({"type": "consume", "topic": "orders", "start": start, "until_ms": until_ms});
    for (command, says) in [
        (consume(json!({"since_ms": 2_000}), 1_000), "1970-01-01T00:00:02Z"),
        (consume(json!({"since_ms": 2_000}), 2_000), "not after"),
        (consume(json!({"last": 3}), 1_000), "leave the end out"),
    ] {
        let refused = say(&host, &command).await;
        assert_eq!(refused.problem(400), "nothing-to-read");
        assert!(refused.text.contains(says), "{}", refused.text);
        let planned = say_with(&host, &command, json!({"dry_run": true})).await.ok();
        assert_eq!((&planned["problem"]["detail"], &planned["calls"]), (&refused.json()["detail"], &json!([])));
    }
    let large = json!({"value": "x".repeat(1 << 20)});
    let refused = say_with(&host, &json!({"type": "produce", "topic": "orders"}), large).await;
    assert_eq!(refused.problem(413), "body-too-large");
    assert!(refused.text.contains("POST /v1/topics/{topic}/records"), "{}", refused.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_readings_the_first_one() {
    let host = listening().await;
    let commands = [json!({"type": "list-topics"}), json!({"type": "delete-topic", "topic": "nothing"})];
    let answer = host.post("/v1/ask", json!({"text": sentence(&commands)})).await.ok();
    assert_eq!(answer["interpretations"].as_array().unwrap().len(), 2);
    assert_eq!(line_of(&answer), "GET /v1/topics");
    let question = json!({"text": "Which topic?", "suggestions": ["list topics", "help"]});
    let text = json!({ "unclear": question }).to_string();
    for dry_run in [false, true] {
        let asked = host.post("/v1/ask", json!({"text": text, "dry_run": dry_run})).await.ok();
        assert_eq!(asked, json!({ "question": question }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_all_that_the_parser_is_told() {
    let host = listening().await;
    host.create_topic("b", 2).await;
    host.create_topic("a", 1).await;
    host.post("/v1/groups/g/members", json!({"topics": ["a"]})).await.ok();
    host.upload("filter-json", plugin("filter-json")).await.ok();
    let copies = json!({"plugin": "filter-json", "inputs": ["a"], "output": "b", "settings": {"all": []}});
    host.put("/v1/deployments/copies", copies).await.ok();
    host.caught_up("copies").await;
    let request = json!({"text": "\"echo\"", "now_ms": -5, "utc_offset_minutes": -300});
    let echo = host.post("/v1/ask", request).await.ok();
    assert_eq!(
        echo["question"],
        json!({
            "text": "-5 -300",
            "suggestions": ["a/1 b/2 copies.dead-letters/1", "g", "filter-json literal-parser", "copies words"],
        }),
        "a deployment's group is none to speak of"
    );
    for (request, says) in [
        (json!({"text": " \n"}), "empty"),
        (json!({"text": "x".repeat(4_097)}), "4096"),
        (json!({"text": "x", "utc_offset_minutes": 1_441}), "1440"),
        (json!({"text": "x", "now_ms": i64::MAX}), "9999"),
        (json!({"text": "x", "colour": 1}), "colour"),
        (json!({}), "text"),
    ] {
        let answer = host.post("/v1/ask", request).await;
        answer.problem(400);
        assert!(answer.text.contains(says), "{}", answer.text);
    }
    let status = host.get("/v1/deployments/words").await.ok();
    assert_eq!(
        (&status["role"], &status["state"], &status["tasks"]),
        (&json!("parsing"), &json!("running"), &json!([]))
    );
    assert_eq!(status["activity"]["refused"], 1, "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn as_a_stream_where_it_is_one() {
    let host = listening().await;
    host.create_topic("orders", 1).await;
    let lines: Vec<String> = (0..MANY_RECORDS).map(|n| json!({ "n": n }).to_string()).collect();
    host.try_produce("orders", "", lines.join("\n")).await.unwrap().ok();
    let consume = |start: &str| json!({"type": "consume", "topic": "orders", "start": start});
    let cut = say(&host, &consume("earliest")).await.ok();
    let shown = cut["result"]["records"].as_array().unwrap();
    assert_eq!((shown.len(), &cut["result"]["more"]), (1_000, &json!(true)));
    assert_eq!(shown[999]["value"], json!({"n": 999}));

    let ask = |command: Value, accept: &str| {
        let body = json!({"text": sentence(&[command])});
        host.client().post(format!("{}/v1/ask", host.url())).header("accept", accept).json(&body)
    };
    let whole = host.send(ask(consume("earliest"), "application/x-ndjson")).await.unwrap();
    assert_eq!(whole.headers["content-type"], "application/x-ndjson");
    assert_eq!(whole.text.lines().count(), MANY_RECORDS);
    // One that follows goes on as records come.
    let following = ask(consume("latest"), "text/event-stream").send().await.unwrap();
    assert_eq!(following.headers()["content-type"], "text/event-stream");
    host.post("/v1/topics/orders/records", json!({"value": "news"})).await.ok();
    let mut body = following.bytes_stream();
    let mut seen = String::new();
    while !seen.contains("news") {
        let more = tokio::time::timeout(Duration::from_secs(10), body.next()).await.expect("it comes").unwrap();
        seen.push_str(std::str::from_utf8(&more.unwrap()).unwrap());
    }
    // Everything else answers as it does.
    let listed = host.send(ask(json!({"type": "list-topics"}), "application/x-ndjson")).await.unwrap();
    assert_eq!(listed.ok()["result"], host.get("/v1/topics").await.ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_records_those_that_are_asked_for() {
    let host = listening().await;
    host.upload("aggregate", plugin("aggregate")).await.ok();
    host.create_topic("orders", 2).await;
    let record = |n: u64| {
        let region = if n.is_multiple_of(2) { "eu" } else { "us" };
        json!({"value": {"amount": n, "region": region}, "timestamp": 1_000 * n})
    };
    let records: Vec<Value> = (0..20).map(record).collect();
    host.post("/v1/topics/orders/records", json!({ "records": records })).await.ok();
    let amounts = async |more: Value| {
        let mut command = json!({"type": "consume", "topic": "orders", "start": "earliest"});
        command.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = say(&host, &command).await.ok();
        let records = answer["result"]["records"].as_array().unwrap();
        let mut amounts: Vec<u64> = records.iter().map(|it| it["value"]["amount"].as_u64().unwrap()).collect();
        amounts.sort_unstable();
        amounts
    };
    let condition = |path: &str, comparison: &str, operand: &str| json!({"path": path, "comparison": comparison, "operand": operand});
    let (large, eu) = (condition("amount", "greater-or-equal", "10"), condition("region", "equal", "eu"));
    assert_eq!(amounts(json!({"start": {"last": 3}})).await, [17, 18, 19]);
    assert_eq!(amounts(json!({"start": {"last": 2}, "conditions": [eu]})).await, [16, 18]);
    assert_eq!(amounts(json!({"conditions": [large, eu]})).await, [10, 12, 14, 16, 18]);
    assert_eq!(amounts(json!({"start": {"since_ms": 5_000}, "until_ms": 8_000})).await, [5, 6, 7]);
    assert_eq!(amounts(json!({"limit": 4})).await.len(), 4);
    assert_eq!(amounts(json!({"conditions": [condition("region", "equal", "=eu")]})).await, [0_u64; 0]);

    let sums = json!({"type": "stream", "from": ["orders"], "to": "sums", "group_by": "region", "aggregate": {"sum": "amount"}, "conditions": [large]});
    done(&host, sums, "PUT /v1/deployments/orders-sum-of-amount-where-amount-greater-or-equal-10-per-region-to-sums")
        .await;
    host.caught_up("orders-sum-of-amount-where-amount-greater-or-equal-10-per-region-to-sums").await;
    let all = json!({"type": "consume", "topic": "sums", "start": "earliest"});
    let summed = async || {
        let records = say(&host, &all).await.ok()["result"]["records"].clone();
        let of = |region: &str| {
            let sums = records.as_array().unwrap().iter().filter(|it| it["value"]["key"] == region);
            sums.filter_map(|it| it["value"]["sum"].as_u64()).max()
        };
        (of("eu"), of("us"))
    };
    until_equal("all is summed", (Some(70), Some(75)), summed).await;
}

/// What help suggests is understood.
#[tokio::test(flavor = "multi_thread")]
async fn as_help_says() {
    let host = Host::start().await;
    host.upload("natural-language", plugin("natural-language")).await.ok();
    for topic in ["orders", "old-events", "transactions", "page-views"] {
        host.create_topic(topic, 1).await;
    }
    let ask = async |text: &str| host.post("/v1/ask", json!({"text": text, "dry_run": true})).await.ok();
    host.post("/v1/groups/order-processor/members", json!({"topics": ["orders"]})).await.ok();
    let help = host.post("/v1/ask", json!({"text": "help"})).await.ok();
    let phrases = help["result"]["phrases"].as_array().unwrap().iter();
    let sentences: Vec<&str> =
        phrases.flat_map(|of| of["sentences"].as_array().unwrap()).filter_map(Value::as_str).collect();
    assert!(sentences.len() >= 12, "{help}");
    for plugin_name in ["filter-json", "aggregate"] {
        host.upload(plugin_name, plugin(plugin_name)).await.ok();
    }
    let conditions = json!({"path": "amount", "comparison": "greater", "operand": 100});
    let form =
        json!({"plugin": "filter-json", "inputs": ["orders"], "output": "high-value-orders", "settings": conditions});
    host.put("/v1/deployments/orders-where-amount-greater-100-to-high-value-orders", form).await.ok();
    for sentence in sentences {
        let answer = ask(sentence).await;
        assert!(answer["interpretations"][0]["command"].is_object(), "{sentence}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn before_one_parser() {
    let host = Host::start().await;
    let list = json!({"text": sentence(&[json!({"type": "list-topics"})])});
    let none = host.post("/v1/ask", list.clone()).await;
    assert_eq!(none.problem(404), "no-parser");
    assert!(none.text.contains("--plugins"), "{}", none.text);

    host.upload("literal-parser", guest("literal-parser")).await.ok();
    host.create_topic("in", 1).await;
    for (more, says) in [
        (json!({"inputs": ["in"]}), "inputs"),
        (json!({"output": "out"}), "output"),
        (json!({"grants": {"topics": ["in"]}}), "output"),
        (json!({"changelog": true}), "changelog"),
        (json!({"path": "/words"}), "path"),
    ] {
        let mut form = literal();
        form.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let refused = host.put("/v1/deployments/words", form).await;
        assert_eq!(refused.problem(400), "not-of-this-role");
        assert!(refused.text.contains(says), "{}", refused.text);
    }
    assert_eq!(host.get("/v1/topics/out").await.status, 404);
    host.put("/v1/deployments/words", literal()).await.ok();
    let second = host.put("/v1/deployments/others", literal()).await;
    assert_eq!(second.problem(409), "parser-exists");
    assert!(second.text.contains("PUT /v1/deployments/words"), "{}", second.text);
    let pipeline = json!({"name": "p", "deployments": [{"name": "others", "plugin": "literal-parser", "settings": {"mode": "literal"}}]});
    let in_a_pipeline = host.post("/v1/pipelines", pipeline).await;
    assert_eq!(in_a_pipeline.problem(400), "not-of-this-role", "{}", in_a_pipeline.text);
    host.post("/v1/deployments/words/replay", json!({"from": "earliest"})).await.problem(422);
    assert_eq!(host.post("/hooks/words", json!({})).await.problem(404), "no-webhook");

    host.post("/v1/ask", list.clone()).await.ok();
    host.post("/v1/deployments/words/pause", json!({})).await.ok();
    assert_eq!(host.get("/v1/deployments/words").await.ok()["state"], "paused");
    assert_eq!(host.post("/v1/ask", list.clone()).await.problem(503), "deployment-down");
    host.post("/v1/deployments/words/resume", json!({})).await.ok();
    host.post("/v1/ask", list.clone()).await.ok();
    host.delete("/v1/deployments/words").await.ok();
    assert_eq!(host.post("/v1/ask", list.clone()).await.problem(404), "no-parser");
    // The standard one comes by its name.
    host.upload("natural-language", guest("other-role")).await.ok();
    let helped = host.post("/v1/ask", list.clone()).await.ok();
    assert_eq!(helped["interpretations"][0]["command"], json!({"type": "help"}));
    assert_eq!(host.get("/v1/deployments/natural-language").await.ok()["role"], "parsing");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_parser_is_swapped() {
    let mut host = listening().await;
    host.upload("other-role", guest("other-role")).await.ok();
    let list = json!({"text": sentence(&[json!({"type": "list-topics"})])});
    let (swapping, lists, helps) = (AtomicBool::new(true), AtomicUsize::new(0), AtomicUsize::new(0));
    let ask = async || {
        while swapping.load(Ordering::Relaxed) {
            let answer = host.post("/v1/ask", list.clone()).await.ok();
            match answer["interpretations"][0]["command"]["type"].as_str().unwrap() {
                "list-topics" => lists.fetch_add(1, Ordering::Relaxed),
                "help" => helps.fetch_add(1, Ordering::Relaxed),
                _ => panic!("{answer}"),
            };
        }
    };
    let swap = async {
        for number in 1..=SWAPS {
            let before = lists.load(Ordering::Relaxed) + helps.load(Ordering::Relaxed);
            let form = if number % 2 == 1 { json!({"plugin": "other-role"}) } else { literal() };
            host.put("/v1/deployments/words", form).await.ok();
            while lists.load(Ordering::Relaxed) + helps.load(Ordering::Relaxed) < before + 2 * CLIENTS {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        swapping.store(false, Ordering::Relaxed);
    };
    tokio::join!(join_all((0..CLIENTS).map(|_| ask())), swap);
    let (lists, helps) = (lists.into_inner(), helps.into_inner());
    assert!(lists > SWAPS && helps > SWAPS, "both answered: {lists} and {helps}");
    let status = host.get("/v1/deployments/words").await.ok();
    assert_eq!(status["generation"], SWAPS + 1, "{status}");
    assert_eq!(status["failures"], json!([]));

    // A rollback is a swap, and a restart finds the parser where it was.
    host.post("/v1/deployments/words/rollback", json!({})).await.ok();
    let command =
        async |host: &Host| host.post("/v1/ask", list.clone()).await.ok()["interpretations"][0]["command"].clone();
    assert_eq!(command(&host).await, json!({"type": "help"}));
    host.kill_and_restart().await;
    host.wait_for("words", "it is up", |status| status["state"] == "running").await;
    assert_eq!(command(&host).await, json!({"type": "help"}));
    eprintln!("{lists} and {helps} sentences over {SWAPS} swaps");
}
