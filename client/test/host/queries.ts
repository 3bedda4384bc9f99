/**
 * `POST /v1/queries` as the client expects it of the host, over the real script plugin in this process and the real
 * records of the host; it stands in for as long as the host does not have the call.
 */

// @ts-expect-error It is JavaScript.
import { Harness as PluginHarness } from '../../../guest-sdk/js/src/testing/harness.js';
// @ts-expect-error It is JavaScript.
import script from '../../../plugins/script/src/index.js';

interface Query {
  topic: string;
  from?: 'earliest' | number;
  until?: number;
  steps: Record<string, unknown>[];
  values?: Record<string, unknown>;
  limit?: number;
}

const AGGREGATES = ['count', 'sum', 'min', 'max', 'average', 'reduce'];
const LATE_MS = 253_402_300_799_999;

export async function answer(
  url: string,
  { topic, from = 'earliest', until, steps, values, limit }: Query,
): Promise<Response> {
  const read = await fetch(`${url}/v1/topics/${topic}/records?from=${from}`);
  if (!read.ok) {
    return read;
  }
  const lines = (await read.text()).split('\n').filter((line) => line !== '');
  const records = lines
    .map((line) => JSON.parse(line))
    .filter(({ timestamp }) => until === undefined || timestamp < until);
  let found: any[];
  try {
    found = results(records, topic, steps, values);
  } catch (error) {
    return problem(400, (error as Error).message);
  }
  return new Response(
    found
      .slice(0, limit)
      .map((item) => `${JSON.stringify(item)}\n`)
      .join(''),
    { headers: { 'content-type': 'application/x-ndjson' } },
  );
}

function results(records: any[], topic: string, steps: object[], values?: object): any[] {
  const harness = new PluginHarness(script, { topic, settings: { steps, ...(values && { values }) } });
  const input = ({ key, value, timestamp, headers }: any) => ({ key, json: value, timestampMs: timestamp, headers });
  const outcomes = [harness.process(records.map(input))];
  const [internal] = harness.internalTopics;
  if (internal !== undefined) {
    const isInternal = ({ topic }: any) => topic === internal;
    const [outcome] = outcomes;
    outcomes.push(harness.process(outcome.records.filter(isInternal), { topic: internal }));
    outcome.records = outcome.records.filter((record: any) => !isInternal(record));
  }
  outcomes.push(harness.advance(LATE_MS));
  const emitted = outcomes.flatMap((outcome) => outcome.records);
  const out = emitted.map(({ topic: to, timestampMs, key, value, headers }) => ({
    topic: to ?? topic,
    partition: null,
    offset: null,
    timestamp: timestampMs,
    key,
    value: value === null ? null : JSON.parse(value),
    headers: Object.fromEntries(headers),
  }));
  const rejected = outcomes.flatMap(({ rejections }) => rejections)[0];
  if (rejected !== undefined) {
    return [
      ...out,
      { $problem: { type: 'https://kafka.do/problems/function-failed', status: 422, detail: rejected.reason } },
    ];
  }
  const isRunning =
    steps.some((step) => AGGREGATES.some((verb) => verb in step)) && !steps.some((step) => 'window_ms' in step);
  // Of a group that has no window, what stands at the end.
  return isRunning ? [...new Map(out.map((item) => [item.key, item])).values()] : out;
}

const problem = (status: number, detail: string) =>
  new Response(JSON.stringify({ type: 'https://kafka.do/problems/invalid-script', status, detail }), { status });
