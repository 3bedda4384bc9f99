//! Flights joined with planes, put into sessions by aircraft, joined again, and added up by manufacturer and day: a chain of
//! four deployments comes to what SQLite makes of the same files.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use kafka_do_tests::{Host, HostOptions, plugins, read_topic, until};
use serde_json::{Value, json};

/// Flights unless `KAFKA_DO_TEST_FLIGHTS` says otherwise; all of them in the long lane.
const FLIGHTS: usize = 40_000;
const PARTITIONS: u32 = 3;
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
const GAP_MS: i64 = 8 * HOUR_MS;
/// The file is out of order by less than a day.
const GRACE_MS: i64 = 2 * DAY_MS;
const BATCH: usize = 2_000;

fn data(file: &str) -> PathBuf {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    std::env::var_os("KAFKA_DO_TEST_DATA").map_or_else(default, PathBuf::from).join(file)
}

fn lines(file: &str) -> Option<Vec<Value>> {
    let packed = std::fs::File::open(data(file)).ok()?;
    let text = std::io::read_to_string(flate2::read::GzDecoder::new(packed)).unwrap();
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

/// Sessions and flights, by manufacturer and day.
type Sums = BTreeMap<(String, i64), (u64, u64)>;

fn oracle(limit: usize) -> Sums {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("oracles/flights.py");
    let mut command = Command::new("python3");
    command.arg(script).args([data("flights.ndjson.gz"), data("planes.ndjson.gz")]);
    let output = command.args([GAP_MS.to_string(), limit.to_string()]).output().expect("python3 is here");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let line = |line: &str| {
        let fields: Vec<_> = line.split('\t').collect();
        let [manufacturer, day, sessions, flights] = fields[..] else { panic!("{line}") };
        ((manufacturer.to_owned(), day.parse().unwrap()), (sessions.parse().unwrap(), flights.parse().unwrap()))
    };
    String::from_utf8(output.stdout).unwrap().lines().map(line).collect()
}

async fn produce(host: &Host, topic: &str, records: Vec<Value>) {
    for batch in records.chunks(BATCH) {
        host.post(&format!("/v1/topics/{topic}/records"), json!({ "records": batch })).await.ok();
    }
}

fn pipeline() -> Value {
    let joined = |stream: &str, key: &str| json!({"stream": stream, "table": "planes", "stream_key_path": key, "table_key_path": "tailnum", "into": "plane"});
    let by = "s => s.plane === null ? 'unknown' : s.plane.manufacturer";
    let sums = json!([
        {"window_ms": DAY_MS, "grace_ms": GRACE_MS, "time": "s => s.end_ms"},
        {"groupBy": by},
        {"reduce": "(sums, s) => ({ sessions: sums.sessions + 1, flights: sums.flights + s.count })",
            "initial": {"sessions": 0, "flights": 0}},
    ]);
    json!({"name": "fleet", "deployments": [
        {"name": "with-planes", "plugin": "enrich-json", "inputs": ["planes", "flights"], "output": "flights-planes",
            "settings": joined("flights", "tailnum")},
        {"name": "rotations", "plugin": "sessions", "inputs": ["flights-planes"], "output": "sessions",
            "settings": {"key_path": "tailnum", "time_path": "time_hour", "gap_ms": GAP_MS, "grace_ms": GRACE_MS}},
        {"name": "rotations-planes", "plugin": "enrich-json", "inputs": ["planes", "sessions"], "output": "sessions-planes",
            "settings": joined("sessions", "key")},
        {"name": "per-manufacturer", "plugin": "script", "inputs": ["sessions-planes"], "output": "per-manufacturer",
            "settings": {"steps": sums}},
    ]})
}

async fn sums(host: &Host) -> Sums {
    let mut sums = Sums::new();
    for record in read_topic(host, "per-manufacturer").await.into_iter().flatten() {
        let value = &record.value;
        let key = (value["key"].as_str().unwrap().to_owned(), value["window_start_ms"].as_i64().unwrap());
        let sum = |of: &str| value["value"][of].as_u64().unwrap();
        let twice = sums.insert(key, (sum("sessions"), sum("flights")));
        assert_eq!(twice, None, "a group is counted in one place: {value}");
    }
    sums
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_is_a_query() {
    let limit = std::env::var("KAFKA_DO_TEST_FLIGHTS").map_or(FLIGHTS, |limit| limit.parse().unwrap());
    let (Some(mut flights), Some(planes)) = (lines("flights.ndjson.gz"), lines("planes.ndjson.gz")) else {
        eprintln!("SKIPPED: the flights are not there; set KAFKA_DO_TEST_DATA to the folder that has them");
        return;
    };
    flights.truncate(limit);
    let host = HostOptions::default().arguments(&["--plugins", plugins().to_str().unwrap()]).start().await;
    for topic in ["planes", "flights"] {
        host.create_topic(topic, PARTITIONS).await;
    }
    host.post("/v1/pipelines", pipeline()).await.ok();

    // The planes are older than any flight.
    let plane = |plane: Value| json!({"key": plane["tailnum"], "timestamp": 0, "value": plane});
    produce(&host, "planes", planes.into_iter().map(plane).collect()).await;
    let mut newest_ms = 0;
    let mut nameless = 0;
    let mut records = Vec::new();
    for flight in flights {
        let time: jiff::Timestamp = flight["time_hour"].as_str().unwrap().parse().unwrap();
        newest_ms = newest_ms.max(time.as_millisecond());
        nameless += u64::from(flight["tailnum"].is_null());
        records.push(json!({"key": flight["tailnum"], "timestamp": time.as_millisecond(), "value": flight}));
    }
    let total = records.len();
    produce(&host, "flights", records).await;
    // Two flights of a ghost in each partition: the first ends all sessions but its own, the second that one.
    let ghost_ms = newest_ms / DAY_MS * DAY_MS + 30 * DAY_MS;
    for time_ms in [ghost_ms, ghost_ms + 30 * DAY_MS] {
        let time = jiff::Timestamp::from_millisecond(time_ms).unwrap().to_string();
        let ghost = |partition| {
            json!({"partition": partition, "timestamp": time_ms,
                "value": {"tailnum": format!("ghost-{partition}"), "time_hour": time}})
        };
        produce(&host, "flights", (0..PARTITIONS).map(ghost).collect()).await;
    }
    for deployment in ["with-planes", "rotations", "rotations-planes", "per-manufacturer"] {
        let status = host.caught_up(deployment).await;
        assert_eq!(status["failures"], json!([]), "{deployment}");
    }
    assert_eq!(host.high_watermarks("flights-planes").await.iter().sum::<u64>() + nameless, (total + 6) as u64);

    let expected = oracle(limit);
    // The last window closes once all tasks know how far the others are.
    let sums =
        until("every window has closed", async || Some(sums(&host).await).filter(|sums| sums.len() >= expected.len()));
    let sums = sums.await;
    let late = host.high_watermarks("per-manufacturer.dead-letters").await;
    assert_eq!(late.iter().sum::<u64>(), 0, "nothing was late");
    assert!(expected.len() > 20);
    assert_eq!(sums, expected);
}
