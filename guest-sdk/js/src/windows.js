/** Tumbling windows of event time, as Kafka Streams closes them. */

import { nowMs, wakeAt } from './clock.js';
import { Table } from './state.js';
import { decodeUtf8, encodeUtf8 } from './utf8.js';

const STREAM_TIME_KEY = new Uint8Array([0]);
const WINDOW_TAG = 1;
const FIRST_WINDOW = new Uint8Array([WINDOW_TAG]);
const AFTER_WINDOWS = new Uint8Array([WINDOW_TAG + 1]);
const START_BYTES = 8;
/** How many rows a scan asks for at once when windows close. */
const SCAN_ROWS = 1000;
/** How many windows one call closes: a call has limited time and output, so what is left waits for the next one. */
const CLOSED_MAX = 5000;
const WORD = 2 ** 32;
/** Added to a start's upper half it makes the order of the bytes the order of the numbers. */
const SIGN = 2 ** 31;

/**
 * Windows of one size that follow one another from the epoch on, each with an aggregate per group, kept in a state table.
 *
 * *Stream time* is the highest event time seen by this task, record by record. A window closes when stream time reaches its
 * end plus the grace, and what comes for a closed window is late. Both depend on the records and their order alone, not on how
 * they were batched, and stream time is kept in the table: an instance that takes over goes on exactly.
 *
 * Each call adds with `add` and MUST end with `settle`, which folds what was added into the aggregates: so that the rows of a
 * whole batch are fetched in one question to the host. Where very many windows close at once, `settle` answers the first of
 * them, and asks with `wakeAt` for another call.
 *
 * The table holds a row per open window and group, `1 | start | group` with the start so encoded that rows stand in the order
 * of time, and one row `0` with the stream time. It is this class's alone.
 */
export class TumblingWindows {
  #table;
  #sizeMs;
  #graceMs;
  #fold;
  #followsItems;
  #streamTimeMs;
  #storedStreamTimeMs;
  /** No window in the table starts before this one; `null` where it holds none. It spares a scan a call. */
  #oldestStartMs;
  /** What this call adds: the items of each group of each window, in the order they came. */
  #added = new Map();

  static open(name, options) {
    return new TumblingWindows(Table.open(name, { keys: 'bytes', values: 'text' }), options);
  }

  constructor(table, { sizeMs, graceMs = 0, fold, followsItems = true }) {
    if (!Number.isSafeInteger(sizeMs) || sizeMs < 1 || !Number.isSafeInteger(graceMs) || graceMs < 0) {
      throw new TypeError('windows take whole milliseconds: sizeMs of at least 1, and graceMs of at least 0');
    }
    this.#table = table;
    this.#sizeMs = sizeMs;
    this.#graceMs = graceMs;
    this.#fold = fold;
    this.#followsItems = followsItems;
    this.#streamTimeMs = JSON.parse(table.get(STREAM_TIME_KEY) ?? 'null');
    this.#storedStreamTimeMs = this.#streamTimeMs;
    this.#oldestStartMs = this.#findOldest({ from: FIRST_WINDOW });
  }

  /** Moves stream time on to this event time, where it is later. */
  observe(eventTimeMs) {
    if (eventTimeMs !== null && (this.#streamTimeMs === null || eventTimeMs > this.#streamTimeMs)) {
      this.#streamTimeMs = eventTimeMs;
    }
  }

  /** How late something of this time would be now; `null` where its window is open. */
  lateness(eventTimeMs) {
    const startMs = this.#startOf(eventTimeMs);
    return startMs < this.#openFromMs()
      ? { windowEndMs: startMs + this.#sizeMs, streamTimeMs: this.#streamTimeMs }
      : null;
  }

  add(eventTimeMs, group, item) {
    if (this.#followsItems) {
      this.observe(eventTimeMs);
    }
    const late = this.lateness(eventTimeMs);
    if (late !== null) {
      return late;
    }
    const startMs = this.#startOf(eventTimeMs);
    let window = this.#added.get(startMs);
    if (window === undefined) {
      window = new Map();
      this.#added.set(startMs, window);
    }
    const items = window.get(group);
    if (items === undefined) {
      window.set(group, [item]);
    } else {
      items.push(item);
    }
    return null;
  }

  /** Folds what this call added, and takes out the windows that have closed, in the order of their start and group. */
  settle(onError) {
    for (const { key, startMs, aggregate } of this.#foldAdded(onError)) {
      this.#oldestStartMs = this.#oldestStartMs === null ? startMs : Math.min(this.#oldestStartMs, startMs);
      this.#table.put(key, JSON.stringify(aggregate));
    }
    if (this.#streamTimeMs !== this.#storedStreamTimeMs) {
      this.#table.put(STREAM_TIME_KEY, JSON.stringify(this.#streamTimeMs));
      this.#storedStreamTimeMs = this.#streamTimeMs;
    }
    return this.#oldestStartMs !== null && this.#oldestStartMs < this.#openFromMs() ? this.#takeClosed() : [];
  }

  #startOf(eventTimeMs) {
    return Math.floor(eventTimeMs / this.#sizeMs) * this.#sizeMs;
  }

  /** The earliest start of a window that is still open: `end + grace <= stream time` closes one. */
  #openFromMs() {
    return this.#streamTimeMs === null ? -Infinity : this.#streamTimeMs - this.#sizeMs - this.#graceMs + 1;
  }

  #foldAdded(onError) {
    const parts = [];
    for (const [startMs, window] of this.#added) {
      for (const [group, items] of window) {
        parts.push({ key: rowKey(startMs, group), startMs, group, items });
      }
    }
    this.#added.clear();
    const bases = this.#table.getMany(parts.map(({ key }) => key));
    const gone = new Set();
    const refuse = (item, error) => {
      if (onError === undefined) {
        throw error;
      }
      gone.add(item);
      return [...(onError(item, error) ?? [])].filter((companion) => !gone.has(companion) && gone.add(companion)).length > 0;
    };
    // An item takes its companions along, which may have been folded already: then all is folded again without them.
    for (let again = true; again; ) {
      again = false;
      parts.forEach((part, i) => {
        const items = part.items.filter((item) => !gone.has(item));
        part.aggregate = foldItems(this.#fold, bases[i], items, (item, error) => {
          again = refuse(item, error) || again;
        });
      });
    }
    return parts.filter(({ aggregate }) => aggregate !== undefined);
  }

  /** Takes the rows of closed windows out of the table, where each stands by now. */
  #takeClosed() {
    const until = rowKey(this.#openFromMs(), '');
    const closed = [];
    let left = { from: FIRST_WINDOW };
    while (closed.length < CLOSED_MAX) {
      const page = this.#table.scan({ ...left, until, limit: SCAN_ROWS });
      for (const { key, value } of page) {
        const { startMs, group } = readRowKey(key);
        closed.push({ key: group, startMs, endMs: startMs + this.#sizeMs, aggregate: JSON.parse(value) });
        this.#table.delete(key);
        left = { after: key };
      }
      if (page.length < SCAN_ROWS) {
        break;
      }
    }
    this.#oldestStartMs = this.#findOldest(left);
    if (this.#oldestStartMs !== null && this.#oldestStartMs < this.#openFromMs()) {
      wakeAt(nowMs());
    }
    return closed;
  }

  #findOldest(left) {
    const [first] = this.#table.scan({ ...left, until: AFTER_WINDOWS, limit: 1 });
    return first === undefined ? null : readRowKey(first.key).startMs;
  }
}

/**
 * Folds items into an aggregate, which is JSON, or `undefined` where there is none yet. An item whose fold throws leaves no
 * trace, though the fold may have changed the aggregate before it threw.
 */
function foldItems(fold, base, items, onError) {
  const start = () => (base === undefined ? undefined : JSON.parse(base));
  const folded = [];
  let aggregate = start();
  for (const item of items) {
    try {
      aggregate = fold(aggregate, item);
      folded.push(item);
    } catch (error) {
      onError(item, error);
      aggregate = folded.reduce((whole, part) => fold(whole, part), start());
    }
  }
  return aggregate;
}

function rowKey(startMs, group) {
  const text = encodeUtf8(group);
  const key = new Uint8Array(1 + START_BYTES + text.length);
  key[0] = WINDOW_TAG;
  const view = new DataView(key.buffer);
  const upper = Math.floor(startMs / WORD);
  view.setUint32(1, upper + SIGN);
  view.setUint32(5, startMs - upper * WORD);
  key.set(text, 1 + START_BYTES);
  return key;
}

function readRowKey(key) {
  if (key[0] !== WINDOW_TAG || key.length < 1 + START_BYTES) {
    throw new Error('the table of windows holds rows of another form; was it used by another plugin?');
  }
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  const startMs = (view.getUint32(1) - SIGN) * WORD + view.getUint32(5);
  return { startMs, group: decodeUtf8(key.subarray(1 + START_BYTES)) };
}
