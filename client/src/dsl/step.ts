/** What a chain is made of, as it was written. */

import type { HeaderValue, RecordFields } from '../record.ts';

/** What a function may know of a record beside its value. */
export interface Place extends Omit<RecordFields, 'value' | 'headers'> {
  /** By name; of a name that repeats, the last one. */
  readonly headers: Readonly<Record<string, HeaderValue>>;
}

export type Step =
  | {
      verb: 'filter' | 'map' | 'flatMap' | 'tap' | 'keyBy' | 'groupBy' | 'sum' | 'min' | 'max' | 'average';
      fn: Function;
    }
  | { verb: 'branch'; arms: { when: Function; to: string }[] }
  | { verb: 'window'; sizeMs: number; graceMs: number; time?: Function }
  | { verb: 'count' }
  | {
      verb: 'reduce';
      fn: Function;
      /** Absent where a group starts from its first value. */ initial?: { value: unknown };
    };

export type Verb = Step['verb'];

const AGGREGATES: ReadonlySet<Verb> = new Set<Verb>(['count', 'sum', 'min', 'max', 'average', 'reduce']);

export const isAggregate = ({ verb }: Step): boolean => AGGREGATES.has(verb);

/** Whether it only says how the aggregate that follows is to be taken. */
export const isOfAggregate = ({ verb }: Step): boolean => verb === 'window' || verb === 'groupBy';

/** The functions of a step, in the order in which they stand. */
export function functionsOf(step: Step): Function[] {
  switch (step.verb) {
    case 'branch':
      return step.arms.map(({ when }) => when);
    case 'window':
      return step.time ? [step.time] : [];
    case 'count':
      return [];
    default:
      return [step.fn];
  }
}

const UNITS: Record<string, number> = {
  ms: 1,
  milli: 1,
  s: 1_000,
  sec: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  hr: 3_600_000,
  hour: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  w: 604_800_000,
  week: 604_800_000,
};

/** Milliseconds of `5 minutes`, `90s`, `1h30m`, or of a number of them. */
export function durationMs(duration: string | number): number {
  let ms = typeof duration === 'number' ? duration : 0;
  if (typeof duration === 'string') {
    const rest = duration
      .toLowerCase()
      .replace(
        /(\d+(?:\.\d+)?)\s*(ms|milli|s|sec|m|min|hr?|hour|d|day|w|week)(?:second|ond|ute)?s?(?![a-z])/g,
        (_, count, unit) => {
          ms += Number(count) * UNITS[unit]!;
          return '';
        },
      );
    ms = /^(\s|,|and)*$/.test(rest) ? ms : NaN;
  }
  if (!Number.isSafeInteger(ms) || ms < 0) {
    throw new TypeError(`${JSON.stringify(duration)} is no duration; write '5 minutes', '1h30m', or milliseconds`);
  }
  return ms;
}

/** That a value is the same after its way through JSON. */
export function isJson(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed?.() ?? true;
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0);
    case 'object':
      return (
        value === null ||
        ((Array.isArray(value) || [Object.prototype, null].includes(Object.getPrototypeOf(value))) &&
          typeof (value as { toJSON?: unknown }).toJSON !== 'function' &&
          Reflect.ownKeys(value).every(
            (name) =>
              typeof name === 'string' &&
              (name === 'length' && Array.isArray(value)
                ? Object.keys(value).length === value.length
                : isJson((value as any)[name])),
          ))
      );
    default:
      return false;
  }
}
