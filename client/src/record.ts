/** Records, and values as JSON has them. */

/** Where bytes are no text. */
export interface Bytes {
  $base64: string;
}

export type HeaderValue = string | Bytes | null;

/** What a record has beside the fields of its value. */
export interface RecordFields<T = any> {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly key: string | Bytes | null;
  /** `null` is a tombstone. What is not JSON comes as bytes. */
  readonly value: T;
  /** One that repeats has all its values. */
  readonly headers: Readonly<Record<string, HeaderValue | HeaderValue[]>>;
}

/**
 * A record. The fields of its value read through it, `record.amount` as `record.value.amount`, but for those that are
 * called as its own; `JSON.stringify(record)` is its value's.
 */
export type StreamRecord<T = any> = RecordFields<T> & { toJSON(): T } & (0 extends 1 & T
    ? { readonly [field: string]: any }
    : T extends object
      ? { readonly [Field in keyof T as Field extends keyof RecordFields | 'toJSON' ? never : Field]: T[Field] }
      : unknown);

/** What `produce` takes beside the value. */
export interface ProduceOptions {
  key?: string | Bytes | null;
  headers?: Record<string, HeaderValue | HeaderValue[]>;
  partition?: number;
  /** Of the append, unless given. */
  timestamp?: number | Date;
}

type Fields = RecordFields<any>;

const readThrough: ProxyHandler<Fields> = {
  get: (record, name) =>
    name === 'toJSON'
      ? () => record.value
      : (name in record || typeof record.value !== 'object' || !Object.hasOwn(record.value ?? record, name)
          ? record
          : record.value)[name],
};

/** Of what the host sends: an item of a batch or a stream. */
export const makeRecord = <T>(item: Fields, topic?: string): StreamRecord<T> =>
  new Proxy(fieldsOf(item, topic), readThrough) as StreamRecord<T>;

/** The same without its fields read through it. */
export const fieldsOf = (
  { topic, partition, offset, timestamp, key, value, headers }: Fields,
  ofTopic = topic,
): Fields => ({ topic: ofTopic, partition, offset, timestamp, key, value: fromWire(value), headers });

/** A record as the host takes it, in JSON. */
export function writeRecord(value: unknown, options?: ProduceOptions): string {
  if ([undefined, NaN, Infinity, -Infinity].includes(value as number)) {
    throw new TypeError(`${value} is not JSON; produce a value, or null for a tombstone`);
  }
  return JSON.stringify({ value: toWire(value), ...options });
}

/** Bytes travel as `{"$base64": ".."}`; what only looks like that, as the bytes of its JSON. */
function toWire(value: any): any {
  const bytes =
    value instanceof Uint8Array ? value : isBase64(value) && new TextEncoder().encode(JSON.stringify(value));
  return bytes ? { $base64: btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')) } : value;
}

const fromWire = (value: any): any =>
  isBase64(value) ? Uint8Array.from(atob(value.$base64), (char) => char.charCodeAt(0)) : value;

/** An object whose first field is `$base64`. */
function isBase64(value: any): boolean {
  if (typeof value === 'object') {
    for (const name in value) {
      return name === '$base64';
    }
  }
  return false;
}
