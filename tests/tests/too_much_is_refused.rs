//! More than the host can hold is answered 429 with Retry-After, at once; memory stays bounded, and the rest goes on.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use std::io::Write;
use std::net::TcpStream;

use kafka_do_tests::Host;
use serde_json::json;

fn resident_bytes(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

/// Clients that stop in the middle of large bodies take up the room; the next one is told so.
#[tokio::test(flavor = "multi_thread")]
async fn slow_senders_take_up_the_room() {
    let host = Host::start().await;
    host.create_topic("t", 1).await;
    let address = host.url().replace("http://", "");
    let before = resident_bytes(host.pid());
    let announced = 16 << 20;
    let slow: Vec<TcpStream> = (0..8)
        .map(|_| {
            let mut stream = TcpStream::connect(&address).unwrap();
            let head = format!(
                "POST /v1/topics/t/records HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/octet-stream\r\ncontent-length: {announced}\r\n\r\n"
            );
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(&vec![b'x'; announced - (32 << 10)]).unwrap();
            stream
        })
        .collect();
    // Once all of it has arrived the house is full to the last quarter of a mebibyte.
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let mut refused = None;
    for _ in 0..50 {
        let answer = host.post("/v1/topics/t/records", json!({"value": "y".repeat(1 << 20)})).await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let refused = refused.expect("a full house refuses");
    assert_eq!(refused.problem(429), "overloaded");
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(host.get("/v1/topics").await.status, 200, "what takes no room goes on");
    assert!(resident_bytes(host.pid()) < before + (200 << 20));
    drop(slow);
    for _ in 0..100 {
        if host.post("/v1/topics/t/records", json!({"value": 1})).await.status == 200 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the room is given back when the senders leave");
}
