/** Doubles for unit tests in Node: the host in memory, and a harness that drives a plugin as the host does. */

import type { Header, Processor, Want } from './index.js';

/** A record to hand over. */
export interface Input {
  key?: string | null;
  /** The value's text; `null` is a tombstone. */
  value?: string | null;
  /** What becomes the value, as JSON. */
  json?: unknown;
  timestampMs?: number;
  headers?: readonly Header[] | { readonly [name: string]: string };
}

/** A record that the host appends. */
export interface Appended {
  /** `null` is the deployment's default output. */
  topic: string | null;
  timestampMs: number | null;
  key: string | null;
  value: string | null;
  headers: readonly Header[];
}

/** What a call handed back. */
export interface Outcome {
  /** The rows that go on as they came. */
  kept: number[];
  /** All records, the kept ones too, in the order in which the host appends them. */
  records: Appended[];
  rejections: { row: number; offset: number | null; reason: string }[];
}

/** A call that failed; the harness keeps nothing of it, as the host does. */
export class FailedCall extends Error {
  readonly kind: 'retry' | 'reject' | 'fatal';
  readonly afterMs: number | null;
}

/** A deployment of a plugin as one task; where its `partition` is `null`, the one that reads a topic's past whole. */
export class Harness<Settings = unknown> {
  /** Describes and opens the plugin; throws `FailedCall` where it does not open. */
  constructor(
    processor: Processor<Settings>,
    options?: { settings?: Settings; deployment?: string; partition?: number | null; topic?: string },
  );
  /**
   * Hands over a batch: of the topic `input` and the task's own partition where nothing else is said. The records get the
   * partition's next offsets. A `watermarkMs` moves the watermark before.
   */
  process(records: readonly Input[], options?: { topic?: string; partition?: number; watermarkMs?: number }): Outcome;
  /** Moves the watermark. */
  advance(watermarkMs: number): Outcome;
  /** Replaces the instance by a new one, as a restart or a swap does: the state stays, the plugin's variables are gone. */
  restart(): void;
  /** The committed rows of a table, in the order of their keys. */
  state(table: string, forms?: { keys?: 'text' | 'bytes'; values?: 'json' | 'text' | 'bytes' }): Map<any, any>;
  /** The top-level fields that the plugin asked for; `null` where it takes values whole. */
  readonly fields: string[] | null;
  /** The conditions by which the plugin narrows its input. Records are handed over all the same, as a host may. */
  readonly wants: Want[];
  /** What the plugin logged, of every level. */
  readonly logLines: { level: string; message: string; fields: { [name: string]: string } }[];
  /** When the plugin wants to be called though no record comes. */
  readonly wakeAtMs: number | null;
  /** The internal topics that the plugin uses, by their full names. */
  readonly internalTopics: string[];
  /** Sets the clock. */
  setNowMs(nowMs: number): void;
}
