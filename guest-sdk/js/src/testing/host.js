/** The imports, over one task's host in memory. */

/** What a plugin may ask for now. */
export const OPENING = 'opening';
export const RUNNING = 'running';

/** Packs a key into a string, a character a byte: such strings stand in the order of the bytes. */
export const pack = (bytes) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
const unpack = (packed) => Uint8Array.from(packed, (char) => char.charCodeAt(0));

/** A refusal, as the toolchain hands one over. */
function refuse(tag, val) {
  throw Object.assign(new Error(String(val)), { payload: { tag, val } });
}

export class Host {
  phase = null;
  nowMs = 0;
  watermarkMs = null;
  wakeAtMs = null;
  logLines = [];
  internalTopics = [];

  constructor(deployment, tables) {
    this.deployment = deployment;
    this.tables = new Map(tables.map((name) => [name, new Map()]));
  }

  /** What a call changes, and a failed one must not. */
  snapshot() {
    return { tables: new Map([...this.tables].map(([name, rows]) => [name, new Map(rows)])), wakeAtMs: this.wakeAtMs };
  }

  restore({ tables, wakeAtMs }) {
    this.tables = tables;
    this.wakeAtMs = wakeAtMs;
  }

  get imports() {
    const host = this;
    return {
      clock: {
        nowMs: () => host.nowMs,
        watermarkMs: () => host.watermarkMs,
        wakeAt: (atMs) => {
          if (host.phase === RUNNING) {
            host.wakeAtMs = atMs;
          }
        },
      },
      log: {
        maxLevel: () => 'trace',
        write: (level, message, fields) => host.logLines.push({ level, message, fields: Object.fromEntries(fields) }),
      },
      selection: {
        narrow: (conditions) => {
          if (host.phase !== OPENING) {
            refuse('denied', 'the input is narrowed while the plugin opens');
          }
          host.conditions = conditions;
        },
      },
      topics: {
        internal: (name) => {
          if (host.phase !== OPENING) {
            refuse('denied', 'internal topics are named while the plugin opens');
          }
          const topic = `${host.deployment}.${name}`;
          if (!host.internalTopics.includes(topic)) {
            host.internalTopics.push(topic);
          }
          return topic;
        },
      },
      state: {
        Table: {
          open: (name) =>
            host.tables.has(name)
              ? new HostTable(host, name)
              : refuse('not-found', `table ${name} in the plugin's description`),
        },
      },
    };
  }
}

class HostTable {
  #host;
  #name;

  constructor(host, name) {
    this.#host = host;
    this.#name = name;
  }

  get #rows() {
    return this.#host.tables.get(this.#name);
  }

  get(keys) {
    return keys.map((key) => this.#rows.get(pack(key)) ?? null);
  }

  write(changes) {
    if (this.#host.phase !== RUNNING) {
      refuse('denied', 'state is read only while the plugin is opened');
    }
    for (const { key, value } of changes) {
      if (value === null) {
        this.#rows.delete(pack(key));
      } else {
        this.#rows.set(pack(key), value);
      }
    }
  }

  scan({ from, until }, limit) {
    return [...this.#rows]
      .filter(([key]) => (from === null || key >= pack(from)) && (until === null || key < pack(until)))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .slice(0, limit)
      .map(([key, value]) => ({ key: unpack(key), value }));
  }
}
