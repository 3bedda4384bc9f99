/**
 * The records of a batch, read from its columns.
 *
 * Fields that are nobody's business start with an underscore: true private ones cost a third of a microsecond a record in the
 * sandbox's engine.
 */

import { Reject } from './failure.js';

const NO_HEADERS = Object.freeze([]);

/** Consecutive records of one partition, in offset order. Never empty. */
export class Records {
  constructor(batch) {
    this._batch = batch;
    this._headers = null;
  }

  get topic() {
    return this._batch.topic;
  }

  get partition() {
    return this._batch.partition;
  }

  get length() {
    return this._batch.offsets.length;
  }

  /** The columns: row i of each is one record. */
  get columns() {
    return this._batch;
  }

  at(row) {
    return new Record(this, this._batch, row);
  }

  [Symbol.iterator]() {
    let row = 0;
    return {
      next: () => (row < this.length ? { done: false, value: this.at(row++) } : { done: true, value: undefined }),
      [Symbol.iterator]() {
        return this;
      },
    };
  }

  /** The headers of a row, as pairs. Few records have any, so they are sorted out when one is asked for. */
  headersOf(row) {
    if (this._batch.headers.length === 0) {
      return NO_HEADERS;
    }
    if (this._headers === null) {
      this._headers = new Map();
      for (const { row: of, name, value } of this._batch.headers) {
        const known = this._headers.get(of);
        if (known) {
          known.push([name, value]);
        } else {
          this._headers.set(of, [[name, value]]);
        }
      }
    }
    return this._headers.get(row) ?? NO_HEADERS;
  }
}

/** One record: a view of its row, which reads what is asked for. */
export class Record {
  constructor(records, batch, row) {
    this._records = records;
    this._batch = batch;
    this._json = undefined;
    this.row = row;
  }

  get topic() {
    return this._batch.topic;
  }

  get partition() {
    return this._batch.partition;
  }

  get offset() {
    return this._batch.offsets[this.row];
  }

  get timestampMs() {
    return this._batch.timestampsMs[this.row];
  }

  get key() {
    return this._batch.keys[this.row] ?? null;
  }

  get value() {
    return this._batch.values[this.row] ?? null;
  }

  get headers() {
    return this._records.headersOf(this.row);
  }

  json() {
    return this._json === undefined ? (this._json = parseValue(this._batch.values[this.row])) : this._json;
  }

  /** A record to emit: this one's key, event time and headers, and whatever is given instead. */
  with(changes) {
    const { key = this.key, timestampMs = this.timestampMs, headers = this.headers, topic } = changes;
    const entry = { row: this.row, topic, timestampMs, key, headers };
    if ('json' in changes) {
      entry.json = changes.json;
    } else {
      entry.value = changes.value;
    }
    return entry;
  }
}

/** A value's JSON; a tombstone is `null`. */
export function parseValue(text) {
  if (text === null || text === undefined) {
    return null;
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Reject(`the value is not JSON: ${error.message}`);
  }
}
