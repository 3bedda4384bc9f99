import assert from 'node:assert/strict';
import { test } from 'node:test';

import { script, values } from './script.js';

const refusal = (steps, values) => {
  try {
    script(steps, values);
  } catch (error) {
    assert.equal(error.kind, 'fatal');
    return error.message;
  }
  return assert.fail('it was deployed');
};

test('a syntax error tells step, line and column', () => {
  assert.match(refusal([{ filter: 'o => true' }, { map: 'o => {\n  return o.;\n}' }]), /^step 2 \(map\), line 2, column 12: Unexpected token; give a function/);
  assert.match(refusal([{ filter: 'o => o.a) || (true' }]), /^step 1 \(filter\), line 1, column 9: Something follows the function/);
  assert.match(refusal([{ filter: 'o.amount > 100' }]), /this is no function; give one, as in/);
  assert.match(refusal([{ filter: '(o => true)()' }]), /this is no function/);
  assert.match(refusal([{ filter: 'o => 1, p => 2' }]), /this is no function/);
  assert.match(refusal([{ filter: 'o => o.a <!--o.b' }]), /put blanks into them/);
  assert.ok(script([{ filter: '(o) => o.list.length --> 0;  // so it goes' }]));
});

test('an unknown name tells where it is and what to do', () => {
  assert.equal(refusal([{ filter: 'o => o.amount >\n    limit' }]), 'step 1 (filter), line 2, column 5: limit is not known here; give it in "values"');
  assert.match(refusal([{ map: 'o => produce("t", 1)' }]), /only a tap produces/);
  assert.match(refusal([{ map: 'o => fetch(o.url)' }]), /have no network/);
  assert.match(refusal([{ map: 'o => eval("o")' }]), /cannot make code/);
  assert.match(refusal([{ map: 'o => globalThis.x' }]), /cannot make code/);
  assert.match(refusal([{ map: 'o => arguments[0]' }]), /arguments is not known here/);
  assert.match(refusal([{ sum: 'o => rate * o.n' }]), /^step 1 \(sum\), line 1, column 6: rate/);
  assert.match(refusal([{ branch: [{ when: 'o => us', to: 't' }] }]), /^step 1 \(branch\), branch 1, line 1, column 6: us/);
  assert.match(refusal([{ window_ms: 1, time: 'o => t' }, { count: true }]), /^step 1 \(window_ms\), time, line 1, column 6: t /);
});

test('what stands in a parameter\'s place does not know the body', () => {
  assert.match(refusal([{ map: '(o, r = late) => { const late = 1; return [r, late]; }' }]), /^step 1 \(map\), line 1, column 9: late is not known here/);
  assert.match(refusal([{ map: '({ [late]: a }) => { var late; return a; }' }]), /column 5: late is not known here/);
  assert.match(refusal([{ map: 'o => ((p = inner()) => { function inner() {} return p; })()' }]), /column 12: inner is not known here/);
  assert.ok(script([{ map: '(o, all = [], last = all.at(-1)) => { var all = 1; const late = limit; return [all, last, late]; }' }], { limit: 1 }));
  const outside = script([{ map: '(o, _, r = limit) => { const limit = 2; return [r, limit]; }' }], { limit: 1 });
  assert.deepEqual(values(outside.process([{ json: 0 }])), [[1, 2]]);
});

test('names of its own are known', () => {
  for (const source of [
    'o => { const { a, ...rest } = o; let [b = a] = []; var c; function d() { return arguments.length; } class E extends Array {} return [a, b, c, d, E, rest]; }',
    'function named(o) { return new.target ?? o ? named(null) : arguments.length; }',
    'o => { try { x: for (const k of Object.keys(o)) { if (k) continue x; } } catch ({ message }) { return message; } switch (o) { case 1: let z = 1; return z; } }',
    '({ a: { b: [c] }, ["d"]: e = c }) => `${c}${e}` + new Date(0) + /x/u.test(c) + Math.max(1, 2n < 3)',
    '(o, r) => { later(); return r; function later() {} }',
    'o => o.list.map((x) => x * o.rate)',
    'o => limit + lim1t',
  ]) {
    script([{ map: source }], { limit: 1, lim1t: 2 });
  }
});

test('what would answer late is refused', () => {
  assert.match(refusal([{ filter: 'async o => true' }]), /^step 1 \(filter\), line 1, column 1: an async function would answer too late/);
  assert.match(refusal([{ map: 'o => [async () => 1]' }]), /line 1, column 7: an async function/);
  assert.match(refusal([{ flatMap: 'function* (o) { yield o; }' }]), /a generator answers piece by piece/);
  assert.match(refusal([{ map: 'o => import("x")' }]), /nothing can be imported/);
});

test('steps that do not fit together are refused', () => {
  assert.match(refusal([{}]), /^step 1 does nothing; give each step one of filter, map/);
  assert.match(refusal([{ filter: 'o => o', map: 'o => o' }]), /^step 1 does filter and map at once/);
  assert.match(refusal([{ filter: 'o => o', grace_ms: 5 }]), /^step 1 \(filter\): grace_ms goes with window_ms/);
  assert.match(refusal([{ count: true }, { count: true }]), /^step 2 \(count\): a script aggregates once/);
  assert.match(refusal([{ groupBy: 'o => 1' }, { groupBy: 'o => 1' }, { count: true }]), /^step 2 \(groupBy\): an aggregate groups once/);
  assert.match(refusal([{ window_ms: 1 }, { window_ms: 2 }, { count: true }]), /^step 2 \(window_ms\): an aggregate has one window/);
  assert.match(refusal([{ groupBy: 'o => 1' }]), /^step 1 \(groupBy\): no aggregate follows; add \{"count": true\}/);
  assert.match(refusal([{ filter: 'o => o' }], { 'a-b': 1 }), /cannot be the name of a constant/);
  assert.match(refusal([{ filter: 'o => o' }], { produce: 1 }), /cannot be the name of a constant/);
});
