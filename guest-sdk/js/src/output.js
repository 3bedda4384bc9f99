/** What a call hands back. The host appends it in order, together with the staged state and the input's offset, or not at all. */

/** Farthest that the host lets a timestamp lie from the epoch, in either direction: 9999-12-31. */
const TIMESTAMP_MS_MAX = 253_402_300_799_999;

export class Output {
  constructor(lastRow) {
    this._kept = [];
    this._emitted = [];
    this._rejected = [];
    this._lastRow = lastRow;
    /** The row that emitted records come of which name none; `null` is no row: they come after all. */
    this._row = null;
  }

  keep(record) {
    this._kept.push(record.row);
  }

  keepRow(row) {
    this._kept.push(row);
  }

  emit(entry) {
    this._emitted.push({
      row: entry.row ?? this._row,
      topic: text(entry.topic),
      timestampMs: time(entry.timestampMs),
      key: text(entry.key),
      value: value(entry),
      headers: pairs(entry.headers),
    });
  }

  emitRow(row, topic, timestampMs, key, value, headers) {
    this._emitted.push({ row, topic, timestampMs, key, value, headers });
  }

  reject(record, reason) {
    this.rejectRow(record.row, reason);
  }

  rejectRow(row, reason) {
    this._rejected.push({ row, reason: String(reason).toWellFormed() });
  }

  /** From here on, what names no record comes of this row. */
  moveTo(row) {
    this._row = row;
  }

  /** The contract's form. */
  toOutcome() {
    const rejected = firstOfEachRow(this._rejected);
    let [kept, emitted] = [this._kept, this._emitted];
    if (rejected.length > 0) {
      // Of a record that is refused nothing else comes.
      const gone = new Set(rejected.map(({ row }) => row));
      kept = kept.filter((row) => !gone.has(row));
      emitted = emitted.filter(({ row }) => row === null || !gone.has(row));
    }
    return { kept: ascending(kept), emitted: inOrder(emitted, this._lastRow), rejected };
  }
}

function firstOfEachRow(rejected) {
  return rejected.length < 2 ? rejected : [...new Map([...rejected].reverse().map((one) => [one.row, one])).values()].reverse();
}

function ascending(rows) {
  for (let i = 1; i < rows.length; i += 1) {
    if (rows[i] <= rows[i - 1]) {
      return [...new Set(rows)].sort((a, b) => a - b);
    }
  }
  return rows;
}

/** By row; what is of one row stays in the order in which it was emitted, since sorting is stable. */
function inOrder(emitted, lastRow) {
  let before = 0;
  let isSorted = true;
  for (const entry of emitted) {
    entry.row ??= lastRow;
    isSorted = isSorted && entry.row >= before;
    before = entry.row;
  }
  return isSorted ? emitted : emitted.sort((a, b) => a.row - b.row);
}

function text(value) {
  return value === null || value === undefined ? null : String(value).toWellFormed();
}

function time(ms) {
  if (ms === null || ms === undefined) {
    return null;
  }
  if (!Number.isInteger(ms) || Math.abs(ms) > TIMESTAMP_MS_MAX) {
    throw new TypeError(`timestampMs takes whole milliseconds since the epoch, up to the year 9999; it was given ${ms}`);
  }
  return ms;
}

function value(entry) {
  if (entry.json !== undefined || 'json' in entry) {
    const json = JSON.stringify(entry.json);
    if (json === undefined) {
      throw new TypeError(`${typeof entry.json} is not JSON; for a tombstone emit { value: null }`);
    }
    return json;
  }
  if (entry.value === undefined) {
    throw new TypeError('a record to emit needs `json` or `value`; for a tombstone emit { value: null }');
  }
  if (entry.value !== null && typeof entry.value !== 'string') {
    throw new TypeError('`value` is the text of a value, or null; give what is to become JSON as `json`');
  }
  return text(entry.value);
}

function pairs(headers) {
  if (headers === null || headers === undefined || headers.length === 0) {
    return [];
  }
  const list = Array.isArray(headers) ? headers : Object.entries(headers);
  return list.map(([name, value]) => [String(name).toWellFormed(), String(value).toWellFormed()]);
}
