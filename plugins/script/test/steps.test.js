import assert from 'node:assert/strict';
import { test } from 'node:test';

import { json, reasons, script, values } from './script.js';

test('a filter keeps rows as they came', () => {
  const harness = script([{ filter: 'o => o.amount > limit' }, { filter: '({ region }) => region !== "x"' }], { limit: 100 });
  assert.deepEqual(harness.fields, ['amount', 'region']);
  const outcome = harness.process([
    { key: 'k', value: '{ "amount": 200, "more": 1 }', headers: { a: 'b' } },
    ...json({ amount: 50 }, { amount: 300, region: 'x' }, 5, null),
    { value: 'text' },
  ]);
  assert.deepEqual(outcome.kept, [0]);
  assert.equal(outcome.records[0].value, '{ "amount": 200, "more": 1 }');
  assert.match(outcome.rejections[0].reason, /^step 1 \(filter\): TypeError: .*null/);
  assert.match(outcome.rejections[1].reason, /^the value is not JSON: /);
});

test('map keeps key, headers and time, and null makes a tombstone', () => {
  const harness = script([{ map: 'o => o === null ? 0 : o.n ? { twice: o.n * 2 } : null' }]);
  const outcome = harness.process([
    { key: 'k', json: { n: 2 }, timestampMs: 7, headers: [['h', '1'], ['h', '2']] },
    { key: 'gone', json: {} },
    { key: 'tombstone' },
  ]);
  assert.deepEqual(outcome.records, [
    { topic: null, timestampMs: 7, key: 'k', value: '{"twice":4}', headers: [['h', '1'], ['h', '2']] },
    { topic: null, timestampMs: 0, key: 'gone', value: null, headers: [] },
    { topic: null, timestampMs: 0, key: 'tombstone', value: '0', headers: [] },
  ]);
});

test('a straight line of filters and maps does what the same steps do among others', () => {
  const steps = [
    { filter: 'o => o.n !== 1' },
    { map: 'o => ({ n: o.n + 1, by: o.by })' },
    { filter: '(o, r) => { if (o.n === 3) throw new Error("three"); return r.offset !== 3; }' },
    { map: '({ n }, r) => n === 5 ? undefined : n === 6 ? null : [n, r.key]' },
  ];
  const rows = [0, 1, 2, 3, 4, 5, 6].map((n) => ({ key: `k${n}`, json: { n }, timestampMs: n, headers: { n: String(n) } }));
  rows.push({ value: 'text' }, {});
  const straight = script(steps).process(rows);
  assert.deepEqual(straight, script([...steps, { tap: 'o => o' }]).process(rows));
  assert.deepEqual(values(straight), [[1, 'k0'], null, [7, 'k6']]);
  assert.equal(straight.rejections.length, 4);
});

test('flatMap makes a record of each item, and all or none of a row', () => {
  const harness = script([{ flatMap: 'o => o.items' }, { map: 'item => { if (item === 0) throw new Error("zero"); return item + 1; }' }]);
  const outcome = harness.process(json({ items: [1, 2] }, { items: [] }, { items: [5, 0] }, { items: 7 }));
  assert.deepEqual(values(outcome), [2, 3]);
  assert.deepEqual(reasons(outcome), [
    'step 2 (map): Error: zero',
    'step 1 (flatMap): TypeError: answered number; answer an array',
  ]);
});

test('keyBy sets the key, and the value stays as it came', () => {
  const harness = script([{ keyBy: 'o => o.id' }]);
  assert.equal(harness.fields, null);
  const outcome = harness.process([{ value: '{ "id": "a" }' }, { value: '{"id":5}' }, { key: 'was', value: '{"id":null}' }, { value: '{}' }]);
  assert.deepEqual(outcome.records.map(({ key, value }) => [key, value]), [['a', '{ "id": "a" }'], ['5', '{"id":5}'], [null, '{"id":null}']]);
  assert.deepEqual(reasons(outcome), ['step 1 (keyBy): TypeError: the key is undefined']);
});

test('branch sends to the first topic that fits, and the rest goes on', () => {
  const harness = script([
    { branch: [{ when: 'o => o.region === "us"', to: 'us' }, { when: 'o => o.region', to: 'elsewhere' }] },
    { map: 'o => ({ left: o.n })' },
  ]);
  const outcome = harness.process(json({ region: 'us', n: 1 }, { n: 2 }, { region: 'eu', n: 3 }));
  assert.deepEqual(outcome.records.map(({ topic, value }) => [topic, value]), [
    ['us', '{"region":"us","n":1}'],
    [null, '{"left":2}'],
    ['elsewhere', '{"region":"eu","n":3}'],
  ]);
});

test('a tap produces, in the order of the records, and nothing of a record that is refused', () => {
  const harness = script([
    { tap: '(o, record) => { if (o.loud) produce("alerts", { id: o.id, at: record.offset }, o.id); }' },
    { filter: 'o => { if (o.bad) throw new RangeError("bad"); return o.keep; }' },
  ]);
  assert.deepEqual(harness.fields, ['bad', 'id', 'keep', 'loud']);
  const outcome = harness.process(
    json({ id: 1, loud: true, keep: true }, { id: 2, loud: true, bad: true }, { id: 3, loud: true }, { id: 4, keep: true }),
  );
  assert.deepEqual(outcome.kept, [0, 3]);
  assert.deepEqual(outcome.records.filter(({ topic }) => topic).map(({ key, value }) => [key, value]), [
    ['1', '{"id":1,"at":0}'],
    ['3', '{"id":3,"at":2}'],
  ]);
  assert.deepEqual(reasons(outcome), ['step 2 (filter): RangeError: bad']);
});

test('functions see the record, but not its value there', () => {
  const harness = script([{ map: '(_, r) => [r.topic, r.partition, r.offset, r.timestamp, r.key, r.headers, r.value]' }]);
  assert.deepEqual(harness.fields, []);
  const outcome = harness.process([{ key: 'k', value: 'not JSON, and nobody looks', timestampMs: 3, headers: { a: 'b' } }]);
  assert.deepEqual(values(outcome), [['input', 0, 0, 3, 'k', { a: 'b' }, null]]);
});

test('the record spreads, and is JSON', () => {
  const harness = script([{ map: '(_, record) => [{ ...record }, JSON.parse(JSON.stringify(record)), Object.keys(record)]' }]);
  const outcome = harness.process([{ key: 'k', json: 1, timestampMs: 3, headers: [['a', 'b'], ['a', 'c']] }]);
  const record = { topic: 'input', partition: 0, offset: 0, timestamp: 3, key: 'k', headers: { a: 'c' } };
  assert.deepEqual(values(outcome), [[record, record, Object.keys(record)]]);
});

const NOT_JSON = [
  ['new Date(0)', /answered a Date, which is not JSON; answer it as text, for example \.toISOString\(\)$/],
  ['({ at: [new Date(0)] })', /its answer holds a Date, which is not JSON; answer it as text, for example \.toISOString\(\)$/],
  ['new Map()', /answered a Map, .*Object\.fromEntries/],
  ['({ seen: new Set([1]) })', /holds a Set, /],
  ['new (class Order {})()', /answered a Order, /],
  ['NaN', /answered NaN, /],
  ['({ n: -Infinity })', /holds -Infinity, /],
  ['[1, undefined]', /its answer holds undefined, /],
  ['[1, , 2]', /answered an array with gaps, /],
  ['({ f() {} })', /holds a function, /],
  ['"abc".match(/b/)', /answered an array with gaps, or with fields of its own, which is not JSON; answer \[\.\.\.it\]$/],
  ['5n', /answered a bigint, .*String\(\.\.\)/],
  ['Symbol()', /answered a symbol, /],
  ['{ const a = {}; a.a = [a]; return a; }', /holds itself, /],
];

test('an answer that is not JSON is refused where a later step sees it', () => {
  for (const [answer, reason] of NOT_JSON) {
    const map = `() => ${answer}`;
    const flatMap = answer.startsWith('{ ') ? '() => { const a = {}; a.a = [a]; return [a]; }' : `() => [${answer}]`;
    for (const next of [{ filter: 'o => o' }, { map: 'o => [o]' }, { branch: [{ when: 'o => o', to: 't' }] }, { tap: 'o => o' }]) {
      // The last one is not a straight line of maps and filters.
      for (const steps of [[{ map }, next], [{ flatMap }, next], [{ map }, { filter: '() => true' }, next], [{ map }, { tap: '() => 1' }, next]]) {
        assert.match(reasons(script(steps).process(json(1)))[0], reason, JSON.stringify(steps));
      }
    }
    assert.match(reasons(script([{ map }, { reduce: '(s, o) => s + o', initial: 0 }]).process([{ key: 'k', json: 1 }]))[0], reason);
  }
});

test('what is JSON passes on as it is, fields that are undefined too', () => {
  const deep = 'let deep = 1; for (let i = 0; i < 900; i += 1) deep = [deep];';
  const harness = script([
    { map: `() => { ${deep} return { deep, none: undefined, list: [1, null, { a: "x" }], bare: Object.create(null) }; }` },
    { map: 'o => ({ keys: Object.keys(o), list: o.list })' },
  ]);
  assert.deepEqual(values(harness.process(json(1))), [{ keys: ['deep', 'none', 'list', 'bare'], list: [1, null, { a: 'x' }] }]);
});

test('what no step looks at any more is written as JSON writes it', () => {
  const map = 'o => ({ at: new Date(0), n: NaN })';
  for (const steps of [[{ map }], [{ map }, { filter: '(_, record) => record.offset === 0' }], [{ map }, { map: '() => ({ at: new Date(0), n: null })' }]]) {
    assert.deepEqual(values(script(steps).process(json(1))), [{ at: '1970-01-01T00:00:00.000Z', n: null }]);
  }
});

test('a text spreads into an object character by character', () => {
  const map = `o => ({ ...o, 'x': { ...(0, o) }, ...{ ... /* why */ o.length, ...[7] } /* so */, asObject: (asObject => ({ ...asObject }))('z') })`;
  const [answer] = values(script([{ map }], { asObject_: 1 }).process(json('ab')));
  assert.deepEqual(answer, { 0: 7, 1: 'b', x: { 0: 'a', 1: 'b' }, asObject: { 0: 'z' } });
  assert.deepEqual(values(script([{ map: 'o => ({ ...o, ...null, ...undefined, ...5, asObject })' }], { asObject: 1 }).process(json({ b: 1, a: [2] }))), [
    { b: 1, a: [2], asObject: 1 },
  ]);
});

test('constants cannot be changed', () => {
  const harness = script([{ filter: 'o => { list.push(o); return true; }' }], { list: [] });
  assert.match(reasons(harness.process(json(1)))[0], /^step 1 \(filter\): TypeError: /);
});

test('a number that JSON has no text for is refused at the end too', () => {
  const notFinite = (what) => new RegExp(`TypeError: answered ${what}, which is not JSON; answer null or a text for it$`);
  for (const steps of [[{ map: 'o => o.a / o.b' }], [{ flatMap: 'o => [o.a / o.b]' }], [{ keyBy: '() => "k"' }, { map: 'o => o.a / o.b' }]]) {
    const outcome = script(steps).process(json({ a: 1, b: 0 }, { a: 0, b: 0 }, { a: 1, b: 2 }));
    assert.deepEqual(values(outcome), [0.5]);
    const [first, second, ...others] = reasons(outcome);
    assert.match(first, notFinite('Infinity'));
    assert.match(second, notFinite('NaN'));
    assert.deepEqual(others, []);
  }
});
