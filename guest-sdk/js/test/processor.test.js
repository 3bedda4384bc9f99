import assert from 'node:assert/strict';
import { test } from 'node:test';

import { clock, defineProcessor, Fatal, filterMap, log, Reject, Retry, Table } from '../src/index.js';
import { FailedCall, Harness } from '../src/testing.js';

const plugin = (opened, more = {}) => defineProcessor({ summary: 'A test.', settingsSchema: {}, open: () => opened, ...more });

test('keeps, emits and rejects in the order of the records', () => {
  const harness = new Harness(
    plugin({
      each(record, output) {
        const { n } = record.json();
        if (n === 0) throw new Error('zero');
        if (n === 1) output.keep(record);
        if (n === 2) output.emit(record.with({ json: { n: 20 } }));
        if (n === 3) output.emit({ topic: 'other', key: 'k', value: 'text', headers: { a: 'b' } });
      },
    }),
  );
  const headers = [['h', 'v'], ['h', 'w']];
  const outcome = harness.process([
    { json: { n: 2 }, key: 'two', timestampMs: 5, headers },
    { json: { n: 0 } },
    { value: '{ "n": 1 }', key: 'one' },
    { json: { n: 3 } },
  ]);
  assert.deepEqual(outcome.kept, [2]);
  assert.deepEqual(outcome.records, [
    { topic: null, timestampMs: 5, key: 'two', value: '{"n":20}', headers },
    { topic: null, timestampMs: 0, key: 'one', value: '{ "n": 1 }', headers: [] },
    { topic: 'other', timestampMs: null, key: 'k', value: 'text', headers: [['a', 'b']] },
  ]);
  assert.deepEqual(outcome.rejections, [{ row: 1, offset: 1, reason: 'zero' }]);
});

test('a record that throws leaves no trace in output and state', () => {
  const harness = new Harness(
    defineProcessor({
      summary: 'Counts.',
      tables: ['counts'],
      open() {
        const counts = Table.open('counts');
        return {
          each(record, output) {
            counts.put(record.key, (counts.get(record.key) ?? 0) + 1);
            output.keep(record);
            output.emit({ json: 1 });
            if (record.value === 'bad') record.json().missing.field;
          },
        };
      },
    }),
  );
  const outcome = harness.process([
    { key: 'a', json: 1 },
    { key: 'a', value: 'bad' },
    { key: 'b', value: 'bad' },
    { key: 'a', json: 1 },
  ]);
  assert.deepEqual(outcome.kept, [0, 3]);
  assert.equal(outcome.records.length, 4);
  assert.match(outcome.rejections[0].reason, /^the value is not JSON: /);
  assert.deepEqual([...harness.state('counts')], [['a', 2]]);
});

test('a failed call keeps nothing, and the next one opens anew', () => {
  let opened = 0;
  let failure = null;
  const harness = new Harness(
    defineProcessor({
      summary: 'Fails when told to.',
      tables: ['rows'],
      open() {
        opened += 1;
        const rows = Table.open('rows');
        return {
          process() {
            rows.put('k', opened);
            clock.wakeAt(opened);
            if (failure) throw failure;
          },
        };
      },
    }),
  );
  for (const [error, kind, reason] of [
    [new Retry('busy', 5), 'retry', 'busy'],
    [new Reject('never'), 'reject', 'never'],
    [new Fatal('stop'), 'fatal', 'stop'],
  ]) {
    failure = error;
    assert.throws(() => harness.process([{ json: 1 }]), (thrown) => {
      assert.ok(thrown instanceof FailedCall);
      assert.deepEqual([thrown.kind, thrown.message], [kind, reason]);
      return true;
    });
    assert.equal(harness.state('rows').size, 0);
    assert.equal(harness.wakeAtMs, null);
  }
  failure = new TypeError('a bug');
  assert.throws(() => harness.process([{ json: 1 }]), /^FailedCall: TypeError: a bug \(at /);
  failure = null;
  harness.process([{ json: 1 }]);
  assert.equal(opened, 5);
  assert.deepEqual([...harness.state('rows')], [['k', 5]]);
  assert.equal(harness.wakeAtMs, 5);
});

test('from `each`, Retry and Fatal and a refusal of the host fail the call', () => {
  const failing = (fail) => new Harness(plugin({ each: fail }));
  assert.throws(() => failing(() => { throw new Retry('busy'); }).process([{}]), { kind: 'retry' });
  assert.throws(() => failing(() => { throw new Fatal('no'); }).process([{}]), { kind: 'fatal' });
  assert.throws(() => failing(() => Table.open('unknown')).process([{}]), {
    kind: 'fatal',
    message: "the host knows no table unknown in the plugin's description",
  });
});

test('values carry the fields that were asked for, and kept records are whole', () => {
  const seen = [];
  const harness = new Harness(plugin({ fields: ['a'], each(record, output) { seen.push(record.value); output.keep(record); } }));
  const outcome = harness.process([{ value: '{"a":1,"b":2}' }, { value: '[1]' }, { value: 'text' }, { value: null }]);
  assert.deepEqual(seen, ['{"a":1}', '[1]', 'text', null]);
  assert.equal(outcome.records[0].value, '{"a":1,"b":2}');
});

test('filterMap keeps, drops, replaces and rejects', () => {
  const harness = new Harness(
    filterMap({
      summary: 'All four.',
      map(record) {
        const value = record.json();
        if (value === 'throw') throw new Reject('refused');
        return { keep: record, true: true, false: false, nothing: undefined, new: record.with({ json: 'made' }) }[value];
      },
    }),
  );
  const outcome = harness.process(['keep', 'true', 'false', 'nothing', 'new', 'throw'].map((json) => ({ json })));
  assert.deepEqual(outcome.records.map(({ value }) => value), ['"keep"', '"true"', '"made"']);
  assert.deepEqual(outcome.rejections.map(({ reason }) => reason), ['refused']);
});

test('process sees the columns, and what names no record comes last', () => {
  const harness = new Harness(
    plugin({
      process(records, output) {
        output.emit({ json: records.length });
        for (const record of records) output.keep(record);
        assert.deepEqual(records.columns.values, ['1', '2']);
        assert.equal(records.at(1).offset, 1);
      },
      advance(watermarkMs, output) {
        output.emit({ json: watermarkMs });
      },
    }),
  );
  assert.deepEqual(harness.process([{ json: 1 }, { json: 2 }]).records.map(({ value }) => value), ['1', '2', '2']);
  assert.deepEqual(harness.advance(7).records.map(({ value }) => value), ['7']);
});

test('mistakes in a definition are told at once', () => {
  const open = () => ({ each() {} });
  assert.throws(() => defineProcessor({ open }), /summary/);
  assert.throws(() => defineProcessor({ summary: 'x' }), /open/);
  assert.throws(() => defineProcessor({ summary: 'x', open, process() {} }), /has no process; it has summary/);
  assert.throws(() => new Harness(plugin({})), /either `each` or `process`/);
  assert.throws(() => new Harness(plugin({ each() {}, fields: 'a' })), /list of names/);
});

test('what cannot be emitted rejects the record', () => {
  const emit = (entry) => new Harness(plugin({ each: (_, output) => output.emit(entry) })).process([{}]).rejections[0].reason;
  assert.match(emit({ json: undefined }), /undefined is not JSON/);
  assert.match(emit({ key: 'k' }), /needs `json` or `value`/);
  assert.match(emit({ value: 5 }), /give what is to become JSON as `json`/);
  assert.match(emit({ json: 1, timestampMs: 1.5 }), /whole milliseconds/);
});

test('of a record that is refused nothing else comes, and the first reason counts', () => {
  const harness = new Harness(
    plugin({
      process(records, output) {
        const [first, second] = records;
        output.emit(second.with({ json: 'second' }));
        output.emit(first.with({ json: 'first' }));
        output.emit({ json: 'at the end' });
        output.keep(first);
        output.reject(first, 'once');
        output.reject(first, 'twice');
      },
    }),
  );
  const outcome = harness.process([{}, {}]);
  assert.deepEqual(outcome.records.map(({ value }) => value), ['"second"', '"at the end"']);
  assert.deepEqual(outcome.rejections.map(({ reason }) => reason), ['once']);
});

test('the host answers only during calls', () => {
  assert.throws(() => clock.nowMs(), /only while the plugin is opened or called/);
  const harness = new Harness(plugin({ each: () => log.warn(`at ${clock.nowMs()}`, { a: 1 }) }));
  harness.setNowMs(9);
  harness.process([{}]);
  assert.deepEqual(harness.logLines, [{ level: 'warn', message: 'at 9', fields: { a: '1' } }]);
});

test('one instance reads a topic\'s past: all partitions, each with its own offsets', () => {
  const seen = [];
  let told;
  const harness = new Harness(
    defineProcessor({
      summary: 'Looks.',
      open({ partition }) {
        told = partition;
        return { process: (records) => seen.push([records.partition, records.at(0).offset, clock.watermarkMs()]) };
      },
    }),
    { partition: null },
  );
  harness.process([{}, {}]);
  harness.process([{}], { partition: 1, watermarkMs: 5 });
  harness.process([{}], { partition: 0 });
  harness.process([{}], { partition: 1, watermarkMs: 7 });
  assert.equal(told, null);
  assert.deepEqual(seen, [[0, 0, null], [1, 0, 5], [0, 2, 5], [1, 1, 7]]);
});
