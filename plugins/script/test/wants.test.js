import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Harness } from 'kafka-do-sdk/testing';

import script from '../src/index.js';

const wants = (steps, values = {}) => {
  const wanted = steps.map((step) => (typeof step === 'string' ? { filter: step } : step));
  const { wants } = new Harness(script, { partition: null, settings: { steps: wanted, values } });
  return wants.map(({ field, comparison, operand, nullHolds }) => `${field} ${comparison} ${JSON.stringify(operand)}${nullHolds ? ' or null' : ''}`).join(', ');
};

test('what a filter surely wants is told', () => {
  for (const [source, expected] of [
    ['o => o.amount > 100', 'amount greater 100'],
    ['o => 100 < o.amount', 'amount greater 100'],
    ['o => 100 >= o["amount"]', 'amount less-or-equal 100 or null'],
    ['o => o?.amount < -1.5', 'amount less -1.5'],
    ['o => o.amount > -1.5 && o.tax >= 0', 'amount greater -1.5 or null, tax greater-or-equal 0 or null'],
    ["o => o.dest === 'ANC'", 'dest equal "ANC"'],
    ["function (o) { return 'ANC' === o.dest; }", 'dest equal "ANC"'],
    ['o => o && o.a >= 1 && o.b === 2', 'a greater-or-equal 1, b equal 2'],
    ['({ amount, "region name": r }) => amount > limit && r === region', 'amount greater 5, region name equal "us"'],
    ['(o, r) => o.a > 1 && r.key === "k" && o.b > 1', 'a greater 1'],
    ['o => o.a > 1 && o.b.c > 1 && o.d > 1', 'a greater 1'],
  ]) {
    assert.equal(wants([source], { limit: 5, region: 'us' }), expected, source);
  }
  assert.equal(wants(['o => o.a > 1', 'o => o.b > 1', { map: 'o => o.c' }, 'c => c.d > 1']), 'a greater 1, b greater 1');
  assert.equal(wants(['o => o.a > 1 && o.b', 'o => o.c > 1']), 'a greater 1', 'what follows an open question waits for its answer');
  assert.equal(wants(['o => o.a > 1', { groupBy: 'o => o.b' }, { count: true }]), 'a greater 1');
});

test('where something else may come of a record, nothing is told', () => {
  for (const source of [
    'o => o.amount != 100',
    'o => o.amount == 100',
    'o => o.amount',
    "o => o.name > 'a'",
    'o => !(o.amount > 100)',
    'o => o.amount > 100 || o.b > 1',
    'o => o.a.b > 1',
    'o => o[0] > 1',
    'o => o[o.a] > 1',
    'o => o.amount > o.limit',
    'o => o.amount > limit.of',
    'o => o.amount > Infinity',
    'o => o.constructor > 1',
    'o => o.__proto__ > 1',
    'o => o.amount() > 1',
    'o => o.amount > 1n',
    'o => o.half === "\\ud800"',
    'o => (o.amount += 1) > 100',
    '({ amount = 200 }) => amount > 100',
    '({ a: { b } }) => b > 1',
    '({ ...o }) => o.amount > 1',
    '([a]) => a > 1',
    '(o, r = o.a.b) => o.amount > 100',
    '() => limit.of > 1',
    'limit => limit.of > limit',
    'o => { if (o.a.b) return true; return o.amount > 1; }',
    'o => { const a = o.amount; return a > 1; }',
    'function () { return arguments[0].amount > 1; }',
  ]) {
    assert.equal(wants([source], { limit: { of: 1 } }), '', source);
  }
  assert.equal(wants([{ map: 'o => o.b' }, 'b => b.a > 1']), '');
  assert.equal(wants([{ tap: 'o => o.b.c' }, 'b => b.a > 1']), '');
});

test('a deployment is handed every record', () => {
  assert.deepEqual(new Harness(script, { settings: { steps: [{ filter: 'o => o.amount > 1' }] } }).wants, []);
});
