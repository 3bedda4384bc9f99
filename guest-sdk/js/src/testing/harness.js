/** Drives a plugin as the host does: one call after another, state kept only where a call succeeds. */

import { columnProcessor } from '../component.js';
import { decodeUtf8 } from '../utf8.js';
import { Host, OPENING, RUNNING } from './host.js';

/** A call that failed: `kind` is `retry`, `reject` or `fatal`. */
export class FailedCall extends Error {
  constructor({ tag, val }) {
    super(tag === 'retry' ? val.reason : val);
    this.name = 'FailedCall';
    this.kind = tag;
    this.afterMs = tag === 'retry' ? val.afterMs : null;
  }
}

/** A deployment of a plugin as one task. */
export class Harness {
  #processor;
  #host;
  #context;
  #topic;
  #calls;
  #fields;
  #nextOffsets = new Map();

  constructor(processor, { settings = {}, deployment = 'test', partition = 0, topic = 'input' } = {}) {
    this.#processor = processor;
    this.#host = new Host(deployment, processor.description.tables);
    this.#context = { deployment, partition, settings: JSON.stringify(settings) };
    this.#topic = topic;
    this.restart();
  }

  /** Hands over a batch. The records get the partition's next offsets, unless the call fails. */
  process(records, { topic = this.#topic, partition = this.#context.partition ?? 0, watermarkMs } = {}) {
    this.#host.watermarkMs = watermarkMs ?? this.#host.watermarkMs;
    if (records.length === 0) {
      return { kept: [], records: [], rejections: [] };
    }
    const log = `${topic}/${partition}`;
    const first = this.#nextOffsets.get(log) ?? 0;
    const inputs = records.map((record, i) => ({
      offset: first + i,
      timestampMs: record.timestampMs ?? 0,
      key: record.key ?? null,
      value: 'json' in record ? JSON.stringify(record.json) : (record.value ?? null),
      headers: headersOf(record),
    }));
    const batch = {
      topic,
      partition,
      offsets: inputs.map(({ offset }) => offset),
      timestampsMs: inputs.map(({ timestampMs }) => timestampMs),
      keys: inputs.map(({ key }) => key),
      values: inputs.map(({ value }) => this.#project(value)),
      headers: inputs.flatMap(({ headers }, row) => headers.map(([name, value]) => ({ row, name, value }))),
    };
    const outcome = this.#call(() => this.#calls.process(batch), inputs);
    this.#nextOffsets.set(log, first + inputs.length);
    return outcome;
  }

  /** Moves the watermark. */
  advance(watermarkMs) {
    this.#host.watermarkMs = watermarkMs;
    return this.#call(() => this.#calls.advance(watermarkMs), []);
  }

  /** Replaces the instance by a new one, as a restart or a swap does: the state stays, the plugin's fields are gone. */
  restart() {
    this.#host.conditions = [];
    this.#calls = columnProcessor(this.#processor, this.#host.imports);
    this.#fields = this.#during(OPENING, () => this.#calls.open(this.#context));
  }

  /** The committed rows of a table, in the order of their keys. */
  state(table, { keys = 'text', values = 'json' } = {}) {
    const rows = this.#host.tables.get(table);
    if (rows === undefined) {
      throw new Error(`the plugin declares no table ${table}`);
    }
    const text = (bytes, form) => (form === 'bytes' ? bytes : decodeUtf8(bytes));
    const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
    return new Map(
      sorted.map(([packed, bytes]) => [
        text(Uint8Array.from(packed, (char) => char.charCodeAt(0)), keys),
        values === 'json' ? JSON.parse(decodeUtf8(bytes)) : text(bytes, values),
      ]),
    );
  }

  /** The top-level fields that the plugin asked for; `null` where it takes values whole. */
  get fields() {
    return this.#fields;
  }

  /** The conditions by which the plugin narrows its input. Records are handed over all the same, as a host may. */
  get wants() {
    return this.#host.conditions.map(({ operand, ...condition }) => ({ ...condition, operand: operand.val }));
  }

  /** What the plugin logged, of every level. */
  get logLines() {
    return this.#host.logLines;
  }

  /** When the plugin wants to be called though no record comes. */
  get wakeAtMs() {
    return this.#host.wakeAtMs;
  }

  /** The internal topics that the plugin uses, by their full names. */
  get internalTopics() {
    return this.#host.internalTopics;
  }

  setNowMs(nowMs) {
    this.#host.nowMs = nowMs;
  }

  /** What the host does with a value where the plugin asked for fields: it takes them out of an object. */
  #project(value) {
    if (this.#fields === null || value === null) {
      return value;
    }
    const json = parsed(value);
    if (json === null || typeof json !== 'object' || Array.isArray(json)) {
      return value;
    }
    const entries = Object.entries(json).filter(([name]) => this.#fields.includes(name));
    return `{${entries.map(([name, field]) => `${JSON.stringify(name)}:${JSON.stringify(field)}`).join(',')}}`;
  }

  #call(call, inputs) {
    const before = this.#host.snapshot();
    try {
      return toOutcome(this.#during(RUNNING, call), inputs);
    } catch (error) {
      this.#host.restore(before);
      throw error;
    }
  }

  #during(phase, call) {
    this.#host.phase = phase;
    try {
      return call();
    } catch (failure) {
      throw typeof failure?.tag === 'string' ? new FailedCall(failure) : failure;
    } finally {
      this.#host.phase = null;
    }
  }
}

/** Kept rows and emitted records in the order in which the host appends them. */
function toOutcome({ kept, emitted, rejected }, inputs) {
  const asTheyCame = kept.map((row) => {
    const { key, value, timestampMs, headers } = inputs[row];
    return { row, topic: null, timestampMs, key, value, headers };
  });
  // Sorting is stable: within a row, what is kept comes first and then what was emitted, in its order.
  const records = [...asTheyCame, ...emitted].sort((a, b) => a.row - b.row);
  return {
    kept,
    records: records.map(({ row: _, ...record }) => record),
    rejections: rejected.map(({ row, reason }) => ({ row, offset: inputs[row]?.offset ?? null, reason })),
  };
}

function headersOf({ headers = [] }) {
  return Array.isArray(headers) ? headers : Object.entries(headers);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
