/** Calls of the host. Over `fetch`, and nothing else. */

import { ConnectionError, ProblemError } from './errors.ts';

export interface ConnectOptions {
  /** Where the host is. `KAFKA_DO_URL` of the environment unless given, or else http://127.0.0.1:7070. */
  url?: string;
  /** Sent as `Authorization: Bearer`. */
  token?: string;
  /** Instead of the platform's own. */
  fetch?: typeof fetch;
  /** How long a call is tried again that may be tried again, before it fails; 120,000 unless given. */
  retryMs?: number;
}

export interface Call {
  method?: string;
  /** Sent as JSON. */
  body?: unknown;
  /** What is written already; instead of `body`. */
  content?: NonNullable<RequestInit['body']>;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

export interface Http {
  retryMs: number;
  /** An answer that is a success. Anything else is thrown. */
  request: (path: string, call?: Call) => Promise<Response>;
  /** Its JSON; null where the answer has no body. */
  json: <T>(path: string, call?: Call) => Promise<T>;
}

/** Up to twice as long, so that clients which lost the host together do not come back together. */
const BACKOFF_MS_MIN = 25;
const BACKOFF_MS_MAX = 2_500;

export function makeHttp({ url, token, fetch: own, retryMs = 120_000 }: ConnectOptions = {}): Http {
  const request = async (
    path: string,
    { method, body, content = JSON.stringify(body), headers, signal }: Call = {},
  ): Promise<Response> => {
    // Both looked up with each call: a page may set them after this module was loaded.
    const base =
      url ?? (globalThis as unknown as Environment).process?.env?.['KAFKA_DO_URL'] ?? 'http://127.0.0.1:7070';
    const init = {
      method: method ?? (content ? 'POST' : 'GET'),
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }), ...headers },
      body: content,
      signal,
    } as RequestInit;
    const response = await (own ?? fetch)(base.replace(/\/+$/, '') + path, init).catch(unreachable(base));
    if (!response.ok) {
      throw new ProblemError(response.status, {
        retryAfterMs: Number(response.headers.get('retry-after')) * 1000,
        ...((await response.json().catch(() => ({}))) as object),
      });
    }
    return response;
  };
  const json = async <T>(path: string, call?: Call): Promise<T> => {
    const response = await request(path, call);
    const text = await response.text().catch(unreachable(path));
    return JSON.parse(text || 'null');
  };
  return { retryMs, request, json };
}

/** By this the host knows that it has done a call already, where an answer was lost. Pages on plain http have no UUIDs. */
export const onceOnly = () => ({ 'idempotency-key': crypto.getRandomValues(new Uint32Array(4)).join('-') });

interface Environment {
  process?: { env?: Record<string, string | undefined> };
}

const unreachable = (where: string) => (cause: Error): never => {
  throw new ConnectionError(
    `${where} cannot be reached: ${(cause.cause as Error)?.message || cause.message}; run kafka-do serve, or set KAFKA_DO_URL`,
    { cause },
  );
};

/** Whether the same call may succeed later. */
export const isPassing = (error: unknown): boolean =>
  error instanceof ConnectionError ||
  (error instanceof ProblemError && /^(5|408|429)/.test(`${error.status}`));

/** How long to wait before the next attempt, longer each time; as long as the host asks for, where it does. */
export const backoffMs = (attempt: number, error?: unknown): number =>
  Math.max(
    ((error as ProblemError | undefined)?.problem?.['retryAfterMs'] as number) ?? 0,
    Math.min(BACKOFF_MS_MIN * 2 ** attempt, BACKOFF_MS_MAX) * (1 + Math.random()),
  );

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Does what may be done twice until it succeeds, fails for good, or `forMs` is over. */
export async function persist<T>(forMs: number, attempt: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  const begun = Date.now();
  for (let attempts = 0; ; attempts += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!isPassing(error) || signal?.aborted || Date.now() - begun > forMs) {
        throw error;
      }
      await sleep(backoffMs(attempts, error));
    }
  }
}
