//! The host's start on an empty folder.

use anyhow::Result;

use super::report::Measure;
use super::run::Run;
use super::section::Section;
use crate::paths;
use crate::quantile::quantile;

pub(super) fn measure(run: &mut Run<'_>) -> Result<()> {
    let plugins = paths::plugins();
    for (what, plugins) in [("start, empty folder", None), ("start, compiling the plugins", Some(&*plugins))] {
        let mut starts_ms = Vec::new();
        for _ in 0..run.extent.starts {
            // Dropped at once: how it ends is not what is measured.
            starts_ms.push(run.start_host(plugins)?.start_ms as f64);
        }
        run.add(Section::Start, Measure::new(format!("{what} (p50)"), quantile(&starts_ms, 50), "ms"))?;
    }
    Ok(())
}
