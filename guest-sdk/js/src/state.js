/**
 * Durable, ordered tables that live in the host.
 *
 * Within one call a table remembers what it read and gathers what is written; the writes go to the host in one batch when the
 * call has succeeded, and are forgotten when it has failed. Between calls nothing is remembered here.
 */

import { ask } from './failure.js';
import { session } from './session.js';
import { decodeUtf8, encodeUtf8 } from './utf8.js';

const FORMS = {
  bytes: { encode: bytesOf, decode: (bytes) => bytes },
  text: { encode: (text) => encodeUtf8(String(text)), decode: decodeUtf8 },
  json: { encode: (value) => encodeUtf8(jsonOf(value)), decode: (bytes) => JSON.parse(decodeUtf8(bytes)) },
};

const PAGE_ROWS_MIN = 16;
/** What the host answers at once: so many rows, and of large ones fewer, but never under so many bytes where there are more. */
const PAGE_ROWS_MAX = 10_000;
const PAGE_BYTES = 1 << 20;

/** A table that the plugin's description declares, its rows scoped to this deployment and partition. */
export class Table {
  #rows;
  #keys;
  #values;

  constructor(rows, keys, values) {
    this.#rows = rows;
    this.#keys = keys;
    this.#values = values;
  }

  static open(name, { keys = 'text', values = 'json' } = {}) {
    const { imports, tables } = session();
    if (!tables.has(name)) {
      tables.set(name, new Rows(ask(() => imports.state.Table.open(name))));
    }
    return new Table(tables.get(name), form('keys', keys, ['text', 'bytes']), form('values', values, Object.keys(FORMS)));
  }

  get(key) {
    return this.getMany([key])[0];
  }

  getMany(keys) {
    const encoded = Array.from(keys, (key) => this.#keys.encode(key));
    return this.#rows.read(encoded).map((bytes) => (bytes === null ? undefined : this.#values.decode(bytes)));
  }

  put(key, value) {
    this.#rows.stage(this.#keys.encode(key), this.#values.encode(value));
  }

  delete(key) {
    this.#rows.stage(this.#keys.encode(key), null);
  }

  scan({ from, after, until, limit = 1000 } = {}) {
    const packed = (key) => (key === undefined ? null : pack(this.#keys.encode(key)));
    const start = after === undefined ? packed(from) : next(packed(after));
    return this.#rows
      .scan(start, packed(until), limit)
      .map(([key, bytes]) => ({ key: this.#keys.decode(unpack(key)), value: this.#values.decode(bytes) }));
  }
}

/**
 * The rows of one table, as a call knows them. A key is packed into a string, a character a byte: so it can be looked up, and
 * strings stand in the order of the bytes.
 */
class Rows {
  #table;
  #known = new Map();
  /** How rows were that were written since the savepoint, in the order of the writes. */
  #before = [];

  constructor(table) {
    this.#table = table;
  }

  /** Rows that this call has not seen yet are fetched together, in one question to the host. */
  read(keys) {
    const packed = keys.map(pack);
    const unseen = new Map();
    packed.forEach((at, i) => this.#known.has(at) || unseen.set(at, keys[i]));
    if (unseen.size > 0) {
      const asked = [...unseen];
      const values = ask(() => this.#table.get([...unseen.values()]));
      asked.forEach(([at, key], i) => this.#known.set(at, { key, value: values[i] ?? null, staged: false }));
    }
    return packed.map((at) => this.#known.get(at).value);
  }

  stage(key, value) {
    const at = pack(key);
    this.#before.push([at, this.#known.get(at)]);
    this.#known.set(at, { key, value, staged: true });
  }

  scan(from, until, limit) {
    const found = [];
    let start = from;
    // A page of the host's, with this call's own writes laid over it, may be shorter than it was: so go on.
    while (found.length < limit && !(start !== null && until !== null && start >= until)) {
      // One row more than asked for would often be one that this call deleted, so a page is not too small.
      const asked = Math.min(Math.max(limit - found.length, PAGE_ROWS_MIN), PAGE_ROWS_MAX);
      const range = { from: start === null ? null : unpack(start), until: until === null ? null : unpack(until) };
      const rows = ask(() => this.#table.scan(range, asked));
      const page = rows.map(({ key, value }) => [pack(key), value]);
      // Where the host has more rows, the writes after its last one belong to a later page.
      const bytes = rows.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
      const isCut = rows.length >= asked || bytes >= PAGE_BYTES;
      const more = isCut ? next(page[page.length - 1][0]) : null;
      const end = more ?? until;
      const merged = new Map(page);
      for (const [key, { value, staged }] of this.#known) {
        if (staged && (start === null || key >= start) && (end === null || key < end)) {
          merged.set(key, value);
        }
      }
      const present = [...merged].filter(([, value]) => value !== null);
      found.push(...present.sort(([a], [b]) => (a < b ? -1 : 1)));
      if (more === null) {
        break;
      }
      start = more;
    }
    return found.slice(0, limit);
  }

  savepoint() {
    this.#before.length = 0;
  }

  rewind() {
    for (const [key, row] of this.#before.reverse()) {
      if (row === undefined) {
        this.#known.delete(key);
      } else {
        this.#known.set(key, row);
      }
    }
    this.#before.length = 0;
  }

  write() {
    const changes = [];
    for (const { key, value, staged } of this.#known.values()) {
      if (staged) {
        changes.push({ key, value });
      }
    }
    this.#forgetAll();
    if (changes.length > 0) {
      ask(() => this.#table.write(changes));
    }
  }

  /** Says whether there was anything to write. */
  forget() {
    const any = [...this.#known.values()].some(({ staged }) => staged);
    this.#forgetAll();
    return any;
  }

  #forgetAll() {
    this.#known.clear();
    this.#before.length = 0;
  }
}

/** Hands what the call gathered to the host, one batch a table. */
export function writeStaged() {
  for (const rows of session().tables.values()) {
    rows.write();
  }
}

/** Forgets what the call gathered, and says whether there was anything to write. */
export function forgetStaged() {
  return [...session().tables.values()].map((rows) => rows.forget()).includes(true);
}

/** From here on `rewindStaged` takes writes back. */
export function savepoint() {
  session().tables.forEach((rows) => rows.savepoint());
}

export function rewindStaged() {
  session().tables.forEach((rows) => rows.rewind());
}

function form(what, name, allowed) {
  if (!allowed.includes(name)) {
    throw new TypeError(`the ${what} of a table are ${allowed.join(' or ')}, not ${name}`);
  }
  return FORMS[name];
}

function bytesOf(value) {
  if (!(value instanceof Uint8Array)) {
    throw new TypeError('a table of bytes takes Uint8Array');
  }
  return value;
}

function jsonOf(value) {
  const json = JSON.stringify(value);
  if (json === undefined) {
    throw new TypeError(`${typeof value} is not JSON; to remove a row, delete it`);
  }
  return json;
}

/** The first key after this one. */
function next(key) {
  return `${key}\0`;
}

/** How many arguments a function is given at most. */
const CHUNK = 4096;

function pack(bytes) {
  if (bytes.length <= CHUNK) {
    return String.fromCharCode.apply(null, bytes);
  }
  return pack(bytes.subarray(0, CHUNK)) + pack(bytes.subarray(CHUNK));
}

function unpack(packed) {
  const bytes = new Uint8Array(packed.length);
  for (let i = 0; i < packed.length; i += 1) {
    bytes[i] = packed.charCodeAt(i);
  }
  return bytes;
}
