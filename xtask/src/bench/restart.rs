//! Start after kill -9, with a full head and more and more in the tier.

use anyhow::Result;
use serde_json::json;

use super::catch_up::wait_until_sealed;
use super::files::{mib, read_through};
use super::fill::{Fill, Until};
use super::report::{Measure, Target};
use super::run::Run;
use super::section::Section;
use crate::clock;
use crate::host::Host;
use crate::http::Client;
use crate::quantile::quantile;

/// What fills the head: never sealed. It leaves some room, so that the head's bound moves nothing.
const HEAD: &str = "in-the-head";
const HEAD_PARTITIONS: u32 = 8;
const HEAD_FILL_PERCENT: usize = 90;
const HEAD_SEGMENT_BYTES: u64 = 64 << 20;
const HEAD_SEGMENT_MS: u64 = 86_400_000;
/// What fills the tier; what it leaves in the head has its place there too.
const TIER: &str = "in-the-tier";
const CONNECTIONS: usize = 8;
pub(super) const READY_MS_MAX: f64 = 2_000.0;
/// A restart over the largest tier beside one over the smallest: more is growth and not noise.
const GROWTH_MAX: f64 = 1.5;
/// The curve that the page has a plot of.
pub(super) const CURVE: &str = "restart";

pub(super) async fn measure(run: &mut Run<'_>) -> Result<()> {
    let mut first = None;
    for tier_mib in run.extent.tiers_mib.iter().copied() {
        let restarts = restarts(run, tier_mib).await?;
        let name = format!(
            "restart after kill -9, head {:.0} MiB, tier {:.0} MiB (p50)",
            restarts.head_mib, restarts.tier_mib
        );
        let measure = Measure::new(name, restarts.ready_ms, "ms")
            .beside("reading head.redb once", restarts.read_ms)
            .target(Target::Below(READY_MS_MAX));
        run.add(Section::Restart, measure.at(CURVE, restarts.tier_mib))?;
        match first {
            None => first = Some(restarts.ready_ms),
            Some(first) => {
                let name = format!("growth of it with a tier of {:.0} MiB", restarts.tier_mib);
                let growth = Measure::new(name, restarts.ready_ms, "ms").beside("with the smallest tier", first);
                run.add(Section::Restart, growth.target(Target::RatioAtMost(GROWTH_MAX)))?;
            }
        }
    }
    Ok(())
}

struct Restarts {
    head_mib: f64,
    tier_mib: f64,
    ready_ms: f64,
    read_ms: f64,
}

async fn restarts(run: &Run<'_>, tier_mib: usize) -> Result<Restarts> {
    let head = run.extent.head;
    let arguments = ["--head-bytes", head.flag];
    let mut host = run.start_host_with(&arguments)?;
    let client = Client::new(host.address)?;
    eprintln!("Measuring restarts with {tier_mib} MiB in the tier.");
    let tier = json!({"partitions": 1, "segment_bytes": head.segment_mib << 20});
    client.configure_topic(TIER, &tier).await?;
    write(&host, TIER, 1, tier_mib).await?;
    wait_until_sealed(host.address, TIER, (head.segment_mib << 20) as u64).await?;
    let left_mib = usize::try_from(client.topic(TIER).await?.head_bytes() >> 20)?;

    let settings =
        json!({"partitions": HEAD_PARTITIONS, "segment_bytes": HEAD_SEGMENT_BYTES, "segment_ms": HEAD_SEGMENT_MS});
    client.configure_topic(HEAD, &settings).await?;
    write(&host, HEAD, HEAD_PARTITIONS, (head.mib * HEAD_FILL_PERCENT / 100).saturating_sub(left_mib)).await?;
    let (in_tier, in_head) = (client.topic(TIER).await?, client.topic(HEAD).await?);

    let mut ready_ms = Vec::new();
    for _ in 0..run.extent.starts {
        host.kill()?;
        host = run.restart_host(&arguments)?;
        ready_ms.push(host.ready_after.as_secs_f64() * 1e3);
    }
    host.kill()?;
    let database = [run.data().join("head.redb")];
    read_through(&database)?;
    let begun = clock::now();
    read_through(&database)?;
    Ok(Restarts {
        head_mib: mib(in_tier.head_bytes() + in_head.head_bytes()),
        tier_mib: mib(in_tier.segment_bytes() + in_head.segment_bytes()),
        ready_ms: quantile(&ready_ms, 50),
        read_ms: begun.elapsed().as_secs_f64() * 1e3,
    })
}

async fn write(host: &Host, topic: &str, partitions: u32, mib: usize) -> Result<()> {
    let until = Until::Bytes(mib << 20);
    let fill = Fill { topic, partitions, connections: CONNECTIONS, batch: 100, record_bytes: 1_024, until };
    fill.run(host.address).await.map(drop)
}
