//! Steps run over what a topic has, in one request: the answer is what the past makes of them, and nothing else comes of it.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use futures_util::StreamExt;
use kafka_do_tests::{Host, HostOptions, plugins, until_equal};
use serde_json::{Value, json};

const PARTITIONS: u64 = 3;

/// A host with a topic whose records' times go around its partitions: record `n` lies in partition `n % 3`.
async fn host(records: u64) -> Host {
    let options = HostOptions::default().arguments(&["--plugins", plugins().to_str().unwrap()]);
    let host = options.start().await;
    host.create_topic("orders", 3).await;
    let record = |n: u64| {
        let region = ["us", "eu", "apac"][(n / 2 % 3) as usize];
        let value = json!({"n": n, "amount": n * 37 % 251, "region": region});
        json!({"key": format!("k{n}"), "value": value, "partition": n % PARTITIONS, "timestamp": n * 1_000})
    };
    for first in (0..records).step_by(5_000) {
        let records: Vec<_> = (first..records.min(first + 5_000)).map(record).collect();
        host.post("/v1/topics/orders/records", json!({"records": records})).await.ok();
    }
    host
}

async fn query(host: &Host, mut request: Value) -> Vec<Value> {
    request["topic"] = "orders".into();
    let answer = host.post("/v1/queries", request).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn members<'a>(items: &'a [Value], name: &str) -> Vec<&'a Value> {
    items.iter().map(|item| &item["value"][name]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_item_says_what_it_comes_of() {
    let host = host(300).await;
    let steps = json!([{"filter": "o => o.amount > limit"}, {"map": "o => ({ n: o.n })"}]);
    let items = query(&host, json!({"steps": steps, "values": {"limit": 200}})).await;
    let expected: Vec<u64> = (0..300).filter(|n| n * 37 % 251 > 200).collect();
    let mut found: Vec<u64> = members(&items, "n").iter().map(|n| n.as_u64().unwrap()).collect();
    found.sort_unstable();
    assert_eq!(found, expected);
    for item in &items {
        let n = item["value"]["n"].as_u64().unwrap();
        let place = json!({"topic": "orders", "partition": n % PARTITIONS, "offset": n / PARTITIONS, "timestamp": n * 1_000,
            "key": format!("k{n}"), "value": {"n": n}, "headers": {}});
        assert_eq!(*item, place);
    }

    let kept = query(&host, json!({"steps": [{"filter": "o => o.n === 7"}]})).await;
    assert_eq!(kept[0]["value"], json!({"n": 7, "amount": 8, "region": "us"}), "what is kept is whole");
    let branched = json!([{"branch": [{"when": "o => o.n < 2", "to": "small"}]}, {"filter": "() => false"}]);
    let branched = query(&host, json!({"steps": branched})).await;
    assert_eq!(branched.iter().map(|item| &item["topic"]).collect::<Vec<_>>(), ["small", "small"]);

    // In a partition order holds, and a range is one of times.
    let range =
        query(&host, json!({"steps": [{"filter": "() => true"}], "from": 100_000, "until": "1970-01-01T00:02:00Z"}))
            .await;
    assert_eq!(range.len(), 20);
    for partition in 0..PARTITIONS {
        let own: Vec<_> =
            range.iter().filter(|item| item["partition"] == partition).map(|item| item["offset"].as_u64()).collect();
        assert!(own.is_sorted() && !own.is_empty(), "{own:?}");
    }
    assert_eq!(query(&host, json!({"steps": [{"filter": "() => true"}], "limit": 5})).await.len(), 5);
    assert_eq!(
        query(&host, json!({"steps": [{"filter": "() => true"}], "from": "2100-01-01T00:00:00Z"})).await.len(),
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aggregate_is_of_all_partitions_and_told_once() {
    // More records than go into one call.
    let host = host(20_000).await;
    let counted = json!([{"groupBy": "o => o.region"}, {"count": true}, {"filter": "c => c.key !== 'eu'"}]);
    let items = query(&host, json!({"steps": counted})).await;
    let count = |region: u64| (0..20_000).filter(|n| n / 2 % 3 == region).count();
    let shown: Vec<_> =
        items.iter().map(|item| (&item["value"], &item["topic"], &item["offset"], &item["partition"])).collect();
    let (us, apac) = (json!({"key": "us", "count": count(0)}), json!({"key": "apac", "count": count(2)}));
    assert_eq!(
        shown,
        [(&us, &Value::Null, &Value::Null, &Value::Null), (&apac, &Value::Null, &Value::Null, &Value::Null)]
    );

    // A fold sees records in the order of their time, though they lie in three partitions.
    let folded = json!([{"groupBy": "() => ''"}, {"reduce": "(s, o) => ({ last: o.n, falls: s.falls + (o.n < s.last ? 1 : 0), count: s.count + 1 })",
        "initial": {"last": -1, "falls": 0, "count": 0}}]);
    let items = query(&host, json!({"steps": folded})).await;
    assert_eq!(items.len(), 1);
    assert_eq!(items[0]["value"], json!({"key": "", "value": {"last": 19_999, "falls": 0, "count": 20_000}}));

    // All windows are told, the last one too, and in their order.
    let windows = json!([{"window_ms": 60_000}, {"groupBy": "o => o.region"}, {"sum": "o => o.n"}]);
    let items = query(&host, json!({"steps": windows})).await;
    let sum: u64 = members(&items, "sum").iter().map(|sum| sum.as_u64().unwrap()).sum();
    assert_eq!((items.len(), sum), (20_000_usize.div_ceil(60) * 3, (0..20_000).sum()));
    assert!(members(&items, "window_start_ms").iter().map(|start| start.as_u64()).is_sorted());
    // More groups than go into one answer of the plugin.
    let keyed = query(&host, json!({"steps": [{"groupBy": "o => o.n"}, {"count": true}]})).await;
    assert_eq!(keyed.len(), 20_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_out_unseen_would_have_come_to_nothing() {
    let host = host(3_000).await;
    // Values of all kinds, and one that has no form but its escapes.
    let values = [
        r#"{"n":5000,"region":"\u0075s"}"#,
        r#"{"n":"5000"}"#,
        r#"{"n":null}"#,
        r#"{"o":{"n":6000},"n":7000}"#,
        "[6000]",
        "6000",
    ];
    host.try_produce("orders", "", values.join("\n")).await.unwrap().ok();
    // The same question twice: in words that the host can look at, and in words that only the sandbox can.
    for (seen, unseen) in [
        ("o => o.n > 2500", "o => [o.n > 2500][0]"),
        ("o => o.region === 'us'", "o => [o.region === 'us'][0]"),
        ("o => o.n >= 5000 && o.n < 7001", "o => [o.n >= 5000 && o.n < 7001][0]"),
        ("({ n }) => n === 5", "({ n }) => [n === 5][0]"),
        ("o => o.n < 3", "o => [o.n < 3][0]"),
    ] {
        let told = query(&host, json!({"steps": [{"filter": seen}]})).await;
        assert_eq!(told, query(&host, json!({"steps": [{"filter": unseen}]})).await, "{seen}");
        assert!(!told.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_come_in_the_order_of_time() {
    let host = host(20_000).await;
    for steps in [json!([]), json!([{"map": "o => o"}])] {
        let items = query(&host, json!({"steps": steps})).await;
        let numbers: Vec<_> = items.iter().map(|item| item["value"]["n"].as_u64().unwrap()).collect();
        assert_eq!(numbers, (0..20_000).collect::<Vec<_>>(), "over three partitions, whatever is made of them");
    }
    assert_eq!(query(&host, json!({"steps": [], "limit": 7, "from": 5_000})).await[6]["offset"], 11 / 3);

    // Where times go back, a record stands at the greatest one before it, whether that one is wanted or not.
    host.create_topic("crooked", 2).await;
    let record = |partition: u32, timestamp: i64, a: u32| json!({"partition": partition, "timestamp": timestamp, "value": {"a": a, "at": timestamp, ":": 5, "x": ":z"}});
    let records = [record(0, 100, 0), record(0, 50, 1), record(1, 70, 1), record(0, 60, 1), record(1, 100, 1)];
    host.post("/v1/topics/crooked/records", json!({"records": records})).await.ok();
    let folded = async |filter: &str| {
        let steps =
            json!([{"filter": filter}, {"groupBy": "() => ''"}, {"reduce": "(s, o) => [...s, o.at]", "initial": []}]);
        let answer = host.post("/v1/queries", json!({"topic": "crooked", "steps": steps})).await.text;
        serde_json::from_str::<Value>(&answer).unwrap()["value"]["value"].clone()
    };
    for filter in ["o => o.a === 1", "o => [o.a === 1][0]", "o => o[':'] === 5 && o.a === 1", "o => o.a > 0"] {
        assert_eq!(folded(filter).await, json!([70, 50, 60, 100]), "{filter}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_has_room_at_once_comes_bit_by_bit() {
    let host = host(1).await;
    host.create_topic("small", 1).await;
    host.try_produce("small", "", "1\n".repeat(8_000)).await.unwrap().ok();
    let steps = json!([{"map": "o => 'x'.repeat(20000)"}]);
    let request = json!({"topic": "small", "steps": steps});
    let answer = host.client().post(host.url() + "/v1/queries").json(&request).send().await.unwrap();
    let (mut pieces, mut bytes, mut lines) = (answer.bytes_stream(), 0, 0);
    while let Some(piece) = pieces.next().await {
        let piece = piece.unwrap();
        bytes += piece.len();
        lines += piece.split(|byte| *byte == b'\n').count() - 1;
    }
    assert_eq!(lines, 8_000);
    assert!(bytes > 8_000 * 20_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_cut_short_says_so() {
    let host = host(20_000).await;
    let steps = json!([{"map": "o => ({ ...o, more: 'x'.repeat(4000) })"}]);
    let request = json!({"topic": "orders", "steps": steps});
    let answer = host.client().post(host.url() + "/v1/queries").json(&request).send().await.unwrap();
    let mut pieces = answer.bytes_stream();
    let mut text = pieces.next().await.unwrap().unwrap().to_vec();
    // The host has found as much as may wait for a client that does not read, when it is told to stop.
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    std::process::Command::new("kill").arg(host.pid().to_string()).status().unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    let mut broke_off = false;
    while let Some(piece) = pieces.next().await {
        match piece {
            Ok(piece) => text.extend(piece),
            Err(_) => broke_off = true,
        }
    }
    let text = String::from_utf8_lossy(&text).into_owned();
    let last = text.lines().last().unwrap();
    assert!(text.lines().count() < 20_000, "it was cut short, after {} lines", text.lines().count());
    assert!(broke_off || last.contains("$problem"), "and ended so: {last}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_is_said() {
    let host = host(2_000).await;
    let refused = async |request: Value| host.post("/v1/queries", request).await;
    let all = json!([{"filter": "() => true"}]);
    assert_eq!(refused(json!({"topic": "nothing", "steps": all})).await.problem(404), "unknown-topic");
    assert_eq!(refused(json!({"topic": "orders", "steps": all, "limit": 0})).await.problem(400), "invalid-query");
    assert_eq!(
        refused(json!({"topic": "orders", "steps": all, "until": "earliest"})).await.problem(400),
        "invalid-range"
    );
    assert_eq!(refused(json!({"topic": "orders", "steps": all, "stepz": 1})).await.problem(400), "invalid-json");
    assert_eq!(
        refused(json!({"topic": "orders", "steps": [{"sift": "o => o"}]})).await.problem(422),
        "invalid-settings"
    );
    let unknown = refused(json!({"topic": "orders", "steps": [{"filter": "o => o.n > limit"}]})).await;
    assert!(unknown.text.contains("limit is not known here"), "{}", unknown.text);
    assert_eq!(unknown.problem(422), "invalid-script");
    let stores = refused(json!({"topic": "orders", "steps": [{"tap": "o => produce('copies', o)"}]})).await;
    assert_eq!(stores.problem(422), "invalid-script");

    // What came before the record that failed is told, and then why there is no more.
    let steps = json!([{"filter": "o => o.n < 900 || o.missing.field"}]);
    let mut items = query(&host, json!({"steps": steps, "from": 600_000})).await;
    let problem = items.pop().unwrap()["$problem"].clone();
    assert_eq!(
        (&problem["type"], &problem["status"]),
        (&json!("https://kafka.do/problems/function-failed"), &json!(422))
    );
    assert!(problem["detail"].as_str().unwrap().contains("TypeError"), "{problem}");
    assert!(!items.is_empty() && items.iter().all(|item| item["value"]["n"].as_u64().unwrap() < 900));
    // A fold that fails long after its record was handed over does so too.
    let folded = json!([{"groupBy": "() => ''"}, {"reduce": "(s, o) => s.a.b", "initial": {}}]);
    assert_eq!(refused(json!({"topic": "orders", "steps": folded})).await.problem(422), "function-failed");
    let large = json!([{"map": "o => 'x'.repeat(2 ** 28) + o.n"}]);
    assert_eq!(refused(json!({"topic": "orders", "steps": large})).await.problem(422), "query-cut-off");
    // What has no end is cut off, after the answer has begun.
    let cut = query(&host, json!({"steps": [{"filter": "() => { for (;;) {} }"}]})).await;
    assert_eq!(cut[0]["$problem"]["type"], "https://kafka.do/problems/query-cut-off");
    assert_eq!(query(&host, json!({"steps": [{"filter": "o => o.n === 3"}]})).await.len(), 1, "the host is well");

    let bare = Host::start().await;
    bare.create_topic("orders", 1).await;
    assert_eq!(
        bare.post("/v1/queries", json!({"topic": "orders", "steps": all})).await.problem(404),
        "no-script-plugin"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_behind() {
    let host = host(20_000).await;
    let seen = async || {
        let mut all = Vec::new();
        for path in ["/v1/topics", "/v1/topics/orders", "/v1/groups", "/v1/deployments"] {
            all.push(host.get(path).await.ok());
        }
        all
    };
    let before = seen().await;
    query(&host, json!({"steps": [{"groupBy": "o => o.region"}, {"count": true}]})).await;
    let failing = json!({"topic": "orders", "steps": [{"map": "o => o.nothing.at.all"}]});
    assert_eq!(host.post("/v1/queries", failing).await.problem(422), "function-failed");
    assert_eq!(seen().await, before);

    // A client that hangs up takes its query along, were it to read on for long or compute for ever.
    for slow in ["() => { for (let i = 0; i < 20000; i += 1); return true }", "() => true"] {
        for _ in 0..12 {
            let steps = json!([{"map": "o => ({ ...o, more: 'x'.repeat(2000) })"}, {"filter": slow}]);
            let request = json!({"topic": "orders", "steps": steps});
            let answer = host.client().post(host.url() + "/v1/queries").json(&request).send().await.unwrap();
            assert!(answer.bytes_stream().next().await.unwrap().is_ok());
        }
    }
    until_equal("all queries have ended", 0, async || host.metric("kafka_do_plugin_instances").await).await;
    assert_eq!(host.metric("kafka_do_queries_total").await, 26);
}
