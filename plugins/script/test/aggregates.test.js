import assert from 'node:assert/strict';
import { test } from 'node:test';

import { json, reasons, script, values } from './script.js';

const INTERNAL = { topic: 'test.repartition' };
const minute = 60_000;

/** Runs records through the topics as the host does: what goes to the internal topic comes back. */
function repartitioned(harness, records) {
  const first = harness.process(records);
  const travelling = first.records.filter(({ topic }) => topic === INTERNAL.topic);
  return { first, travelling, second: harness.process(travelling, INTERNAL) };
}

test('a running count by key emits each new value', () => {
  const harness = script([{ count: true }]);
  assert.deepEqual(harness.fields, []);
  const outcome = harness.process([
    { key: 'a', json: 1, timestampMs: 5 },
    { key: 'b', json: 1 },
    { key: 'a', json: 1 },
    { json: 1 },
    { key: 'x'.repeat(1001), json: 1 },
  ]);
  assert.deepEqual(values(outcome), [{ key: 'a', count: 1 }, { key: 'b', count: 1 }, { key: 'a', count: 2 }]);
  assert.deepEqual([outcome.records[0].key, outcome.records[0].timestampMs], ['a', 5]);
  assert.match(reasons(outcome)[0], /no key to group by; say by what with groupBy/);
  assert.match(reasons(outcome)[1], /the group has 1001 characters/);
  assert.deepEqual([...harness.state('aggregates')], [['a', 2], ['b', 1]]);
  harness.restart();
  assert.deepEqual(values(harness.process([{ key: 'a', json: 1 }])), [{ key: 'a', count: 3 }]);
});

test('sum, min, max and average take numbers', () => {
  const rows = [4, 1, 'x', 7].map((n) => ({ key: 'k', json: { n } }));
  const run = (step) => {
    const harness = script([step]);
    const outcome = harness.process(rows);
    assert.deepEqual(harness.fields, ['n']);
    assert.match(reasons(outcome)[0], /^step 1 \(\w+\): TypeError: answered string, which is no number/);
    return values(outcome).map((value) => Object.values(value)[1]);
  };
  assert.deepEqual(run({ sum: 'o => o.n' }), [4, 5, 12]);
  assert.deepEqual(run({ min: 'o => o.n' }), [4, 1, 1]);
  assert.deepEqual(run({ max: 'o => o.n' }), [4, 4, 7]);
  assert.deepEqual(run({ average: 'o => o.n' }), [4, 2.5, 4]);
});

test('reduce carries JSON from record to record, and a failed step leaves no trace in it', () => {
  const reduce = '(state, e) => { state.seen.push(e.n); if (e.n < 0) throw new Error("negative"); return state; }';
  const harness = script([{ reduce, initial: { seen: [] } }]);
  assert.deepEqual(harness.fields, ['n']);
  const outcome = harness.process([1, -1, 2].map((n) => ({ key: 'k', json: { n } })));
  assert.deepEqual(values(outcome).map(({ value }) => value.seen), [[1], [1, 2]]);
  assert.deepEqual(reasons(outcome), ['step 1 (reduce): Error: negative']);
  assert.deepEqual(values(harness.process([{ key: 'k', json: { n: 3 } }])), [{ key: 'k', value: { seen: [1, 2, 3] } }]);
});

test('reduce without an initial state starts from the first value', () => {
  const harness = script([{ reduce: '(longest, e) => e.length > longest.length ? e : longest' }]);
  assert.equal(harness.fields, null);
  assert.deepEqual(values(harness.process(['b', 'aaa', 'cc'].map((value) => ({ key: 'k', json: value })))).at(-1), { key: 'k', value: 'aaa' });
});

test('a state that is not JSON is refused, since it would be lost between batches', () => {
  for (const [answer, reason] of [['new Set()', /a Set, which is not JSON/], ['undefined', /answered undefined/], ['({ a: [NaN] })', /holds NaN/], ['({ f() {} })', /a function/]]) {
    const harness = script([{ reduce: `(state, e) => ${answer}`, initial: 0 }]);
    assert.match(reasons(harness.process([{ key: 'k', json: 1 }]))[0], reason);
    assert.equal(harness.state('aggregates').size, 0);
  }
});

test('steps after the aggregate work on what it emits, and what throws there refuses the record', () => {
  const harness = script([
    { count: true },
    { filter: 'o => o.count % 2 === 0' },
    { map: 'o => { if (o.count === 4) throw new Error("four"); return { [o.key]: o.count }; }' },
    { keyBy: '() => "all"' },
  ]);
  const outcome = harness.process(Array(5).fill({ key: 'k', json: 1 }));
  assert.deepEqual(outcome.records.map(({ key, value }) => [key, value]), [['all', '{"k":2}']]);
  // The fourth is not counted, so the fifth is the fourth.
  assert.deepEqual(reasons(outcome), ['step 3 (map): Error: four', 'step 3 (map): Error: four']);
  assert.deepEqual([...harness.state('aggregates')], [['k', 3]]);
});

test('groupBy repartitions through the internal topic', () => {
  const harness = script([{ map: 'e => ({ n: e.n * 2, user: e.user })' }, { groupBy: 'e => e.user' }, { sum: 'e => e.n' }, { filter: 'o => o.sum > 2' }]);
  assert.deepEqual(harness.internalTopics, ['test.repartition']);
  assert.deepEqual(harness.fields, ['n', 'user']);
  const { first, travelling, second } = repartitioned(harness, [
    { json: { n: 1, user: 'u1' }, timestampMs: 5 },
    { json: { n: 2, user: 7 }, key: 'other' },
    { json: { n: 3 } },
    { json: { n: 4, user: 'u1' } },
  ]);
  assert.deepEqual(travelling.map(({ key, value, timestampMs }) => [key, value, timestampMs]), [
    ['u1', '{"n":2,"user":"u1"}', 5],
    ['7', '{"n":4,"user":7}', 0],
    ['u1', '{"n":8,"user":"u1"}', 0],
  ]);
  assert.deepEqual(reasons(first), ['step 2 (groupBy): TypeError: the group is undefined']);
  assert.deepEqual(values(second), [{ key: '7', sum: 4 }, { key: 'u1', sum: 10 }]);
  assert.deepEqual([...harness.state('aggregates')], [['7', 4], ['u1', 10]]);
});

test('keyBy before an aggregate repartitions too; unmapped values travel as they came', () => {
  const harness = script([{ keyBy: 'e => e.user' }, { count: true }]);
  assert.equal(harness.fields, null);
  const { travelling, second } = repartitioned(harness, [{ value: '{ "user": "u1", "more": 1 }' }]);
  assert.deepEqual(travelling[0].value, '{ "user": "u1", "more": 1 }');
  assert.deepEqual(values(second), [{ key: 'u1', count: 1 }]);
});

test('windows close by stream time, once, in the order of start and key', () => {
  const harness = script([{ window_ms: minute, time: 'e => e.at' }, { count: true }]);
  assert.deepEqual(harness.fields, ['at']);
  const at = (key, time) => ({ key, json: { at: time } });
  const outcome = harness.process([
    at('b', '1970-01-01T00:00:01Z'),
    at('a', 59_999),
    at('b', '1970-01-01T01:00:30.5+01:00'),
    at('a', minute),
    at('late', 59_999),
    at('x', 'yesterday'),
    at('x', 1e15),
  ]);
  assert.deepEqual(values(outcome), [
    { key: 'a', window_start_ms: 0, window_end_ms: minute, count: 1 },
    { key: 'b', window_start_ms: 0, window_end_ms: minute, count: 2 },
  ]);
  assert.deepEqual(outcome.records.map(({ key, timestampMs }) => [key, timestampMs]), [['a', 59_999], ['b', 59_999]]);
  assert.match(reasons(outcome)[0], /^late: its window ended at 1970-01-01T00:01:00.000Z, and event time had come to /);
  assert.match(reasons(outcome)[1], /^step 1 \(window_ms\), time: TypeError: "yesterday" is no time/);
  assert.match(reasons(outcome)[2], /^step 1 \(window_ms\), time: TypeError: 1000000000000000 is no time/);
  // The watermark says nothing about a time that stands in the value.
  assert.deepEqual(values(harness.advance(10 * minute)), []);
  harness.restart();
  assert.deepEqual(values(harness.process([at('c', 2 * minute)])), [{ key: 'a', window_start_ms: minute, window_end_ms: 2 * minute, count: 1 }]);
});

test('without a time the record has it, the grace holds a window open, and the watermark closes it', () => {
  const harness = script([{ window_ms: 10, grace_ms: 5 }, { max: 'o => o.n' }]);
  const at = (timestampMs, n) => ({ key: 'k', json: { n }, timestampMs });
  assert.deepEqual(values(harness.process([at(1, 3), at(14, 1), at(2, 9)])), []);
  assert.deepEqual(values(harness.advance(15)), [{ key: 'k', window_start_ms: 0, window_end_ms: 10, max: 9 }]);
  assert.match(reasons(harness.process([at(3, 1)]))[0], /^late: /);
});

test('where records were repartitioned, the watermark alone is the time', () => {
  const harness = script([{ window_ms: 10, time: 'e => e.at' }, { groupBy: 'e => e.user' }, { count: true }]);
  const row = (user, at) => ({ json: { user, at } });
  const { travelling, second } = repartitioned(harness, [row('u', 1), row('v', 500), row('u', 2)]);
  assert.deepEqual(travelling.map(({ timestampMs }) => timestampMs), [1, 500, 2]);
  assert.deepEqual([values(second), reasons(second)], [[], []]);
  assert.deepEqual(values(harness.advance(10)), [{ key: 'u', window_start_ms: 0, window_end_ms: 10, count: 2 }]);
  assert.match(reasons(repartitioned(harness, [row('u', 3)]).second)[0], /^late: /);
  assert.deepEqual(values(harness.advance(510)), [{ key: 'v', window_start_ms: 500, window_end_ms: 510, count: 1 }]);
});

test('of a row that is refused nothing is aggregated', () => {
  const harness = script([{ flatMap: 'o => o.list' }, { window_ms: 10 }, { reduce: '(s, n) => { if (n < 0) throw new Error("neg"); return s + n; }', initial: 0 }]);
  const outcome = harness.process([{ key: 'k', json: { list: [1, 2] } }, { key: 'k', json: { list: [10, -1, 20] } }]);
  assert.deepEqual(reasons(outcome), ['step 3 (reduce): Error: neg']);
  assert.deepEqual(values(harness.advance(10)), [{ key: 'k', window_start_ms: 0, window_end_ms: 10, value: 3 }]);

  const running = script([{ flatMap: 'o => o.list' }, { sum: 'n => n' }]);
  const second = running.process([{ key: 'k', json: { list: [1, 'x', 2] } }, { key: 'k', json: { list: [5] } }]);
  assert.deepEqual(values(second), [{ key: 'k', sum: 5 }]);
});

test('a step that throws on a closed window stops the task, and nothing is lost', () => {
  const harness = script([{ window_ms: 10 }, { count: true }, { map: 'o => o.missing.field' }]);
  harness.process([{ key: 'k', json: 1 }]);
  assert.throws(() => harness.advance(10), { kind: 'fatal', message: /^step 3 \(map\): TypeError: .* for \{"key":"k".*deploy a script that takes it/ });
  assert.equal([...harness.state('windows', { keys: 'bytes' }).values()].at(-1), 1);
});

test('windows and running aggregates do not depend on batches and restarts', () => {
  const sizes = [1, 3, 7, 40];
  const rows = Array.from({ length: 40 }, (_, i) => ({ key: 'abc'[(i * 7) % 3], json: { n: i }, timestampMs: i * 3 - ((i * 5) % 11) }));
  for (const steps of [
    [{ reduce: '(s, e) => { s.n += e.n; return s; }', initial: { n: 0 } }],
    [{ window_ms: 20, grace_ms: 3 }, { average: 'e => e.n' }],
  ]) {
    const runs = sizes.map((size) => {
      const harness = script(steps);
      const found = [];
      for (let i = 0; i < rows.length; i += size) {
        const outcome = harness.process(rows.slice(i, i + size));
        found.push(...values(outcome).map((value) => JSON.stringify(value)), ...outcome.rejections.map(({ offset }) => offset));
        harness.restart();
      }
      return found.concat(values(harness.advance(1000))).sort();
    });
    runs.forEach((run) => assert.deepEqual(run, runs[0]));
  }
});
