//! The plugin `aggregate` counts a group as a whole: over the partitions of a topic that is keyed by something else, though one
//! is read ahead of the others, and over a kill.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use std::collections::BTreeMap;

use kafka_do_tests::{Host, plugin, read_topic};
use serde_json::{Value, json};

const PARTITIONS: u64 = 3;
const RECORDS: u64 = 30_000;
const WINDOW_MS: u64 = 60_000;

struct Sale {
    partition: u64,
    item: String,
    price: u64,
    at_ms: u64,
}

/// Partitions cover the same hour each, so that the first record of one is as old as the first of all.
fn sale(n: u64) -> Sale {
    let place = n / PARTITIONS;
    Sale {
        partition: n % PARTITIONS,
        item: format!("item-{}", n.wrapping_mul(2_654_435_761) % 11),
        price: n % 97,
        at_ms: 1_700_000_040_000 + place * 360,
    }
}

fn body(sales: impl Iterator<Item = Sale>) -> Value {
    let records: Vec<Value> = sales
        .map(|Sale { partition, item, price, at_ms }| {
            json!({"partition": partition, "key": "k", "timestamp": at_ms, "value": {"item": item, "price": price}})
        })
        .collect();
    json!({ "records": records })
}

async fn results(host: &Host, topic: &str) -> Vec<Value> {
    read_topic(host, topic).await.into_iter().flatten().map(|record| record.value).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_key_of_the_topic_is() {
    let mut host = Host::start().await;
    host.create_topic("sales", 3).await;
    host.upload("aggregate", plugin("aggregate")).await.ok();
    // All of one partition, then all of the next: nobody reads them side by side by itself.
    for partition in 0..PARTITIONS {
        let of_it: Vec<u64> = (0..RECORDS).filter(|n| n % PARTITIONS == partition).collect();
        for numbers in of_it.chunks(5_000) {
            host.post("/v1/topics/sales/records", body(numbers.iter().map(|n| sale(*n)))).await.ok();
        }
    }
    let settings = json!({
        "aggregate": "sum", "value_path": "price", "key_path": "item", "window_ms": WINDOW_MS,
        "where": [{"path": "price", "comparison": "greater", "operand": 10}],
    });
    for (name, output, settings) in [
        ("per-minute", "sales-per-minute", settings),
        ("in-all", "sales-in-all", json!({"aggregate": "average", "value_path": "price", "key_path": "item"})),
    ] {
        let deployment = json!({"plugin": "aggregate", "inputs": ["sales"], "output": output, "settings": settings});
        host.put(&format!("/v1/deployments/{name}"), deployment).await.ok();
    }
    host.kill_and_restart().await;
    host.caught_up("per-minute").await;
    host.caught_up("in-all").await;

    let mut windows: BTreeMap<(u64, String), u64> = BTreeMap::new();
    let mut averages: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for Sale { item, price, at_ms, .. } in (0..RECORDS).map(sale) {
        let (sum, count) = averages.entry(item.clone()).or_default();
        *sum += price;
        *count += 1;
        if price > 10 {
            *windows.entry((at_ms / WINDOW_MS * WINDOW_MS, item)).or_default() += price;
        }
    }
    // The last window is still open.
    let end_ms = sale(RECORDS - 1).at_ms;
    windows.retain(|(start_ms, _), _| start_ms + WINDOW_MS <= end_ms);
    let found = kafka_do_tests::until("all windows have closed", async || {
        let found = results(&host, "sales-per-minute").await;
        (found.len() >= windows.len()).then_some(found)
    })
    .await;
    let sums: BTreeMap<(u64, String), u64> = found
        .iter()
        .map(|window| {
            let start_ms = window["window_start_ms"].as_u64().unwrap();
            ((start_ms, window["key"].as_str().unwrap().to_owned()), window["sum"].as_u64().unwrap())
        })
        .collect();
    assert_eq!(sums.len(), found.len(), "each window comes once");
    assert_eq!(sums, windows);

    for name in ["per-minute", "in-all"] {
        let status = host.get(&format!("/v1/deployments/{name}")).await.ok();
        let rejected = status["generations"][0]["partitions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|of| of["rejected"].as_u64().unwrap());
        assert_eq!(rejected.sum::<u64>(), 0, "nothing is late: {status:#}");
    }
    let last: BTreeMap<String, f64> = results(&host, "sales-in-all")
        .await
        .into_iter()
        .map(|group| (group["key"].as_str().unwrap().to_owned(), group["average"].as_f64().unwrap()))
        .collect();
    for (item, (sum, count)) in averages {
        #[expect(clippy::cast_precision_loss, reason = "they are small")]
        let average = sum as f64 / count as f64;
        assert!((last[&item] - average).abs() < 1e-9, "{item}: {} and {average}", last[&item]);
    }
}
