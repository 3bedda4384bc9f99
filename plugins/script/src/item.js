/** What travels along the steps: a value, and what is known of its record. */

import { checkJson } from './json.js';

/** Of an input row. The value is parsed when a function first looks at it; what nobody changed goes on as it came. */
export class Item {
  constructor(records, row) {
    this._records = records;
    this.row = row;
    this._value = undefined;
    /** Whether the value is another than the row's. */
    this.isNew = false;
    this._key = undefined;
    this._timeMs = undefined;
    this.group = null;
  }

  get value() {
    if (this._value === undefined) {
      const { text } = this;
      this._value = text === null ? null : parse(text);
    }
    return this._value;
  }

  set value(value) {
    this._value = value;
    this.isNew = true;
  }

  /** What goes into a record's value. */
  get text() {
    if (this.isNew) {
      return valueText(this._value);
    }
    return this._records.columns.values[this.row] ?? null;
  }

  get key() {
    return this._key === undefined ? (this._records.columns.keys[this.row] ?? null) : this._key;
  }

  set key(key) {
    this._key = key;
  }

  /** Whether the record may go on as it came. */
  get isUntouched() {
    return !this.isNew && this._key === undefined;
  }

  get timestampMs() {
    return this._records.columns.timestampsMs[this.row];
  }

  /** Event time: the record's timestamp, unless the script says otherwise. */
  get timeMs() {
    return this._timeMs ?? this.timestampMs;
  }

  set timeMs(ms) {
    this._timeMs = ms;
  }

  get headers() {
    return this._records.headersOf(this.row);
  }

  get topic() {
    return this._records.topic;
  }

  get partition() {
    return this._records.partition;
  }

  get offset() {
    return this._records.columns.offsets[this.row];
  }

  /** The same but for its value. */
  withValue(value) {
    const other = new Item(this._records, this.row);
    other.value = value;
    other._key = this._key;
    other._timeMs = this._timeMs;
    other.group = this.group;
    return other;
  }
}

/** Of what the aggregate emits: it stands at no offset of any topic, and `row` is null where it comes of many rows. */
export class Emitted {
  isUntouched = false;
  headers = [];
  topic = null;
  partition = null;
  offset = null;

  constructor(row, value, key, timestampMs) {
    this.row = row;
    this.value = value;
    this.key = key;
    this.timestampMs = timestampMs;
  }

  get text() {
    return valueText(this.value);
  }

  withValue(value) {
    return new Emitted(this.row, value, this.key, this.timestampMs);
  }
}

/** Parses a value, with a reason that says what was parsed. */
export function parse(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw notJson(error);
  }
}

export function notJson(error) {
  return new NotJson(`the value is not JSON: ${error.message}`);
}

/** About a record and not about the function that looked at it. */
export class NotJson extends Error {}

/** A value as JSON; null is a tombstone. */
export function valueText(value) {
  if (value === null) {
    return null;
  }
  if (typeof value === 'number') {
    checkJson(value);
  }
  const json = JSON.stringify(value);
  if (json === undefined) {
    throw new TypeError(`answered ${typeof value}, which is not JSON; answer null for a tombstone`);
  }
  return json;
}
