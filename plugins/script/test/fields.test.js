import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fieldsOf } from '../src/fields.js';
import { compile } from '../src/source.js';

const fields = (source, index = 0) => {
  const found = fieldsOf(compile(source, { limit: 1 }, 'test'), index);
  return found === null ? 'whole' : [...found].sort().join();
};

test('fields that are named are asked for', () => {
  for (const [source, expected] of [
    ['o => o.amount > limit', 'amount'],
    ["o => o['amount'] + o.tax", 'amount,tax'],
    ['o => o?.amount?.value ?? 0', 'amount'],
    ['({ amount, "region name": r, user: { id } = {} }) => amount', 'amount,region name,user'],
    ['({ amount } = {}) => amount', 'amount'],
    ['function (o) { return o.a.b.c(o.d[o.e]); }', 'a,d,e'],
    ['o => { const { a, b: { c } } = o; return a + c; }', 'a,b'],
    ['o => o && o.a', 'a'],
    ['o => o ? o.a : null', 'a'],
    ['o => { if (!o || typeof o !== "object") return false; return o.a; }', 'a'],
    ['o => o !== null && null != o && o.a', 'a'],
    ['o => o.list.map((x) => x + o.rate)', 'list,rate'],
    ['o => [1].map((o) => o)[0] + o.a', 'a'],
    ['o => new o.kind()', 'kind'],
    ['o => o[0]', '0'],
    ['o => o.__proto__', '__proto__'],
    ['() => true', ''],
    ['(_, r) => r.key', ''],
    ['o => `${o.a}`', 'a'],
  ]) {
    assert.equal(fields(source), expected, source);
  }
  assert.equal(fields('(s, e) => { s.n += e.n; return s; }', 1), 'n');
});

test('whatever lets the value out asks for all of it', () => {
  for (const source of [
    'o => o',
    'o => ({ ...o })',
    'o => [o]',
    'o => String(o) || o.a',
    'o => JSON.stringify(o).length',
    'o => Object.keys(o)',
    "o => 'a' in o",
    'o => o[limit]',
    'o => o[`a`]',
    'o => o["\\ud800"]',
    'o => o.hasOwnProperty("a")',
    'o => (o.toString)()',
    'o => (o?.toString)()',
    'o => o.f?.()',
    'o => o.tag`x`',
    'o => { o.a = 1; return true; }',
    'o => { o.a += 1; return true; }',
    'o => o.a++',
    'o => delete o.a',
    'o => { [o.a] = [1]; }',
    'o => { ({ x: o.a } = { x: 1 }); }',
    'o => { ({ x: o.a = 2 } = { x: 1 }); }',
    'o => { [...o.a] = [1]; }',
    'o => { for (o.a of [1]) {} }',
    'o => { for (o.a in {}) {} }',
    'o => { for (const k in o) return k; }',
    'o => { const p = o; return p.a; }',
    'o => { let p; p = o; return p.a; }',
    'o => { const { a, ...rest } = o; return rest; }',
    'o => { const { [limit]: a } = o; return a; }',
    'o => { const [a] = o; return a; }',
    '({ a, ...rest }) => rest',
    '({ [limit]: a }) => a',
    '([a]) => a',
    '(...all) => all[0].a',
    'function (o) { return arguments[0].a; }',
    'o => { o = { ...o }; return o.a; }',
    'o => o || {}',
    'o => o ?? {}',
    'o => (o, 1)',
    'o => o == "x"',
    'o => o + ""',
    'o => o instanceof Array',
    'o => `${o}`',
    'o => { throw o; }',
    'o => (() => o)().a',
    '(o, r = o) => r.a',
    '(o, { x = o } = {}) => x.a',
    'o => class { static x = o; }.x.a',
    'o => ({ o }).o.a',
    'o => ({ get x() { return o; } }).x.a',
    'o => o.a ? o : null',
    'o => (o.a && o).b',
    'o => { var q = o, o; return q.b; }',
  ]) {
    assert.equal(fields(source), 'whole', source);
  }
});

/** Programs over a value that read, test, alias, spread and change it, drawn by a seed. */
function programs(seed) {
  let state = seed;
  const draw = (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  const pick = (...all) => all[draw(all.length)];
  const name = () => pick('a', 'b', 'c', 'd', 'toString', 'length');
  const value = (depth) => {
    const inner = () => (depth > 0 ? value(depth - 1) : pick('1', 'null', '"a"', 'o', `o.${name()}`));
    return pick(
      () => `o.${name()}`,
      () => `o?.${name()}`,
      () => `o["${name()}"]`,
      () => `(o && ${inner()})`,
      () => `(o ? ${inner()} : ${inner()})`,
      () => `(!o || ${inner()})`,
      () => `(o == null ? 0 : ${inner()})`,
      () => `typeof o.${name()}`,
      () => `typeof o`,
      () => `[${inner()}, ${inner()}]`,
      () => `((o) => ${inner()})(${inner()})`,
      () => `(() => ${inner()})()`,
      () => `String(${inner()})`,
      () => `JSON.stringify(${inner()})`,
      () => `({ ...${inner()} })`,
      () => `(({ ${name()}: x }) => [x, ${inner()}])(${inner()} ?? 0)`,
      () => `(() => { const { ${name()}: y = 1 } = o; return y; })()`,
      () => `(() => { let p = ${inner()}; return p?.${name()}; })()`,
      () => `(() => { o.${name()} = ${inner()}; return o.${name()}; })()`,
      () => `(() => { for (const k in ${inner()}) return k; return 0; })()`,
      () => `Object.keys(Object(${inner()}))`,
      () => `("${name()}" in Object(${inner()}))`,
      () => `o.${name()}?.toString?.()`,
      () => `o[${inner()}]`,
      () => `${inner()} + ${inner()}`,
      () => `(delete o.${name()})`,
      () => `(o.${name()} ??= ${inner()})`,
    )();
  };
  return () => pick(() => `o => ${value(3)}`, () => `function (o) { return ${value(3)}; }`, () => `({ ${name()}: o = {}, ${name()}: q }) => [${value(2)}, q]`)();
}

test('on the fields alone a function answers what it answers on the whole value', () => {
  // What a program hangs onto the language's own functions would be there for the next one.
  [Object, Array, String, Number, Boolean, Function].forEach(({ prototype }) => Object.freeze(prototype.toString));
  const next = programs(11);
  const inputs = [
    '{"a":1,"b":{"c":[1,2]},"c":"text","d":null,"e":{"f":1}}',
    '{"e":5,"length":3,"toString":7,"b":false}',
    '{"a":{"a":1,"b":2},"a":2}',
    '{}',
    '[1,2,3]',
    '"text"',
    '7',
    'null',
    'true',
  ];
  let projectable = 0;
  for (let round = 0; round < 20_000; round += 1) {
    const source = next();
    const compiled = compile(source, {}, 'test');
    const names = fieldsOf(compiled, 0);
    if (names === null) {
      continue;
    }
    projectable += 1;
    for (const input of inputs) {
      assert.equal(answer(compiled, project(input, names)), answer(compiled, input), `${source} on ${input}, with ${[...names]}`);
    }
  }
  assert.ok(projectable > 2_000, `${projectable} programs were projectable`);
});

function answer({ call }, text) {
  try {
    return JSON.stringify([call(JSON.parse(text))], (_, value) => (typeof value === 'function' ? String(value) : value));
  } catch (error) {
    return `threw ${error.name}`;
  }
}

/** As the host does it. */
function project(text, names) {
  const value = JSON.parse(text);
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    return text;
  }
  return JSON.stringify(Object.fromEntries(Object.entries(value).filter(([name]) => names.has(name))));
}
