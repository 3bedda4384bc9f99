/** Programs of their own, beside a host that is killed and a deployment that is swapped. */

import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { connect, type Kafka } from '../../src/index.ts';
import { Host } from './host.ts';
import { until, wait } from './wait.ts';

let host: Host;
let kafka: Kafka;
const programs: ChildProcess[] = [];

beforeAll(async () => {
  host = await Host.start(['natural-language', 'script']);
  kafka = connect(host.options);
}, 60_000);
afterAll(async () => {
  programs.forEach((program) => program.kill('SIGKILL'));
  await host.stop();
});

const run = (name: string, onMessage: (message: any) => void) => {
  const program = fork(join(import.meta.dirname, 'programs', name), {
    env: { ...process.env, KAFKA_DO_URL: host.url },
  });
  program.on('message', onMessage);
  programs.push(program);
  return program;
};

test('a host that is killed five times loses nothing of a producer and three readers, each a process', async () => {
  await kafka.topics.create('numbers', { partitions: 6 });
  const acknowledged = new Set<number>();
  /** When each was read. */
  const seen = new Map<number, number[]>();
  const offsets = new Map<string, number>();
  let outOfOrder = 0;
  const producer = run('producer.mjs', (n) => acknowledged.add(n));
  for (let reader = 0; reader < 3; reader += 1) {
    run('consumer.mjs', ({ n, partition, offset, atMs }) => {
      seen.set(n, [...(seen.get(n) ?? []), atMs]);
      // Within a partition what is new comes in order, without a gap.
      const last = offsets.get(partition) ?? -1;
      outOfOrder += offset > last + 1 ? 1 : 0;
      offsets.set(partition, Math.max(last, offset));
    });
  }
  const kills: { atMs: number; backMs: number }[] = [];
  for (let round = 0; round < 5; round += 1) {
    await wait(1_000);
    const atMs = Date.now();
    await host.kill();
    await wait(100);
    await host.restart();
    kills.push({ atMs, backMs: Date.now() });
  }
  await wait(500);
  producer.send('stop');
  await once(producer, 'exit');
  expect(producer.exitCode).toBe(0);
  await until(() => seen.size >= acknowledged.size);
  expect([...acknowledged].every((n) => seen.has(n))).toBe(true);
  expect(acknowledged.size).toBeGreaterThan(500);
  // Each is stored once, though answers were lost with the host.
  const { offsets: ends } = await kafka.topics.get('numbers');
  expect(ends.reduce((sum, { high_watermark }) => sum + high_watermark, 0)).toBe(acknowledged.size);
  expect(outOfOrder).toBe(0);
  // Nothing else ends a lease here: what came again was read before a host was back that had been killed.
  const repeated = [...seen.values()].filter((times) => times.length > 1);
  const isOfKill = ([first, again]: number[]) => kills.some(({ atMs, backMs }) => first! < backMs && again! > atMs);
  expect(repeated.every(isOfKill)).toBe(true);
  console.log(`${acknowledged.size} records, of which ${repeated.length} came twice`);
}, 120_000);

test('closures that change while records flow: each record is taken by one of them, once', async () => {
  const total = 100_000;
  await kafka.topics.create('flowing', { partitions: 2 });
  const program = (version: number) =>
    connect(host.options)<{ n: number }>`flowing`
      .filter((o) => o.n % 2 === 0)
      .map((o) => ({ ...o, version }))
      .with({ version })
      .to('taken');
  await program(0);
  const producing = (async () => {
    for (let n = 0; n < total; n += 500) {
      await kafka`flowing`.produceBatch(
        Array.from({ length: 500 }, (_, i) => ({ n: n + i })),
        ({ n }) => ({ partition: n % 4 < 2 ? 0 : 1 }),
      );
    }
  })();
  let versions = 0;
  let isProducing = true;
  producing.finally(() => {
    isProducing = false;
  });
  while (isProducing) {
    await program((versions += 1));
  }
  await producing;
  const taken: { n: number; version: number; partition: number }[] = [];
  await until(
    async () =>
      (await kafka.topics.get('taken')).offsets.reduce((sum, { high_watermark }) => sum + high_watermark, 0) >=
      total / 2,
  );
  for await (const { value, partition } of kafka`taken from beginning`) taken.push({ ...value, partition });
  expect(taken.map(({ n }) => n).sort((a, b) => a - b)).toEqual(Array.from({ length: total / 2 }, (_, i) => i * 2));
  expect(new Set(taken.map(({ version }) => version)).size).toBeGreaterThan(1);
  // Within a partition a version that was replaced never comes back.
  for (const own of [0, 1].map((number) => taken.filter(({ partition }) => partition === number))) {
    expect(own.map(({ version }) => version)).toEqual(own.map(({ version }) => version).sort((a, b) => a - b));
  }
  console.log(`${versions} swaps`);
}, 180_000);
