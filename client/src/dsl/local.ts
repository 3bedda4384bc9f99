/** What runs in this process, with the answers that the script plugin would give. */

import type { RecordFields } from '../record.ts';
import { isAggregate, type Place, type Step } from './step.ts';

/** Where a `branch` sends an item. */
export type Aside = (item: RecordFields, topic: string) => void;

/**
 * Runs steps over records that end: aggregates are emitted once, at the end. What comes out is JSON, as it is of the
 * server.
 */
export async function* run(
  source: AsyncIterable<RecordFields>,
  steps: Step[],
  aside: Aside,
): AsyncGenerator<RecordFields, void, undefined> {
  const isAsItCame = !steps.some((step) => step.verb === 'map' || step.verb === 'flatMap' || isAggregate(step));
  for await (const item of runRaw(source, steps, aside)) {
    yield isAsItCame ? item : { ...item, value: JSON.parse(JSON.stringify(defined(item.value))) };
  }
}

async function* runRaw(
  source: AsyncIterable<RecordFields>,
  steps: Step[],
  aside: Aside,
): AsyncGenerator<RecordFields, void, undefined> {
  const at = steps.findIndex(isAggregate);
  if (at === -1) {
    for await (const item of source) {
      yield* through(item, steps, aside);
    }
    return;
  }
  const groups = new Groups(steps.slice(0, at + 1));
  for await (const item of source) {
    for await (const arrived of through(item, steps.slice(0, at), aside)) {
      await groups.add(arrived);
    }
  }
  yield* runRaw(groups.emitted(), steps.slice(at + 1), aside);
}

/** Takes one item through steps without an aggregate; what says how one is taken is left to it. */
export async function* through(
  original: RecordFields,
  steps: Step[],
  aside: Aside,
): AsyncGenerator<RecordFields, void, undefined> {
  // Who only looks at a value may change what it is shown, and not the record.
  const value = typeof original.value === 'object' ? structuredClone(original.value) : original.value;
  yield* onwards({ ...original, value }, original, steps, aside, 0);
}

/** `original` is null once the value is another one. */
async function* onwards(
  item: RecordFields,
  original: RecordFields | null,
  steps: Step[],
  aside: Aside,
  from: number,
): AsyncGenerator<RecordFields, void, undefined> {
  const whole = () => (original ? { ...item, value: original.value } : item);
  for (let index = from; index < steps.length; index += 1) {
    const step = steps[index]!;
    switch (step.verb) {
      case 'filter':
        if (!(await ask(step.fn, item))) {
          return;
        }
        break;
      case 'map':
        item = { ...item, value: defined(await ask(step.fn, item)) };
        original = null;
        break;
      case 'flatMap': {
        const answers = await ask(step.fn, item);
        if (!Array.isArray(answers)) {
          throw new TypeError(`.flatMap answered ${answers === null ? 'null' : typeof answers}; answer an array`);
        }
        for (const answer of answers) {
          yield* onwards({ ...item, value: defined(answer) }, null, steps, aside, index + 1);
        }
        return;
      }
      case 'keyBy': {
        const answer = await ask(step.fn, item);
        item = { ...item, key: answer === null ? null : keyText(answer, 'the key') };
        break;
      }
      case 'tap':
        await ask(step.fn, item);
        break;
      case 'branch':
        for (const { when, to } of step.arms) {
          if (await ask(when, item)) {
            aside(whole(), to);
            return;
          }
        }
        break;
    }
  }
  yield whole();
}

const ask = (fn: Function, item: RecordFields): any => fn(item.value, placeOf(item));

/** What a function sees of a record beside its value. */
function placeOf({ topic, partition, offset, timestamp, key, headers }: RecordFields): Place {
  let own = headers as Place['headers'];
  for (const name in headers) {
    const value = headers[name]!;
    own = Array.isArray(value) ? { ...own, [name]: value.at(-1)! } : own;
  }
  return { topic, partition, offset, timestamp, key, headers: own };
}

/** A key or a group as text: a text as it is, else its JSON. */
function keyText(value: unknown, what: string): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (text === undefined || value === null) {
    throw new TypeError(`${what} is ${value === null ? 'null' : typeof value}`);
  }
  return text;
}

function defined(answer: unknown): unknown {
  if (answer === undefined) {
    throw new TypeError('.map answered undefined; answer a value, or null for a tombstone');
  }
  if (typeof answer === 'number' && !Number.isFinite(answer)) {
    throw new TypeError(`answered ${answer}, which is not JSON; answer null or a text for it`);
  }
  return answer;
}

/** What becomes of the values of a group. */
interface Fold {
  fold: (state: any, item: RecordFields) => any;
  shown: (state: any) => Record<string, unknown>;
}

const FOLDS: Record<string, (number: (item: RecordFields) => Promise<number>) => Fold> = {
  sum: (number) => ({ fold: async (state = 0, item) => state + (await number(item)), shown: (sum) => ({ sum }) }),
  min: (number) => ({
    fold: async (state = Infinity, item) => Math.min(state, await number(item)),
    shown: (min) => ({ min }),
  }),
  max: (number) => ({
    fold: async (state = -Infinity, item) => Math.max(state, await number(item)),
    shown: (max) => ({ max }),
  }),
  average: (number) => ({
    fold: async (state = { sum: 0, count: 0 }, item) => ({
      sum: state.sum + (await number(item)),
      count: state.count + 1,
    }),
    shown: ({ sum, count }) => ({ average: sum / count }),
  }),
};

export function foldOf(step: Step): Fold {
  switch (step.verb) {
    case 'count':
      return { fold: (state = 0) => state + 1, shown: (count) => ({ count }) };
    case 'reduce':
      return {
        fold: (state, item) => {
          if (state === undefined && !step.initial) {
            return item.value;
          }
          return step.fn(state === undefined ? fresh(step.initial!.value) : state, item.value, placeOf(item));
        },
        shown: (value) => ({ value }),
      };
    case 'sum':
    case 'min':
    case 'max':
    case 'average':
      return FOLDS[step.verb]!(async (item) => {
        const answer = await ask(step.fn, item);
        if (typeof answer !== 'number' || !Number.isFinite(answer)) {
          throw new TypeError(
            `.${step.verb} was answered ${typeof answer === 'number' ? answer : typeof answer}, which is no number`,
          );
        }
        return answer;
      });
    default:
      throw new TypeError(`.${step.verb} is no aggregate`);
  }
}

/** Each group has a beginning of its own, which its reducer may change. */
const fresh = (initial: unknown) => {
  try {
    return structuredClone(initial);
  } catch {
    return initial;
  }
};

/** The groups of an aggregate, by window where there is one. */
class Groups {
  readonly #fold: Fold;
  readonly #groupBy: Function | undefined;
  readonly #window: Extract<Step, { verb: 'window' }> | undefined;
  readonly #groups = new Map<string, { key: string; startMs: number; timestamp: number; state: unknown }>();

  constructor(steps: Step[]) {
    this.#fold = foldOf(steps.at(-1)!);
    for (const step of steps) {
      this.#groupBy = step.verb === 'groupBy' ? step.fn : this.#groupBy;
      this.#window = step.verb === 'window' ? step : this.#window;
    }
  }

  async add(item: RecordFields): Promise<void> {
    const key = this.#groupBy ? keyText(await ask(this.#groupBy, item), 'the group') : item.key;
    if (typeof key !== 'string') {
      throw new TypeError('a record has no key to group by; say by what with .groupBy(..)');
    }
    const window = this.#window;
    const timestamp = window?.time ? timeMs(await ask(window.time, item)) : item.timestamp;
    const startMs = window ? Math.floor(timestamp / window.sizeMs) * window.sizeMs : 0;
    const name = `${startMs} ${key}`;
    const group = this.#groups.get(name) ?? { key, startMs, timestamp, state: undefined };
    group.state = await this.#fold.fold(group.state, item);
    group.timestamp = timestamp;
    this.#groups.set(name, group);
  }

  /** By window, the oldest one first; of equals, the group that came first. */
  async *emitted(): AsyncGenerator<RecordFields, void, undefined> {
    const sizeMs = this.#window?.sizeMs;
    const groups =
      sizeMs === undefined ? this.#groups.values() : [...this.#groups.values()].sort((a, b) => a.startMs - b.startMs);
    for (const { key, startMs, timestamp, state } of groups) {
      const window = sizeMs !== undefined && { window_start_ms: startMs, window_end_ms: startMs + sizeMs };
      const value = { key, ...window, ...this.#fold.shown(state) };
      const at = sizeMs === undefined ? timestamp : startMs + sizeMs - 1;
      yield { ...NOWHERE, key, value, timestamp: at };
    }
  }
}

/** What an aggregate emits stands at no offset of any topic. */
const NOWHERE = { topic: null, partition: null, offset: null, headers: {} } as unknown as RecordFields;

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

/** Milliseconds since the epoch, of a number of them or of RFC 3339 text. */
function timeMs(answer: unknown): number {
  const ms =
    typeof answer === 'number'
      ? answer
      : typeof answer === 'string' && RFC_3339.test(answer)
        ? Date.parse(answer)
        : NaN;
  if (!(Math.abs(ms) <= 253_402_300_799_999)) {
    throw new TypeError(
      `${JSON.stringify(answer)} is no time: neither milliseconds since 1970 nor RFC 3339 text, as in 2013-01-01T10:00:00Z`,
    );
  }
  return Math.floor(ms);
}
