import assert from 'node:assert/strict';
import { test } from 'node:test';

import { defineProcessor, TumblingWindows } from '../src/index.js';
import { Harness } from '../src/testing.js';
import { random } from './random.js';

/** Counts by key, and emits `key@start=count` when a window has closed. */
const counter = defineProcessor({
  summary: 'Counts.',
  tables: ['windows'],
  open() {
    const windows = TumblingWindows.open('windows', { sizeMs: 10, graceMs: 5, fold: (count = 0) => count + 1 });
    const settle = (output) => {
      for (const { key, startMs, aggregate } of windows.settle()) {
        output.emit({ value: `${key}@${startMs}=${aggregate}` });
      }
    };
    return {
      process(records, output) {
        for (const record of records) {
          const late = windows.add(record.timestampMs, record.key, null);
          if (late) output.reject(record, `late: ${late.windowEndMs} ${late.streamTimeMs}`);
        }
        settle(output);
      },
      advance(watermarkMs, output) {
        windows.observe(watermarkMs);
        settle(output);
      },
    };
  },
});
const values = ({ records }) => records.map(({ value }) => value);
const at = (timestampMs, key) => ({ timestampMs, key });

test('a window closes once, in the order of start and key, and what comes later is late', () => {
  const harness = new Harness(counter);
  assert.deepEqual(values(harness.process([at(-1, 'n'), at(1, 'b'), at(2, 'a'), at(11, 'a'), at(3, 'b')])), ['n@-10=1']);
  assert.deepEqual(values(harness.process([at(14, 'a')])), []);
  harness.restart();
  const outcome = harness.process([at(15, 'c'), at(9, 'a')]);
  assert.deepEqual(values(outcome), ['a@0=1', 'b@0=2']);
  assert.deepEqual(outcome.rejections, [{ row: 1, offset: 7, reason: 'late: 10 15' }]);
  assert.deepEqual(values(harness.advance(24)), []);
  assert.deepEqual(values(harness.advance(25)), ['a@10=2', 'c@10=1']);
  assert.equal(harness.state('windows', { keys: 'bytes' }).size, 1);
});

test('of very many windows that close at once the first come first, and the rest is asked for', () => {
  const harness = new Harness(counter);
  for (let i = 0; i < 12; i += 1) {
    harness.process(Array.from({ length: 1000 }, (_, n) => at(0, `k${String(i * 1000 + n).padStart(5, '0')}`)));
  }
  harness.setNowMs(77);
  const found = [];
  for (let calls = 0; calls < 3; calls += 1) {
    const closed = values(harness.advance(100));
    assert.ok(closed.length <= 5000);
    found.push(...closed);
    assert.equal(harness.wakeAtMs, 77);
  }
  assert.equal(found.length, 12_000);
  assert.deepEqual(found, [...found].sort());
  assert.equal(harness.state('windows', { keys: 'bytes' }).size, 1);
});

test('neither the size of batches nor restarts change what comes out', () => {
  const draw = random(3);
  for (let round = 0; round < 50; round += 1) {
    const records = Array.from({ length: 40 }, (_, i) => at(i * 2 + draw(30), 'abc'[draw(3)]));
    const runs = [0, 1].map(() => {
      const harness = new Harness(counter);
      const [out, refused] = [[], []];
      for (let i = 0; i < records.length; ) {
        const size = 1 + draw(12);
        const outcome = harness.process(records.slice(i, i + size));
        out.push(...values(outcome));
        refused.push(...outcome.rejections.map(({ offset }) => offset));
        if (draw(3) === 0) harness.restart();
        i += size;
      }
      out.push(...values(harness.advance(10_000)));
      return { out, refused };
    });
    assert.deepEqual(runs[0], runs[1]);
  }
});

test('an item whose fold throws leaves no trace in the aggregate', () => {
  const failed = [];
  const refuse = (item, error) => {
    failed.push([item, error.message]);
    // A refused 7 takes the 4s along.
    return item === -7 ? added.filter((other) => other === 4) : undefined;
  };
  let added = [];
  const summing = defineProcessor({
    summary: 'Sums.',
    tables: ['windows'],
    open() {
      const fold = (state = { total: 0 }, n) => {
        state.total += n;
        if (n < 0) throw new Error('negative');
        return state;
      };
      const windows = TumblingWindows.open('windows', { sizeMs: 10, fold });
      return {
        process(records, output) {
          added = Array.from(records, (record) => record.json());
          for (const record of records) windows.add(record.timestampMs, 'k', record.json());
          for (const closed of windows.settle(refuse)) {
            output.emit({ json: closed.aggregate });
          }
        },
      };
    },
  });
  const harness = new Harness(summing);
  harness.process([{ json: 1 }, { json: 2 }]);
  harness.process([{ json: 3 }, { json: -5 }, { json: 4 }]);
  assert.deepEqual(values(harness.process([{ json: 100, timestampMs: 10 }])), ['{"total":10}']);
  assert.deepEqual(failed, [[-5, 'negative']]);
  harness.process([4, 1, 4, -7].map((json) => ({ json, timestampMs: 11 })));
  assert.deepEqual(values(harness.process([{ json: 100, timestampMs: 20 }])), ['{"total":101}']);
});
