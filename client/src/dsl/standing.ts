/**
 * A chain that runs on in this process: a member of a group, which reads a batch, takes it through the steps, and
 * commits what came of it together with its place, in one transaction. So each record takes effect in the topics
 * exactly once; what the functions do beside that, they may do again.
 */

import { isGone } from '../consumer.ts';
import type { ProblemError } from '../errors.ts';
import { onceOnly, persist, type Http } from '../http.ts';
import { fieldsOf, writeRecord, type RecordFields } from '../record.ts';
import { through } from './local.ts';
import type { Step } from './step.ts';
import { makeTopics, startOf, type Deployment, type StandingHandle } from './wire.ts';

const POLL_WAIT_MS = 20_000;
/**
 * Batches grow and shrink between one record and so many, so that each takes about so long: a lease does not last
 * forever.
 */
const POLL_RECORDS_MAX = 500;
const BATCH_MS = 2_000;

export async function stand(
  http: Http,
  { name, source, to, branches }: Deployment,
  steps: Step[],
): Promise<StandingHandle> {
  await makeTopics(http, [source.topic, ...branches, ...(to === undefined ? [] : [to])]);
  const stopping = new AbortController();
  const { signal } = stopping;
  const members = `/v1/groups/${encodeURIComponent(name)}/members`;
  const call = <A>(path: string, body: unknown, until?: AbortSignal) =>
    persist(until ? Infinity : http.retryMs, () => http.json<A>(members + path, { body, signal: until }), until);
  let [records, state, reason]: [number, string, string | undefined] = [0, 'running', undefined];
  let member = '';
  let beating: ReturnType<typeof setInterval> | undefined;

  const join = async () => {
    const joined = await call<Joined>('', { topics: [source.topic], start: startOf(source.start) }, signal);
    member = joined.member_id;
    clearInterval(beating);
    beating = setInterval(
      () => http.json(`${members}/${member}/heartbeat`, { method: 'POST' }).catch(() => {}),
      joined.heartbeat_ms,
    );
  };

  /** What comes of a batch, as the body of a transaction has it. */
  const process = async (items: RecordFields[]): Promise<string[]> => {
    const written: string[] = [];
    const write = ({ key, value, headers, timestamp }: RecordFields, topic: string) => {
      written.push(`{"topic":${JSON.stringify(topic)},${writeRecord(value, { key, headers, timestamp }).slice(1)}`);
    };
    for (const item of items) {
      for await (const { key, value, headers, timestamp } of through(fieldsOf(item), steps, write)) {
        if (to !== undefined) {
          write({ ...item, key, value, headers, timestamp }, to);
        }
      }
    }
    return written;
  };

  const work = async (): Promise<void> => {
    let size = 50;
    while (!signal.aborted) {
      try {
        const { token, records: items } = await call<Batch>(
          `/${member}/poll`,
          { wait_ms: POLL_WAIT_MS, max_records: size },
          signal,
        );
        if (items.length === 0) {
          continue;
        }
        const begun = Date.now();
        const written = await process(items);
        size = Date.now() - begun > BATCH_MS ? Math.max(1, size >> 1) : Math.min(POLL_RECORDS_MAX, size * 2);
        const commits = JSON.stringify([{ group: name, member_id: member, token }]);
        const content = `{"records":[${written.join()}],"commits":${commits}}`;
        const headers = onceOnly();
        await persist(http.retryMs, () => http.json('/v1/transactions', { content, headers }));
        records += items.length;
      } catch (error) {
        if (signal.aborted) {
          return;
        }
        if (!isGone(error)) {
          throw error;
        }
        // What the member had is somebody else's now; one that is still known asks for more.
        if ((error as ProblemError).code.startsWith('unknown')) {
          await join();
        }
      }
    }
  };

  await join();
  const ended = work()
    .then(
      () => {
        state = 'stopped';
      },
      (error) => {
        [state, reason] = ['failed', String(error)];
        throw error;
      },
    )
    .finally(async () => {
      clearInterval(beating);
      await http.json(`${members}/${member}`, { method: 'DELETE' }).catch(() => {});
    });
  const stop = async () => {
    stopping.abort();
    await ended.catch(() => {});
  };
  return {
    name,
    runs: 'client',
    ended,
    status: async () => ({ name, state, records, ...(reason !== undefined && { reason }) }),
    stop,
    remove: async () => {
      await stop();
      await http.json(`/v1/groups/${encodeURIComponent(name)}`, { method: 'DELETE' });
    },
    rollback: async () => {
      throw new TypeError(
        `${name} runs in this process, which keeps no earlier generation of it; stop it, and send the earlier chain .to its topic`,
      );
    },
  };
}

interface Joined {
  member_id: string;
  heartbeat_ms: number;
}

interface Batch {
  token: string;
  records: RecordFields[];
}
