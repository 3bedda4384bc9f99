/** Chains and the host: queries, deployments, and chains that run here on and on. */

import { eachOf, follow, lines, readGroup, type Start } from '../consumer.ts';
import { KafkaError, ProblemError } from '../errors.ts';
import { sleep, type Http } from '../http.ts';
import { fieldsOf, type RecordFields } from '../record.ts';
import type { WireStep } from './plan.ts';

/** What a chain reads. */
export interface Source {
  topic: string;
  group?: string;
  start: Start;
  /** Records before this time only. */
  untilMs?: number;
}

export interface Shipped {
  steps: WireStep[];
  values?: Record<string, unknown>;
}

/**
 * The records that steps make of a topic, from where the source begins up to now, in one request. `isByTime` asks for
 * them in the order of time over all partitions, as an aggregate on the server gets them; that cannot be gone on with
 * where it breaks.
 */
export async function* query(
  http: Http,
  source: Source,
  shipped: Shipped,
  isByTime: boolean,
): AsyncGenerator<RecordFields, void, undefined> {
  const { topic, group, start, untilMs } = source;
  if (group !== undefined) {
    yield* eachOf((portion) => readGroup(http, { topic, group, start }, portion));
    return;
  }
  const from = startOf(start);
  if (shipped.steps.length === 0 && !isByTime) {
    const asked = new URLSearchParams({ from: String(from) });
    if (untilMs !== undefined) {
      asked.set('until', String(untilMs));
    }
    yield* eachOf((portion) => follow(http, `/v1/topics/${topic}/records?${asked}`, topic, portion));
    return;
  }
  const leaving = new AbortController();
  try {
    const body = { topic, from, until: untilMs, ...shipped };
    const response = await http.request('/v1/queries', { body, signal: leaving.signal });
    for await (const items of lines<Item>(response)) {
      for (const item of items) {
        if (item.$problem) {
          // The status was long sent.
          throw new ProblemError(item.$problem.status, item.$problem);
        }
        yield fieldsOf(item);
      }
    }
  } finally {
    leaving.abort();
  }
}

type Item = RecordFields & { $problem?: { status: number } & Record<string, unknown> };

/** Where a chain begins: at the oldest record, unless its sentence has a time. */
export const startOf = (start: Start): 'earliest' | number =>
  typeof start === 'object' && 'since_ms' in start ? start.since_ms : 'earliest';

/** What stands and runs on. */
interface Running<Where> {
  readonly name: string;
  readonly runs: Where;
  /** How it is doing: a deployment's status as the host has it, or this process's own. */
  status: () => Promise<any>;
  /** It goes on where it stopped when the same chain is sent `.to` again. */
  stop: () => Promise<void>;
  /** Stops it, and takes it out with its state and its place. The topics stay. */
  remove: () => Promise<void>;
  /** Returns to the generation before. */
  rollback: () => Promise<void>;
}

/** A deployment. */
export type ServerHandle = Running<'server'>;

/** A chain, or its last steps, in this process. */
export interface StandingHandle extends Running<'client'> {
  /** Settles when it ends: resolves after `stop()`, and rejects where a function threw, which ends it. */
  readonly ended: Promise<void>;
}

/** `runs` tells one from the other. */
export type Handle = ServerHandle | StandingHandle;

export interface Deployment {
  name: string;
  source: Source;
  shipped: Shipped;
  /** Where its records go; absent where they go to its branches only. */
  to?: string;
  /** Topics of its branches. */
  branches: string[];
}

const STARTING_MS_MAX = 60_000;

/** Makes the topics that a chain reads and writes, where they are missing. */
export async function makeTopics(http: Http, topics: Iterable<string>): Promise<void> {
  for (const topic of new Set(topics)) {
    await http.json(`/v1/topics/${encodeURIComponent(topic)}`, { method: 'PUT' });
  }
}

/** Deploys, or swaps what runs under the name; resolves once it runs. */
export async function deploy(
  http: Http,
  { name, source, shipped, to, branches }: Deployment,
): Promise<ServerHandle> {
  // The output is made by the host, with as many partitions as the input.
  await makeTopics(http, [source.topic, ...branches]);
  const path = `/v1/deployments/${encodeURIComponent(name)}`;
  const from = startOf(source.start);
  const body = {
    plugin: 'script',
    inputs: [source.topic],
    output: to,
    // What no branch takes goes nowhere.
    settings: to === undefined ? { ...shipped, steps: [...shipped.steps, { filter: '() => false' }] } : shipped,
    grants: { topics: [...new Set(branches)] },
    ...(from !== 'earliest' && { start: from }),
  };
  let status = await http.json<Status>(path, { method: 'PUT', body });
  if (status.state === 'paused') {
    await http.json(`${path}/resume`, { method: 'POST' });
  }
  for (const begun = Date.now(); status.state !== 'running'; ) {
    const reason = status.failures.at(-1)?.reason;
    if (status.state === 'stopped' || Date.now() - begun > STARTING_MS_MAX) {
      throw new KafkaError(
        `deployment ${name} is ${status.state}: ${reason ?? 'it did not start in time'}; send a chain that can run .as(${JSON.stringify(name)})`,
      );
    }
    await sleep(50);
    status = await http.json<Status>(path);
  }
  return serverHandle(http, name);
}

export function serverHandle(http: Http, name: string): ServerHandle {
  const path = `/v1/deployments/${encodeURIComponent(name)}`;
  const post = async (what: string) => {
    await http.json(`${path}/${what}`, { method: 'POST' });
  };
  return {
    name,
    runs: 'server',
    status: () => http.json(path),
    stop: () => post('pause'),
    remove: async () => {
      await http.json(path, { method: 'DELETE' });
    },
    rollback: () => post('rollback'),
  };
}

interface Status {
  state: string;
  failures: { reason?: string }[];
}
