import { describe, expectTypeOf, test } from 'vitest';

import { kafka as tiny, type Receipt, type StreamRecord } from '../src/tiny.ts';
import { kafka, type Handle, type Stream, type Total } from '../src/streams.ts';

interface Order {
  id: string;
  amount: number;
  region: 'us' | 'eu';
  items: { sku: string; n: number }[];
  topic: boolean;
}

interface TopicInfo {
  name: string;
  partitions: number;
}

const customers = { get: async (id: string) => ({ id, name: 'x' }) };
const orders = kafka<Order>`orders`;

describe('records', () => {
  test('the value reads through, and the own names of a record come first', () => {
    expectTypeOf<StreamRecord<Order>['amount']>().toEqualTypeOf<number>();
    expectTypeOf<StreamRecord<Order>['topic']>().toEqualTypeOf<string>();
    expectTypeOf<StreamRecord<Order>['value']['topic']>().toEqualTypeOf<boolean>();
    expectTypeOf<StreamRecord<Order>['offset']>().toEqualTypeOf<number>();
    expectTypeOf<StreamRecord<number>['value']>().toEqualTypeOf<number>();
    // @ts-expect-error There is no such field.
    type _Missing = StreamRecord<Order>['missing'];
    expectTypeOf<ReturnType<StreamRecord<Order>['toJSON']>>().toEqualTypeOf<Order>();
  });

  test('without a type everything goes, as on the page', () => {
    expectTypeOf<StreamRecord['anything']>().toBeAny();
    expectTypeOf<StreamRecord['offset']>().toEqualTypeOf<number>();
  });
});

describe('sentences', () => {
  test('what is awaited and what is read have the type that was asked for', async () => {
    expectTypeOf(await tiny`describe orders`).toBeAny();
    expectTypeOf(await tiny<TopicInfo>`describe orders`).toEqualTypeOf<TopicInfo>();
    for await (const record of tiny<Order>`orders group a`) {
      expectTypeOf(record.items).toEqualTypeOf<{ sku: string; n: number }[]>();
    }
    expectTypeOf(tiny<Order>`orders`.produce)
      .parameter(0)
      .toEqualTypeOf<Order | null>();
    expectTypeOf(tiny<Order>`orders`.produce).returns.resolves.toEqualTypeOf<Receipt>();
    expectTypeOf(tiny`orders`.produce)
      .parameter(0)
      .toBeAny();
    // @ts-expect-error A step is no part of tiny.
    tiny`orders`.filter;
    // @ts-expect-error A partition is a number.
    tiny`orders`.produce({}, { partition: '1' });
  });
});

describe('chains', () => {
  test('steps carry types on', () => {
    expectTypeOf(orders.filter((o) => o.amount > 5)).toEqualTypeOf<Stream<Order>>();
    expectTypeOf(
      orders.filter((o): o is Order & { region: 'us' } => o.region === 'us').map((o) => o.region),
    ).toEqualTypeOf<Stream<'us'>>();
    expectTypeOf(orders.map((o) => ({ ...o, tier: 'premium' as const })).collect()).resolves.items.toExtend<
      Order & { tier: 'premium' }
    >();
    expectTypeOf(orders.map(async (o) => customers.get(o.id))).toEqualTypeOf<Stream<{ id: string; name: string }>>();
    expectTypeOf(orders.map((o, { offset }) => [o.id, offset] as const)).toEqualTypeOf<
      Stream<readonly [string, number]>
    >();
    expectTypeOf(orders.flatMap((o) => o.items)).toEqualTypeOf<Stream<{ sku: string; n: number }>>();
    expectTypeOf(orders.flatMap(async (o) => o.items)).toEqualTypeOf<Stream<{ sku: string; n: number }>>();
    expectTypeOf(orders.tap((o) => console.log(o.id))).toEqualTypeOf<Stream<Order>>();
    expectTypeOf(orders.keyBy((o) => o.id)).toEqualTypeOf<Stream<Order>>();
    expectTypeOf(orders.collect()).resolves.toEqualTypeOf<Order[]>();
    // @ts-expect-error There is no such field.
    orders.map((o) => o.missing);
    // @ts-expect-error The second parameter is the record, without its value.
    orders.map((_, record) => record.value);
    // @ts-expect-error What is gone is gone.
    orders.map((o) => o.amount).filter((n) => n.amount);
  });

  test('aggregates are called as they are', () => {
    const byRegion = orders.groupBy((o) => o.region);
    expectTypeOf(byRegion.count()).toEqualTypeOf<Stream<{ key: string; count: number }>>();
    expectTypeOf(byRegion.sum((o) => o.amount)).toEqualTypeOf<Stream<{ key: string; sum: number }>>();
    expectTypeOf(byRegion.reduce((n, o) => n + o.amount, 0)).toEqualTypeOf<Stream<{ key: string; value: number }>>();
    expectTypeOf(byRegion.reduce((a, b) => (a.amount > b.amount ? a : b))).toEqualTypeOf<
      Stream<{ key: string; value: Order }>
    >();
    type InWindow = { key: string; window_start_ms: number; window_end_ms: number };
    expectTypeOf(
      orders
        .window('5 minutes')
        .groupBy((o) => o.region)
        .count(),
    ).toEqualTypeOf<Stream<{ key: string; window_start_ms: number; window_end_ms: number; count: number }>>();
    expectTypeOf(
      byRegion
        .window('1 minute', { time: (o) => o.id })
        .max((o) => o.amount)
        .collect(),
    ).resolves.items.toExtend<InWindow & { max: number }>();
    // @ts-expect-error An aggregate is of numbers.
    byRegion.sum((o) => o.id);
    // @ts-expect-error What is grouped has to be aggregated before it is sent on.
    byRegion.to('topic');
    // @ts-expect-error The same of windows.
    orders.window('1 minute').collect();
    // @ts-expect-error Without a window there is none.
    byRegion.count().map((c) => c.window_start_ms);
  });

  test('totals are values', async () => {
    expectTypeOf(orders.count()).toEqualTypeOf<Total<number>>();
    expectTypeOf(await orders.count()).toEqualTypeOf<number>();
    expectTypeOf(await orders.min((o) => o.amount)).toEqualTypeOf<number | undefined>();
    expectTypeOf(await orders.reduce((state, o) => ({ n: state.n + o.amount }), { n: 0 })).toEqualTypeOf<{
      n: number;
    }>();
    expectTypeOf(await orders.reduce(async (n, o) => n + o.amount, 0)).toEqualTypeOf<number>();
  });

  test('ends are handles', async () => {
    expectTypeOf(await orders.to('topic')).toEqualTypeOf<Handle>();
    expectTypeOf(
      await orders.branch([(o) => o.region === 'us', 'us-orders'], [() => true, 'rest']),
    ).toEqualTypeOf<Handle>();
    expectTypeOf(orders.branch([(o) => o.amount > 1, 'a']).map((o) => o.id)).toEqualTypeOf<Stream<string>>();
    expectTypeOf(
      await orders
        .filter(() => true)
        .as('name')
        .to('topic')
        .as('other'),
    ).toEqualTypeOf<Handle>();
    // @ts-expect-error A branch is a function and a topic.
    orders.branch([(o) => o.missing, 'a']);
    // @ts-expect-error There is at least one.
    orders.branch();
  });

  test('a handle says where it runs, and one that runs here has an end', async () => {
    const handle = await orders.to('topic');
    if (handle.runs === 'client') {
      expectTypeOf(await handle.ended).toEqualTypeOf<void>();
    } else {
      // @ts-expect-error What runs on the server does not end with this process.
      handle.ended;
    }
  });

  test('without a type everything goes, as on the page', async () => {
    const page = kafka`orders`;
    expectTypeOf(
      page
        .filter((o) => o.amount > 100)
        .map((o) => ({ ...o, tier: 'premium' }))
        .to(`high-value-orders`)
        .then(),
    ).resolves.toEqualTypeOf<Handle>();
    const topPages = await kafka`page-view-counts`.filter((c) => c.count > 1000).collect();
    expectTypeOf(topPages).toEqualTypeOf<any[]>();
    const user = await kafka`user-events`
      .filter((e) => e.userId === 'u-123')
      .reduce((state, event) => ({ ...state, ...event }), {});
    expectTypeOf(user).toEqualTypeOf<{}>();
    for await (const order of kafka`orders group inventory`) {
      expectTypeOf(order.items).toBeAny();
    }
  });
});
