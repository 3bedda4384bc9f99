//! Segments as they lie in a tier that is a folder, seen past the host.

use std::path::{Path, PathBuf};

use crate::Host;
use crate::partition::partitions;
use crate::wait::until_equal;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Segment {
    /// The topic's number.
    pub topic: String,
    pub partition: usize,
    pub base: u64,
    /// The offset after its last.
    pub next: u64,
    pub path: PathBuf,
    pub bytes: u64,
}

impl Segment {
    pub fn file_name(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).expect("a name")
    }
}

/// Every file below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return found };
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// All segments of a tier by topic, partition and offset.
pub fn segments(tier: &Path) -> Vec<Segment> {
    let mut found: Vec<Segment> = files(&tier.join("topics")).iter().filter_map(|path| segment(path)).collect();
    found.sort();
    found
}

/// What stands among the segments and is none.
fn strays(tier: &Path) -> Vec<PathBuf> {
    let mut found = files(&tier.join("topics"));
    found.retain(|path| !path.ends_with("topic.json") && segment(path).is_none());
    found
}

fn segment(path: &Path) -> Option<Segment> {
    let name = path.file_name()?.to_str()?;
    let (base, rest) = name.strip_suffix(".segment")?.split_once('-')?;
    let (next, number) = rest.split_once('-')?;
    if (base.len(), next.len(), number.len()) != (20, 20, 16) {
        return None;
    }
    let folder = |up: usize| path.ancestors().nth(up)?.file_name()?.to_str();
    Some(Segment {
        topic: folder(2)?.to_owned(),
        partition: folder(1)?.parse().ok()?,
        base: base.parse().ok()?,
        next: next.parse().ok()?,
        path: path.to_owned(),
        // One that is deleted under our eyes has no size.
        bytes: path.metadata().map_or(0, |metadata| metadata.len()),
    })
}

/// Waits until the tiers hold exactly what the host counts of its one topic: nothing is missing, nothing is orphaned.
/// Answers the segments, which follow one another without a gap, each partition up to what its head begins with.
pub async fn exact(host: &Host, topic: &str, tiers: &[&Path]) -> Vec<Segment> {
    let all = || {
        let mut all: Vec<Segment> = tiers.iter().flat_map(|tier| segments(tier)).collect();
        all.sort();
        all
    };
    until_equal("the tier holds what the host counts, and nothing else", (None, Vec::new(), 0), async || {
        let counted: Vec<(u64, u64)> =
            partitions(host, topic).await.iter().map(|p| (p.segments, p.segment_bytes)).collect();
        let mut found = vec![(0, 0); counted.len()];
        for segment in all() {
            let (segments, bytes) = &mut found[segment.partition];
            *segments += 1;
            *bytes += segment.bytes;
        }
        let difference = (found != counted).then(|| format!("there are {found:?}, counted are {counted:?}"));
        let strays: Vec<PathBuf> = tiers.iter().flat_map(|tier| strays(tier)).collect();
        (difference, strays, host.metric("kafka_do_garbage_objects").await)
    })
    .await;
    let found = all();
    assert!(found.windows(2).all(|pair| pair[0].topic == pair[1].topic), "one topic: {found:?}");
    for (number, partition) in partitions(host, topic).await.iter().enumerate() {
        let own: Vec<&Segment> = found.iter().filter(|segment| segment.partition == number).collect();
        assert!(own.windows(2).all(|pair| pair[0].next == pair[1].base), "segments join: {own:?}");
        let (Some(first), Some(last)) = (own.first(), own.last()) else { continue };
        assert!(first.base <= partition.start_offset, "{first:?} {partition:?}");
        assert!(last.next <= partition.high_watermark, "{last:?} {partition:?}");
    }
    found
}
