//! Swaps while records flow: how long a partition stands still.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;
use serde_json::Value;

use super::filter::Data;
use crate::clock;
use crate::http::{Client, Swap};

const TOPIC: &str = "swapped";
const NAME: &str = "swapped-filter";
const PARTITIONS: u32 = 2;
/// Between two swaps, so that records flow through each generation.
const PACE: Duration = Duration::from_millis(10);

/// What many swaps took.
pub(super) struct Swaps {
    /// One a partition and a swap.
    pub(super) partitions: Vec<Swap>,
    /// From the request to its answer.
    pub(super) calls_us: Vec<f64>,
}

/// Changes the filter's threshold, there and back, while a producer sends as fast as the host takes it.
pub(super) async fn swap_under_load(client: &Client, data: &Data, swaps: usize) -> Result<Swaps> {
    deploy(client, data).await?;
    let done = AtomicBool::new(false);
    let producing = async {
        for number in 0.. {
            if done.load(Ordering::Relaxed) {
                break;
            }
            data.produce(client, TOPIC, number).await?;
        }
        anyhow::Ok(())
    };
    let swapping = async {
        let all = swap(client, data, swaps).await;
        done.store(true, Ordering::Relaxed);
        all
    };
    let ((), all) = tokio::try_join!(producing, swapping)?;
    client.delete(&format!("/v1/deployments/{NAME}")).await?;
    Ok(all)
}

/// The same while nothing flows: what an instance takes where nobody else wants the machine.
pub(super) async fn swap_at_rest(client: &Client, data: &Data, swaps: usize) -> Result<Swaps> {
    deploy(client, data).await?;
    let all = swap(client, data, swaps).await?;
    client.delete(&format!("/v1/deployments/{NAME}")).await?;
    Ok(all)
}

async fn deploy(client: &Client, data: &Data) -> Result<()> {
    client.create_topic(TOPIC, PARTITIONS).await?;
    client.deploy(NAME, &filter(data, 0)).await?;
    Ok(())
}

fn filter(data: &Data, step: usize) -> Value {
    let threshold = data.threshold() + f64::from(step.is_multiple_of(2));
    data.filter(TOPIC, &format!("{TOPIC}-out"), threshold)
}

async fn swap(client: &Client, data: &Data, swaps: usize) -> Result<Swaps> {
    let mut all = Swaps { partitions: Vec::new(), calls_us: Vec::new() };
    for step in 1..=swaps {
        tokio::time::sleep(PACE).await;
        let begun = clock::now();
        let swapped = client.deploy(NAME, &filter(data, step)).await?;
        all.calls_us.push(begun.elapsed().as_secs_f64() * 1e6);
        all.partitions.extend(swapped.swap);
    }
    Ok(all)
}
