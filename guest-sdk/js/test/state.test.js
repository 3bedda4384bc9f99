import assert from 'node:assert/strict';
import { test } from 'node:test';

import { defineProcessor, Table } from '../src/index.js';
import { Harness } from '../src/testing.js';
import { random } from './random.js';

/** A plugin that runs what a test hands it. */
const run = { step: () => {} };
const runner = defineProcessor({
  summary: 'Runs a step of a test.',
  tables: ['t'],
  open: () => ({ process: (records, output) => run.step(Table.open('t'), output) }),
});
const during = (harness, step) => {
  run.step = step;
  harness.process([{}]);
};

test('a call reads its own writes, and the next one the committed rows', () => {
  const harness = new Harness(runner);
  during(harness, (table) => {
    table.put('a', { n: 1 });
    table.put('b', null);
    assert.deepEqual(table.getMany(['a', 'b', 'c', 'a']), [{ n: 1 }, null, undefined, { n: 1 }]);
    table.delete('b');
    assert.equal(table.get('b'), undefined);
  });
  harness.restart();
  during(harness, (table) => assert.deepEqual(table.getMany(['a', 'b']), [{ n: 1 }, undefined]));
});

test('keys and values have the form that they were opened with', () => {
  const harness = new Harness(runner);
  const bytes = new Uint8Array([0, 255]);
  during(harness, () => {
    const table = Table.open('t', { keys: 'bytes', values: 'bytes' });
    table.put(bytes, bytes);
    assert.deepEqual(table.scan(), [{ key: bytes, value: bytes }]);
    assert.throws(() => table.put('text', bytes), /Uint8Array/);
    table.delete(bytes);
    Table.open('t', { values: 'text' }).put('ключ 🗝', 'значение');
  });
  assert.deepEqual([...harness.state('t', { values: 'text' })], [['ключ 🗝', 'значение']]);
});

test('state is not written while the plugin opens', () => {
  const writes = defineProcessor({ summary: 'x', tables: ['t'], open: () => (Table.open('t').put('a', 1), { each() {} }) });
  assert.throws(() => new Harness(writes), /wrote state while it was opened/);
});

test('a scan lays the writes of the call over the committed rows, whatever its range and limit', () => {
  const draw = random(7);
  const key = () => String.fromCharCode(97 + draw(8)) + (draw(3) === 0 ? 'é' : '');
  for (let round = 0; round < 300; round += 1) {
    const harness = new Harness(runner);
    const model = new Map();
    const write = (table) => {
      for (let n = draw(8); n > 0; n -= 1) {
        const at = key();
        if (draw(3) === 0) {
          table.delete(at);
          model.delete(at);
        } else {
          table.put(at, n);
          model.set(at, n);
        }
      }
    };
    during(harness, write);
    during(harness, (table) => {
      write(table);
      const [from, until, limit] = [draw(2) ? key() : undefined, draw(2) ? key() : undefined, 1 + draw(6)];
      const bytes = (text) => Buffer.from(text).toString('latin1');
      const expected = [...model]
        .filter(([at]) => (from === undefined || bytes(at) >= bytes(from)) && (until === undefined || bytes(at) < bytes(until)))
        .sort(([a], [b]) => (bytes(a) < bytes(b) ? -1 : 1))
        .slice(0, limit)
        .map(([at, value]) => ({ key: at, value }));
      assert.deepEqual(table.scan({ from, until, limit }), expected);
      if (expected.length > 1) {
        assert.deepEqual(table.scan({ after: expected[0].key, until, limit: limit - 1 }), expected.slice(1));
      }
    });
  }
});
