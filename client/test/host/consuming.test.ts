import { afterAll, beforeAll, expect, test } from 'vitest';

import { connect, type Kafka, type StreamRecord } from '../../src/tiny.ts';
import { Host } from './host.ts';
import { until } from './wait.ts';

let host: Host;
let kafka: Kafka;

beforeAll(async () => {
  host = await Host.start();
  kafka = connect(host.options);
});
afterAll(() => host.stop());

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => ({ n: from + index }));

test('a record is its value and its place, and its own names come first', async () => {
  await kafka`places`.produce(
    { amount: 5, topic: 'shadowed', nested: { a: 1 } },
    { key: 'k', headers: { h: 'v' }, timestamp: 7 },
  );
  for await (const record of kafka`places from beginning`) {
    expect(record).toMatchObject({
      topic: 'places',
      partition: 0,
      offset: 0,
      timestamp: 7,
      key: 'k',
      headers: { h: 'v' },
    });
    const { amount, topic, nested, missing, value } = record;
    expect([amount, topic, nested, missing]).toEqual([5, 'places', { a: 1 }, undefined]);
    expect(value.topic).toBe('shadowed');
    expect(JSON.stringify(record)).toBe('{"amount":5,"topic":"shadowed","nested":{"a":1}}');
    expect((record as any).hasOwnProperty('offset')).toBe(true);
  }
});

test('a group begins at the oldest record, and what was asked past is committed', async () => {
  await kafka`committed`.produceBatch(numbers(0, 10));
  const seen: number[] = [];
  for await (const record of kafka`committed group readers`) {
    seen.push(record.n);
    if (record.n === 3) break;
  }
  // The one that the loop stopped at was not asked past.
  expect(await host.json('/v1/groups/readers')).toMatchObject({ members: [], lag: 7 });
  for await (const record of kafka`consume committed as readers`) {
    seen.push(record.n);
    if (record.n === 9) break;
  }
  expect(seen).toEqual([0, 1, 2, 3, 3, 4, 5, 6, 7, 8, 9]);
});

test('a body that throws leaves its record uncommitted', async () => {
  await kafka`failing`.produceBatch(numbers(0, 5));
  const attempt = async (at: number) => {
    const seen: number[] = [];
    try {
      for await (const { n } of kafka`failing group strict`) {
        if (n === at) throw new Error(`cannot ${n}`);
        seen.push(n);
        if (n === 4) break;
      }
    } catch (error) {
      expect((error as Error).message).toBe(`cannot ${at}`);
    }
    return seen;
  };
  expect(await attempt(2)).toEqual([0, 1]);
  expect(await attempt(-1)).toEqual([2, 3, 4]);
});

test('a slow body commits record by record, and keeps its place in the group', async () => {
  await kafka`slow`.produceBatch(numbers(0, 5));
  const lags: number[] = [];
  for await (const { n } of kafka`slow group sloth`) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    lags.push((await host.json('/v1/groups/sloth')).lag);
    if (n === 4) break;
  }
  expect(lags).toEqual([5, 4, 3, 2, 1]);
});

test('members share the partitions, and what one leaves the other takes', async () => {
  await kafka`create topic shared with 4 partitions`;
  const seen = new Map<number, number>();
  const readers = [0, 1].map(async () => {
    for await (const { n } of kafka`shared group team`) {
      seen.set(n, (seen.get(n) ?? 0) + 1);
      if (n < 0) break;
    }
  });
  await until(
    async () =>
      (await kafka`describe group team`.then(
        ({ members }) => members,
        () => 0,
      )) === 2,
  );
  await kafka`shared`.produceBatch(numbers(0, 2000), ({ n }) => ({ partition: n % 4 }));
  await until(() => seen.size === 2000);
  expect([...seen.values()].every((count) => count === 1)).toBe(true);
  // One each ends them; the second one is for whoever is left.
  await kafka`shared`.produce({ n: -1 }, { partition: 0 });
  await Promise.race(readers);
  await kafka`shared`.produce({ n: -2 }, { partition: 1 });
  await Promise.all(readers);
  expect((await host.json('/v1/groups/team')).members).toEqual([]);
}, 60_000);

test('without a group a topic is followed from now on, or read from a time and ended', async () => {
  await kafka`followed`.produceBatch(numbers(0, 3));
  const all: number[] = [];
  for await (const { n } of kafka`followed from beginning`) {
    all.push(n);
  }
  expect(all).toEqual([0, 1, 2]);
  const live: number[] = [];
  const following = (async () => {
    for await (const { n } of kafka`followed`) {
      live.push(n);
      if (n === 102) return;
    }
  })();
  for (let n = 90; live.length === 0; n += 1) {
    await kafka`followed`.produce({ n: 90 });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await kafka`followed`.produceBatch(numbers(100, 103));
  await following;
  expect(live.filter((n) => n >= 100)).toEqual([100, 101, 102]);
});

test('a stream that breaks goes on after the last record that came, and ends where it would have ended', async () => {
  await kafka`create topic broken with 3 partitions`;
  await kafka`broken`.produceBatch(numbers(0, 300), ({ n }) => ({ partition: n % 3 }));
  let cuts = 0;
  /** Each answer breaks off within its second line, or its tenth. */
  const flaky = connect({
    ...host.options,
    fetch: async (input, init) => {
      const response = await fetch(input, init);
      if (!String(input).includes('/records?')) {
        return response;
      }
      const text = await response.text();
      const at =
        text
          .split('\n')
          .slice(0, cuts % 2 === 0 ? 1 : 9)
          .join('\n').length + 20;
      if (at >= text.length) {
        return new Response(text, response);
      }
      cuts += 1;
      const body = new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode(text.slice(0, at))),
        pull: (controller) => (cuts % 3 === 0 ? controller.close() : controller.error(new Error('reset'))),
      });
      return new Response(body, { headers: response.headers });
    },
  });
  const read = async (records: AsyncIterable<StreamRecord>) => {
    const found: number[] = [];
    for await (const { n } of records) found.push(n);
    return found.sort((a, b) => a - b);
  };
  expect(await read(flaky`broken from beginning`)).toEqual(numbers(0, 300).map(({ n }) => n));
  expect(cuts).toBeGreaterThan(20);
  expect(await read(flaky`first 25 from broken where n >= 100`)).toHaveLength(25);
  // Of the last so many nobody knows which were left: better none than too few.
  await expect(read(flaky`last 10 from broken`)).rejects.toThrow('the stream broke');
  expect(await read(kafka`last 10 from broken`)).toHaveLength(10);
}, 60_000);

test('who asks several times at once is answered in order, and who ended the reading is asked no more', async () => {
  await kafka`asked`.produceBatch(numbers(0, 20));
  for (const sentence of [kafka`asked from beginning`, kafka`asked group hasty`]) {
    const reading = sentence[Symbol.asyncIterator]();
    const first = await Promise.all([1, 2, 3, 4].map(() => reading.next()));
    expect(first.map(({ value }) => value!.value.n)).toEqual([0, 1, 2, 3]);
    expect((await reading.next()).value!.value.n).toBe(4);
    expect(await reading.return()).toEqual({ done: true, value: undefined });
    expect(await reading.next()).toEqual({ done: true, value: undefined });
  }
  // The fifth was handed out, and not asked past.
  expect((await host.json('/v1/groups/hasty')).lag).toBe(16);
});

test('records that are longer than what comes at once are whole', async () => {
  const texts = [1, 2, 3].map((n) => `${n}\n\u00e4\u{1f600}`.repeat(100_000));
  await kafka`long`.produceBatch(texts);
  const read: string[] = [];
  for await (const { value } of kafka`long from beginning`) read.push(value);
  expect(read).toEqual(texts);
});

test('what reads no records says so, and a topic that is not there as well', async () => {
  const read = async (records: AsyncIterable<StreamRecord>) => {
    for await (const _ of records);
  };
  await expect(read(kafka`list topics`)).rejects.toThrow('list topics');
  await expect(read(kafka`missing from beginning`)).rejects.toMatchObject({ code: 'unknown-topic' });
});

test('a host that is killed again and again loses nothing for a group, nor for a follower', async () => {
  await kafka`create topic steady with 3 partitions`;
  const total = 600;
  const groups = new Map<number, number>();
  const readers = [0, 1, 2].map(async () => {
    for await (const { n } of kafka`steady group three`) {
      groups.set(n, (groups.get(n) ?? 0) + 1);
      if (n < 0) break;
    }
  });
  const followed: number[] = [];
  const follower = (async () => {
    for await (const { n } of kafka`steady`) {
      followed.push(n);
      if (followed.filter((n) => n >= 0).length === total) return;
    }
  })();
  await until(
    async () =>
      (await kafka`describe group three`.then(
        ({ members }) => members,
        () => 0,
      )) === 3,
  );
  await new Promise((resolve) => setTimeout(resolve, 200));
  const produced: Promise<unknown>[] = [];
  const producing = (async () => {
    for (let n = 0; n < total; n += 1) {
      produced.push(kafka`steady`.produce({ n }, { partition: n % 3 }));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  for (let round = 0; round < 3; round += 1) {
    await new Promise((resolve) => setTimeout(resolve, 600));
    await host.kill();
    await new Promise((resolve) => setTimeout(resolve, 100));
    await host.restart();
  }
  await producing;
  await Promise.all(produced);
  await until(() => groups.size === total);
  await follower;
  expect(followed.toSorted((a, b) => a - b)).toEqual(numbers(0, total).map(({ n }) => n));
  // A lease that ends with a killed host may give a batch again, and nothing else does.
  const twice = [...groups.values()].filter((count) => count > 1).length;
  expect(twice).toBeLessThanOrEqual(100);
  for (const n of [-1, -2, -3]) {
    await kafka`steady`.produce({ n }, { partition: -n - 1 });
  }
  await Promise.race([Promise.all(readers), new Promise((resolve) => setTimeout(resolve, 2000))]);
}, 120_000);
