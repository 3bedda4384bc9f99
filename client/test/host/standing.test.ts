import { afterAll, beforeAll, expect, test } from 'vitest';

import { connect, type Kafka } from '../../src/streams.ts';
import { Host } from './host.ts';
import { until, valuesOf } from './wait.ts';

let host: Host;
let kafka: Kafka;

beforeAll(async () => {
  host = await Host.start(['natural-language', 'script']);
  kafka = connect(host.options);
}, 60_000);
afterAll(() => host.stop());

const all = (topic: string) => valuesOf(kafka, topic);
const holds = (topic: string, count: number) => until(async () => (await all(topic)).length >= count);

test('a chain to a topic stands, outlives its program, and changes nothing when the program runs again', async () => {
  await kafka`orders`.produceBatch([50, 150, 250].map((amount) => ({ amount })));
  const program = () =>
    connect(host.options)`orders`
      .filter((o) => o.amount > 100)
      .map((o) => ({ ...o, tier: 'premium' }))
      .to(`high-value-orders`);
  const handle = await program();
  expect(handle).toMatchObject({ name: 'orders-to-high-value-orders', runs: 'server' });
  await holds('high-value-orders', 2);
  expect(await all('high-value-orders')).toEqual([
    { amount: 150, tier: 'premium' },
    { amount: 250, tier: 'premium' },
  ]);
  expect((await (await program()).status()).generation).toBe(1);
  // With other steps, the same deployment does something else from there on.
  const limit = 10;
  const changed = await connect(host.options)`orders`
    .filter((o) => o.amount < limit)
    .with({ limit })
    .to(`high-value-orders`);
  expect(await changed.status()).toMatchObject({ generation: 2, settings: { values: { limit: 10 } } });
  await kafka`orders`.produce({ amount: 5 });
  await holds('high-value-orders', 3);
  expect((await all('high-value-orders')).at(-1)).toEqual({ amount: 5 });
  await changed.rollback();
  expect((await changed.status()).generation).toBe(3);
  await changed.stop();
  expect((await changed.status()).state).toBe('paused');
  expect((await (await program()).status()).state).toBe('running');
  await changed.remove();
  await expect(changed.status()).rejects.toMatchObject({ status: 404 });
}, 120_000);

test('branches fan out', async () => {
  await kafka`regional`.produceBatch(['us', 'eu', 'apac', 'us'].map((region) => ({ region })));
  const handle = await kafka`regional`.branch(
    [(o) => o.region === 'us', `us-orders`],
    [(o) => o.region === 'eu', `eu-orders`],
    [() => true, `other-orders`],
  );
  expect(handle.name).toBe('regional-to-us-orders-eu-orders-other-orders');
  await Promise.all([holds('us-orders', 2), holds('eu-orders', 1), holds('other-orders', 1)]);
  expect(await all('us-orders')).toEqual([{ region: 'us' }, { region: 'us' }]);
  await handle.remove();
}, 120_000);

test('windows count on the server', async () => {
  await kafka`page-views`.produceBatch(
    [0, 10, 20, 70, 200].map((seconds) => ({ page: seconds % 20 === 0 ? '/' : '/a', at: seconds })),
    ({ at }) => ({ timestamp: at * 1000 }),
  );
  await kafka`page-views`
    .window(`1 minute`)
    .groupBy((v) => v.page)
    .count()
    .to(`page-view-counts`);
  await holds('page-view-counts', 2);
  const counts = await all('page-view-counts');
  expect(counts).toContainEqual({ key: '/', window_start_ms: 0, window_end_ms: 60_000, count: 2 });
  expect(counts).toContainEqual({ key: '/a', window_start_ms: 0, window_end_ms: 60_000, count: 1 });
  expect(await kafka`page-view-counts`.filter((c) => c.count > 1).collect()).toEqual([
    { key: '/', window_start_ms: 0, window_end_ms: 60_000, count: 2 },
  ]);
}, 120_000);

test('a step that stays runs in this process, behind those that ship, each record once', async () => {
  const customers = { get: async (id: number) => ({ name: `customer ${id}` }) };
  await kafka`raw-orders`.produceBatch(
    Array.from({ length: 1000 }, (_, id) => ({ id, customerId: id % 3 })),
    ({ id }) => ({ key: `k${id}` }),
  );
  const chain = () =>
    kafka`raw-orders`
      .filter((o) => o.id % 2 === 0)
      .map(async (o) => ({ ...o, customer: await customers.get(o.customerId) }))
      .to(`enriched-orders`);
  const first = await chain();
  expect(first).toMatchObject({ runs: 'client', name: 'raw-orders-to-enriched-orders' });
  await holds('enriched-orders', 500);
  await first.stop();
  await kafka`raw-orders`.produceBatch([
    { id: 1000, customerId: 1 },
    { id: 1001, customerId: 1 },
  ]);
  const second = await chain();
  await holds('enriched-orders', 501);
  await host.kill();
  await host.restart();
  await kafka`raw-orders`.produce({ id: 1002, customerId: 2 });
  await holds('enriched-orders', 502);
  const found = await all('enriched-orders');
  expect(found.map(({ id }) => id)).toEqual(Array.from({ length: 502 }, (_, n) => n * 2));
  expect(found[2]).toEqual({ id: 4, customerId: 1, customer: { name: 'customer 1' } });
  expect(await second.status()).toMatchObject({ state: 'running', server: { state: 'running' } });
  await second.remove();
  await expect(kafka`describe topic raw-orders-to-enriched-orders-shipped`).rejects.toMatchObject({ status: 404 });
}, 120_000);

test('a function that throws here ends its chain with the record uncommitted', async () => {
  await kafka`poison`.produceBatch([{ n: 1 }, { n: 2 }]);
  let isBroken = true;
  const fragile = (o: { n: number }) => {
    if (o.n === 2 && isBroken) throw new Error('broken');
    return o.n;
  };
  const handle: any = await kafka`poison`.map(fragile).to(`survivors`);
  await expect(handle.ended).rejects.toThrow('broken');
  expect(await handle.status()).toMatchObject({ state: 'failed', reason: 'Error: broken' });
  isBroken = false;
  const again = await kafka`poison`.map(fragile).to(`survivors`);
  await holds('survivors', 2);
  expect(await all('survivors')).toEqual([1, 2]);
  await again.remove();
}, 60_000);

test('what cannot stand is refused, with the reason', async () => {
  const price = (o: any) => o.price;
  await kafka`priced`.produce({ price: 1 });
  await expect(
    kafka`priced`
      .groupBy((o) => o.id)
      .sum(price)
      .to(`sums`)
      .then(),
  ).resolves.toMatchObject({ runs: 'server' });
  const add = (state: number, o: any) => state + price(o);
  await expect(
    kafka`priced`
      .groupBy((o) => o.id)
      .reduce(add, 0)
      .to(`sums-here`)
      .then(),
  ).rejects.toThrow('price is not its own');
  await kafka`priced`.filter((o) => o.price > 1).to(`copies`);
  await expect(
    kafka`priced`
      .filter((o) => o.price > 2)
      .to(`copies`)
      .then(),
  ).rejects.toThrow(".as('my-name')");
  await expect(
    kafka`priced`
      .filter((o) => o.price > 2)
      .as('other-copies')
      .to(`copies`)
      .then(),
  ).resolves.toMatchObject({ name: 'other-copies' });
}, 60_000);

test('a chain that would move between server and process says so, instead of running twice', async () => {
  const least = 5;
  await kafka`moving`.produce({ n: 1 });
  const shipped = () => connect(host.options)`moving`.filter((o) => o.n > 5).to(`moved`);
  const kept = () => connect(host.options)`moving`.filter((o) => o.n > least).to(`moved`);
  const there = await shipped();
  await expect(kept().then()).rejects.toThrow(/runs on the server, and would now run in this process.*least/);
  await there.remove();
  const here = await kept();
  await expect(shipped().then()).rejects.toThrow(/runs in a process, and would now run on the server/);
  await here.remove();
  await (await shipped()).remove();
}, 60_000);
