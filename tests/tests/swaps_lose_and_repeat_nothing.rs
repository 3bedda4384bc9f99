//! The main job: real flights through a filter and a window, the filter swapped again and again while they flow.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use std::collections::BTreeMap;

use kafka_do_tests::{Flight, Host, Record, flights, guest, plugin, read_topic, threshold_of};
use serde_json::{Value, json};

const PARTITIONS: usize = 4;
const CHUNK: usize = 4_000;
const SWAPS: usize = 30;
const DAY_MS: i64 = 86_400_000;

/// The component as another version: a custom section at the end changes its hash and nothing else.
fn stamped(mut component: Vec<u8>, stamp: u8) -> Vec<u8> {
    let section = [&[5][..], b"stamp", &[stamp]].concat();
    component.push(0);
    component.push(u8::try_from(section.len()).unwrap());
    component.extend(section);
    component
}

fn filter(threshold: i64) -> Value {
    json!({
        "plugin": "filter-json", "inputs": ["flights"], "output": "delayed",
        "settings": {"path": "dep_delay", "comparison": "greater", "operand": threshold},
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn flights_through_a_filter_that_is_swapped() {
    let Some(flights) = flights() else { return };
    let host = Host::start().await;
    for topic in ["flights", "delayed", "delayed-60"] {
        host.create_topic(topic, u32::try_from(PARTITIONS).unwrap()).await;
    }
    host.upload("filter-json", plugin("filter-json")).await.ok();
    host.upload("count-window", plugin("count-window")).await.ok();
    // One filter is swapped all the time; one stays, and its output is counted by day.
    host.put("/v1/deployments/late", filter(60)).await.ok();
    let mut steady = filter(60);
    steady["output"] = json!("delayed-60");
    host.put("/v1/deployments/late-60", steady).await.ok();
    let count = json!({
        "plugin": "count-window", "inputs": ["delayed-60"], "output": "delayed-per-day",
        "settings": {"key_path": "carrier", "time_path": "time_hour", "window_ms": DAY_MS, "grace_ms": 2 * DAY_MS},
    });
    host.put("/v1/deployments/per-day", count).await.ok();

    let produce = async {
        for chunk in flights.chunks(CHUNK) {
            let lines: Vec<&str> = chunk.iter().map(|flight| flight.line.as_str()).collect();
            host.try_produce("flights", "?key_path=carrier", lines.join("\n")).await.unwrap().ok();
        }
    };
    let swap = async {
        let mut pauses = Vec::new();
        for number in 0..SWAPS {
            if number % 2 == 0 {
                // Every second version is other code: it marks what it passes.
                let code = if number % 4 == 0 { guest("filter-next") } else { plugin("filter-json") };
                host.upload("filter-json", stamped(code, u8::try_from(number).unwrap())).await.ok();
            }
            let threshold = [30, 90, 60, 15, 120][number % 5];
            let status = host.put("/v1/deployments/late", filter(threshold)).await.ok();
            let swap = status["swap"].as_array().expect("it was swapped");
            assert_eq!(swap.len(), PARTITIONS);
            pauses.extend(swap.iter().map(|partition| partition["pause_us"].as_u64().unwrap()));
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        pauses.sort_unstable();
        eprintln!("{SWAPS} swaps, pause max {} us", pauses[pauses.len() - 1]);
    };
    tokio::join!(produce, swap);

    let late = host.caught_up("late").await;
    host.caught_up("late-60").await;
    let input = read_topic(&host, "flights").await;
    let stored: usize = input.iter().map(Vec::len).sum();
    assert_eq!(stored, flights.len());
    audit(&late, &input, &read_topic(&host, "delayed").await);
    audit_days(&host, &flights).await;
}

/// Each input offset was processed by exactly one generation, in order, and the output is what those generations make of
/// it: recomputed here from the input and the thresholds.
fn audit(status: &Value, input: &[Vec<Record>], output: &[Vec<Record>]) {
    let generations = status["generations"].as_array().unwrap();
    assert_eq!(generations.len(), SWAPS + 1);
    for (partition, (input, output)) in input.iter().zip(output).enumerate() {
        let mut next = 0;
        let mut expected = Vec::new();
        let mut at_work = 0;
        for generation in generations {
            let ranges = generation["partitions"].as_array().unwrap();
            let Some(range) = ranges.iter().find(|range| range["partition"] == partition) else { continue };
            let number = |field: &str| usize::try_from(range[field].as_u64().unwrap()).unwrap();
            assert_eq!(number("from_offset"), next, "generations join without a gap: {generation}");
            next = number("next_offset");
            assert_eq!(number("records_in"), next - number("from_offset"), "{generation}");
            let threshold = threshold_of(generation);
            let passed = input[number("from_offset")..next]
                .iter()
                .filter(|record| record.value["dep_delay"].as_i64().is_some_and(|delay| delay > threshold));
            let before = expected.len();
            expected.extend(passed.map(|record| (&record.key, &record.value)));
            assert_eq!(number("records_out"), expected.len() - before, "{generation}");
            assert_eq!(number("rejected"), 0);
            at_work += 1;
        }
        assert_eq!(next, input.len(), "partition {partition} was processed to its end");
        assert!(at_work > 1, "partition {partition} saw swaps");
        let found: Vec<_> = output.iter().map(|record| (&record.key, &record.value)).collect();
        assert!(found == expected, "partition {partition}: {} records, expected {}", found.len(), expected.len());
    }
}

/// The counts of carriers and days equal those of the file.
async fn audit_days(host: &Host, flights: &[Flight]) {
    let mut expected: BTreeMap<(String, i64), u64> = BTreeMap::new();
    for flight in flights.iter().filter(|flight| flight.dep_delay.is_some_and(|delay| delay > 60)) {
        *expected.entry((flight.carrier.clone(), flight.day)).or_default() += 1;
    }
    // A window closes when time goes on: in each partition one record from long after says so.
    let end = json!({"carrier": "END", "time_hour": "2020-01-01T00:00:00Z"});
    let ends: Vec<Value> = (0..PARTITIONS).map(|partition| json!({"partition": partition, "value": end})).collect();
    host.post("/v1/topics/delayed-60/records", json!({ "records": ends })).await.ok();
    let status = host.caught_up("per-day").await;
    let rejected: u64 = status["generations"][0]["partitions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|range| range["rejected"].as_u64().unwrap())
        .sum();
    assert_eq!(rejected, 0, "no flight came later than the grace allows");
    let mut counted = BTreeMap::new();
    for record in read_topic(host, "delayed-per-day").await.into_iter().flatten() {
        let value = &record.value;
        let day = value["window_start_ms"].as_i64().unwrap() / DAY_MS;
        assert_eq!(value["window_end_ms"].as_i64().unwrap(), (day + 1) * DAY_MS);
        let key = (value["key"].as_str().unwrap().to_owned(), day);
        assert!(
            counted.insert(key, value["count"].as_u64().unwrap()).is_none(),
            "one count a carrier and day: {value}"
        );
    }
    assert_eq!(counted, expected);
    eprintln!("{} carriers and days, {} delayed flights", counted.len(), counted.values().sum::<u64>());
}
