//! Share mode: one partition's records that are under way, from the first that is not done to the last that was handed out.

use std::collections::BTreeMap;

use crate::limits::SHARE_WINDOW_RECORDS_MAX;
use crate::model::group::MemberId;
use crate::store::shares::ShareCell;

#[derive(Debug)]
pub(super) struct Window {
    /// All before it is done: where the group stands.
    start: u64,
    /// Nothing from here on was ever handed out.
    next: u64,
    cells: BTreeMap<u64, Cell>,
}

#[derive(Clone, Copy, Debug)]
struct Cell {
    deliveries: u16,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It came back, and waits for somebody.
    Available,
    Acquired {
        by: MemberId,
        until_ms: i64,
    },
    Done,
}

impl Window {
    pub(super) fn load(start: u64, cells: &[ShareCell]) -> Self {
        let cells: BTreeMap<u64, Cell> = cells
            .iter()
            .filter(|cell| cell.offset >= start)
            .map(|cell| {
                let state = if cell.is_done { State::Done } else { State::Available };
                (cell.offset, Cell { deliveries: cell.deliveries, state })
            })
            .collect();
        let next = cells.last_key_value().map_or(start, |(offset, _)| offset + 1);
        Self { start, next, cells }
    }

    /// As it is kept: what is in somebody's hands is available after a restart, and was not handed out in vain.
    pub(super) fn cells(&self) -> Vec<ShareCell> {
        let cell = |(offset, cell): (&u64, &Cell)| ShareCell {
            offset: *offset,
            deliveries: cell.deliveries - u16::from(matches!(cell.state, State::Acquired { .. })),
            is_done: cell.state == State::Done,
        };
        self.cells.iter().map(cell).collect()
    }

    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// The first offset that somebody could be given; `None` where too much is under way already.
    pub(super) fn first_wanted(&self) -> Option<u64> {
        let back = self.cells.iter().find(|(_, cell)| cell.state == State::Available).map(|(offset, _)| *offset);
        back.or((self.cells.len() < SHARE_WINDOW_RECORDS_MAX).then_some(self.next))
    }

    /// Hands the member those of the records that are to be had, each with how often it has been handed out. `offsets` are
    /// all that the log has from `from` to before `to`: what else was known there is gone from it.
    pub(super) fn acquire(
        &mut self,
        (from, to): (u64, u64),
        offsets: &[u64],
        by: MemberId,
        until_ms: i64,
    ) -> Vec<(u64, u16)> {
        if from > self.next {
            // It was read before the group was moved back.
            return Vec::new();
        }
        for (offset, cell) in self.cells.range_mut(from..to) {
            if cell.state == State::Available && offsets.binary_search(offset).is_err() {
                cell.state = State::Done;
            }
        }
        let mut acquired = Vec::new();
        let mut reached = to;
        for offset in offsets {
            if *offset >= self.next {
                if self.cells.len() >= SHARE_WINDOW_RECORDS_MAX {
                    reached = *offset;
                    break;
                }
                self.cells.insert(*offset, Cell { deliveries: 0, state: State::Available });
            }
            if let Some(cell) = self.cells.get_mut(offset).filter(|cell| cell.state == State::Available) {
                cell.state = State::Acquired { by, until_ms };
                cell.deliveries = cell.deliveries.saturating_add(1);
                acquired.push((*offset, cell.deliveries));
            }
        }
        self.next = self.next.max(reached);
        self.advance();
        acquired
    }

    pub(super) fn is_acquired(&self, offset: u64, by: MemberId) -> bool {
        self.cells
            .get(&offset)
            .is_some_and(|cell| matches!(cell.state, State::Acquired { by: whose, .. } if whose == by))
    }

    /// Whether nobody needs the record any more.
    pub(super) fn is_done(&self, offset: u64) -> bool {
        offset < self.start || self.cells.get(&offset).is_some_and(|cell| cell.state == State::Done)
    }

    pub(super) fn due_ms(&self, offset: u64) -> Option<i64> {
        match self.cells.get(&offset)?.state {
            State::Acquired { until_ms, .. } => Some(until_ms),
            _ => None,
        }
    }

    pub(super) fn renew(&mut self, offset: u64, until: i64) {
        if let Some(Cell { state: State::Acquired { until_ms, .. }, .. }) = self.cells.get_mut(&offset) {
            *until_ms = until;
        }
    }

    /// Somebody else may have it; answers how often it has been handed out.
    pub(super) fn release(&mut self, offset: u64) -> u16 {
        self.cells.get_mut(&offset).map_or(0, |cell| {
            cell.state = State::Available;
            cell.deliveries
        })
    }

    /// The record is done with; answers how often it has been handed out.
    pub(super) fn finish(&mut self, offset: u64) -> u16 {
        let deliveries = self.cells.get_mut(&offset).map_or(0, |cell| {
            cell.state = State::Done;
            cell.deliveries
        });
        self.advance();
        deliveries
    }

    fn advance(&mut self) {
        while let Some(first) = self.cells.first_entry() {
            if first.get().state != State::Done {
                self.start = *first.key();
                return;
            }
            first.remove();
        }
        self.start = self.next;
    }

    /// Records that are in somebody's hands, and those that are done while others before them are not.
    pub(super) fn counts(&self) -> (u64, u64) {
        let count = |is_so: fn(&State) -> bool| self.cells.values().filter(|cell| is_so(&cell.state)).count() as u64;
        (count(|state| matches!(state, State::Acquired { .. })), count(|state| *state == State::Done))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: MemberId = MemberId(1);
    const B: MemberId = MemberId(2);

    #[test]
    fn a_record_is_in_one_pair_of_hands() {
        let mut window = Window::load(5, &[]);
        assert_eq!(window.first_wanted(), Some(5));
        assert_eq!(window.acquire((5, 8), &[5, 6, 7], A, 9), [(5, 1), (6, 1), (7, 1)]);
        assert_eq!(window.acquire((5, 9), &[5, 6, 7, 8], B, 9), [(8, 1)]);
        assert!(window.is_acquired(6, A) && !window.is_acquired(6, B));
        assert_eq!(window.finish(6), 1);
        assert_eq!((window.start(), window.counts()), (5, (3, 1)));
        assert_eq!(window.release(5), 1);
        assert_eq!(window.first_wanted(), Some(5));
        assert_eq!(window.acquire((5, 6), &[5], B, 9), [(5, 2)]);
        window.finish(5);
        assert_eq!(window.start(), 7);
        window.finish(8);
        window.finish(7);
        assert_eq!((window.start(), window.first_wanted(), window.cells()), (9, Some(9), vec![]));
    }

    #[test]
    fn what_is_gone_from_the_log_is_done() {
        let mut window = Window::load(0, &[]);
        window.acquire((0, 4), &[0, 1, 3], A, 9);
        for offset in [0, 1, 3] {
            window.release(offset);
        }
        // 1 and 3 were compacted away meanwhile, and so was all from 4 to 9.
        assert_eq!(window.acquire((0, 10), &[0], B, 9), [(0, 2)]);
        window.finish(0);
        assert_eq!(window.start(), 10);
    }

    #[test]
    fn what_was_read_before_a_reset_is_not_handed_out_after_it() {
        let mut window = Window::load(0, &[]);
        assert_eq!(window.acquire((100, 102), &[100, 101], A, 9), []);
        assert_eq!(window.acquire((0, 2), &[0, 1], B, 9), [(0, 1), (1, 1)]);
    }

    #[test]
    fn only_so_much_is_under_way() {
        let mut window = Window::load(0, &[]);
        let more = SHARE_WINDOW_RECORDS_MAX as u64 + 10;
        let all: Vec<u64> = (0..more).collect();
        assert_eq!(window.acquire((0, more), &all, A, 9).len(), SHARE_WINDOW_RECORDS_MAX);
        assert_eq!(window.first_wanted(), None);
        window.finish(1);
        assert_eq!(window.first_wanted(), None, "what is done holds its place until all before it is");
        window.finish(0);
        assert_eq!(window.first_wanted(), Some(SHARE_WINDOW_RECORDS_MAX as u64));
    }

    #[test]
    fn it_is_taken_up_from_what_is_kept() {
        let mut window = Window::load(3, &[]);
        window.acquire((3, 7), &[3, 4, 5, 6], A, 9);
        window.finish(4);
        let mut again = Window::load(window.start(), &window.cells());
        assert_eq!(again.cells(), window.cells());
        assert_eq!(again.acquire((3, 9), &[3, 4, 5, 6, 7, 8], B, 9), [(3, 1), (5, 1), (6, 1), (7, 1), (8, 1)]);
    }
}
