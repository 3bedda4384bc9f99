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

/** What is handed out: records that came together. */
export interface Portion {
  records: RecordFields[];
  /** So many were handed out. All but the last of them were asked past. */
  given: number;
  /** Where the records do not say it themselves. */
  topic?: string;
  /** Called before each further one is handed out. */
  onAsk?: () => void;
}

/** Fetches the next portion each time that it is asked. */
type Portions = AsyncGenerator<void, void, undefined>;

export type Records<T> = AsyncGenerator<StreamRecord<T>, void, undefined>;

/** Hands out one by one what comes in portions. A record that is there already costs one promise and no more. */
export function eachOf(fetching: (portion: Portion) => Portions): Records<never> {
  const portion: Portion = { records: [], given: 0 };
  const portions = fetching(portion);
  const fetchNext = portions.next.bind(portions);
  let coming: Promise<IteratorResult<void>> | undefined;
  const next = (): Promise<IteratorResult<never, void>> => {
    portion.onAsk?.();
    const item = portion.records[portion.given];
    if (item) {
      portion.given += 1;
      return Promise.resolve({ value: makeRecord(item, portion.topic) as never, done: false });
    }
    // Who asks again while a portion is on its way waits for the same one.
    return (coming ??= fetchNext().finally(() => {
      coming = undefined;
    })).then((end) => (end.done ? end : next()));
  };
  return Object.assign(portions as Records<never>, { next });
}

interface Batch {
  token: string;
  records: RecordFields[];
}

const POLL_WAIT_MS = 20_000;
const POLL_RECORDS = 10_000;
/** How long a reader that stops tries to commit and to say goodbye. */
const LEAVE_MS_MAX = 5_000;

/**
 * Reads as a member of a group. A record is committed once the next one is asked for: so one that the reader failed at,
 * or stopped at, comes again. While the reader works, the member says that it is there.
 */
export async function* readGroup(http: Http, { topic, group, start }: GroupRead, portion: Portion): Portions {
  const members = `/v1/groups/${group}/members`;
  const leaving = new AbortController();
  let member = '';
  let token: string | undefined;
  let beating: ReturnType<typeof setInterval> | undefined;
  /** So many of the portion are committed, or on their way. */
  let committed = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let committing: Promise<void> | undefined;

  const call = <A>(path: string, body: unknown, signal?: AbortSignal): Promise<A> =>
    persist(Infinity, () => http.json<A>(members + path, { body, signal }), signal);

  const lose = (error: unknown) => {
    if (!isGone(error)) {
      throw error;
    }
    // The host has taken from the member what it had: the rest of the batch is somebody else's.
    portion.records = [];
  };
  const commit = (body: unknown) => call<unknown>(`${member}/commit`, body, leaving.signal).catch(lose);

  /** Commits bit by bit, one call at a time; what is asked past during a call goes into the next one. */
  const commitAsked = async (): Promise<void> => {
    try {
      while (portion.records[0] && committed < portion.given - 1) {
        const asked = portion.records.slice(committed, (committed = portion.given - 1));
        const offsets = new Map(
          asked.map(({ partition, offset }) => [partition, { topic, partition, offset: offset + 1 }]),
        );
        await commit({ offsets: [...offsets.values()] });
      }
    } finally {
      timer = undefined;
    }
  };
  portion.onAsk = () => {
    // A reader that never waits is not there in the meantime. What fails here fails with the rest of the batch as well.
    timer ??= setTimeout(() => {
      committing = commitAsked().catch(() => {});
    });
  };

  try {
    for (;;) {
      try {
        if (!member) {
          // Where a group begins that has no place yet: `committed` is then the beginning.
          const joined = await call<{ member_id: string; heartbeat_ms: number }>('', {
            topics: [topic],
            start: (start as { since_ms?: number }).since_ms ?? start,
          });
          member = `/${joined.member_id}`;
          clearInterval(beating);
          beating = setInterval(() => {
            http
              .json(`${members + member}/heartbeat`, { method: 'POST' })
              .catch(lose)
              .catch(() => {});
          }, joined.heartbeat_ms);
        }
        ({ token, records: portion.records } = await call<Batch>(`${member}/poll`, {
          token,
          wait_ms: POLL_WAIT_MS,
          max_records: POLL_RECORDS,
        }));
      } catch (error) {
        lose(error);
        member = '';
        continue;
      }
      portion.given = committed = 0;
      yield;
      // What is left of the batch is committed in one call.
      committed = portion.given;
      await committing;
      if (portion.records[0]) {
        await commit({ token });
      }
    }
  } finally {
    clearInterval(beating);
    if (member) {
      const patience = setTimeout(() => leaving.abort(), LEAVE_MS_MAX);
      await committing;
      await commitAsked().catch(() => {});
      // Who cannot say goodbye is missed by the host in time.
      await http.json(members + member, { method: 'DELETE', signal: leaving.signal }).catch(() => {});
      clearTimeout(patience);
    }
    portion.records = [];
  }
}

/** The host knows the member no more, or has given away what it had. */
export const isGone = (error: unknown) =>
  error instanceof ProblemError && /unknown-[mg]|lease|assigned|already/.test(error.code);

/**
 * Reads a stream of NDJSON, of which each item has a cursor, and goes on after the last item where the connection
 * breaks. `path` is the call that the stream is of.
 */
export async function* follow(http: Http, path: string, topic: string, portion: Portion): Portions {
  portion.topic = topic;
  const [base, query] = path.split('?') as [string, string?];
  const asked = new URLSearchParams(query);
  const isEndless = asked.has('follow');
  let left = Number(asked.get('limit') ?? Infinity);
  let cursor: string | null = null;
  for (let failures = 0; left > 0; failures += 1) {
    const leaving = new AbortController();
    let response;
    try {
      response = await persist(isEndless ? Infinity : http.retryMs, () =>
        http.request(`${base}?${asked}`, { signal: leaving.signal }),
      );
      cursor ??= response.headers.get('kafka-do-cursor');
      for await (const records of lines<RecordFields & { cursor: string }>(response)) {
        left -= records.length;
        cursor = records.at(-1)?.cursor ?? cursor;
        portion.records = records;
        portion.given = failures = 0;
        yield;
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
      portion.records = [];
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

/** The items of a body of NDJSON, as many together as came together. One that breaks off is a `ConnectionError`. */
export async function* lines<T>(response: Response): AsyncGenerator<T[], void, undefined> {
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  for (;;) {
    const { done, value, cause }: any = await reader
      .read()
      .catch((cause) => ({ done: true, cause }));
    if (done) {
      if (rest || cause) {
        throw new ConnectionError('the stream broke', { cause });
      }
      return;
    }
    const found = (rest + decoder.decode(value, { stream: true })).split('\n');
    rest = found.pop()!;
    // Parsed together they take half the time.
    yield JSON.parse(`[${found}]`);
  }
}
