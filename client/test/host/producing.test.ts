import { afterAll, beforeAll, expect, test } from 'vitest';

import { connect, type Kafka } from '../../src/tiny.ts';
import { Host } from './host.ts';

let host: Host;
let kafka: Kafka;

beforeAll(async () => {
  host = await Host.start();
  kafka = connect(host.options);
});
afterAll(() => host.stop());

const stored = async (topic: string) => {
  const { partitions } = await host.json(`/v1/topics/${topic}`);
  const all = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    all.push(
      ...(await host.json(`/v1/topics/${topic}/partitions/${partition}/records?max_records=50000&max_bytes=16777216`))
        .records,
    );
  }
  return all;
};

test('a record is stored where the receipt says, in a topic that was not there', async () => {
  const receipt = await kafka`stream orders`.produce(
    { orderId: '123', amount: 99.99 },
    { key: 'k', headers: { a: ['1', '2'], b: null }, timestamp: new Date(5000) },
  );
  expect(receipt).toEqual({ topic: 'orders', partition: 0, offset: 0, timestamp: 5000 });
  expect(await stored('orders')).toEqual([
    {
      offset: 0,
      timestamp: 5000,
      key: 'k',
      value: { orderId: '123', amount: 99.99 },
      headers: { a: ['1', '2'], b: null },
    },
  ]);
});

test('what is produced while a request is under way goes together in the next one', async () => {
  let requests = 0;
  const counting = connect({ ...host.options, fetch: (...args) => ((requests += 1), fetch(...args)) });
  const receipts = await Promise.all(Array.from({ length: 1000 }, (_, n) => counting`gathered`.produce({ n })));
  expect(requests).toBe(1);
  expect(receipts.map(({ offset }) => offset)).toEqual(Array.from({ length: 1000 }, (_, n) => n));
  requests = 0;
  const first = counting`gathered`.produce({ n: 1000 });
  await new Promise((resolve) => setTimeout(resolve, 0));
  await Promise.all([first, ...Array.from({ length: 50 }, (_, n) => counting`gathered`.produce({ n: 1001 + n }))]);
  expect(requests).toBe(2);
  expect((await stored('gathered')).map(({ value }) => value.n)).toEqual(Array.from({ length: 1051 }, (_, n) => n));
});

test('one that is refused takes no other along', async () => {
  const good = kafka`mixed`.produce({ n: 1 });
  const bad = kafka`mixed`.produce({ n: 2 }, { partition: 99 });
  const fine = kafka`mixed`.produce({ n: 3 });
  await expect(bad).rejects.toMatchObject({ name: 'ProblemError' });
  await Promise.all([good, fine]);
  expect((await stored('mixed')).map(({ value }) => value.n)).toEqual([1, 3]);
});

test('an answer that is lost stores nothing twice', async () => {
  let lost = 0;
  const lossy = connect({
    ...host.options,
    fetch: async (...args) => {
      const response = await fetch(...args);
      if (String(args[0]).includes('/records') && lost < 3) {
        lost += 1;
        throw new TypeError('fetch failed');
      }
      return response;
    },
  });
  await lossy`lossy`.produceBatch([{ n: 1 }, { n: 2 }]);
  expect(lost).toBe(3);
  expect((await stored('lossy')).map(({ value }) => value.n)).toEqual([1, 2]);
});

test('a batch goes in parts as large as a request may be, from any iterable', async () => {
  async function* many() {
    for (let n = 0; n < 70_000; n += 1) {
      yield { n };
    }
  }
  await kafka`create topic many with 2 partitions`;
  const receipts = await kafka`many`.produceBatch(many(), ({ n }) => ({ key: String(n), partition: n % 2 }));
  expect(receipts).toHaveLength(70_000);
  expect(receipts.at(-1)).toMatchObject({ topic: 'many', partition: 1, offset: 34_999 });
  expect(await kafka`many`.produceBatch([])).toEqual([]);
});

test('flush waits for what was not awaited', async () => {
  void kafka`flushed`.produce(1);
  void kafka`flushed`.produce(2);
  await kafka.flush();
  expect((await stored('flushed')).map(({ value }) => value)).toEqual([1, 2]);
});

test('bytes stay bytes, null is a tombstone, and what is not JSON is refused', async () => {
  const values = [new Uint8Array([0, 255]), null, 'text', 5, [1], { $base64: 'eA==' }, { a: { $base64: 'eA==' } }];
  await kafka`raw`.produceBatch(values, () => ({ key: 'k' }));
  const read = [];
  for await (const record of kafka`raw from beginning`) {
    read.push(record.value);
  }
  // What only looks like bytes comes back as the bytes of its JSON.
  expect(read).toEqual(
    values.map((value: any) => (value?.$base64 ? new TextEncoder().encode('{"$base64":"eA=="}') : value)),
  );
  for (const value of [undefined, NaN, Infinity]) {
    await expect(kafka`raw`.produce(value)).rejects.toThrow(TypeError);
  }
  await expect(kafka`raw`.produce(() => 1)).rejects.toMatchObject({ code: 'no-value' });
});

test('a flood that nobody awaits is stopped before it fills the memory', async () => {
  const slow = connect({ ...host.options, fetch: () => new Promise(() => {}) });
  const value = 'x'.repeat(1 << 20);
  const all = Array.from({ length: 70 }, () => slow`flood`.produce(value));
  const refused = await Promise.race(all.map((one) => one.then(null, (error) => error)));
  expect(refused).toBeInstanceOf(RangeError);
});

test('a host that is killed under load loses nothing, and gets nothing twice', async () => {
  const all: Promise<unknown>[] = [];
  let n = 0;
  for (let round = 0; round < 3; round += 1) {
    for (let burst = 0; burst < 40; burst += 1) {
      all.push(kafka`steady`.produce({ n: n++ }));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await host.kill();
    for (let burst = 0; burst < 20; burst += 1) {
      all.push(kafka`steady`.produce({ n: n++ }));
    }
    await host.restart();
  }
  await Promise.all(all);
  expect((await stored('steady')).map(({ value }) => value.n)).toEqual(Array.from({ length: n }, (_, n) => n));
}, 60_000);

test('a page on plain http produces too: it has no UUIDs', async () => {
  const { randomUUID } = crypto;
  Object.defineProperty(crypto, 'randomUUID', { value: undefined, configurable: true, writable: true });
  try {
    expect(await kafka`plain`.produce({ n: 1 })).toMatchObject({ topic: 'plain', offset: 0 });
    expect(await kafka`plain`.produce({ n: 1 })).toMatchObject({ topic: 'plain', offset: 1 });
  } finally {
    crypto.randomUUID = randomUUID;
  }
});
