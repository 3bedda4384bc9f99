//! Which records are sent when, and what an answer means for them. Nothing is sent here.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use crate::backoff::Backoff;
use crate::gate::{Admission, Breaker, Gate};
use crate::progress::{Failed, Mark, Progress};

/// Of a batch, so many records from its start are looked at: it bounds what has to be remembered of those that come after
/// one that fails.
pub(crate) const WINDOW_RECORDS: usize = 1_000;

/// While a record waits for its next attempt, records of other keys may come: so the batch is asked for at least this often.
pub(crate) const HOLD_MS_MAX: i64 = 5_000;

/// How records become requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A request a record, so many at once; those of one key one after the other.
    Each { concurrency: usize },
    /// A request a run of consecutive records, one after the other.
    Runs { records: usize, bytes: usize },
}

/// What the settings say about it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) mode: Mode,
    pub(crate) attempts_max: u32,
    pub(crate) backoff: Backoff,
    pub(crate) breaker: Breaker,
}

/// What is remembered of the server between two calls.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    gate: Gate,
    /// How often the length of a run is halved: a run that fails is cut, until the record that fails is alone.
    cut: u32,
}

/// What has to be known of a record.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item<'a> {
    pub(crate) offset: u64,
    pub(crate) key: Option<&'a [u8]>,
    /// What it adds to a run's size.
    pub(crate) bytes: usize,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Delivered,
    /// It would never be taken.
    Refused(String),
    /// It may be taken another time, not before so many milliseconds where the server says so.
    Failed {
        reason: String,
        after_ms: Option<i64>,
    },
    /// Nothing was sent, which says nothing about the record.
    Unreachable(String),
}

/// A batch on its way.
pub(crate) struct Deliveries<'p> {
    rules: Rules,
    pace: &'p mut Pace,
    now_ms: i64,
    items: Vec<Waiting>,
    /// There are more records behind the window.
    has_more: bool,
    /// Marks of records that are not in this batch, and come after it.
    later: BTreeMap<u64, Mark>,
    has_failed: bool,
}

struct Waiting {
    offset: u64,
    /// The number of its key; none where it has no key, and no order.
    key: Option<usize>,
    bytes: usize,
    mark: Option<Mark>,
}

impl Waiting {
    fn is_done(&self) -> bool {
        matches!(self.mark, Some(Mark::Delivered | Mark::Rejected(_)))
    }

    fn again_ms(&self) -> i64 {
        if let Some(Mark::Failed(failed)) = &self.mark { failed.again_ms } else { i64::MIN }
    }

    fn attempts(&self) -> u32 {
        if let Some(Mark::Failed(failed)) = &self.mark { failed.attempts } else { 0 }
    }
}

/// What a call has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finished {
    /// So many records from the start.
    pub(crate) done: usize,
    /// Of those: offset and reason.
    pub(crate) rejections: Vec<(u64, String)>,
    pub(crate) hold: Option<Hold>,
    pub(crate) progress: Progress,
}

/// When to go on, and why not at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hold {
    pub(crate) after_ms: i64,
    pub(crate) reason: String,
}

impl<'p> Deliveries<'p> {
    /// `items` are a batch's records in the order of their offsets, `progress` what the last call left.
    pub(crate) fn new<'a>(
        rules: Rules,
        pace: &'p mut Pace,
        items: impl IntoIterator<Item = Item<'a>>,
        progress: Progress,
        now_ms: i64,
    ) -> Self {
        let Progress(mut marks) = progress;
        let mut items = items.into_iter();
        let mut keys = HashMap::new();
        let window: Vec<Waiting> = items
            .by_ref()
            .take(WINDOW_RECORDS)
            .map(|Item { offset, key, bytes }| {
                let next_number = keys.len();
                let key = key.map(|key| *keys.entry(key).or_insert(next_number));
                Waiting { offset, key, bytes, mark: marks.remove(&offset) }
            })
            .collect();
        let later = window.last().map_or(marks.clone(), |last| marks.split_off(&last.offset));
        Self { rules, pace, now_ms, items: window, has_more: items.next().is_some(), later, has_failed: false }
    }

    /// What to send now, as ranges of the batch; nothing where the call is to end.
    pub(crate) fn next_wave(&self) -> Vec<Range<usize>> {
        if self.has_failed {
            return Vec::new();
        }
        match (self.rules.mode, self.pace.gate.admission(self.rules.breaker, self.now_ms)) {
            (_, Admission::Nobody) => Vec::new(),
            (Mode::Each { .. }, Admission::Probe) => self.singles(1),
            (Mode::Each { concurrency }, Admission::All) => self.singles(concurrency),
            (Mode::Runs { records, bytes }, _) => self.run(records, bytes).into_iter().collect(),
        }
    }

    /// Takes the answers to a wave.
    pub(crate) fn settle(&mut self, answers: impl IntoIterator<Item = (Range<usize>, Verdict)>) {
        let failures_before = self.pace.gate.failures();
        for (run, verdict) in answers {
            match verdict {
                Verdict::Delivered => {
                    self.pace.gate.succeeded();
                    self.pace.cut = self.pace.cut.saturating_sub(1);
                    self.mark(run, &Mark::Delivered);
                }
                Verdict::Refused(reason) => {
                    self.pace.gate.succeeded();
                    if run.len() == 1 {
                        self.mark(run, &Mark::Rejected(reason));
                    } else {
                        self.cut(run.len());
                    }
                }
                Verdict::Failed { reason, after_ms } => {
                    self.fails(&reason);
                    if let Some(after_ms) = after_ms {
                        self.pace.gate.pause_until(self.now_ms.saturating_add(after_ms));
                    }
                    if run.len() == 1 {
                        self.spend_attempt(run.start, reason);
                    } else {
                        self.cut(run.len());
                        self.pause(failures_before, run.start);
                    }
                }
                Verdict::Unreachable(reason) => {
                    self.fails(&reason);
                    self.pause(failures_before, run.start);
                }
            }
        }
    }

    /// Ends the call.
    pub(crate) fn finish(self) -> Finished {
        let done = self.items.iter().take_while(|item| item.is_done()).count();
        let hold = self.hold();
        let mut items = self.items.into_iter();
        let rejections = items
            .by_ref()
            .take(done)
            .filter_map(|item| match item.mark {
                Some(Mark::Rejected(reason)) => Some((item.offset, reason)),
                _ => None,
            })
            .collect();
        let mut marks = self.later;
        marks.extend(items.filter_map(|item| Some((item.offset, item.mark?))));
        Finished { done, rejections, hold, progress: Progress(marks) }
    }

    /// Those records that nothing stands before, at most so many.
    fn singles(&self, count: usize) -> Vec<Range<usize>> {
        self.heads()
            .filter(|(_, item)| item.again_ms() <= self.now_ms)
            .take(count)
            .map(|(index, _)| index..index + 1)
            .collect()
    }

    /// Records that are not done, and the first of their key.
    fn heads(&self) -> impl Iterator<Item = (usize, &Waiting)> {
        let mut seen = HashSet::new();
        let undone = self.items.iter().enumerate().filter(|(_, item)| !item.is_done());
        undone.filter(move |(_, item)| item.key.is_none_or(|key| seen.insert(key)))
    }

    /// The records from the first that is not done, as many as one request takes; where its time has not come, none.
    fn run(&self, records: usize, bytes: usize) -> Option<Range<usize>> {
        let start = self.items.iter().position(|item| !item.is_done())?;
        let records = (records >> self.pace.cut).max(1);
        let mut room = bytes;
        let count = self.items[start..]
            .iter()
            .take(records)
            .enumerate()
            .take_while(|(index, item)| {
                let fits = *index == 0 || item.bytes <= room;
                room = room.saturating_sub(item.bytes);
                fits && !item.is_done() && item.again_ms() <= self.now_ms
            })
            .count();
        (count > 0).then_some(start..start + count)
    }

    fn mark(&mut self, run: Range<usize>, mark: &Mark) {
        for item in &mut self.items[run] {
            item.mark = Some(mark.clone());
        }
    }

    fn fails(&mut self, reason: &str) {
        self.has_failed = true;
        self.pace.gate.failed(self.rules.breaker, reason, self.now_ms);
    }

    /// The next run is at most half as long as the one that failed.
    fn cut(&mut self, count: usize) {
        let Mode::Runs { records, .. } = self.rules.mode else { return };
        while self.pace.cut < usize::BITS - 1 && (records >> self.pace.cut).max(1) > count / 2 {
            self.pace.cut += 1;
        }
    }

    /// Nobody is heard for a while: longer, the longer it has been so.
    fn pause(&mut self, failures_before: u32, start: usize) {
        let wait_ms = self.rules.backoff.wait_ms(failures_before + 1, self.items[start].offset, self.now_ms);
        self.pace.gate.pause_until(self.now_ms.saturating_add(wait_ms));
    }

    fn spend_attempt(&mut self, index: usize, reason: String) {
        let Rules { attempts_max, backoff, .. } = self.rules;
        let item = &mut self.items[index];
        let attempts = item.attempts() + 1;
        item.mark = Some(if attempts >= attempts_max {
            Mark::Rejected(after_attempts(&reason, attempts, attempts_max))
        } else {
            let again_ms = self.now_ms.saturating_add(backoff.wait_ms(attempts, item.offset, self.now_ms));
            Mark::Failed(Failed { attempts, again_ms, reason })
        });
    }

    fn hold(&self) -> Option<Hold> {
        let Self { rules, pace: Pace { gate, .. }, now_ms, .. } = self;
        if self.items.iter().all(Waiting::is_done) && !self.has_more {
            return None;
        }
        if gate.admission(rules.breaker, *now_ms) == Admission::Nobody {
            let after_ms = gate.shut_until_ms() - now_ms;
            return Some(Hold { after_ms, reason: gate.reason(rules.breaker) });
        }
        let next = match rules.mode {
            Mode::Each { .. } => self.heads().map(|(_, item)| item).min_by_key(|item| item.again_ms()),
            Mode::Runs { .. } => self.items.iter().find(|item| !item.is_done()),
        };
        let Some(Mark::Failed(failed)) = &next?.mark else { return None };
        let after_ms = failed.again_ms.saturating_sub(*now_ms).min(HOLD_MS_MAX);
        let reason = || after_attempts(&failed.reason, failed.attempts, rules.attempts_max);
        (after_ms > 0).then(|| Hold { after_ms, reason: reason() })
    }
}

fn after_attempts(reason: &str, attempts: u32, attempts_max: u32) -> String {
    format!("{reason}; {attempts} of {attempts_max} attempts")
}

#[cfg(test)]
mod tests;
