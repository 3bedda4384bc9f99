//! `kill -9` in the middle of everything, ten times: input, state and output still agree to the record.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use std::collections::HashMap;
use std::time::Duration;

use kafka_do_tests::{EARTHQUAKES, Host, guest, plugin, read_topic};
use serde_json::json;

const PARTITIONS: usize = 3;
const KILLS: usize = 10;
const LINES: usize = 60_000;
const CHUNK: usize = 500;

/// Real earthquakes, over and over; the running number tells them apart.
fn lines() -> Vec<String> {
    let sample: Vec<&str> = EARTHQUAKES.lines().collect();
    (0..LINES)
        .map(|number| sample[number % sample.len()].replacen('{', &format!("{{\"number\":{number},"), 1))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_kills() {
    let lines = lines();
    let mut host = Host::start().await;
    host.create_topic("quakes", u32::try_from(PARTITIONS).unwrap()).await;
    host.upload("filter-json", plugin("filter-json")).await.ok();
    host.upload("counter-state", guest("counter-state")).await.ok();
    let filter = json!({
        "plugin": "filter-json", "inputs": ["quakes"], "output": "strong",
        "settings": {"path": "mag", "comparison": "greater", "operand": 2},
    });
    host.put("/v1/deployments/strong", filter).await.ok();
    let count = json!({"plugin": "counter-state", "inputs": ["quakes"], "output": "counts"});
    host.put("/v1/deployments/count", count).await.ok();

    // A produce is all or nothing: what the host holds says where to go on after a lost answer.
    let mut stored = 0;
    for kill in 0..=KILLS {
        let until = if kill == KILLS { LINES } else { LINES * (kill + 1) / (KILLS + 1) };
        while stored < until {
            let chunk = lines[stored..(stored + CHUNK).min(LINES)].join("\n");
            host.try_produce("quakes", "?key_path=net", chunk).await.unwrap().ok();
            stored += CHUNK.min(LINES - stored);
        }
        if kill < KILLS {
            // One more request is on its way when the host dies.
            let last = lines[stored..(stored + CHUNK).min(LINES)].join("\n");
            let wait = Duration::from_millis(u64::try_from(kill).unwrap());
            let (answer, ()) = tokio::join!(host.try_produce("quakes", "?key_path=net", last), async {
                tokio::time::sleep(wait).await;
                let pid = rustix::process::Pid::from_raw(i32::try_from(host.pid()).unwrap()).unwrap();
                rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
            });
            let acknowledged = answer.is_ok_and(|answer| answer.status == 200);
            host.kill_and_restart().await;
            let found = usize::try_from(host.high_watermarks("quakes").await.iter().sum::<u64>()).unwrap();
            let whole = (stored + CHUNK).min(LINES);
            assert!(found == stored || found == whole, "a request is stored whole or not at all: {found}, {stored}");
            assert!(!acknowledged || found == whole, "what was acknowledged is there");
            stored = found;
        }
    }
    host.caught_up("strong").await;
    host.caught_up("count").await;

    let input = read_topic(&host, "quakes").await;
    let mut numbers: Vec<u64> = input.iter().flatten().map(|record| record.value["number"].as_u64().unwrap()).collect();
    for partition in &input {
        assert!(partition.windows(2).all(|pair| pair[0].value["number"].as_u64() < pair[1].value["number"].as_u64()));
    }
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..LINES as u64), "each line stands in the log once");

    let output = read_topic(&host, "strong").await;
    for (input, output) in input.iter().zip(&output) {
        let expected: Vec<_> =
            input.iter().filter(|r| r.value["mag"].as_f64().is_some_and(|mag| mag > 2.0)).map(|r| &r.value).collect();
        assert!(
            output.iter().map(|record| &record.value).eq(expected),
            "the output is the filtered input, once, in order"
        );
    }

    // The count moves by one a record: a repetition or a loss would show for ever.
    let counts = read_topic(&host, "counts").await;
    for (partition, (input, counts)) in input.iter().zip(&counts).enumerate() {
        let mut running: HashMap<&str, u64> = HashMap::new();
        assert_eq!(input.len(), counts.len(), "partition {partition}");
        for (record, count) in input.iter().zip(counts) {
            let key = record.key.as_deref().unwrap();
            let expected = running.entry(key).or_default();
            *expected += 1;
            assert_eq!(count.key.as_deref(), Some(key));
            assert_eq!(count.value.as_u64(), Some(*expected), "{key} at {}", record.offset);
            assert_eq!(count.headers["input-offset"], record.offset.to_string());
        }
    }
}
