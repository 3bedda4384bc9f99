//! What plugins do, all on one host.

use anyhow::{Result, bail};

use super::filter::{Data, Pass};
use super::report::{Measure, Target};
use super::run::Run;
use super::section::Section;
use super::swap::{swap_at_rest, swap_under_load};
use crate::http::{Client, Swap};
use crate::quantile::quantile;
use crate::{paths, process};

const FILTER_PARTITIONS: [u32; 2] = [1, 2];

/// `wanted` are the sections to measure.
pub(super) async fn measure(run: &mut Run<'_>, wanted: &[Section]) -> Result<()> {
    let data = Data::load(run.extent.records_max)?;
    eprintln!("The records are {}.", data.what);
    let host = run.start_host(Some(&paths::plugins()))?;
    let client = Client::new(host.address)?;
    for section in wanted {
        match section {
            Section::Filter => filter(run, &client, host.pid(), &data).await?,
            _ => swap(run, &client, &data).await?,
        }
        let resident = process::memory(host.pid())?.resident_mib;
        let name = format!("memory, resident after the {}s", section.name());
        run.add(*section, Measure::new(name, resident, "MiB"))?;
    }
    host.stop()
}

async fn filter(run: &mut Run<'_>, client: &Client, pid: u32, data: &Data) -> Result<()> {
    for partitions in FILTER_PARTITIONS {
        eprintln!("Measuring filter-json, partitions: {partitions}.");
        let passes = data.filter_topic(client, pid, partitions, run.extent.passes).await?;
        let name = format!("filter-json on {}, partitions: {partitions}", data.what);
        let p50 = |part: fn(&Pass) -> f64| quantile(&passes.iter().map(part).collect::<Vec<_>>(), 50);
        let wall = Measure::new(&*name, p50(|pass| pass.records_per_s), "records/s");
        run.add(Section::Filter, wall)?;
        let busy = p50(|pass| pass.records_per_core_s);
        let busy = Measure::new(name + ", a busy core", busy, "records/s");
        run.add(Section::Filter, busy.target(Target::AtLeast(700_000.0)))?;
    }
    Ok(())
}

async fn swap(run: &mut Run<'_>, client: &Client, data: &Data) -> Result<()> {
    let swaps = run.extent.swaps;
    eprintln!("Measuring {swaps} swaps at rest.");
    let at_rest = swap_at_rest(client, data, swaps).await?;
    let instantiate = at_rest.partitions.iter().map(|swap| swap.instantiate_us as f64).collect::<Vec<_>>();
    let instantiate = Measure::new("instantiate, at rest, p50", quantile(&instantiate, 50), "us");
    run.add(Section::Swap, instantiate.target(Target::Below(20.0)))?;
    eprintln!("Measuring {swaps} swaps under load.");
    let all = swap_under_load(client, data, swaps).await?;
    if all.partitions.is_empty() {
        bail!("the host does not say how its swaps went");
    }
    let of = |part: fn(&Swap) -> u64| all.partitions.iter().map(|swap| part(swap) as f64).collect::<Vec<_>>();
    let (instantiate, pause) = (of(|swap| swap.instantiate_us), of(|swap| swap.pause_us));
    run.add(Section::Swap, Measure::new("instantiate, under load, p50", quantile(&instantiate, 50), "us"))?;
    run.add(Section::Swap, Measure::new("swap pause, p50", quantile(&pause, 50), "us"))?;
    let p99 = Measure::new("swap pause, p99", quantile(&pause, 99), "us");
    run.add(Section::Swap, p99.target(Target::Below(5_000.0)))?;
    run.add(Section::Swap, Measure::new("swap pause, most", quantile(&pause, 100), "us"))?;
    run.add(Section::Swap, Measure::new("swap, the whole call, p99", quantile(&all.calls_us, 99), "us"))
}
