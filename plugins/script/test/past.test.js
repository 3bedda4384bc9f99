import assert from 'node:assert/strict';
import { test } from 'node:test';

import { finish, json, query, reasons, script, values } from './script.js';

const ended = (harness) => values({ records: finish(harness).flat() });
const minute = 60_000;

test('an aggregate of a past emits once a group, at the end, the group that came first', () => {
  const harness = query([{ groupBy: 'o => o.by' }, { sum: 'o => o.n' }]);
  assert.deepEqual(harness.internalTopics, []);
  const first = harness.process([
    { json: { by: 'b', n: 1 }, timestampMs: 5 },
    { json: { by: 'a', n: 2 }, timestampMs: 7 },
    { json: { by: 'b', n: 4 }, timestampMs: 6 },
  ]);
  assert.deepEqual(first, { kept: [], records: [], rejections: [] });
  const [records, ...more] = finish(harness);
  assert.deepEqual(more, []);
  assert.deepEqual(records, [
    { topic: null, timestampMs: 6, key: 'b', value: '{"key":"b","sum":5}', headers: [] },
    { topic: null, timestampMs: 7, key: 'a', value: '{"key":"a","sum":2}', headers: [] },
  ]);
  ['aggregates', 'windows', 'kind'].forEach((table) => assert.equal(harness.state(table).size, 0));
});

test('all aggregates are of all partitions', () => {
  const run = (step) => {
    const harness = query([step]);
    [4, 1, 7].forEach((n, partition) => harness.process([{ key: 'k', json: { n }, timestampMs: n }], { partition }));
    return Object.values(ended(harness)[0])[1];
  };
  assert.equal(run({ count: true }), 3);
  assert.equal(run({ sum: 'o => o.n' }), 12);
  assert.equal(run({ min: 'o => o.n' }), 1);
  assert.equal(run({ max: 'o => o.n' }), 7);
  assert.equal(run({ average: 'o => o.n' }), 4);
  assert.deepEqual(run({ reduce: '(s, o, r) => [...s, [o.n, r.partition]]', initial: [] }), [[1, 1], [4, 0], [7, 2]]);
  assert.deepEqual(run({ reduce: '(s, o) => ({ n: s.n * 10 + o.n })' }), { n: 147 });
});

test('windows come with the oldest first, and nothing is late', () => {
  const harness = query([{ window_ms: minute, time: 'o => o.at' }, { groupBy: 'o => o.by' }, { count: true }]);
  assert.deepEqual(harness.fields, ['at', 'by']);
  const at = (by, time) => ({ json: { by, at: time } });
  harness.process([at('b', 2 * minute), at('z', 1), at('a', -1), at('b', 59_999), at('a', 2 * minute), at('z', 0), at('x', 253_402_300_799_999)]);
  const records = finish(harness).flat();
  assert.deepEqual(records.map(({ key, timestampMs, value }) => [key, timestampMs, JSON.parse(value).window_start_ms, JSON.parse(value).count]), [
    ['a', -1, -minute, 1],
    ['z', 59_999, 0, 2],
    ['b', 59_999, 0, 1],
    ['b', 3 * minute - 1, 2 * minute, 1],
    ['a', 3 * minute - 1, 2 * minute, 1],
    ['x', 253_402_300_799_999, 253_402_300_740_000, 1],
  ]);
});

test('items are folded in the order of time across partitions, and of offsets within one', () => {
  let state = 7;
  const draw = (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  for (let round = 0; round < 300; round += 1) {
    const count = 1 + draw(4);
    const partitions = Array.from({ length: count }, (_, partition) => {
      let most = -Infinity;
      return Array.from({ length: draw(30) }, (_, offset) => {
        const timestampMs = draw(20) + offset * draw(3);
        most = Math.max(most, timestampMs);
        return { partition, offset, timestampMs, most, passes: draw(4) > 0 };
      });
    });
    const expected = partitions
      .flat()
      .filter(({ passes }) => passes)
      .sort((a, b) => a.most - b.most || a.partition - b.partition || a.offset - b.offset)
      .map(({ partition, offset }) => [partition, offset]);

    const harness = query([
      { filter: 'o => o.passes' },
      { groupBy: '() => "all"' },
      { reduce: '(s, _, { partition, offset }) => { s.push([partition, offset]); return s; }', initial: [] },
    ]);
    const left = partitions.map((records) => [...records]);
    while (left.some((records) => records.length > 0)) {
      // As a host does it that reads the partition on that is farthest behind, or any other one.
      const next = draw(count);
      const batch = left[next].splice(0, 1 + draw(6));
      const watermarks = partitions.map((records, i) => {
        const readCount = records.length - left[i].length - (i === next ? batch.length : 0);
        return readCount === records.length ? Infinity : readCount === 0 ? -Infinity : records[readCount - 1].most;
      });
      const watermarkMs = Math.min(...watermarks);
      const rows = batch.map(({ passes, timestampMs }) => ({ json: { passes }, timestampMs }));
      harness.process(rows, { partition: next, ...(Number.isFinite(watermarkMs) && { watermarkMs }) });
    }
    const found = ended(harness)[0]?.value ?? [];
    assert.deepEqual(found, expected);
  }
});

test('what no record can come before is folded at once', () => {
  const harness = query([{ reduce: '(s, o) => { if (o.n === 2) throw new Error("two"); return s + o.n; }', initial: 0 }]);
  const row = (n) => ({ key: 'k', json: { n }, timestampMs: n });
  harness.process([row(1), row(2), row(3)], { partition: 1, watermarkMs: 2 });
  assert.throws(() => harness.process([row(4)], { partition: 0, watermarkMs: 3 }), { kind: 'fatal', message: 'step 1 (reduce): Error: two' });
});

test('what throws for a row refuses it, and nothing of it is aggregated', () => {
  const harness = query([{ flatMap: 'o => o.list' }, { groupBy: 'o => o.by' }, { sum: 'o => o.n' }]);
  const outcome = harness.process([
    ...json({ list: [{ by: 'a', n: 1 }, { by: 'a', n: 2 }] }, { list: [{ by: 'a', n: 4 }, { by: 'a', n: 'x' }] }, { list: [{ n: 1 }] }),
    { value: 'text' },
  ]);
  assert.match(reasons(outcome)[0], /^step 3 \(sum\): TypeError: answered string, which is no number/);
  assert.match(reasons(outcome)[1], /^step 2 \(groupBy\): TypeError: the group is undefined/);
  assert.match(reasons(outcome)[2], /^the value is not JSON: /);
  assert.deepEqual(ended(harness), [{ key: 'a', sum: 3 }]);
  assert.match(reasons(query([{ count: true }]).process(json(1)))[0], /no key to group by/);
});

test('what throws at the end fails the call, with the step and the error', () => {
  const at = (...steps) => {
    const harness = query([{ groupBy: 'o => o' }, ...steps]);
    harness.process(json('a', 'b'));
    return () => finish(harness);
  };
  assert.throws(at({ count: true }, { map: 'o => o.missing.field' }), { kind: 'fatal', message: /^step 3 \(map\): TypeError: .*, for \{"key":"a","count":1\}$/ });
  assert.throws(at({ sum: '() => 1e308' }, { filter: 'o => o' }, { map: '() => undefined' }), { kind: 'fatal', message: /^step 4 \(map\): TypeError: answered undefined/ });
  assert.throws(at({ reduce: '() => undefined', initial: 0 }), { kind: 'fatal', message: /^step 2 \(reduce\): TypeError: answered undefined/ });
  assert.throws(at({ reduce: '() => new Map()', initial: 0 }), { kind: 'fatal', message: /^step 2 \(reduce\): TypeError: answered a Map, which is not JSON/ });
});

test('a sum that is too large for a number fails the call', () => {
  const harness = query([{ groupBy: '() => 1' }, { sum: 'o => o' }]);
  harness.process(json(1e308, 1e308));
  assert.throws(() => finish(harness), { kind: 'fatal', message: 'step 2 (sum): RangeError: the sum is too large for a number' });
});

test('steps after the aggregate work on what it emits, and branches take their records', () => {
  const harness = query([
    { groupBy: 'o => o' },
    { count: true },
    { branch: [{ when: 'o => o.count > 1', to: 'many' }] },
    { flatMap: '(o, r) => [o.key, r.timestamp, r.topic]' },
  ]);
  harness.process(json('a', 'b', 'a').map((row) => ({ ...row, timestampMs: 3 })));
  assert.deepEqual(finish(harness).flat().map(({ topic, key, value }) => [topic, key, value]), [
    ['many', 'a', '{"key":"a","count":2}'],
    [null, 'b', '"b"'],
    [null, 'b', '3'],
    [null, 'b', null],
  ]);
});

test('it emits in pieces, of many records or of long ones', () => {
  const groups = Array.from({ length: 5_000 }, (_, i) => `g${i}`);
  const harness = query([{ groupBy: 'o => o' }, { count: true }]);
  harness.process(json(...groups));
  const pieces = finish(harness);
  assert.deepEqual(pieces.map(({ length }) => length), [2_000, 2_000, 1_000]);
  assert.deepEqual(pieces.flat().map(({ key }) => key), groups);

  const long = query([{ groupBy: 'o => o' }, { count: true }, { map: 'o => o.key.repeat(100_000)' }]);
  long.process(json(...'abcdefghijklmnopqrstuvwxy'));
  assert.deepEqual(finish(long).map(({ length }) => length), [11, 11, 3]);
});

test('groups that the steps after drop do not end it', () => {
  const harness = query([{ groupBy: 'o => o' }, { count: true }, { filter: 'o => o.key >= 4999' }]);
  harness.process(json(...Array.from({ length: 5_000 }, (_, i) => i)));
  assert.deepEqual(ended(harness), [{ key: '4999', count: 1 }]);
  assert.deepEqual(ended(query([{ count: true }])), []);
});

test('only the fields are read that the steps and the aggregate read', () => {
  const fields = (...steps) => query(steps).fields;
  assert.deepEqual(fields({ filter: 'o => o.a' }, { groupBy: 'o => o.b' }, { sum: 'o => o.c' }, { filter: 'o => o.d' }), ['a', 'b', 'c']);
  assert.deepEqual(fields({ keyBy: 'o => o.a' }, { count: true }), ['a']);
  assert.deepEqual(fields({ map: '({ a }) => a' }, { groupBy: 'o => o' }, { reduce: '(s, o) => o' }), ['a']);
  assert.deepEqual(fields({ groupBy: 'o => o.a' }, { reduce: '(s, o) => s + o.b', initial: 0 }), ['a', 'b']);
  assert.equal(fields({ groupBy: 'o => o.a' }, { reduce: '(s, o) => s' }), null);
  assert.equal(fields({ branch: [{ when: 'o => o.a', to: 't' }] }, { count: true }), null);
  assert.equal(fields({ keyBy: 'o => o.a' }), null);
});

test('a query stores nothing, so a tap that produces is refused, and one that logs is not', () => {
  const tap = (source) => () => query([{ tap: source }]);
  assert.throws(tap('o => produce("t", o)'), {
    kind: 'fatal',
    message: 'step 1 (tap), line 1, column 6: produce is not known here; a query stores nothing: deploy the script, and its taps produce',
  });
  const harness = tap('o => console.log(o)')();
  assert.deepEqual(harness.process(json(1)).kept, [0]);
});

test('without an aggregate a past goes through the steps as what comes does', () => {
  for (const steps of [
    [{ filter: 'o => o.n > 1' }],
    [{ filter: 'o => o.n > 1' }, { map: 'o => [o.n]' }],
    [{ branch: [{ when: 'o => o.n === 2', to: 'two' }] }, { keyBy: 'o => o.n' }],
  ]) {
    const rows = json({ n: 1 }, { n: 2 }, { n: 3 }, null);
    const harness = query(steps);
    assert.deepEqual(harness.process(rows, { partition: 5 }), script(steps).process(rows));
    assert.deepEqual(finish(harness), []);
  }
});
