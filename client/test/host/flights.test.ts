/** Chains over a year of real flights, each beside plain JavaScript over the same file. */

import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { connect, type Kafka } from '../../src/index.ts';
import { Host } from './host.ts';

const DATA = process.env['KAFKA_DO_TEST_DATA'] ?? resolve(import.meta.dirname, '../../../../shared/data');
const FILE = join(DATA, 'flights.ndjson.gz');
if (!existsSync(FILE)) {
  console.warn(`SKIPPED: ${FILE} is not there; set KAFKA_DO_TEST_DATA to the folder that has it`);
}
/** All of them, unless fewer are asked for. */
const COUNT_MAX = Number(process.env['KAFKA_DO_TEST_FLIGHTS'] ?? 336_776);

interface Flight {
  month: number;
  dep_delay: number | null;
  arr_delay: number | null;
  carrier: string;
  tailnum: string | null;
  origin: string;
  dest: string;
  air_time: number | null;
  distance: number;
  time_hour: string;
}

/** That of the most flights. */
const aircraft = 'N725MQ';
const DAY_MS = 86_400_000;

describe.skipIf(!existsSync(FILE))('over a year of flights', () => {
  let host: Host;
  let kafka: Kafka;
  let flights: Flight[];

  beforeAll(async () => {
    host = await Host.start(['natural-language', 'script']);
    kafka = connect(host.options);
    flights = gunzipSync(readFileSync(FILE))
      .toString()
      .trimEnd()
      .split('\n', COUNT_MAX)
      .map((line) => JSON.parse(line));
    await kafka.topics.create('flights', { partitions: 2 });
    const receipts = await kafka`flights`.produceBatch(flights, ({ tailnum, time_hour }) => ({
      key: tailnum,
      timestamp: Date.parse(time_hour),
    }));
    expect(receipts.length).toBe(COUNT_MAX);
  }, 180_000);
  afterAll(() => host?.stop());

  /** What stands in a topic, once it is as much as it has to be. */
  const standing = async (topic: string, count: number) => {
    const size = async () =>
      (await kafka.topics.get(topic)).offsets.reduce((sum, { high_watermark }) => sum + high_watermark, 0);
    while ((await size()) < count) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const values: any[] = [];
    for await (const { value } of kafka`${topic} from beginning`) values.push(value);
    return values;
  };
  /** Whether two lists have the same values, in any order; it tells the first ones that they do not share. */
  const isSame = (found: unknown[], expected: unknown[]) => {
    const [ours, theirs] = [found, expected].map((values) => values.map((value) => JSON.stringify(value)).sort());
    const strange = ours!.filter((value, index) => value !== theirs![index]).slice(0, 3);
    expect({ count: found.length, strange }).toEqual({ count: expected.length, strange: [] });
  };

  test('event sourcing: the events of one aircraft are folded into its state', async () => {
    interface State {
      flights: number;
      cancelled: number;
      miles: number;
      at: string | null;
      airports: Record<string, number>;
      worst: number;
    }
    const begin: State = { flights: 0, cancelled: 0, miles: 0, at: null, airports: {}, worst: 0 };
    const fly = (state: State, flight: Flight): State => {
      const isCancelled = flight.air_time === null;
      const visits = state.airports[flight.dest] ?? 0;
      return {
        flights: state.flights + 1,
        cancelled: state.cancelled + (isCancelled ? 1 : 0),
        miles: state.miles + (isCancelled ? 0 : flight.distance),
        at: isCancelled ? state.at : flight.dest,
        airports: { ...state.airports, ...(isCancelled ? {} : { [flight.dest]: visits + 1 }) },
        worst: Math.max(state.worst, flight.arr_delay ?? 0),
      };
    };
    const state = await kafka<Flight>`flights`
      .filter((flight) => flight.tailnum === aircraft)
      .with({ aircraft })
      .reduce(fly, begin);
    const expected = flights.filter(({ tailnum }) => tailnum === aircraft).reduce(fly, begin);
    expect(expected.flights).toBeGreaterThan(10);
    expect(state).toEqual(expected);
  }, 180_000);

  test('analytics: counts, sums and averages by day and group, and a question about them', async () => {
    const groups = new Map<string, { carrier: string; startMs: number; count: number; miles: number; delay: number }>();
    for (const { carrier, time_hour, distance, dep_delay } of flights) {
      const startMs = Math.floor(Date.parse(time_hour) / DAY_MS) * DAY_MS;
      const key = `${startMs} ${carrier}`;
      const group = groups.get(key) ?? { carrier, startMs, count: 0, miles: 0, delay: 0 };
      group.count += 1;
      group.miles += distance;
      group.delay += dep_delay ?? 0;
      groups.set(key, group);
    }
    const expected = (shown: (group: { count: number; miles: number; delay: number }) => object) =>
      [...groups.values()].map(({ carrier, startMs, ...group }) => ({
        key: carrier,
        window_start_ms: startMs,
        window_end_ms: startMs + DAY_MS,
        ...shown(group),
      }));
    const byDay = () => kafka<Flight>`flights`.window('1 day').groupBy((flight) => flight.carrier);
    isSame(
      await byDay().count().collect(),
      expected(({ count }) => ({ count })),
    );
    const miles = await byDay()
      .sum((flight) => flight.distance)
      .collect();
    isSame(
      miles,
      expected(({ miles }) => ({ sum: miles })),
    );
    const delays = await byDay()
      .average((flight) => flight.dep_delay ?? 0)
      .collect();
    isSame(
      delays,
      expected(({ delay, count }) => ({ average: delay / count })),
    );

    // On their way to a topic, which is then asked. A window is closed a day after its end; the last ones stay open.
    await kafka<Flight>`flights`
      .window('1 day', { time: (flight) => flight.time_hour, grace: '1 day' })
      .groupBy((flight) => flight.carrier)
      .count()
      .to('flights-a-day');
    const endMs = flights.reduce((latest, { time_hour }) => Math.max(latest, Date.parse(time_hour)), 0);
    const closed = [...groups.values()].filter(({ startMs }) => startMs + 2 * DAY_MS <= endMs);
    const counts = closed.map(({ carrier, startMs, count }) => ({
      key: carrier,
      window_start_ms: startMs,
      window_end_ms: startMs + DAY_MS,
      count,
    }));
    isSame(await standing('flights-a-day', counts.length), counts);
    const busy = await kafka`flights-a-day`.filter((day) => day.count > 160).collect();
    isSame(
      busy,
      counts.filter(({ count }) => count > 160),
    );
    expect(busy.length).toBeGreaterThan(5);
  }, 400_000);

  test('fan-out: three topics at once, and a branch, have what belongs there', async () => {
    const chains = [
      kafka<Flight>`flights`.map((flight) => ({ from: flight.origin, to: flight.dest })).to('routes'),
      kafka<Flight>`flights`.map((flight) => [flight.carrier, flight.dep_delay, flight.arr_delay]).to('delays'),
      kafka<Flight>`flights`.map((flight) => ({ tail: flight.tailnum, miles: flight.distance })).to('legs'),
    ] as const;
    const [routes, delays, legs] = await Promise.all(chains);
    expect([routes.runs, delays.runs, legs.runs]).toEqual(['server', 'server', 'server']);
    const branches = await kafka<Flight>`flights`.branch(
      [(flight) => flight.air_time === null, 'cancelled'],
      [(flight) => flight.dep_delay! > 120, 'late'],
      [() => true, 'others'],
    );
    expect(branches.runs).toBe('server');

    const total = flights.length;
    isSame(
      await standing('routes', total),
      flights.map(({ origin, dest }) => ({ from: origin, to: dest })),
    );
    isSame(
      await standing('delays', total),
      flights.map(({ carrier, dep_delay, arr_delay }) => [carrier, dep_delay, arr_delay]),
    );
    isSame(
      await standing('legs', total),
      flights.map(({ tailnum, distance }) => ({ tail: tailnum, miles: distance })),
    );
    const cancelled = flights.filter(({ air_time }) => air_time === null);
    const late = flights.filter(({ air_time, dep_delay }) => air_time !== null && dep_delay! > 120);
    const others = flights.filter(({ air_time, dep_delay }) => air_time !== null && !(dep_delay! > 120));
    expect(cancelled.length + late.length + others.length).toBe(total);
    isSame(await standing('cancelled', cancelled.length), cancelled);
    isSame(await standing('late', late.length), late);
    isSame(await standing('others', others.length), others);
  }, 400_000);
});
