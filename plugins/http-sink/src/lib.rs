//! Delivers records by HTTP.

mod answer;
mod backoff;
mod deliveries;
mod gate;
mod progress;
mod request;
mod settings;
mod signature;

use std::collections::HashMap;
use std::ops::Range;

use kafka_do_sdk::http::{Request, send_all};
use kafka_do_sdk::sink::{Delivery, Sink};
use kafka_do_sdk::state::Table;
use kafka_do_sdk::{Batch, Context, Description, Failure, Rejection, RetryAdvice, clock};

use deliveries::{Deliveries, Finished, Hold, Item, Mode, Pace, WINDOW_RECORDS};
use progress::Progress;
use settings::Settings;

/// The state table: a row a topic, where there is something to remember.
const TABLE: &str = "progress";

/// So often a call sends requests and waits for all their answers. It ends sooner where one fails, so that a server which
/// hangs keeps it for one timeout.
const WAVES_MAX: u32 = 8;

/// All waves of a call together, though each took its whole timeout: the host cuts a call off after a minute.
const CALL_MS_MAX: u32 = 50_000;

pub struct HttpSink {
    settings: Settings,
    table: Table,
    pace: Pace,
    /// The rows of the table, as this instance wrote them.
    rows: HashMap<String, Option<Vec<u8>>>,
}

impl Sink for HttpSink {
    type Settings = Settings;

    fn describe() -> Description {
        Description::new("Delivers records by HTTP.")
            .with_settings_schema(include_str!("../settings.schema.json"))
            .with_table(TABLE)
    }

    fn open(Context { settings, .. }: Context<Settings>) -> Result<Self, Failure> {
        settings.check()?;
        Ok(Self { settings, table: Table::open(TABLE)?, pace: Pace::default(), rows: HashMap::new() })
    }

    fn deliver(&mut self, batch: Batch) -> Result<Delivery, Failure> {
        let now_ms = clock::now_ms();
        let row = match self.rows.get(&batch.topic) {
            Some(row) => row.clone(),
            None => self.table.get(&batch.topic)?,
        };
        let progress = row.as_deref().map(Progress::decode).transpose();
        let progress = progress.map_err(|error| Failure::fatal(format!("the state cannot be read: {error}")))?;

        let rules = self.settings.rules();
        let written = if matches!(rules.mode, Mode::Runs { .. }) { written(&batch)? } else { Vec::new() };
        let items = batch.records.iter().enumerate().map(|(index, record)| Item {
            offset: record.offset,
            key: record.key.as_deref(),
            // With the comma behind it.
            bytes: written.get(index).map_or(0, |text| text.len() + 1),
        });
        let mut deliveries = Deliveries::new(rules, &mut self.pace, items, progress.unwrap_or_default(), now_ms);
        let waves_max = (CALL_MS_MAX / self.settings.timeout_ms.max(1)).clamp(1, WAVES_MAX);
        for _ in 0..waves_max {
            let wave = deliveries.next_wave();
            if wave.is_empty() {
                break;
            }
            let requests: Vec<Request> =
                wave.iter().map(|run| request_of(&self.settings, &batch, run, &written, now_ms)).collect();
            let answers =
                send_all(&requests).into_iter().map(|result| answer::judge(result, &self.settings.url, now_ms));
            let verdicts = answers.collect::<Result<Vec<_>, Failure>>()?;
            deliveries.settle(wave.into_iter().zip(verdicts));
        }
        let Finished { done, rejections, hold, progress } = deliveries.finish();

        let next_row =
            progress.encode().map_err(|error| Failure::fatal(format!("the state cannot be written: {error}")))?;
        if next_row != row {
            match &next_row {
                Some(next_row) => self.table.put(batch.topic.as_str(), next_row.as_slice()),
                None => self.table.delete(batch.topic.as_str()),
            }
        }
        self.rows.insert(batch.topic.clone(), next_row);

        let Batch { topic, partition, .. } = batch;
        let rejections = rejections.into_iter().map(|(offset, reason)| Rejection {
            topic: topic.clone(),
            partition,
            offset,
            reason,
        });
        let delivery = Delivery::new(u32::try_from(done).unwrap_or(u32::MAX)).with_rejections(rejections);
        Ok(match hold {
            Some(Hold { after_ms, reason }) => {
                let after_ms = Some(u32::try_from(after_ms).unwrap_or(u32::MAX));
                delivery.with_hold(RetryAdvice { reason, after_ms })
            }
            None => delivery,
        })
    }
}

/// The records that this call may send, as they stand in a run.
fn written(batch: &Batch) -> Result<Vec<Vec<u8>>, Failure> {
    let records = batch.records.iter().take(WINDOW_RECORDS);
    let written = records.map(|record| request::written(&batch.topic, batch.partition, record));
    written.collect::<Result<_, _>>().map_err(|error| Failure::fatal(format!("a record cannot be written: {error}")))
}

fn request_of(settings: &Settings, batch: &Batch, run: &Range<usize>, written: &[Vec<u8>], now_ms: i64) -> Request {
    if written.is_empty() {
        request::of_record(settings, &batch.topic, batch.partition, &batch.records[run.start], now_ms)
    } else {
        request::of_run(settings, batch, run.clone(), written, now_ms)
    }
}

kafka_do_sdk::export_sink!(HttpSink);

#[cfg(test)]
mod tests;
