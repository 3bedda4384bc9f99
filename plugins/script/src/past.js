/** Aggregates of a topic's past: the input has an end, and there each is emitted once. Nothing is late, and nothing is stored. */

import { clock } from 'kafka-do-sdk';

import { TIME_MS_MAX } from './time.js';
import { Timeline } from './timeline.js';

/** The watermark once all has been read: the greatest number of 64 bits, as the sandbox is told it. */
const END_MS = Number(2n ** 63n - 1n);

export class PastAggregates {
  constructor({ aggregate, window }) {
    this.aggregate = aggregate;
    this.sizeMs = window === null ? null : window.sizeMs;
    this.timeline = new Timeline();
    /** Of the batch under way. */
    this.lane = null;
    this.timestampsMs = [];
    this.observed = 0;
    /** Before this time no record can come any more; `Infinity` at the end. */
    this.untilMs = -Infinity;
    /** By the start of their window the groups, in the order in which they came; without a window all under one. */
    this.windows = new Map();
    /** What is to be emitted yet; `null` before the end. */
    this.left = null;
    this.measured = (item) => ({ group: item.group, timeMs: item.timeMs, measured: aggregate.measure(item) });
    this.fold = folding(this.windows, aggregate, this.sizeMs);
  }

  begin(records = null) {
    this.untilMs = clock.watermarkMs() ?? -Infinity;
    this.lane = records === null ? null : this.timeline.lane(records.partition);
    this.timestampsMs = records === null ? [] : records.columns.timestampsMs;
    this.observed = 0;
  }

  /** Adds all that comes of a row. What a fold takes of an item is found now, while its row can be refused. */
  add(items) {
    this.observe(items[0].row + 1);
    if (items.length === 1) {
      this.lane.add(this.measured(items[0]));
    } else {
      items.map(this.measured).forEach((one) => this.lane.add(one));
    }
    return null;
  }

  advance(watermarkMs) {
    this.untilMs = watermarkMs >= END_MS ? Infinity : watermarkMs;
  }

  /**
   * Folds what no record can come before any more. At the end it emits groups while there is room, by
   * `emit(row, value, key, timestampMs)`; the next call goes on. What throws goes to `refuse`: of no row, for it is past.
   */
  settle(emit, refuse, hasRoom) {
    this.observe(this.timestampsMs.length);
    try {
      this.timeline.takeBefore(this.untilMs, this.fold);
    } catch (error) {
      refuse(null, error);
    }
    if (this.untilMs === Infinity) {
      this.left ??= this.#groups();
      for (let next; hasRoom() && !(next = this.left.next()).done; ) {
        this.#emit(next.value, emit, refuse);
      }
    }
  }

  /** Records move time on whether anything comes of them or not. */
  observe(count) {
    const { lane, timestampsMs } = this;
    for (let row = this.observed; row < count; row += 1) {
      lane.observe(timestampsMs[row]);
    }
    this.observed = count;
  }

  /** The oldest window first, and in it the group that came first. */
  *#groups() {
    for (const startMs of [...this.windows.keys()].sort((a, b) => a - b)) {
      yield* this.windows.get(startMs).values();
    }
  }

  #emit({ key, startMs, timeMs, state }, emit, refuse) {
    try {
      this.aggregate.check(state);
    } catch (error) {
      refuse(null, error);
    }
    const shown = this.aggregate.shown(state);
    if (this.sizeMs === null) {
      emit(null, { key, ...shown }, key, timeMs);
      return;
    }
    const endMs = startMs + this.sizeMs;
    // The window's last millisecond, so that it falls into the same window wherever it is aggregated on.
    emit(null, { key, window_start_ms: startMs, window_end_ms: endMs, ...shown }, key, Math.min(endMs - 1, TIME_MS_MAX));
  }
}

/** Folds an item into its group: a function by itself, for this is done for every record. */
function folding(windows, { add }, sizeMs) {
  let startMs = 0;
  let groups;
  return ({ group, timeMs, measured }) => {
    const windowMs = sizeMs === null ? 0 : Math.floor(timeMs / sizeMs) * sizeMs;
    if (groups === undefined || windowMs !== startMs) {
      startMs = windowMs;
      groups = windows.get(startMs);
      if (groups === undefined) {
        groups = new Map();
        windows.set(startMs, groups);
      }
    }
    const one = groups.get(group);
    if (one === undefined) {
      groups.set(group, { key: group, startMs, timeMs, state: add(undefined, measured) });
    } else {
      one.state = add(one.state, measured);
      one.timeMs = timeMs;
    }
  };
}
