//! SIGTERM: requests in flight are answered, what was acknowledged is there, and the process ends by itself.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use std::time::Duration;

use kafka_do_tests::{Host, plugin, read_topic};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn under_load() {
    let mut host = Host::start().await;
    host.create_topic("t", 2).await;
    host.upload("filter-json", plugin("filter-json")).await.ok();
    let filter = json!({
        "plugin": "filter-json", "inputs": ["t"], "output": "out",
        "settings": {"path": "n", "comparison": "greater-or-equal", "operand": 0},
    });
    host.put("/v1/deployments/d", filter).await.ok();

    let producers: Vec<_> = (0..8)
        .map(|producer| {
            let client = host.client().clone();
            let url = host.url() + "/v1/topics/t/records";
            tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                for number in 0.. {
                    let n = producer * 1_000_000 + number;
                    let request = client.post(&url).json(&json!({"value": {"n": n}}));
                    match request.send().await {
                        Ok(response) if response.status() == 200 => acknowledged.push(n),
                        _ => return acknowledged,
                    }
                }
                acknowledged
            })
        })
        .collect();
    // A long poll that waits is woken rather than waited for.
    let waiting = host
        .client()
        .get(host.url() + "/v1/topics/out/partitions/0/records?wait_ms=60000&timestamp=9999999999999")
        .send();
    let waiting = tokio::spawn(waiting);
    tokio::time::sleep(Duration::from_millis(500)).await;

    let begun = std::time::Instant::now();
    let status = host.terminate().await;
    assert!(status.success(), "{status}");
    assert!(begun.elapsed() < Duration::from_secs(9), "it took {:?}", begun.elapsed());
    assert_eq!(waiting.await.unwrap().expect("an answer").status(), 200);

    let mut acknowledged = Vec::new();
    for producer in producers {
        acknowledged.extend(producer.await.unwrap());
    }
    assert!(!acknowledged.is_empty());
    host.restart().await;
    host.caught_up("d").await;
    let numbers = |topic: Vec<Vec<kafka_do_tests::Record>>| {
        let mut numbers: Vec<u64> = topic.iter().flatten().map(|r| r.value["n"].as_u64().unwrap()).collect();
        numbers.sort_unstable();
        numbers
    };
    let stored = numbers(read_topic(&host, "t").await);
    assert!(stored.windows(2).all(|pair| pair[0] < pair[1]), "nothing is there twice");
    for n in acknowledged {
        assert!(stored.binary_search(&n).is_ok(), "{n} was acknowledged");
    }
    assert_eq!(numbers(read_topic(&host, "out").await), stored);
}
