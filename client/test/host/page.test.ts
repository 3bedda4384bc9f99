/** The calls of the project's page, as they stand there, each with what has to come of it. */

import { afterAll, beforeAll, expect, test } from 'vitest';

import { connect, type Kafka } from '../../src/index.ts';
import { Host } from './host.ts';

let host: Host;
let kafka: Kafka;

beforeAll(async () => {
  host = await Host.start(['natural-language', 'script', 'filter-json']);
  kafka = connect(host.options);
}, 60_000);
afterAll(() => host.stop());

const until = async (isSo: () => boolean | Promise<boolean>) => {
  while (!(await isSo())) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};
const all = async (topic: string): Promise<any[]> => {
  const found = [];
  try {
    for await (const record of kafka`${topic} from beginning`) found.push(record.value);
  } catch {
    // It is not there yet.
  }
  return found;
};
const holds = (topic: string, count: number) => until(async () => (await all(topic)).length >= count);

test('talk to it like a colleague', async () => {
  await kafka`stream orders`.produce({ orderId: '123', amount: 99.99 });
  expect(await all('orders')).toEqual([{ orderId: '123', amount: 99.99 }]);
  await kafka`user-events`.produce({ type: 'seen' });
  await kafka`stream user events to analytics`;
  await holds('analytics', 1);
  expect(await kafka`replay orders from yesterday`).toMatchObject([{ value: { orderId: '123' } }]);
  const processed: string[] = [];
  for await (const record of kafka`consume from orders group order-processor`) {
    processed.push(`Processing ${record.key}: ${record.value.amount}`);
    break;
  }
  expect(processed).toEqual(['Processing null: 99.99']);
  await kafka`orders`.produce({ orderId: '124', amount: 250 });
  await kafka`orders`
    .filter(o => o.amount > 100)
    .map(o => ({ ...o, tier: 'premium' }))
    .to(`high-value-orders`)
  await holds('high-value-orders', 1);
  expect(await all('high-value-orders')).toEqual([{ orderId: '124', amount: 250, tier: 'premium' }]);
}, 120_000);

test('producing', async () => {
  for (const topic of ['events', 'transactions']) await kafka`create topic ${topic}`;
  await kafka`stream order 123 to orders topic`
  await kafka`produce user signup to events`
  await kafka`send payment confirmed to transactions`
  expect([(await all('orders')).at(-1), await all('events'), await all('transactions')]).toEqual(['order 123', ['user signup'], ['payment confirmed']]);
  await kafka`orders`.produce({ orderId: '123', amount: 99.99 })
  await kafka`events`.produce({ type: 'signup', userId: 'u-456' })
  await kafka`orders`.produceBatch([
    { orderId: '124', amount: 49.99 },
    { orderId: '125', amount: 149.99 }
  ])
  expect((await all('orders')).slice(-3).map((o) => o.orderId)).toEqual(['123', '124', '125']);
});

test('consuming', async () => {
  const first = async (records: AsyncIterable<any>) => {
    for await (const record of records) return record;
  };
  await kafka`first-orders`.produce({ orderId: '1', items: ['a'] }, { key: 'k' });
  expect((await first(kafka`consume first-orders as order-processor-2`)).value.orderId).toBe('1');
  expect((await first(kafka`first-orders group analytics-team`)).value).toEqual({ orderId: '1', items: ['a'] });
  expect((await first(kafka`first-orders group inventory`)).items).toEqual(['a']);
  expect(JSON.stringify(await first(kafka`first-orders from beginning`))).toBe('{"orderId":"1","items":["a"]}');
  expect(await first(kafka`first-orders since yesterday`)).toMatchObject({ key: 'k', offset: 0 });
});

test('stream processing', async () => {
  const customers = { get: async (id: string) => ({ id, name: 'Ann' }) };
  await kafka`placed`.produceBatch([
    { id: 1, region: 'us', customerId: 'c1' },
    { id: 2, region: 'eu', customerId: 'c2' },
    { id: 3, region: 'apac', customerId: 'c3' },
  ]);
  const enriching = await kafka`placed`
    .map(async o => ({
      ...o,
      customer: await customers.get(o.customerId)
    }))
    .to(`enriched-orders`)
  await holds('enriched-orders', 3);
  expect((await all('enriched-orders'))[0]).toEqual({ id: 1, region: 'us', customerId: 'c1', customer: { id: 'c1', name: 'Ann' } });
  await enriching.remove();
  await kafka`placed`
    .branch(
      [o => o.region === 'us', `us-orders`],
      [o => o.region === 'eu', `eu-orders`],
      [() => true, `other-orders`]
    )
  await holds('other-orders', 1);
  expect([await all('us-orders'), await all('eu-orders'), await all('other-orders')].map((found) => found.map((o) => o.id))).toEqual([[1], [2], [3]]);
  await kafka`clicks`.produceBatch([{ userId: 'a' }, { userId: 'a' }, { userId: 'b' }], () => ({ timestamp: 1_000 }));
  await kafka`clicks`.produce({ userId: 'a' }, { timestamp: 301_000 });
  await kafka`clicks`
    .window(`5 minutes`)
    .groupBy(e => e.userId)
    .count()
    .to(`user-activity`)
  await holds('user-activity', 2);
  expect((await all('user-activity')).map(({ key, count }) => [key, count])).toEqual(expect.arrayContaining([['a', 2], ['b', 1]]));
}, 120_000);

test('topics', async () => {
  await kafka`create topic shipments with 3 partitions`
  await kafka`create topic logs with 7-day retention`
  await kafka`create topic visits partitioned by user_id`
  const info = await kafka`describe shipments`
  expect(`Partitions: ${info.partitions}`).toBe('Partitions: 3');
  expect(await kafka`describe logs`).toMatchObject({ retention_ms: 7 * 86_400_000 });
  expect(await kafka`describe visits`).toMatchObject({ key_path: 'user_id' });
  await kafka`add 3 partitions to shipments`
  // It cuts off what is older: from "for ever" this has to be meant.
  await kafka`set shipments retention to 30 days`.confirm()
  expect(await kafka`describe shipments`).toMatchObject({ partitions: 6, retention_ms: 30 * 86_400_000 });
  await kafka`create topic old-events`;
  const topics = await kafka`list topics`
  expect(topics.map(({ name }: { name: string }) => name)).toContain('old-events');
  await kafka`delete topic old-events`.confirm()
  await expect(kafka`describe old-events`).rejects.toMatchObject({ status: 404 });
});

test('groups', async () => {
  await kafka`jobs`.produceBatch([{ n: 1 }, { n: 2 }]);
  for await (const msg of kafka`jobs group my-processor`) {
    if (msg.n === 2) break;
  }
  const status = await kafka`describe group my-processor`
  expect(`Members: ${status.members}, Lag: ${status.lag}`).toBe('Members: 0, Lag: 1');
  await kafka`reset group my-processor to earliest`.confirm()
  expect((await kafka`describe group my-processor`).lag).toBe(2);
  await kafka`reset group my-processor to yesterday 9am`.confirm()
});

test('promise pipelining', async () => {
  const process = (o: any) => ({ ...o, done: true });
  await kafka`todo`.produceBatch([
    { id: 1, status: 'pending', metrics: { m: 1 }, inventory: { i: 1 }, alert: { a: 1 } },
    { id: 2, status: 'done', metrics: { m: 2 }, inventory: { i: 2 }, alert: { a: 2 } },
  ]);
  const processed = await kafka`todo`
    .filter(o => o.status === 'pending')
    .map(o => process(o))
    .tap(o => kafka`processed-orders`.produce(o))
    .collect()
  expect(processed).toMatchObject([{ id: 1, done: true }]);
  expect(await all('processed-orders')).toMatchObject([{ id: 1, done: true }]);
  const [analytics, warehouse, notifications] = await Promise.all([
    kafka`todo`.map(o => o.metrics).to(`metrics`),
    kafka`todo`.map(o => o.inventory).to(`warehouse`),
    kafka`todo`.map(o => o.alert).to(`notifications`)
  ])
  expect([analytics.runs, warehouse.runs, notifications.runs]).toEqual(['server', 'server', 'server']);
  await Promise.all(['metrics', 'warehouse', 'notifications'].map((topic) => holds(topic, 2)));
  expect([await all('metrics'), await all('warehouse'), await all('notifications')]).toEqual([[{ m: 1 }, { m: 2 }], [{ i: 1 }, { i: 2 }], [{ a: 1 }, { a: 2 }]]);
}, 120_000);

test('event sourcing, analytics and change capture', async () => {
  const applyEvent = (state: any, event: any) => ({ ...state, ...(event.type === 'account.created' ? { email: event.email } : { [event.type]: true }) });
  await kafka`accounts`.produce({
    type: 'account.created',
    userId: 'u-123',
    email: 'alice@example.com'
  })
  await kafka`accounts`.produceBatch([{ type: 'verified', userId: 'u-123' }, { type: 'closed', userId: 'u-9' }]);
  const user = await kafka`accounts`
    .filter(e => e.userId === 'u-123')
    .reduce((state, event) => applyEvent(state, event), {})
  expect(user).toEqual({ email: 'alice@example.com', verified: true });
  await kafka`page-view-counts`.produceBatch([{ page: '/', count: 1500 }, { page: '/a', count: 5 }]);
  const topPages = await kafka`page-view-counts`
    .filter(c => c.count > 1000)
    .collect()
  expect(topPages).toEqual([{ page: '/', count: 1500 }]);
  await kafka`cdc.users`.produceBatch([{ op: 'insert', after: { id: 1 } }, { op: 'delete', after: null }]);
  await kafka`cdc.users`
    .filter(change => change.op === 'insert')
    .map(change => change.after)
    .to(`new-users`)
  await holds('new-users', 1);
  const indexed: unknown[] = [];
  for await (const user of kafka`new-users group search-indexer`) {
    indexed.push(JSON.parse(JSON.stringify(user)));
    break;
  }
  expect(indexed).toEqual([{ id: 1 }]);
}, 120_000);
