//! A disk that is full: producers are told so, readers notice nothing, and once there is room again all is as before, without
//! a restart and without a loss.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails where it must, and takes real time")]

use std::sync::Arc;
use std::time::Duration;

use kafka_do_tests::{Disk, Host, HostOptions, Numbered, Response, partitions, until};
use serde_json::json;

const DISK_MEBIBYTES: u64 = 192;
const MEBIBYTE: u64 = 1 << 20;

/// A request that can be sent again: under a key of its numbers.
async fn send(host: &Host, log: &Numbered, next: u64) -> Response {
    let url = format!("{}/v1/topics/{}/records", host.url(), log.topic);
    let key = format!("from-{next}");
    let request = host.client().post(url).header("idempotency-key", key).json(&log.body(next..next + log.chunk));
    host.send(request).await.unwrap()
}

/// Somebody else takes most of the room, the producers the rest, until they are refused.
async fn fill_up(host: &Host, disk: &Disk, log: &Numbered, next: &mut u64) {
    disk.fill(72 * MEBIBYTE);
    let most = *next + 1_000 * log.chunk;
    let refused = loop {
        let answer = send(host, log, *next).await;
        if answer.status != 200 {
            break answer;
        }
        *next += log.chunk;
        assert!(*next < most, "the disk is never full: {} bytes are free", disk.free_bytes());
    };
    assert_eq!(refused.problem(507), "storage-full");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_restart() {
    let Some(disk) = Disk::mount(DISK_MEBIBYTES) else { return };
    let mut host = HostOptions::default().data(&disk.path().join("data")).start().await;
    let log = Numbered::new("t", 2);
    log.create(&host, json!({"segment_bytes": 1 << 20, "segment_ms": 1_000})).await;
    let mut next = 0;
    while next < 20 * log.chunk {
        send(&host, &log, next).await.ok();
        next += log.chunk;
    }

    fill_up(&host, &disk, &log, &mut next).await;
    assert!(disk.free_bytes() > 32 * MEBIBYTE, "it stops while there is room to work: {}", disk.free_bytes());
    log.check(&host, next).await;
    let page = host.get("/v1/topics/t/records?from=earliest").await;
    assert_eq!(page.text.lines().count() as u64, next);
    // A restart needs no room that is not there.
    host.kill_and_restart().await;
    log.check(&host, next).await;
    // The start gives back what the database held free.
    fill_up(&host, &disk, &log, &mut next).await;
    log.check(&host, next).await;
    // What is full can be made room in: old records may go.
    let before = next / 4;
    host.delete(&format!("/v1/topics/t/partitions/0/records?before={before}")).await.ok();
    assert_eq!(partitions(&host, "t").await[0].start_offset, before);

    disk.relieve();
    until("the disk is seen to have room", async || {
        let answer = send(&host, &log, next).await;
        assert!(answer.status == 200 || answer.problem(507) == "storage-full", "{}", answer.text);
        (answer.status == 200).then_some(())
    })
    .await;
    next += log.chunk;
    let page = host.get(&format!("/v1/topics/t/partitions/1/records?offset={}", next / 2 - 1)).await.ok();
    assert_eq!(page["records"], json!([log.shown(1, next / 2 - 1)]));
}

/// The last byte goes while the host is writing: nobody was asked, and no reserve helps.
#[tokio::test(flavor = "multi_thread")]
async fn to_its_last_byte() {
    let Some(disk) = Disk::mount(DISK_MEBIBYTES).map(Arc::new) else { return };
    let mut host = HostOptions::default().data(&disk.path().join("data")).start().await;
    let log = Numbered { chunk: 200, ..Numbered::new("t", 2) };
    log.create(&host, json!({"segment_bytes": 1 << 20, "segment_ms": 1_000})).await;
    let mut next = 0;
    for round in 0..3 {
        for _ in 0..5 {
            send(&host, &log, next).await.ok();
            next += log.chunk;
        }
        let fill = async {
            tokio::time::sleep(Duration::from_millis(20 * round)).await;
            let disk = Arc::clone(&disk);
            tokio::task::spawn_blocking(move || disk.fill(0)).await.unwrap();
        };
        let produce = async {
            loop {
                let answer = send(&host, &log, next).await;
                match answer.status {
                    200 => next += log.chunk,
                    // Whether it was stored is not known; it is sent again under its key.
                    503 => assert_eq!(answer.problem(503), "outcome-unknown"),
                    _ => break answer,
                }
            }
        };
        let ((), refused) = tokio::join!(fill, produce);
        assert_eq!(refused.problem(507), "storage-full");
        // Let it try to seal, and fail, for a while; reads go on.
        for _ in 0..20 {
            log.check(&host, next).await;
            assert_eq!(send(&host, &log, next).await.problem(507), "storage-full");
        }
        disk.relieve();
        until("the disk is seen to have room", async || {
            let answer = send(&host, &log, next).await;
            assert!([200, 503, 507].contains(&answer.status), "{}", answer.text);
            (answer.status == 200).then_some(())
        })
        .await;
        next += log.chunk;
        log.check(&host, next).await;
    }
    host.kill_and_restart().await;
    log.check(&host, next).await;
}
