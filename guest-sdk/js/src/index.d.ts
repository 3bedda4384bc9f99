/**
 * Write [kafka.do](https://github.com/dotdo/kafka.do) plugins in JavaScript and TypeScript.
 *
 * What the host promises, and what it asks, is written in the WIT files beside this package (`wit/`).
 */

export * as clock from './clock.js';
export * as log from './log.js';
export * as topics from './topics.js';

/** What JSON can say. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** A name may repeat, and order is kept. */
export type Header = readonly [name: string, value: string];

/** What a plugin is told when it opens. */
export interface Context<Settings> {
  /** Stable across restarts and upgrades; it names the state that the plugin owns. */
  readonly deployment: string;
  /** Which partition of the inputs this task reads; `null` where it reads all of them, up to an end. */
  readonly partition: number | null;
  /** Checked against the plugin's schema, secrets filled in. */
  readonly settings: Settings;
}

/** What a plugin is, said before anything runs. */
export interface Definition<Settings> {
  /** One sentence that says what it does. */
  summary: string;
  /** JSON Schema of the settings object, which the host checks settings against. Without it there are no settings. */
  settingsSchema?: object | string;
  /** State tables that the plugin opens with `Table.open`. */
  tables?: readonly string[];
  /**
   * Called first, and again after a call that failed: what it answers is a cache, since the host may replace an instance
   * between any two calls. What must last belongs in a `Table`. State may be read here and MUST NOT be written.
   */
  open(context: Context<Settings>): Opened;
}

/** A plugin that is open: it takes each record by itself, or whole batches. Calls never overlap. */
export type Opened = EachRecord | WholeBatches;

interface Common {
  /**
   * The top-level fields of JSON values that the plugin reads. Values then carry those only, which makes reading them several
   * times as fast; records that are kept still go on whole. Without it values come whole.
   */
  fields?: readonly string[] | null;
  /**
   * Conditions that a JSON object satisfies of which anything may come: the host may leave out records whose value is an
   * object and fails one of them. Up to 16.
   */
  wants?: readonly Want[];
  /** Event time moved on to `watermarkMs`, or the time came that `clock.wakeAt` asked for: the place to close windows. */
  advance?(watermarkMs: number, output: Output): void;
  /** Best effort: a host may drop an instance without it. */
  close?(): void;
}

/**
 * About a top-level field: it is there, of the operand's kind, and compares so; or it is null, unless `nullHolds` is `false`.
 * Texts are compared by `equal` alone.
 */
export type Want = { field: string; nullHolds?: boolean } & (
  | { comparison: 'equal' | 'less' | 'less-or-equal' | 'greater' | 'greater-or-equal'; operand: number }
  | { comparison: 'equal'; operand: string }
);

export interface EachRecord extends Common {
  /**
   * Takes one record. Where it throws, this record goes to the dead-letter topic with the error's message, and what it had
   * emitted and written is forgotten; the others go on. `Retry` and `Fatal` are about the whole call.
   */
  each(record: Record, output: Output): void;
  process?: undefined;
}

export interface WholeBatches extends Common {
  /** Takes a batch, never empty, of one partition in offset order. Where it throws, the whole call has failed. */
  process(records: Records, output: Output): void;
  each?: undefined;
}

/** A plugin: make it the default export of its module. */
export interface Processor<Settings = unknown> {
  readonly description: {
    readonly summary: string;
    readonly settingsSchema: string;
    readonly tables: readonly string[];
    readonly hosts: readonly string[];
  };
  open(context: Context<Settings>): Opened;
}

/**
 * Makes a processor of its definition.
 *
 * ```js
 * export default defineProcessor({
 *   summary: 'Keeps the orders that reach an amount.',
 *   settingsSchema: { type: 'object', properties: { amount_min: { type: 'number' } }, required: ['amount_min'] },
 *   open: ({ settings }) => ({
 *     fields: ['amount'],
 *     each(record, output) {
 *       if (record.json().amount >= settings.amount_min) output.keep(record);
 *     },
 *   }),
 * });
 * ```
 */
export function defineProcessor<Settings = any>(definition: Definition<Settings>): Processor<Settings>;

/** What `filterMap`'s function answers: the record itself or `true` keeps it, nothing drops it, else it is what to emit. */
export type FilterMapped = Record | boolean | null | undefined | NewRecord;

/**
 * Makes a plugin of a function that turns each record into one record or none. Where it throws, the record goes to the
 * dead-letter topic with the error's message.
 *
 * ```js
 * export default filterMap({ summary: 'Drops tombstones.', map: (record) => record.value !== null });
 * ```
 */
export function filterMap<Settings = any>(definition: {
  summary: string;
  settingsSchema?: object | string;
  fields?: readonly string[];
  map(record: Record, settings: Settings): FilterMapped;
}): Processor<Settings>;
export function filterMap(map: (record: Record) => FilterMapped): Processor<{}>;

/** Consecutive records of one partition, in offset order. Never empty. */
export class Records implements Iterable<Record> {
  private constructor();
  readonly topic: string;
  readonly partition: number;
  readonly length: number;
  at(row: number): Record;
  [Symbol.iterator](): Iterator<Record>;
  /**
   * The columns: row i of each is one record. The fast lane: a loop over `columns.values` that calls `output.keepRow` costs
   * half of one over records.
   */
  readonly columns: {
    readonly offsets: ArrayLike<number>;
    readonly timestampsMs: ArrayLike<number>;
    readonly keys: readonly (string | null)[];
    readonly values: readonly (string | null)[];
  };
}

/** A record that stands in a log. */
export class Record {
  private constructor();
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Event time since the Unix epoch. */
  readonly timestampMs: number;
  readonly key: string | null;
  /** The text of the value; `null` is a tombstone. */
  readonly value: string | null;
  readonly headers: readonly Header[];
  /** Its row in the batch. */
  readonly row: number;
  /** The value as JSON, parsed when it is first asked for; a tombstone is `null`. Throws `Reject` where it is not JSON. */
  json<Value = any>(): Value;
  /** A record to emit: this one's key, event time and headers, and whatever is given instead. */
  with(changes: { json: unknown } & Changes): NewRecord;
  with(changes: { value: string | null } & Changes): NewRecord;
}

interface Changes {
  topic?: string | null;
  key?: string | null;
  timestampMs?: number | null;
  headers?: readonly Header[] | { readonly [name: string]: string };
}

/**
 * A record to append. Without a `topic` it goes to the deployment's default output; another topic must be granted. The `key`
 * chooses the partition. Without a `timestampMs` it has the time of the append.
 */
export type NewRecord = Changes & { readonly row?: number } & (
    | { /** What becomes the value, as JSON. */ json: unknown }
    | { /** The value's text; `null` is a tombstone. */ value: string | null }
  );

/**
 * Gathers what one call emits and refuses. The host appends it together with the staged state and the input's offset, or not
 * at all: in the order of the records that it comes from, and for one record in the order of the calls.
 */
export class Output {
  private constructor();
  /** The record goes to the default output as it came. The host copies it, so this costs next to nothing. */
  keep(record: Record): void;
  /** `keep`, by the record's row. */
  keepRow(row: number): void;
  /** Appends a record. One made by `record.with` comes where its record stood; in `process` any other comes at the end. */
  emit(record: NewRecord): void;
  /**
   * `emit`, by the row that it comes of (`null` is none: it comes at the end) and column by column: the fast lane. The texts
   * MUST be well-formed, as texts of the batch and JSON are.
   */
  emitRow(
    row: number | null,
    topic: string | null,
    timestampMs: number | null,
    key: string | null,
    value: string | null,
    headers: readonly Header[],
  ): void;
  /**
   * Refuses a record: the host copies it to the dead-letter topic with the reason, and goes on. Nothing else comes of it: what
   * was kept and emitted for it is taken back.
   */
  reject(record: Record, reason: unknown): void;
  /** `reject`, by the record's row. */
  rejectRow(row: number, reason: unknown): void;
}

/** Transient: the host makes the same call again, after `afterMs` milliseconds where given. */
export class Retry extends Error {
  constructor(reason: string, afterMs?: number | null);
  readonly afterMs: number | null;
}

/** The input can never succeed: the host dead-letters it and goes on. From `each` that is the record, else the whole call. */
export class Reject extends Error {
  constructor(reason: string);
}

/** The plugin cannot go on: the host stops the task and shows the reason to the operator. */
export class Fatal extends Error {
  constructor(reason: string);
}

/** Why the host refused what was asked of it. Treat the set of kinds as open; the message is for people. */
export class HostError extends Error {
  readonly kind: 'denied' | 'not-found' | 'too-large' | 'unavailable' | 'other' | (string & {});
}

interface Forms {
  text: string;
  bytes: Uint8Array;
  json: any;
}

/**
 * A durable, ordered table that lives in the host, its rows scoped to this deployment and partition. Keys stand in the order
 * of their bytes (of their UTF-8 where they are text).
 *
 * Within one call a table remembers what it read and gathers what is written; the writes go to the host in one batch when the
 * call has succeeded, and are forgotten when it has failed. Tables opened under the same name are one table.
 */
export class Table<Key = string, Value = any> {
  private constructor();
  /** Opens a table that the description declares; `HostError` where it does not. */
  static open<Keys extends 'text' | 'bytes' = 'text', Values extends 'json' | 'text' | 'bytes' = 'json'>(
    name: string,
    forms?: { keys?: Keys; values?: Values },
  ): Table<Forms[Keys], Forms[Values]>;
  /** The value of a row, including what this call has written; `undefined` where there is no such row. */
  get(key: Key): Value | undefined;
  /** One answer per key, in order: rows that this call has not seen yet are fetched in one question to the host. */
  getMany(keys: Iterable<Key>): (Value | undefined)[];
  /** Sets a row, when the call has succeeded. */
  put(key: Key, value: Value): void;
  /** Removes a row, when the call has succeeded. */
  delete(key: Key): void;
  /**
   * At most `limit` rows (1,000) in key order, including what this call has written: from `from`, or from after `after`, and
   * before `until`. Page on with `after`.
   */
  scan(range?: { from?: Key; after?: Key; until?: Key; limit?: number }): { key: Key; value: Value }[];
}

/** A window that closed: nothing will be added to it any more. */
export interface Closed<Aggregate> {
  key: string;
  startMs: number;
  /** Exclusive. */
  endMs: number;
  aggregate: Aggregate;
}

/** What came when its window had closed. */
export interface Late {
  /** The end of its window. */
  windowEndMs: number;
  /** How far event time had come. */
  streamTimeMs: number;
}

export interface WindowOptions<Item, Aggregate> {
  /** The length of a window; windows are aligned to the epoch. */
  sizeMs: number;
  /** How long after its end a window still takes records, in event time; 0 without it. */
  graceMs?: number;
  /** Adds an item to the aggregate, which is `undefined` for the first one. Aggregates are kept as JSON. */
  fold(aggregate: Aggregate | undefined, item: Item): Aggregate;
  /** Whether items move stream time on; where not, `observe` alone does. `true` without it. */
  followsItems?: boolean;
}

/**
 * Tumbling windows of event time, as Kafka Streams closes them: windows of one size that follow one another from the epoch on,
 * each with an aggregate per group, kept in a state table of its own.
 *
 * *Stream time* is the highest event time seen by this task, record by record. A window closes when stream time reaches its
 * end plus the grace, and what comes for a closed window is late. Both depend on the records and their order alone, not on how
 * they were batched, and an instance that takes over goes on exactly.
 */
export class TumblingWindows<Item, Aggregate> {
  private constructor();
  /** Goes on from what the table holds. */
  static open<Item, Aggregate>(table: string, options: WindowOptions<Item, Aggregate>): TumblingWindows<Item, Aggregate>;
  /** Moves stream time on to this event time, where it is later. */
  observe(eventTimeMs: number | null): void;
  /** How late something of this time would be now; `null` where its window is open. */
  lateness(eventTimeMs: number): Late | null;
  /** Adds an item to the window that its time falls in; answers `null`, or how late it is. */
  add(eventTimeMs: number, group: string, item: Item): Late | null;
  /**
   * Each call that added or observed MUST end with this. Folds what was added and answers the windows that have closed, in the
   * order of their start and group. Of very many it answers the first 5,000 or so, and asks with `clock.wakeAt` for another
   * call: so `advance` MUST call it too. An item whose fold throws goes to `onError` and leaves no trace; neither do the other
   * items of this call that `onError` answers.
   */
  settle(onError?: (item: Item, error: unknown) => Iterable<Item> | void): Closed<Aggregate>[];
}
