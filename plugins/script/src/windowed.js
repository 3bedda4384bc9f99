/** Aggregates in windows of event time: each is emitted once, when its window has closed. */

import { clock, TumblingWindows } from 'kafka-do-sdk';

import { rfc3339Of, TIME_MS_MAX } from './time.js';

export class WindowedAggregates {
  /**
   * Where records were repartitioned, they come from many partitions and their own times say little: then event time is the
   * host's watermark alone. Where the time stands in the value, the watermark says nothing about it.
   */
  constructor({ aggregate, window, repartitions }) {
    this.aggregate = aggregate;
    this.followsWatermark = repartitions || !window.hasTime;
    this.windows = TumblingWindows.open('windows', {
      sizeMs: window.sizeMs,
      graceMs: window.graceMs,
      followsItems: !repartitions,
      fold: aggregate.fold,
    });
    this.repartitions = repartitions;
  }

  begin() {
    if (this.repartitions) {
      this.windows.observe(clock.watermarkMs());
    }
  }

  /** Adds all that comes of a row, or none of it: then the answer is why. */
  add(items) {
    if (!this.repartitions) {
      items.forEach((item) => this.windows.observe(item.timeMs));
    }
    for (const item of items) {
      const late = this.windows.lateness(item.timeMs);
      if (late !== null) {
        const [end, now] = [rfc3339Of(late.windowEndMs), rfc3339Of(late.streamTimeMs)];
        return `late: its window ended at ${end}, and event time had come to ${now}`;
      }
    }
    for (const item of items) {
      item.siblings = items;
      this.windows.add(item.timeMs, item.group, item);
    }
    return null;
  }

  /** Emits what has closed, by `emit(row, value, key, timestampMs)`; a row whose fold throws goes to `refuse(row, error)`. */
  settle(emit, refuse) {
    const closed = this.windows.settle((item, error) => {
      refuse(item.row, error);
      return item.siblings;
    });
    for (const { key, startMs, endMs, aggregate } of closed) {
      const value = { key, window_start_ms: startMs, window_end_ms: endMs, ...this.aggregate.shown(aggregate) };
      // The window's last millisecond, so that it falls into the same window wherever it is aggregated on.
      // It comes of many rows, and so of none: one that is refused does not take it along.
      emit(null, value, key, Math.min(endMs - 1, TIME_MS_MAX));
    }
  }

  advance(watermarkMs) {
    if (this.followsWatermark) {
      this.windows.observe(watermarkMs);
    }
  }
}
