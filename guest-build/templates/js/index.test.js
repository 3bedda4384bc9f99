import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Harness } from 'kafka-do-sdk/testing';

import plugin from '../src/index.js';

test('keeps large orders and rejects what has no amount', () => {
  const harness = new Harness(plugin, { settings: { amount_min: 100 } });

  const { records, rejections } = harness.process([
    { key: 'order-1', json: { amount: 250.5 } },
    { key: 'order-2', json: { amount: 99 } },
    { key: 'order-3', json: {} },
  ]);

  assert.deepEqual(
    records.map(({ key }) => key),
    ['order-1'],
  );
  assert.deepEqual(rejections, [{ row: 2, offset: 2, reason: 'amount is not a number' }]);
});
