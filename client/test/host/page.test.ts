/**
 * The blocks of the project's page that call `kafka`, as they stand there, each on a host of its own, with what has to
 * come of it. Not here: MongoDB and R2, which the host has no sources for, and what calls no `kafka`.
 */

import { createHmac } from 'node:crypto';

import { afterEach, expect, test } from 'vitest';

import { connect, type Kafka } from '../../src/index.ts';
import { Host, type HostOptions } from './host.ts';
import { until, valuesOf } from './wait.ts';

let host: Host;
let kafka: Kafka;

const begin = async (plugins: string[] = [], options?: HostOptions) => {
  host = await Host.start(['natural-language', ...plugins], options);
  kafka = connect(host.options);
};
afterEach(() => host.stop());

const all = (topic: string) => valuesOf(kafka, topic);
const holds = (topic: string, count: number) => until(async () => (await all(topic)).length >= count);

/** What a body is called with, up to so many calls; the last one ends the loop, as an error of the body does. */
const ENOUGH = new Error('enough');
const calls = (count: number) => {
  const taken: any[] = [];
  const take = (...given: any[]) => {
    taken.push(JSON.parse(JSON.stringify(given[0])));
    if (taken.length === count) throw ENOUGH;
  };
  return { taken, take };
};
const ends = (block: () => Promise<unknown>) => expect(block()).rejects.toBe(ENOUGH);

test('talk to it like a colleague', async () => {
  await begin(['script', 'filter-json']);
  const { taken, take } = calls(1);
  const console = { log: take };
  await kafka`user-events`.produce({ type: 'seen' });

  // Talk to it like a colleague
  await kafka`stream orders`.produce({ orderId: '123', amount: 99.99 })
  await kafka`stream user events to analytics`
  const replayed = await kafka`replay orders from yesterday`

  expect(await all('orders')).toEqual([{ orderId: '123', amount: 99.99 }]);
  await holds('analytics', 1);
  expect(await all('analytics')).toEqual([{ type: 'seen' }]);
  expect(replayed).toMatchObject([{ value: { orderId: '123' } }]);
  await ends(async () => {
    // Consume naturally
    for await (const record of kafka`consume from orders group order-processor`) {
      console.log(`Processing ${record.key}: ${record.value.amount}`)
    }
  });
  expect(taken).toEqual(['Processing null: 99.99']);

  await kafka`orders`.produce({ orderId: '124', amount: 250 });
  // Chain like sentences
  await kafka`orders`
    .filter(o => o.amount > 100)
    .map(o => ({ ...o, tier: 'premium' }))
    .to(`high-value-orders`)

  await holds('high-value-orders', 1);
  expect(await all('high-value-orders')).toEqual([{ orderId: '124', amount: 250, tier: 'premium' }]);
}, 120_000);

test('producing messages', async () => {
  await begin();
  // A sentence makes no topic, for it may be misunderstood.
  for (const topic of ['orders', 'events', 'transactions']) await kafka`create topic ${topic}`;

  // Just say it
  await kafka`stream order 123 to orders topic`
  await kafka`produce user signup to events`
  await kafka`send payment confirmed to transactions`

  // Natural with data
  await kafka`orders`.produce({ orderId: '123', amount: 99.99 })
  await kafka`events`.produce({ type: 'signup', userId: 'u-456' })

  // Batch naturally
  await kafka`orders`.produceBatch([
    { orderId: '124', amount: 49.99 },
    { orderId: '125', amount: 149.99 }
  ])

  expect(await all('orders')).toEqual([
    'order 123',
    { orderId: '123', amount: 99.99 },
    { orderId: '124', amount: 49.99 },
    { orderId: '125', amount: 149.99 },
  ]);
  expect(await all('events')).toEqual(['user signup', { type: 'signup', userId: 'u-456' }]);
  expect(await all('transactions')).toEqual(['payment confirmed']);
});

test('consuming messages', async () => {
  await begin();
  await kafka`orders`.produce({ orderId: 'old' }, { timestamp: Date.now() - 3 * 86_400_000 });
  await kafka`orders`.produceBatch([{ orderId: '1' }, { orderId: '2' }]);
  const logged = calls(3);
  const console = { log: logged.take };
  await ends(async () => {
    // Consume with natural language
    for await (const record of kafka`consume orders as order-processor`) {
      console.log(`Order: ${record.value.orderId}`)
    }
  });
  expect(logged.taken).toEqual(['Order: old', 'Order: 1', 'Order: 2']);

  const tracked = calls(3);
  const analytics = { track: async (value: unknown) => tracked.take(value) };
  await ends(async () => {
    // Consumer groups are just words
    for await (const record of kafka`orders group analytics-team`) {
      await analytics.track(record.value)
    }
  });
  expect(tracked.taken).toEqual([{ orderId: 'old' }, { orderId: '1' }, { orderId: '2' }]);

  const again = calls(Infinity);
  const reprocess = async (record: unknown) => again.take(record);
  // Start from beginning
  for await (const record of kafka`orders from beginning`) {
    await reprocess(record)
  }
  expect(again.taken).toEqual([{ orderId: 'old' }, { orderId: '1' }, { orderId: '2' }]);

  const recent = calls(Infinity);
  {
    const console = { log: recent.take };
    // Replay from timestamp
    for await (const record of kafka`orders since yesterday`) {
      console.log(record)
    }
  }
  expect(recent.taken).toEqual([{ orderId: '1' }, { orderId: '2' }]);
});

test('stream processing', async () => {
  await begin(['script']);
  const customers = { get: async (id: string) => ({ id, name: 'Ann' }) };
  const orders = [
    { id: 1, region: 'us', customerId: 'c1', amount: 99 },
    { id: 2, region: 'eu', customerId: 'c2', amount: 101 },
    { id: 3, region: 'apac', customerId: 'c3', amount: 500 },
  ];
  await kafka`orders`.produceBatch(orders);
  await kafka`events`.produceBatch([{ userId: 'a' }, { userId: 'a' }, { userId: 'b' }], () => ({ timestamp: 1_000 }));
  await kafka`events`.produce({ userId: 'a' }, { timestamp: 301_000 });

  // Filter, map, route - all natural
  await kafka`orders`
    .filter(o => o.amount > 100)
    .to(`high-value-orders`)

  // Enrich on the fly
  const enriching = await kafka`orders`
    .map(async o => ({
      ...o,
      customer: await customers.get(o.customerId)
    }))
    .to(`enriched-orders`)

  // Fan out to multiple topics
  await kafka`orders`
    .branch(
      [o => o.region === 'us', `us-orders`],
      [o => o.region === 'eu', `eu-orders`],
      [() => true, `other-orders`]
    )

  // Aggregate windows
  await kafka`events`
    .window(`5 minutes`)
    .groupBy(e => e.userId)
    .count()
    .to(`user-activity`)

  await holds('high-value-orders', 2);
  expect(await all('high-value-orders')).toEqual(orders.slice(1));
  await holds('enriched-orders', 3);
  expect(await all('enriched-orders')).toEqual(
    orders.map((order) => ({ ...order, customer: { id: order.customerId, name: 'Ann' } })),
  );
  await enriching.stop();
  await holds('other-orders', 1);
  const branches = await Promise.all(['us-orders', 'eu-orders', 'other-orders'].map(all));
  expect(branches).toEqual(orders.map((order) => [order]));
  await holds('user-activity', 2);
  const window = { window_start_ms: 0, window_end_ms: 300_000 };
  expect((await all('user-activity')).sort((a, b) => b.count - a.count)).toEqual([
    { key: 'a', ...window, count: 2 },
    { key: 'b', ...window, count: 1 },
  ]);
}, 120_000);

test('topic administration', async () => {
  await begin();
  await kafka`create topic old-events`;
  const logged = calls(Infinity);
  const console = { log: logged.take };

  // Create topics naturally
  await kafka`create topic orders with 3 partitions`
  await kafka`create topic logs with 7-day retention`
  await kafka`create topic events partitioned by user_id`

  // Describe topics
  const info = await kafka`describe orders`
  console.log(`Partitions: ${info.partitions}`)

  // Modify topics
  await kafka`add 3 partitions to orders`
  // What was kept for ever is cut off now: that has to be meant.
  await expect(kafka`set orders retention to 30 days`).rejects.toMatchObject({ code: 'confirmation-needed' });
  await kafka`set orders retention to 30 days`.confirm()

  // List and manage
  const topics = await kafka`list topics`
  await expect(kafka`delete topic old-events`).rejects.toMatchObject({ code: 'confirmation-needed' });
  await kafka`delete topic old-events`.confirm()

  expect(logged.taken).toEqual(['Partitions: 3']);
  expect(await kafka`describe logs`).toMatchObject({ retention_ms: 7 * 86_400_000 });
  expect(await kafka`describe events`).toMatchObject({ key_path: 'user_id' });
  expect(await kafka`describe orders`).toMatchObject({ partitions: 6, retention_ms: 30 * 86_400_000 });
  expect(topics.map(({ name }: { name: string }) => name)).toEqual(['events', 'logs', 'old-events', 'orders']);
  await expect(kafka`describe old-events`).rejects.toMatchObject({ code: 'unknown-topic' });
});

test('consumer groups', async () => {
  await begin();
  await kafka`create topic orders with 3 partitions`;
  await kafka`orders`.produceBatch(
    Array.from({ length: 30 }, (_, n) => ({ n })),
    ({ n }) => ({ partition: n % 3 }),
  );
  const logged = calls(Infinity);
  const console = { log: logged.take };
  const read = new Set<number>();
  const processor = async () => {
    // Consumer groups are automatic
    for await (const msg of kafka`orders group my-processor`) {
      // Automatic partition assignment
      // Automatic offset commits
      // Automatic rebalancing
      read.add(msg.n);
      if (msg.n === 30) return;
    }
  };
  const processors = [processor(), processor()];
  await until(() => read.size === 30);
  await until(async () => (await kafka`describe group my-processor`).lag === 0);

  // Check group status
  const status = await kafka`describe group my-processor`
  console.log(`Members: ${status.members}, Lag: ${status.lag}`)

  expect(logged.taken).toEqual(['Members: 2, Lag: 0']);
  await kafka`orders`.produce({ n: 30 }, { partition: 0 });
  await Promise.race(processors);
  await kafka`orders`.produce({ n: 30 }, { partition: 1 });
  await Promise.all(processors);

  // Reset offsets naturally
  await kafka`reset group my-processor to earliest`.confirm()
  expect((await kafka`describe group my-processor`).lag).toBe(32);
  await kafka`reset group my-processor to now`.confirm();
  expect((await kafka`describe group my-processor`).lag).toBe(0);
  await kafka`reset group my-processor to yesterday 9am`.confirm()
  expect((await kafka`describe group my-processor`).lag).toBe(32);
}, 60_000);

test('promise pipelining', async () => {
  await begin(['script']);
  const process = (o: any) => ({ ...o, done: true });
  await kafka`orders`.produceBatch([
    { id: 1, status: 'pending', metrics: { m: 1 }, inventory: { i: 1 }, alert: { a: 1 } },
    { id: 2, status: 'done', metrics: { m: 2 }, inventory: { i: 2 }, alert: { a: 2 } },
  ]);

  // All in one network round trip
  const processed = await kafka`orders`
    .filter(o => o.status === 'pending')
    .map(o => process(o))
    .tap(o => kafka`processed-orders`.produce(o))
    .collect()

  // Fan out and collect
  const [analytics, warehouse, notifications] = await Promise.all([
    kafka`orders`.map(o => o.metrics).to(`analytics`),
    kafka`orders`.map(o => o.inventory).to(`warehouse`),
    kafka`orders`.map(o => o.alert).to(`notifications`)
  ])

  expect(processed).toMatchObject([{ id: 1, done: true }]);
  expect(await all('processed-orders')).toEqual(processed);
  expect([analytics.runs, warehouse.runs, notifications.runs]).toEqual(['server', 'server', 'server']);
  await Promise.all(['analytics', 'warehouse', 'notifications'].map((topic) => holds(topic, 2)));
  expect(await all('analytics')).toEqual([{ m: 1 }, { m: 2 }]);
  expect(await all('warehouse')).toEqual([{ i: 1 }, { i: 2 }]);
  expect(await all('notifications')).toEqual([{ a: 1 }, { a: 2 }]);
}, 120_000);

test('event sourcing', async () => {
  await begin(['script']);
  const applyEvent = (state: any, event: any) =>
    event.type === 'account.created' ? { ...state, email: event.email } : { ...state, [event.type]: true };

  // Append events naturally
  await kafka`user-events`.produce({
    type: 'account.created',
    userId: 'u-123',
    email: 'alice@example.com'
  })
  await kafka`user-events`.produceBatch([
    { type: 'verified', userId: 'u-123' },
    { type: 'closed', userId: 'u-9' },
  ]);

  // Replay to rebuild state
  const user = await kafka`user-events`
    .filter(e => e.userId === 'u-123')
    .reduce((state, event) => applyEvent(state, event), {})

  expect(user).toEqual({ email: 'alice@example.com', verified: true });
}, 60_000);

test('real-time analytics', async () => {
  await begin(['script']);
  const views = Array.from({ length: 1_500 }, (_, n) => ({ page: n % 10 === 0 ? '/about' : '/' }));
  await kafka`page-views`.produceBatch(views, () => ({ timestamp: 30_000 }));
  await kafka`page-views`.produce({ page: '/' }, { timestamp: 120_000 });

  // Stream to analytics
  await kafka`page-views`
    .window(`1 minute`)
    .groupBy(v => v.page)
    .count()
    .to(`page-view-counts`)
  await holds('page-view-counts', 2);

  // Query the stream
  const topPages = await kafka`page-view-counts`
    .filter(c => c.count > 1000)
    .collect()

  expect(topPages).toEqual([{ key: '/', window_start_ms: 0, window_end_ms: 60_000, count: 1_350 }]);
}, 60_000);

test('microservice communication', async () => {
  await begin();
  const order = { orderId: '1', items: ['a', 'b'] };
  const reserved = calls(1);
  const inventory = { reserve: async (items: string[]) => reserved.take(items) };
  const scheduled = calls(1);
  const shipping = { schedule: async (order: unknown) => scheduled.take(order) };

  // Order service produces
  await kafka`orders`.produce(order)

  await ends(async () => {
    // Inventory service consumes
    for await (const order of kafka`orders group inventory`) {
      await inventory.reserve(order.items)
    }
  });
  await ends(async () => {
    // Shipping service consumes (same topic, different group)
    for await (const order of kafka`orders group shipping`) {
      await shipping.schedule(order)
    }
  });

  expect(reserved.taken).toEqual([['a', 'b']]);
  expect(scheduled.taken).toEqual([order]);
});

test('change data capture', async () => {
  await begin(['script']);
  const found = calls(1);
  const elasticsearch = { index: async (_index: string, user: unknown) => found.take(user) };
  await kafka`cdc.users`.produceBatch([
    { op: 'delete', after: null },
    { op: 'insert', after: { id: 1 } },
  ]);

  // Stream database changes
  await kafka`cdc.users`
    .filter(change => change.op === 'insert')
    .map(change => change.after)
    .to(`new-users`)

  await ends(async () => {
    // Sync to search index
    for await (const user of kafka`new-users group search-indexer`) {
      await elasticsearch.index('users', user)
    }
  });
  expect(found.taken).toEqual([{ id: 1 }]);
}, 60_000);

test('webhooks', async () => {
  const secrets = { STRIPE_SECRET: 'whsec_of_the_endpoint', GITHUB_SECRET: 'it is a secret' };
  await begin(['webhook-stripe', 'webhook-github'], { secrets });

  // Ingest webhooks to streams
  await kafka`stripe-events`.fromWebhook('/webhooks/stripe')
  await kafka`github-events`.fromWebhook('/webhooks/github')

  const post = async (path: string, body: string, signature: Record<string, string>) => {
    const headers = { 'content-type': 'application/json', ...signature };
    return (await fetch(host.url + path, { method: 'POST', body, headers })).status;
  };
  const sign = (secret: string, text: string) => createHmac('sha256', secret).update(text).digest('hex');
  const paid = JSON.stringify({ id: 'evt_1', object: 'event', type: 'invoice.paid', data: { object: { id: 'in_1' } } });
  const now = Math.floor(Date.now() / 1000);
  const stripe = (secret: string) => ({ 'stripe-signature': `t=${now},v1=${sign(secret, `${now}.${paid}`)}` });
  expect(await post('/webhooks/stripe', paid, stripe('whsec_of_another'))).toBe(401);
  expect(await post('/webhooks/stripe', paid, stripe(secrets.STRIPE_SECRET))).toBe(200);
  expect(await all('stripe-events')).toEqual([JSON.parse(paid)]);
  const push = JSON.stringify({ ref: 'refs/heads/main', commits: [] });
  const github = (secret: string) => ({
    'x-github-event': 'push',
    'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958',
    'x-hub-signature-256': `sha256=${sign(secret, push)}`,
  });
  expect(await post('/webhooks/github', push, github('another'))).toBe(401);
  expect(await post('/webhooks/github', push, github(secrets.GITHUB_SECRET))).toBe(200);
  expect(await all('github-events')).toEqual([JSON.parse(push)]);
}, 60_000);

test('webhooks of a host that has no secret for them', async () => {
  await begin(['webhook-stripe']);
  const remedy = /no secret STRIPE_SECRET.*KAFKA_DO_SECRET_STRIPE_SECRET.*--secrets/;
  await expect(kafka`stripe-events`.fromWebhook('/webhooks/stripe')).rejects.toThrow(remedy);
  expect((await fetch(`${host.url}/webhooks/stripe`, { method: 'POST', body: '{}' })).status).toBe(404);
}, 60_000);
