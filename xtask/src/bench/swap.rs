//! Swaps while records flow: how long a partition stands still.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;

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
    client.create_topic(TOPIC, PARTITIONS).await?;
    let filter = |step: usize| {
        let threshold = data.threshold() + f64::from(step.is_multiple_of(2));
        data.filter(TOPIC, &format!("{TOPIC}-out"), threshold)
    };
    client.deploy(NAME, &filter(0)).await?;
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
        let mut all = Swaps { partitions: Vec::new(), calls_us: Vec::new() };
        for step in 1..=swaps {
            tokio::time::sleep(PACE).await;
            let begun = clock::now();
            let swapped = client.deploy(NAME, &filter(step)).await?;
            all.calls_us.push(begun.elapsed().as_secs_f64() * 1e6);
            all.partitions.extend(swapped.swap);
        }
        done.store(true, Ordering::Relaxed);
        anyhow::Ok(all)
    };
    let ((), all) = tokio::try_join!(producing, swapping)?;
    client.delete(&format!("/v1/deployments/{NAME}")).await?;
    Ok(all)
}
