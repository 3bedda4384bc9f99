import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { connect, type Kafka, type Stream } from '../../src/streams.ts';
import { Host } from './host.ts';

let host: Host;
let kafka: Kafka;

interface Order {
  id: number;
  amount: number;
  region: string;
  items: string[];
  at: string;
  status?: string;
}

const ORDERS: Order[] = Array.from({ length: 200 }, (_, id) => ({
  id,
  amount: (id * 37) % 251,
  region: ['us', 'eu', 'apac'][id % 3]!,
  items: Array.from({ length: id % 4 }, (_, n) => `item-${n}`),
  at: new Date(1_700_000_000_000 + id * 20_000).toISOString(),
  ...(id % 5 === 0 && { status: 'pending' }),
}));

beforeAll(async () => {
  host = await Host.start(['natural-language', 'script']);
  kafka = connect(host.options);
  await kafka`orders`.produceBatch(ORDERS, ({ id, at }) => ({
    key: `k${id % 7}`,
    headers: { n: String(id) },
    timestamp: Date.parse(at),
  }));
}, 60_000);
afterAll(() => host.stop());

/** The same function, but for a name of its surroundings: so it stays here. */
const here = <F extends (...args: any[]) => any>(fn: F): F => ((...args: any[]) => fn(...args)) as F;
const asIs = <F>(fn: F): F => fn;

/** Chains, with their functions as they are, or made to stay here. */
const CHAINS: Record<
  string,
  (orders: Stream<Order>, f: <F extends (...args: any[]) => any>(fn: F) => F) => Stream<any>
> = {
  filter: (orders, f) => orders.filter(f((o: Order) => o.amount > 100)),
  map: (orders, f) => orders.map(f((o: Order) => ({ ...o, tier: 'premium' }))),
  'a tombstone': (orders, f) => orders.map(f(() => null)),
  flatMap: (orders, f) => orders.flatMap(f((o: Order) => o.items)).map(f((item: string) => item.length)),
  'the record': (orders, f) => orders.map(f((_o: Order, r: any) => [r.key, r.timestamp, r.headers, r.topic])),
  keyBy: (orders, f) => orders.keyBy(f((o: Order) => [o.region])).map(f((_o: Order, r: any) => r.key)),
  tap: (orders, f) => orders.tap(f(() => {})).filter(f((o: Order) => o.id < 3)),
  'groupBy and count': (orders, f) => orders.groupBy(f((o: Order) => o.region)).count(),
  'groupBy and sum': (orders, f) => orders.groupBy(f((o: Order) => o.region)).sum(f((o: Order) => o.amount)),
  'groupBy and min': (orders, f) => orders.groupBy(f((o: Order) => o.items)).min(f((o: Order) => o.amount)),
  'groupBy and max': (orders, f) => orders.groupBy(f((o: Order) => o.id % 2)).max(f((o: Order) => o.amount)),
  'groupBy and average': (orders, f) => orders.groupBy(f((o: Order) => o.region)).average(f((o: Order) => o.amount)),
  'groupBy and reduce': (orders, f) =>
    orders.groupBy(f((o: Order) => o.region)).reduce(
      f((state: number[], o: Order) => {
        state.push(o.id);
        return state;
      }),
      [] as number[],
    ),
  'groupBy and reduce from the first': (orders, f) =>
    orders.groupBy(f((o: Order) => o.region)).reduce(f((a: Order, b: Order) => (a.amount > b.amount ? a : b))),
  'windows by the record': (orders, f) =>
    orders
      .window('5 minutes')
      .groupBy(f((o: Order) => o.region))
      .count(),
  'windows by a field': (orders, f) =>
    orders
      .groupBy(f((o: Order) => o.region))
      .window('1 minute', { time: f((o: Order) => o.at) })
      .sum(f((o: Order) => o.amount)),
  'windows of keys': (orders, f) =>
    orders
      .keyBy(f((o: Order) => o.region))
      .window('1h')
      .count(),
  'a filter that changes what it is shown': (orders, f) =>
    orders.filter(
      f((o: Order) => {
        o.amount = -1;
        o.items.push('x');
        return o.id < 5;
      }),
    ),
  'a filter that changes what a map is shown': (orders, f) =>
    orders
      .filter(
        f((o: Order) => {
          o.amount = -1;
          return o.id < 5;
        }),
      )
      .map(f((o: Order) => [o.id, o.amount]))
      .tap(
        f((pair: number[]) => {
          pair.push(7);
        }),
      ),
  'what is not JSON': (orders, f) =>
    orders.map(f((o: Order) => ({ at: new Date(o.at), none: undefined, nan: NaN, set: new Set([1]), minus: -0 }))),
  'one answer many times': (orders, f) =>
    orders
      .flatMap(
        f((o: Order) => {
          const one = { n: o.id };
          return [one, one];
        }),
      )
      .map(
        f((one: { n: number }) => {
          one.n += 1;
          return one;
        }),
      ),
  'a group by what is no text': (orders, f) =>
    orders.groupBy(f((o: Order) => ({ r: o.region, odd: o.id % 2 }))).count(),
  'steps after an aggregate': (orders, f) =>
    orders
      .groupBy(f((o: Order) => o.region))
      .count()
      .filter(f((c: any) => c.count > 66))
      .map(f((c: any, r: any) => [c, r.key])),
};

const sorted = (values: unknown[]) => values.map((value) => JSON.stringify(value)).sort();

describe('a chain comes to the same on the server and here', () => {
  test.each(Object.keys(CHAINS))('%s', async (name) => {
    const [there, local] = [
      CHAINS[name]!(
        kafka<Order>`orders`.filter(() => true),
        asIs,
      ),
      CHAINS[name]!(kafka<Order>`orders`.filter(here(() => true)), here),
    ];
    expect(new Set((await there.explain()).map(({ runs }) => runs))).toEqual(new Set(['server']));
    expect(new Set((await local.explain()).map(({ runs }) => runs))).toEqual(new Set(['client']));
    const values = await there.collect();
    expect(values.length).toBeGreaterThan(0);
    expect(sorted(values)).toEqual(sorted(await local.collect()));
  });
});

test('a chain splits where a function stays, and says why', async () => {
  const limit = 100;
  const enrich = async (o: Order) => ({ ...o, customer: `c${o.id}` });
  const chain = kafka<Order>`orders`
    .filter((o) => o.amount > 200)
    .map(enrich)
    .filter((o) => o.id > 5);
  expect(await chain.explain()).toEqual([
    { step: 'filter', runs: 'server' },
    { step: 'map', runs: 'client', because: expect.stringContaining('async') },
    { step: 'filter', runs: 'client', because: expect.stringContaining('.map(..)') },
  ]);
  const expected = ORDERS.filter((o) => o.amount > 200 && o.id > 5).map((o) => ({ ...o, customer: `c${o.id}` }));
  expect(await chain.collect()).toEqual(expected);
  expect(await kafka<Order>`orders`.filter((o) => o.amount > limit).explain()).toEqual([
    {
      step: 'filter',
      runs: 'client',
      because: 'limit is not its own; where it is JSON, give it along: .with({ limit })',
    },
  ]);
  const given = kafka<Order>`orders`.filter((o) => o.amount > limit).with({ limit });
  expect(await given.explain()).toEqual([{ step: 'filter', runs: 'server' }]);
  expect(await given.collect()).toEqual(ORDERS.filter((o) => o.amount > 100));
  // How an aggregate is taken goes where the aggregate is.
  const grouped = kafka<Order>`orders`
    .filter((o) => o.id > 1)
    .groupBy((o) => o.region)
    .sum(here((o: Order) => o.amount));
  expect((await grouped.explain()).map(({ runs }) => runs)).toEqual(['server', 'client', 'client']);
  expect(await grouped.collect()).toHaveLength(3);
});

test('totals are known when they are awaited', async () => {
  const orders = kafka<Order>`orders`.filter((o) => o.amount > 100);
  const amounts = ORDERS.map(({ amount }) => amount).filter((amount) => amount > 100);
  const sum = amounts.reduce((a, b) => a + b, 0);
  for (const f of [asIs, here]) {
    expect(await orders.count()).toBe(amounts.length);
    expect(await orders.sum(f((o) => o.amount))).toBe(sum);
    expect(await orders.min(f((o) => o.amount))).toBe(Math.min(...amounts));
    expect(await orders.max(f((o) => o.amount))).toBe(Math.max(...amounts));
    expect(await orders.average(f((o) => o.amount))).toBe(sum / amounts.length);
    expect(
      await orders.reduce(
        f((state: { n: number }, o: Order) => ({ n: state.n + 1, last: o.id })),
        { n: 0 },
      ),
    ).toMatchObject({ n: amounts.length });
    expect(await orders.reduce(f((a, b) => (a.amount > b.amount ? a : b)))).toMatchObject({
      amount: Math.max(...amounts),
    });
  }
  const none = kafka<Order>`orders`.filter(() => false);
  expect([
    await none.count(),
    await none.sum((o) => o.amount),
    await none.min((o) => o.amount),
    await none.reduce((s) => s, { a: 1 }),
  ]).toEqual([0, 0, undefined, { a: 1 }]);
  const applyEvent = (state: Record<string, number>, o: Order) => ({
    ...state,
    [o.region]: (state[o.region] ?? 0) + 1,
  });
  expect(await kafka<Order>`orders`.filter((o) => o.id < 6).reduce((state, o) => applyEvent(state, o), {})).toEqual({
    us: 2,
    eu: 2,
    apac: 2,
  });
});

test('a chain is iterated record by record, from where its sentence begins, and left early', async () => {
  const since = new Date(Date.parse(ORDERS[190]!.at));
  const seen: unknown[] = [];
  for await (const record of kafka<Order>`orders since ${since}`.map((o) => ({ twice: o.id * 2 }))) {
    seen.push([record.key, record.twice, record.value.twice]);
    if (seen.length === 3) break;
  }
  expect(seen).toEqual([
    ['k1', 380, 380],
    ['k2', 382, 382],
    ['k3', 384, 384],
  ]);
});

test('a chain ends where its sentence does', async () => {
  const [since, until] = [new Date(Date.parse(ORDERS[10]!.at)), new Date(Date.parse(ORDERS[20]!.at))];
  for (const f of [asIs, here]) {
    const ids = await kafka<Order>`orders between ${since} and ${until}`.map(f((o: Order) => o.id)).collect();
    expect(ids).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
  }
});

test('a function that throws ends the chain, wherever it runs', async () => {
  const failing = (o: Order) => (o.id === 5 ? (null as any).x : o.id);
  await expect(kafka<Order>`orders`.map((o) => (o.id === 5 ? (null as any).x : o.id)).collect()).rejects.toMatchObject({
    name: 'ProblemError',
    code: 'function-failed',
  });
  await expect(kafka<Order>`orders`.map(here(failing)).collect()).rejects.toThrow(TypeError);
});

test('a number that JSON has no text for is refused, wherever it is made', async () => {
  for (const f of [asIs, here]) {
    const said = 'answered Infinity, which is not JSON; answer null or a text for it';
    await expect(kafka<Order>`orders`.map(f((o: Order) => o.amount / 0)).collect()).rejects.toThrow(/(Infinity|NaN), which/);
    await expect(kafka<Order>`orders`.flatMap(f(() => [1 / 0])).collect()).rejects.toThrow(said);
  }
});

test('records are aggregated in the order of time over all partitions, wherever that is done', async () => {
  await kafka`create topic ticks with 3 partitions`;
  const ids = Array.from({ length: 3_000 }, (_, id) => id);
  for (let from = 0; from < ids.length; from += 500) {
    await kafka`ticks`.produceBatch(ids.slice(from, from + 500), (id) => ({
      partition: id % 3,
      timestamp: 1_700_000_000_000 + id,
    }));
  }
  const list = (state: number[], id: number) => [...state, id];
  for (const f of [asIs, here]) {
    const ticks = kafka<number>`ticks`.filter(f(() => true));
    expect(await ticks.reduce(f(list), [])).toEqual(ids);
    expect(await kafka<number>`ticks`.reduce(f(list), [])).toEqual(ids);
    const grouped = ticks.groupBy(f(() => 'all')).reduce(f(list), []);
    expect(await grouped.map((group) => group.value).collect()).toEqual([ids]);
  }
  const older = await kafka<number>`ticks`.reduce(
    here(({ last, older }: { last: number; older: number }, id: number) => ({
      last: id,
      older: older + Number(id < last),
    })),
    { last: -1, older: 0 },
  );
  expect(older).toEqual({ last: 2_999, older: 0 });
});

test('what cannot be meant is refused at once', async () => {
  expect(() => kafka`orders`.window('soon')).toThrow("'5 minutes'");
  expect(() => kafka`orders`.window(0)).toThrow(TypeError);
  expect(() => kafka`orders`.to('no such/name')).toThrow(TypeError);
  expect(() => kafka`orders`.as('no name')).toThrow(TypeError);
  for (const values of [
    { f: () => 1 },
    { d: new Date() },
    { m: new Map() },
    { u: undefined },
    { n: NaN },
    { 'a b': 1 },
    { produce: 1 },
    { a: [, 1] },
    { z: -0 },
  ]) {
    expect(() => kafka`orders`.with(values as never), JSON.stringify(Object.keys(values))).toThrow(TypeError);
  }
  await expect(kafka`list topics`.filter(() => true).collect()).rejects.toThrow('list topics');
  await expect(kafka`first 5 from orders`.filter(() => true).collect()).rejects.toThrow('since when');
  await expect(kafka`last 5 from orders`.filter(() => true).collect()).rejects.toThrow('since when');
  await expect(kafka`orders where id > 5`.filter(() => true).collect()).rejects.toThrow('since when');
  await expect(kafka`orders group g`.filter(() => true).collect()).rejects.toThrow('group');
});

test('a group is read through a chain', async () => {
  const seen: number[] = [];
  for await (const { value } of kafka<Order>`orders group chained`.filter((o) => o.id % 2 === 0).map((o) => o.id)) {
    seen.push(value);
    if (seen.length === 5) break;
  }
  expect(seen).toEqual([0, 2, 4, 6, 8]);
  // What the filter took out on the way is committed; the one that the loop stopped at is not.
  expect((await host.json('/v1/groups/chained')).lag).toBe(192);
});
