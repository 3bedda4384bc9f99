import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { resolve } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { connect, type Kafka } from '../../src/index.ts';
import { Host } from './host.ts';

let host: Host;
let kafka: Kafka;

beforeAll(async () => {
  host = await Host.start(['natural-language', 'webhook', 'webhook-stripe', 'filter-json']);
  kafka = connect(host.options);
}, 60_000);
afterAll(() => host.stop());

const all = async <T>(items: AsyncIterable<T>) => {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
};
const values = async (topic: string) => (await all(kafka`${topic} from beginning`)).map(({ value }) => value);

test('the types are those that the host describes', () => {
  const script = resolve(import.meta.dirname, '../../scripts/openapi.js');
  execFileSync('node', [script, host.url, '--check'], { stdio: ['ignore', 'inherit', 'inherit'] });
});

test('the plain API is typed and complete', async () => {
  const topic = await kafka.topics.create('orders', { partitions: 2, retention_ms: 60_000 });
  expect([topic.partitions, topic.retention_ms]).toEqual([2, 60_000]);
  expect((await kafka.topics.alter('orders', { partitions: 3 })).partitions).toBe(3);
  expect((await kafka.topics.create('orders')).partitions).toBe(3);
  for (let n = 0; n < 30; n += 1) await kafka.topics.create(`many-${String(n).padStart(2, '0')}`);
  expect((await all(kafka.topics.list())).map(({ name }) => name)).toContain('many-29');
  await kafka.topics.delete('many-00');
  await expect(kafka.topics.get('many-00')).rejects.toMatchObject({ code: 'unknown-topic' });
});

test('groups and deployments', async () => {
  await kafka`jobs`.produceBatch([{ n: 1 }, { n: 2 }]);
  for await (const { n } of kafka`jobs group workers`) if (n === 2) break;
  expect((await kafka.groups.get('workers')).lag).toBe(1);
  expect((await kafka.groups.reset('workers', { to: 'latest' })).partitions).toHaveLength(1);
  expect((await all(kafka.groups.list())).map(({ group, lag }) => [group, lag])).toContainEqual(['workers', 0]);
  await kafka.groups.delete('workers');
  expect((await all(kafka.plugins.list())).map(({ name }) => name)).toContain('filter-json');
  const plugin = await kafka.plugins.get('filter-json');
  expect(plugin.role).toBe('processing');
  const settings = { path: 'n', comparison: 'equal', operand: 1 };
  const status = await kafka.deployments.put('copies', {
    plugin: 'filter-json',
    inputs: ['jobs'],
    output: 'copies',
    settings,
  });
  expect(status).toMatchObject({ name: 'copies', generation: 1, output: 'copies' });
  expect((await kafka.deployments.pause('copies')).state).toBe('paused');
  await kafka.deployments.resume('copies');
  expect((await all(kafka.deployments.list())).map(({ name }) => name)).toContain('copies');
  await kafka.deployments.delete('copies');
  await expect(kafka.deployments.get('copies')).rejects.toMatchObject({ status: 404 });
});

test('a transaction is stored whole or not at all', async () => {
  const receipts = await kafka.transaction(async (tx) => {
    await tx`debits`.produce({ amount: 5 }, { key: 'a' });
    void tx`credits`.produceBatch([{ amount: 2 }, { amount: 3 }]);
  });
  expect(receipts.map(({ topic, offset }) => [topic, offset])).toEqual([
    ['debits', 0],
    ['credits', 0],
    ['credits', 1],
  ]);
  await expect(
    kafka.transaction(async (tx) => {
      await tx`debits`.produce({ amount: 7 });
      throw new Error('no funds');
    }),
  ).rejects.toThrow('no funds');
  await expect(
    kafka.transaction((tx) => {
      void tx`debits`.produce({ amount: 8 });
      tx.moveGroup({ group: 'g', topic: 'credits', partition: 0, offset: 1, expected: 99 });
    }),
  ).rejects.toMatchObject({ status: 409 });
  expect([await values('debits'), await values('credits')]).toEqual([[{ amount: 5 }], [{ amount: 2 }, { amount: 3 }]]);
  expect(await kafka.transaction(() => {})).toEqual([]);
});

test('webhooks are taken where they were asked for, from the sender that is known', async () => {
  const handle = await kafka`stripe-events`.fromWebhook('/webhooks/stripe', { secret: 'whsec_test' });
  const body = '{"id":"evt_1","object":"event","type":"invoice.paid"}';
  const now = Math.floor(Date.now() / 1000);
  const post = (signature: string) =>
    fetch(`${host.url}/webhooks/stripe`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', 'stripe-signature': `t=${now},v1=${signature}` },
    });
  expect((await post('00')).status).toBe(401);
  expect((await post(createHmac('sha256', 'whsec_test').update(`${now}.${body}`).digest('hex'))).status).toBe(200);
  expect(await values('stripe-events')).toEqual([JSON.parse(body)]);
  expect(handle.name).toBe('stripe-events-webhook');
  await handle.remove();
  await expect(kafka`stripe-events`.fromWebhook('webhooks')).rejects.toThrow('slash');
  await expect(kafka`stripe-events`.fromWebhook('/webhooks/stripe')).rejects.toThrow('STRIPE_SECRET');
  const open = await kafka`open-events`.fromWebhook('/in/anything', { verify: { method: 'none' } });
  expect((await fetch(`${host.url}/in/anything`, { method: 'POST', body: '{"a":1}' })).status).toBe(200);
  expect(await values('open-events')).toEqual([{ a: 1 }]);
  await open.remove();
});
