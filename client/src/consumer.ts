/** Reading: in a group, which keeps its place, and without one. */

import { ConnectionError, ProblemError } from './errors.ts';
import { backoffMs, isPassing, persist, sleep, type Http } from './http.ts';
import { makeRecord, type RecordFields, type StreamRecord } from './record.ts';

/** Where a group begins that has no place yet. */
export type Start = 'committed' | 'earliest' | 'latest' | { since_ms: number } | { last: number };

export interface GroupRead {
  topic: string;
  group: string;
  start: Start;
}

interface Batch {
  token: string;
  records: RecordFields[];
}

const POLL_WAIT_MS = 20_000;
const POLL_RECORDS = 5_000;
/** How long a reader that stops tries to commit and to say goodbye. */
const LEAVE_MS_MAX = 5_000;

/**
 * Reads as a member of a group. A record is committed once the next one is asked for: so one that the reader failed at,
 * or stopped at, comes again. While the reader works, the member says that it is there. `signal` ends it between two
 * records.
 */
export async function* readGroup<T>(
  http: Http,
  { topic, group, start }: GroupRead,
  signal?: AbortSignal,
): AsyncGenerator<StreamRecord<T>, void, undefined> {
  const members = `/v1/groups/${group}/members`;
  const leaving = new AbortController();
  let member = '';
  let token: string | undefined;
  let beating: ReturnType<typeof setInterval> | undefined;
  /** By partition, the next offset of what was read and is not committed yet. */
  const done = new Map<number, number>();
  let committing: Promise<void> | undefined;
  /** The host has taken from the member what it had: the rest of the batch is somebody else's. */
  let isLost = false;

  const call = <A>(path: string, body: unknown, until: AbortSignal | undefined): Promise<A> =>
    persist(Infinity, () => http.json<A>(members + path, { body, signal: until }), until);

  const commit = async (body: unknown): Promise<void> => {
    try {
      await call(`${member}/commit`, body, leaving.signal);
    } catch (error) {
      if (!isGone(error)) {
        throw error;
      }
      isLost = true;
    }
  };

  /** Commits bit by bit, one call at a time; what is read during a call goes into the next one. */
  const commitDone = (): Promise<void> =>
    (committing ??= sleep(0).then(async () => {
      while (done.size > 0 && !isLost) {
        const offsets = Array.from(done, ([partition, offset]) => ({ topic, partition, offset }));
        done.clear();
        await commit({ offsets });
      }
      committing = undefined;
    }));

  try {
    while (!signal?.aborted) {
      let batch: Batch;
      try {
        if (!member) {
          // Where a group begins that has no place yet: `committed` is then the beginning.
          const from = typeof start === 'string' ? start : (start as { since_ms: number }).since_ms;
          const joined = await call<{ member_id: string; heartbeat_ms: number }>(
            '',
            { topics: [topic], start: from },
            signal,
          );
          member = `/${joined.member_id}`;
          clearInterval(beating);
          beating = setInterval(() => {
            http.json(`${members + member}/heartbeat`, { method: 'POST' }).catch((error) => {
              isLost ||= isGone(error);
            });
          }, joined.heartbeat_ms);
        }
        isLost = false;
        const bounds = { wait_ms: POLL_WAIT_MS, max_records: POLL_RECORDS };
        batch = await call(`${member}/poll`, { token, ...bounds }, signal);
      } catch (error) {
        if (signal?.aborted) {
          return;
        }
        if (!isGone(error)) {
          throw error;
        }
        member = '';
        continue;
      }
      token = batch.token;
      for (const item of batch.records) {
        if (isLost || signal?.aborted) {
          break;
        }
        yield makeRecord<T>(item);
        done.set(item.partition, item.offset + 1);
        commitDone().catch(() => {});
      }
      if (!signal?.aborted) {
        // The batch as a whole is one call.
        done.clear();
        await committing;
        if (batch.records.length > 0 && !isLost) {
          await commit({ token });
        }
      }
    }
  } finally {
    clearInterval(beating);
    if (member) {
      const patience = setTimeout(() => leaving.abort(), LEAVE_MS_MAX);
      await (committing ?? commitDone()).catch(() => {});
      // Who cannot say goodbye is missed by the host in time.
      await http.json(members + member, { method: 'DELETE', signal: leaving.signal }).catch(() => {});
      clearTimeout(patience);
    }
  }
}

/** The host knows the member no more, or has given away what it had. */
export const isGone = (error: unknown) =>
  error instanceof ProblemError && /unknown-[mg]|lease|assigned|already/.test(error.code);

/**
 * Reads a stream of NDJSON, of which each item has a cursor, and goes on after the last item where the connection
 * breaks. `path` is the call that the stream is of.
 */
export async function* follow<T>(
  http: Http,
  path: string,
  topic: string,
): AsyncGenerator<StreamRecord<T>, void, undefined> {
  const [base, query] = path.split('?') as [string, string?];
  const asked = new URLSearchParams(query);
  const isEndless = asked.has('follow');
  let left = Number(asked.get('limit') ?? Infinity);
  let cursor: string | null = null;
  for (let failures = 0; left > 0; failures += 1) {
    const leaving = new AbortController();
    let response;
    try {
      const ask = () => http.request(`${base}?${asked}`, { signal: leaving.signal });
      response = await persist(isEndless ? Infinity : http.retryMs, ask);
      cursor ??= response.headers.get('kafka-do-cursor');
      for await (const item of lines<RecordFields & { cursor: string }>(response)) {
        left -= 1;
        cursor = item.cursor;
        failures = 0;
        yield makeRecord<T>(item, topic);
      }
      // A host that goes down ends its streams as well.
      if (!isEndless) {
        return;
      }
    } catch (error) {
      // Within the last so many there is no place to go on from: each of them has the cursor of the end.
      if (!response || !isPassing(error) || asked.has('last')) {
        throw error;
      }
    } finally {
      leaving.abort();
    }
    if (cursor) {
      asked.delete('from');
      asked.set('cursor', cursor);
    }
    if (left < Infinity) {
      asked.set('limit', `${left}`);
    }
    await sleep(backoffMs(failures));
  }
}

/** The items of a body of NDJSON. One that breaks off is a `ConnectionError`. */
export async function* lines<T>(response: Response): AsyncGenerator<T, void, undefined> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  const broken = (cause?: unknown) => new ConnectionError('the stream broke', { cause });
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error) => {
        throw broken(error);
      });
      if (done) {
        break;
      }
      const found = (rest + value).split('\n');
      rest = found.pop()!;
      for (const line of found) {
        yield JSON.parse(line);
      }
    }
    if (rest) {
      throw broken();
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
