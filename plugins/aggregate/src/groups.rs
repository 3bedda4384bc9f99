//! The second step: what was gathered of each group, in windows or as it runs.

use std::collections::BTreeMap;

use kafka_do_sdk::json::{Number, group_text};
use kafka_do_sdk::state::Table;
use kafka_do_sdk::windows::{Average, Count, Late, Max, Min, Sum, TimeStore, TimeWindows, Windowed};
use kafka_do_sdk::{Failure, NewRecord, Output, clock};

use crate::measure::Measure;
use crate::settings::{Kind, Settings};

/// The state table of the open windows, or of all groups.
pub(crate) const TABLE: &str = "groups";

pub(crate) trait Groups {
    /// Adds to a group, which is JSON; late where its window has closed.
    fn add(&mut self, time_ms: i64, group: &[u8], number: Number) -> Result<(), Late>;
    /// Event time has come so far.
    fn observe(&mut self, watermark_ms: i64);
    /// Ends a call: writes what was added, and emits what there is to say.
    fn settle(&mut self, output: &mut Output) -> Result<(), Failure>;
}

pub(crate) fn open(settings: &Settings) -> Result<Box<dyn Groups>, Failure> {
    match settings.aggregate {
        Kind::Count => open_measured::<Count>(settings),
        Kind::Sum => open_measured::<Sum>(settings),
        Kind::Min => open_measured::<Min>(settings),
        Kind::Max => open_measured::<Max>(settings),
        Kind::Average => open_measured::<Average>(settings),
    }
}

fn open_measured<M: Measure>(settings: &Settings) -> Result<Box<dyn Groups>, Failure> {
    let table = Table::open(TABLE)?;
    let name = settings.aggregate.name();
    Ok(match settings.window_ms {
        None => Box::new(Running::<M> { table, name, changed: BTreeMap::new() }),
        Some(size_ms) => {
            let windows = TimeWindows::tumbling(size_ms).with_grace_ms(settings.grace_ms);
            Box::new(InWindows::<M> { windows: TimeStore::open(table, windows)?, name })
        }
    })
}

/// Each window is emitted once, when the watermark has passed its end and the grace.
struct InWindows<M> {
    windows: TimeStore<M>,
    name: &'static str,
}

impl<M: Measure> Groups for InWindows<M> {
    fn add(&mut self, time_ms: i64, group: &[u8], number: Number) -> Result<(), Late> {
        self.windows.add_unobserved(time_ms, group, |measure| measure.take(number))
    }

    fn observe(&mut self, watermark_ms: i64) {
        self.windows.observe(watermark_ms);
    }

    fn settle(&mut self, output: &mut Output) -> Result<(), Failure> {
        for Windowed { key, start_ms, end_ms, aggregate } in self.windows.settle()? {
            let window = format!(r#""window_start_ms":{start_ms},"window_end_ms":{end_ms},"#);
            output.emit(result(&key, &window, (self.name, &aggregate))?.with_timestamp_ms(end_ms - 1));
        }
        if self.windows.has_more() {
            clock::wake_at(Some(clock::now_ms()));
        }
        Ok(())
    }
}

/// Each group that a call adds to is emitted at its end.
struct Running<M> {
    table: Table,
    name: &'static str,
    /// What this call adds, and the latest time of it.
    changed: BTreeMap<Vec<u8>, (M, i64)>,
}

impl<M: Measure> Groups for Running<M> {
    fn add(&mut self, time_ms: i64, group: &[u8], number: Number) -> Result<(), Late> {
        if let Some((measure, latest_ms)) = self.changed.get_mut(group) {
            measure.take(number);
            *latest_ms = time_ms.max(*latest_ms);
        } else {
            let mut measure = M::default();
            measure.take(number);
            self.changed.insert(group.to_vec(), (measure, time_ms));
        }
        Ok(())
    }

    fn observe(&mut self, _: i64) {}

    fn settle(&mut self, output: &mut Output) -> Result<(), Failure> {
        let changed = std::mem::take(&mut self.changed);
        self.table.fetch(changed.keys())?;
        for (group, (added, latest_ms)) in changed {
            let damaged = || Failure::fatal("the state of a group cannot be read");
            let mut measure = match self.table.get(&group)? {
                None => M::default(),
                Some(row) => M::decode(&row).ok_or_else(damaged)?,
            };
            measure.merge(added);
            output.emit(result(&group, "", (self.name, &measure))?.with_timestamp_ms(latest_ms));
            self.table.put(group, measure.encode());
        }
        Ok(())
    }
}

/// The key is the group's as text.
fn result(group: &[u8], window: &str, (name, measure): (&str, &impl Measure)) -> Result<NewRecord, Failure> {
    let group = std::str::from_utf8(group).map_err(|_| Failure::fatal("a group in the state is not text"))?;
    let value = format!(r#"{{"key":{group},{window}"{name}":{}}}"#, measure.value());
    Ok(NewRecord::new(value).with_key(group_text(group)))
}
