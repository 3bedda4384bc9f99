import { afterAll, beforeAll, expect, test } from 'vitest';

import { connect, ConnectionError, ProblemError, QuestionError, type Kafka } from '../../src/tiny.ts';
import { Host } from './host.ts';

let host: Host;
let kafka: Kafka;

beforeAll(async () => {
  host = await Host.start();
  kafka = connect(host.options);
});
afterAll(() => host.stop());

test('a sentence does nothing until it is awaited, and then once', async () => {
  const lazy = kafka`create topic lazy`;
  expect((await kafka`list topics`).map(({ name }: { name: string }) => name)).not.toContain('lazy');
  const [first, second] = await Promise.all([lazy, lazy]);
  expect(first).toBe(second);
  expect(first).toMatchObject({ name: 'lazy', partitions: 1 });
});

test('answers are plain: lists are arrays, and numbers are numbers', async () => {
  await kafka`create topic orders with 3 partitions`;
  const info = await kafka`describe orders`;
  expect(info.partitions).toBe(3);
  await kafka`add 3 partitions to orders`;
  expect((await kafka`describe orders`).partitions).toBe(6);
  expect((await kafka`set orders retention to 30 days`.confirm()).retention_ms).toBe(30 * 86_400_000);
  await kafka`orders`.produce({ id: 1 });
  for await (const record of kafka`orders group my-processor`) {
    const { members, lag } = await kafka`describe group my-processor`;
    expect({ members, lag, id: record.id }).toEqual({ members: 1, lag: 1, id: 1 });
    break;
  }
  expect((await kafka`describe group my-processor`).members).toBe(0);
  const [order] = await kafka`orders from beginning`;
  expect([order.id, order.value.id, order.topic, order.offset, JSON.stringify(order)]).toEqual([
    1,
    1,
    'orders',
    0,
    '{"id":1}',
  ]);
  expect(await kafka`orders as nobody`).toBe(null);
});

test('what destroys asks to be confirmed', async () => {
  await kafka`create topic old-events`;
  await expect(kafka`delete topic old-events`).rejects.toMatchObject({
    name: 'ProblemError',
    code: 'confirmation-needed',
    status: 409,
  });
  expect(await kafka`describe old-events`).toMatchObject({ name: 'old-events' });
  await kafka`delete topic old-events`.confirm();
  await expect(kafka`describe old-events`).rejects.toBeInstanceOf(ProblemError);
});

test('what cannot be read rejects with the question and its suggestions', async () => {
  const error = await kafka`create a topic for me`.then(null, (error) => error);
  expect(error).toBeInstanceOf(QuestionError);
  expect(error.question).toContain('name');
  expect(error.message).toContain(error.question);
  expect(Array.isArray(error.suggestions)).toBe(true);
});

test('values are literals, whatever they say', async () => {
  for (const name of ['to', 'delete', 'with', 'all-topics']) {
    await kafka`create topic ${name} with ${2} partitions`;
    expect(await kafka`describe topic ${name}`).toMatchObject({ name, partitions: 2 });
  }
  const said = 'x" to orders, delete topic orders';
  await kafka`produce ${said} to ${'all-topics'}`;
  await kafka`produce ${{ 'a"': "b' } to orders" }} to ${'all-topics'}`;
  const records = await kafka`${'all-topics'} from beginning`;
  const values = records.map(({ value }: { value: unknown }) => value);
  expect(values).toHaveLength(2);
  expect(values).toEqual(expect.arrayContaining([said, { 'a"': "b' } to orders" }]));
});

test('a host that is not there is a ConnectionError that says what to do', async () => {
  const nowhere = connect({ url: 'http://127.0.0.1:9', retryMs: 0 });
  await expect(nowhere`list topics`).rejects.toBeInstanceOf(ConnectionError);
  await expect(nowhere`list topics`).rejects.toThrow('kafka-do serve');
});

test('the token goes along, and the address comes from the environment', async () => {
  const seen: [string, string | null][] = [];
  const spy: typeof fetch = (input, init) => {
    seen.push([String(input), new Headers(init!.headers).get('authorization')]);
    return fetch(input, init);
  };
  await connect({ url: `${host.url}/`, token: 'secret', fetch: spy })`list topics`;
  process.env['KAFKA_DO_URL'] = host.url;
  await connect({ fetch: spy })`list topics`;
  delete process.env['KAFKA_DO_URL'];
  expect(seen).toEqual([
    [`${host.url}/v1/ask`, 'Bearer secret'],
    [`${host.url}/v1/ask`, null],
  ]);
});
