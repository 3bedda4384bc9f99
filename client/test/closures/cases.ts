/**
 * Functions, each an expression as it stands in a program, with what becomes of it: `ships`, or a part of the reason why it stays.
 * They are written in strict code, among the names of `OUTSIDE`, unless they say otherwise.
 */

import { transformSync } from 'esbuild';

import { ENGINE } from './engine.ts';

export const OUTSIDE = `
  const limit = 100, table = { us: 1, eu: 2 }, names = ['a', 'b'], pattern = /x/;
  let counter = 0;
  const double = (n) => n * 2;
  function named(o) { return o.amount; }
  class Money { constructor(n) { this.n = n; } get cents() { return this.n * 100; } static of(n) { return new Money(n); } }
  const service = { rate: 2, price(o) { return o.amount * this.rate; } };
  const o = { amount: 7 }, e = 3, value = 4;
`;

export interface Case {
  code: string;
  ships: boolean;
  /** Of the reason. */
  because?: string;
  given?: Record<string, unknown>;
  isSloppy?: boolean;
  isUtc?: boolean;
}

const lines = (text: string) =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
const ships = (text: string, more: Partial<Case> = {}): Case[] =>
  lines(text).map((code) => ({ code, ships: true, ...more }));
const stays = (because: string, text: string, more: Partial<Case> = {}): Case[] =>
  lines(text).map((code) => ({ code, ships: false, because, ...more }));

/** All that a function may do that knows only its parameters. */
const OWN = ships(String.raw`
  o => o.amount > 100
  o => o?.amount > 100
  (o) => { return o.amount; }
  o => ({ ...o, tier: 'premium' })
  ({ amount }) => amount
  ({ amount = 5 }) => amount
  ({ amount: a = 5, ...rest }) => [a, rest]
  ({ items: [first, ...others] = [] }) => ({ first, others })
  ({ nested: { deep = 1 } = {} }) => deep
  ({ ['amount']: a }) => a
  ([a, , b] = []) => [a, b]
  (o, { offset } = {}) => offset
  (o, r, limit = 3) => o.amount + limit
  (o, r, limit = o.amount) => limit
  (o, r, f = () => o.amount) => f()
  (...all) => all.length
  (o, ...rest) => rest.length
  function (o) { return o.amount; }
  function big(o) { return o.amount > 100; }
  function fact(o, r, n = 5) { return n <= 1 ? 1 : n * fact(o, r?.offset, n - 1); }
  (function () { return arguments.length; })
  (function () { return arguments[0].amount; })
  (o, { key, offset: at, headers: { h = 1 } }) => [key, at, h]
  (o, r) => [r.key, r['offset'], r?.timestamp, typeof r.topic]
  (o, record) => { const { key, partition } = record; return [key, partition]; }
  (o, { timestamp } = {}) => timestamp
  (...all) => all[0].amount
  (function (o) { return new.target === undefined; })
  ({ big(o) { return o.amount > 100; } }).big
  ({ 'big one'(o) { return o.amount; } })['big one']
  ({ 7(o) { return o.amount; } })[7]
  ({ ['com' + 'puted'](o) { return o.amount; } }).computed
  ({ [counter](o) { return o.amount; } })[0]
  ({ get(o) { return o.amount; } }).get
  ({ set(o) { return o.amount; } }).set
  ({ async(o) { return o.amount; } }).async
  ({ static(o) { return o.amount; } }).static
  ({ function(o) { return o.amount; } }).function
  ({ class(o) { return o.amount; } }).class
  ({ if(o) { return o.amount; } }).if
  ({ big: o => o.amount }).big
  ({ big: function (o) { return o.amount; } }).big
  (class { static big(o) { return o.amount > 100; } }).big
  (class { big(o) { return o.amount > 100; } }).prototype.big
  (class { static #p(o) { return o.amount; } static get p() { return this.#p; } }).p
  Object.getOwnPropertyDescriptor({ get five() { return 5; } }, 'five').get
  Object.getOwnPropertyDescriptor({ set five(o) { return o; } }, 'five').set
  (class { static big = o => o.amount > 100 }).big
  [o => o.amount][0]
  (0, o => o.amount)
  true ? o => o.amount : null
  (() => o => o.amount)()
  (() => { const inner = o => o.amount; return inner; })()
  o => { const limit = 5; return o.amount > limit; }
  o => { let counter = 0; for (const x of o.items ?? []) counter += x; return counter; }
  o => { var limit = 3; { let limit = 4; } return limit; }
  o => { if (o) { var late = 1; } return late; }
  o => { return late(); function late() { return o.amount; } }
  o => { class Money { constructor(n) { this.n = n; } get twice() { return this.n * 2; } } return new Money(o.amount).twice; }
  o => { class A { x = 1; static y = 2; m() { return this.x; } } class B extends A { m() { return super.m() + 1; } } return new B().m() + A.y; }
  o => { class A { #p = 5; p() { return this.#p; } static { A.q = 7; } } return new A().p() + A.q; }
  o => { const K = class Self { static who() { return Self.v; } static v = 3; }; return K.who(); }
  o => ({ n: o.amount, get twice() { return this.n * 2; } }).twice
  o => ({ n: 5, m() { return this.n; } }).m()
  o => { try { return o.a.b.c; } catch { return null; } }
  o => { try { return o.a.b.c; } catch (error) { return null; } }
  o => { try { return o.amount; } finally { o = null; } }
  o => { outer: for (let i = 0; i < 3; i++) { for (let j = 0; j < 3; j++) { if (j === 1) continue outer; if (i === 2) break outer; } } return 1; }
  o => { limit: { break limit; } return 1; }
  o => { switch (o.region) { case 'us': { const limit = 1; return limit; } case 'eu': let x = 2; return x; default: return 0; } }
  o => { for (var i = 0, n = 0; i < 5; i++) n += i; return n + i; }
  o => { for (const key in o) { if (key === 'region') return key; } return null; }
  o => { for (const { x = 1 } of [{}, { x: 2 }]) o.amount = x; return o.amount; }
  o => { let i = 0; do { i++; } while (i < 3); while (i --> 0); return i; }
  o => { const [a, b] = [1, 2]; let c, d; [c, d] = [b, a]; ({ c, d = 9 } = { c: d }); return [a, b, c, d]; }
  o => { const { amount: limit } = o; return limit; }
  o => { const g = function* () { yield 1; yield* [2, 3]; }; return [...g()]; }
  o => { const fib = n => n < 2 ? n : fib(n - 1) + fib(n - 2); return fib(10); }
  o => (function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); })(10)
  o => { a: b: for (;;) break a; return 'labels'; }
  o => { let undefinedYet; return typeof undefinedYet; }
  o => typeof o
  o => typeof o.limit
  o => void 0 === o.nothing
  o => o.limit
  o => o.counter + o.table
  o => ({ limit: 1, table: 2, double: 3 })
  o => ({ limit() { return 1; } }).limit()
  o => [1, 2, 3].map(limit => limit * 2)
  o => (({ limit }) => limit)({ limit: 4 })
  o => ((a, b = a, c = () => a + b) => c())(1)
  o => { const double = n => n * 2; return double(o.amount); }
  o => o.items?.map(({ price, quantity = 1 }) => price * quantity).reduce((a, b) => a + b, 0) ?? 0
  o => Object.entries(o ?? {}).filter(([k, v]) => v !== null).length
  o => Object.fromEntries(Object.keys(o ?? {}).sort().map(k => [k, 1]))
  o => new Map([[1, o]]).size + new Set([1, 1]).size
  o => JSON.parse(JSON.stringify(o))
  o => Math.max(1, o.amount) + Number('5') + parseInt('12px', 10) + parseFloat('1.5')
  o => [isNaN(NaN), isFinite(Infinity), undefined === void 0]
  o => String(o.amount) + Boolean(o) + BigInt(5) + Symbol('x').description
  o => encodeURIComponent('a b') + decodeURIComponent('%20') + escape('ü') + unescape('%FC')
  o => new Error('x') instanceof Error && new RangeError('y').message
  o => Reflect.ownKeys(o).length + new Proxy({}, { get: () => 5 }).x
  o => new Uint8Array([1, 2, 300])[2] + new DataView(new ArrayBuffer(8)).getInt8(0) + new Float64Array(2).length
  o => new WeakMap().has({}) || new WeakSet().has({})
  o => Date.UTC(2026, 0, 1)
  o => typeof Date.now()
  o => new Date() instanceof Date
  o => o instanceof Object
  o => Array.isArray(o.items) && Array.from({ length: 3 }, (_, i) => i)
  o => Number.isInteger(o.amount) && Object.is(NaN, NaN)
  o => RegExp.prototype.test.call(/a/, 'a')
  o => new RegExp('^' + o.region).test('us')
  # Text that looks like code, and code that looks like text.
  o => 'limit + table'
  o => "o => limit" + 'this' + "await x" + 'arguments'
  o => "<b>" + '-- >' + "</b>"
  o => 'it\'s // not a comment' + "/* nor this */"
  o => "\u{1F600}".length + '\x41'
  o => ${'`'}text limit table${'`'}
  o => ${'`'}${'${'}o.amount} of ${'${'}[1, 2].map(x => ${'`'}<${'${'}x}>${'`'}).join()}${'`'}
  o => ${'`'}}${'${'} "}" + '{' }{${'`'}
  o => String.raw${'`'}\n${'${'}o.amount}${'`'}
  o => ((strings, ...values) => strings.raw.join('|') + values)${'`'}a${'${'}1}b${'`'}
  o => /limit|table/.test('limit')
  o => /[/]"'${'`'}/.test('/"')
  o => /(?<year>\d{4})-(?<m>\d\d)/u.exec('2026-11')?.groups.year
  o => 'a-b_c'.replace(/[-_](.)/g, (_, c) => c.toUpperCase())
  o => o.amount / 2 / 1
  o => { /* limit */ return o.amount; /* table */ }
  o /* limit */ => /* table */ o.amount
  /* before */ o => o.amount /* after */
  (o /* = limit */) => o.amount
  o => [...'añ💩'].length
  ö => ö.amount
  $ => $.amount
  _ => _.amount
  \u006f => o.amount
  (async) => async.amount
  o => [o].map((async) => async.amount)
  of => of.amount
  get => get.amount
  o => { const async = 1, of = 2, get = 3, set = 4, from = 5; return async + of + get + set + from; }
  o => o.constructor === Object
  o => o.constructor.name
  o => ({ constructor: 1, stack: 2, toLocaleString: 3 }).constructor
  o => ({ stack: 5 })
  o => 1_000_000 + 0xff + 0b11 + 0o17 + 1e3 + .5
  o => 10n ** 3n === 1000n
  o => o.amount ** 2
  o => (o.amount ??= 5, o.amount ||= 6, o.amount &&= 7)
  o => (o.amount++, --o.amount)
  o => delete o.amount
  o => 'amount' in o
  o => [, 1, , 2].length
  o => (1, 2, 3)
  o => !o.amount && !(o.items || []).length
  o => o.amount > 100 ? 'high' : o.amount > 10 ? 'mid' : 'low'
  o => (() => (() => o.amount)())()
  o => { throw new TypeError('no ' + o.region); }
  o => { if (!o.amount) throw o; return 1; }
  o => null
  o => undefined
  () => true
  () => {}
  () => ({})
  (a, b) => a.amount + (b?.offset ?? 0)
  (state, o) => ({ ...state, total: (state?.total ?? 0) + (o?.amount ?? 0) })
  ((o) => o.amount)
`);

/** Of several lines. */
const LONG: Case[] = [
  { code: 'o => {\n  // limit\n  return o.amount // table\n}', ships: true },
  { code: '(\n  o, // the order\n) =>\n  o.amount', ships: true },
  { code: "o => 'a\\\nb'.length", ships: true },
  { code: 'o => `limit\n${o.amount}\n`', ships: true },
  { code: '({\n  /** Doc. */\n  big /* name */ (o) { // limit\n    return o.amount;\n  },\n}).big', ships: true },
  { code: 'o => {\n  return\n  limit\n}', ships: false, because: 'limit' },
  { code: 'function (o) { return o.amount; /*\n*/ --> comment\n}', ships: false, because: 'strict', isSloppy: true },
  { code: 'o => { return o.amount <!-- comment\n}', ships: false, because: 'old scripts', isSloppy: true },
  { code: 'o => { let x = 5;\n<!-- comment\nreturn x }', ships: false, because: 'strict', isSloppy: true },
];

/** The names of others, in all places where a name can stand. */
const CAPTURES = [
  ...stays(
    'limit is not its own; where it is JSON, give it along: .with({ limit })',
    String.raw`
    o => o.amount > limit
    o => ({ limit })
    o => ({ [limit]: 1 })
    o => o[limit]
    (o, r, max = limit) => max
    ({ amount = limit }) => amount
    ({ [limit]: x }) => x
    ([x = limit] = []) => x
    o => { const { a = limit } = o; return a; }
    o => { for (const x of [limit]) return x; }
    o => { for (const { y = limit } of [{}]) return y; }
    o => typeof limit
    o => ${'`'}${'${'}limit}${'`'}
    o => { { let limit = 1; } return limit; }
    o => { try { o.x.y; } catch { let limit = 2; } return limit; }
    o => { try { throw 1; } catch (limit) { } return limit; }
    o => { for (let limit = 0; limit < 1; limit++); return limit; }
    o => { (function limit() {}); return limit; }
    o => { (class limit {}); return limit; }
    o => [1].map(x => x * limit)
    o => { class A { x = limit } return new A().x; }
    o => { class A { [limit]() {} } return 1; }
    o => { class A { static { this.y = limit; } } return A.y; }
    o => (function () { return limit; })()
    o => { limit: for (;;) break limit; return limit; }
    (o, r, f = () => limit) => { var limit = 3; return f(); }
    (o, r, x = limit) => { const limit = 3; return x; }
    o => { switch (o.region) { case limit: return 1; } return 2; }
    o => o?.[limit]
    o => { if (0) { function limit() {} } return typeof limit; }
    function f(o) { return limit; }
    ({ limit(o) { return limit; } }).limit
    (class { static limit(o) { return limit; } }).limit
    o => { const f = function limit() { return 1; }; return f() + limit; }
  `,
  ),
  ...stays(
    'table is not its own',
    `
    o => table[o.region]
    o => { const { us } = table; return us; }
    o => o.region in table
    o => Object.keys(table)
    o => ({ ...table })
    o => { table.us++; return 1; }
  `,
  ),
  ...stays(
    'double is not its own',
    `
    o => double(o.amount)
    o => [1, 2].map(double)
    o => new double(1)
    o => double\`x\`
    o => double?.(1)
  `,
  ),
  ...stays(
    'is not its own',
    `
    o => Money.of(o.amount).cents
    o => { class Euro extends Money {} return new Euro(1).n; }
    o => o instanceof Money
    o => service.price(o)
    o => named(o)
    o => pattern.test('x')
    o => counter++
    o => { counter += 1; return counter; }
    o => [o.amount] = names
    () => o.amount
    x => o.amount + x.amount
    _ => value
    ({ ping(o) { return ping; } }).ping
    o => nowhere
    o => typeof nowhere === 'undefined'
    o => __assign({}, o)
    o => cov_1.s[0]++
    o => _vi_import_0_.load(o)
  `,
  ),
  ...stays(
    'of this process',
    `
    o => process.env.HOME
    o => fetch('http://example.com')
    o => setTimeout(() => 1, 1)
    o => console.log(o)
    o => Buffer.from('x')
    o => new URL('http://x').href
    o => structuredClone(o)
    o => crypto.randomUUID()
    o => globalThis.limit
    o => new TextEncoder().encode('x').length
    o => queueMicrotask(() => {})
    o => performance.now()
    o => Promise.resolve(o)
    o => new Intl.NumberFormat('de').format(o.amount)
    o => eval('limit')
    o => new Function('return 1')()
    o => Function('return this')()
    o => btoa('x')
    o => new WeakRef(o).deref()
    o => WebAssembly
    o => Atomics
    o => typeof process
    o => new AbortController().signal
    o => escape(atob('eA=='))
    o => new EventTarget()
    o => new SharedArrayBuffer(1)
  `,
  ),
  ...stays(
    'is not its own',
    `
    o => window.innerWidth
    o => document.title
    o => localStorage.getItem('x')
    o => require('fs')
    o => module.exports
    o => __dirname
    o => Deno.env
  `,
  ),
  ...stays(
    'arguments is not its own',
    `
    (function () { return (o) => arguments[0]; })(1)
    (function () { return (o, r, x = arguments) => x; })(1)
  `,
  ),
];

/** What needs more than a call that answers at once. */
const OTHERS = [
  ...stays(
    'async',
    `
    async o => o.amount
    async function (o) { return 1; }
    async (o) => { await o; }
    ({ async big(o) { return 1; } }).big
    o => (async () => 1)()
    o => { const f = async function () {}; return f; }
    o => ({ async m() {} })
    o => { class A { async m() {} } return A; }
    async ({ amount }) => amount
  `,
  ),
  ...stays(
    'parentheses',
    `
    async => async.amount
    o => [o].map(async => async.amount)
  `,
  ),
  ...stays(
    'generator',
    `
    function* (o) { yield o; }
    async function* (o) { yield 1; }
    ({ *items(o) { yield 1; } }).items
    (class { static *items(o) { yield 1; } }).items
  `,
  ),
  ...stays(
    'native or bound',
    `
    Boolean
    Number
    String
    parseInt
    JSON.stringify
    Math.max
    Array.isArray
    Object.keys
    ((o) => o.amount).bind(null)
    named.bind({ x: 1 }, 2)
    new Proxy((o) => o.amount, {})
    Function.prototype
    [].concat.bind([])
    console.log
    Symbol
  `,
  ),
  ...stays(
    'class',
    `
    Money
    class { }
    class A extends Array { }
    (() => class { constructor(o) {} })()
  `,
  ),
  ...stays(
    'it uses this',
    `
    (function (o) { return this; })
    (function () { return (o) => this; }).call({ x: 1 })
    (function (o) { return [1].map(x => this); })
    service.price
    ({ rate: 3, price(o) { return o.amount * this.rate; } }).price
    (class { static rate = 2; static price(o) { return this.rate; } }).price
    Object.getOwnPropertyDescriptor({ get five() { return this; } }, 'five').get
    o => { function inner() { return this; } return typeof inner(); }
    o => (function () { return this === undefined; })()
    (function (o, x = this) { return x; })
    o => { class A { [typeof this]() {} } return 1; }
    o => ({ [typeof this]: 1 })
    o => ({ m() { return 1; }, n: this })
  `,
  ),
  ...stays(
    'super',
    `
    ({ __proto__: { m() { return 1; } }, m(o) { return super.m(); } }).m
    (class extends Money { static big(o) { return super.of(1).n; } }).big
    (class extends Money { big(o) { return super.cents; } }).prototype.big
  `,
  ),
  ...stays(
    'it imports a module',
    `
    o => import('node:fs')
    o => { const f = () => import(o.name); return f; }
  `,
  ),
  ...stays(
    'property of its own',
    `
    Object.assign(o => o.amount, { limit: 5 })
    Object.assign(function f(o) { return f.limit; }, { limit: 5 })
    (() => { const memo = (o) => o.amount; memo.cache = new Map(); return memo; })()
    Object.assign((o) => o.amount, { [Symbol('x')]: 1 })
  `,
  ),
  ...stays(
    'language of this machine',
    `
    o => o.amount.toLocaleString()
    o => o.amount.toLocaleString('de-DE')
    o => 'a'.localeCompare('B')
    o => 'i'.toLocaleUpperCase('tr')
    o => new Date(0).toLocaleDateString()
    o => o['toLocaleString']()
    o => { const { toLocaleString } = o; return toLocaleString; }
  `,
  ),
  ...stays(
    'stack',
    `
    o => new Error('x').stack.length
    o => { const { stack } = new Error('x'); return stack; }
    o => o.error?.['stack']
  `,
  ),
  ...stays(
    'caught',
    `
    o => { try { return o.a.b; } catch (error) { return error.message; } }
    o => { try { return JSON.parse('{'); } catch ({ message }) { return message; } }
    o => { try { return o.a.b; } catch (e) { return String(e); } }
    o => { try { return o.a.b; } catch (e) { throw new Error(e); } }
  `,
  ),
  ...stays(
    'the record whole',
    `
    (o, r) => r
    (o, r) => ({ ...r })
    (o, r) => JSON.stringify(r)
    (o, r) => Object.keys(r)
    (o, r) => 'key' in r
    (o, r) => r[o.field]
    (o, r) => [r.key, r]
    (o, r) => { r.key = 1; return r.key; }
    (o, { ...rest }) => rest
    (o, { [o]: x }) => x
    (o, r) => { const { key, ...rest } = r; return rest; }
    (o, r) => { const copy = r; return copy.key; }
    (o, r = 5) => r
    (o, max = limit) => max
    (o, r) => [1].map(() => r)
    (o, r) => r && r.key
    (...all) => all
    (...all) => all[1].key
    (o, ...rest) => rest[0]
    (...[o, r]) => r.key
    (function () { return arguments[1]; })
    (function () { return [...arguments]; })
    (function (o) { return Array.prototype.slice.call(arguments, 0, 1); })
    (function (o) { var rest = []; for (var i = 1; i < arguments.length; i++) rest[i - 1] = arguments[i]; return rest; })
    (function (o) { return Object.keys(arguments[1]); })
  `,
  ),
  ...stays(
    'makes code from text',
    `
    o => o.constructor.constructor('return 1')()
    o => (() => {}).constructor('return 1')()
    o => new ((() => {}).constructor)('return 1')
    o => o['constructor']('x')
  `,
  ),
  ...stays(
    'it changes',
    `
    o => { Math = 1; }
    o => { Object.x = 1; return Object.x; }
    o => { Array.seen = (Array.seen ?? 0) + 1; return Array.seen; }
    o => { Math.count++; return 1; }
    o => { delete Math.max; return 1; }
    o => { [Math.x] = [1]; return 1; }
    o => { for (Math.x of [1]); return 1; }
    o => { ({ a: JSON.a } = { a: 1 }); return 1; }
  `,
  ),
  ...stays(
    'up to the engine',
    `
    o => /(a)/.test('a') && RegExp.$1
    o => RegExp.lastMatch
    o => RegExp['$1']
  `,
  ),
];

/** What is given along ships with the function, and what is given and not used does not. */
const GIVEN = [
  ...ships(
    `
    o => o.amount > limit
    o => ({ limit })
    (o, r, max = limit) => max
    ({ amount = limit }) => amount
    o => [1, 2].map(x => x * limit)
    o => typeof limit
    ({ big(o) { return o.amount > limit; } }).big
    o => { const limit = 5; return limit; }
  `,
    { given: { limit: 100 } },
  ),
  ...ships(
    `
    o => table[o.region] ?? limit
    o => o.region in table
    o => table.us + table['eu']
    o => names.map(name => name + limit).join()
    o => ((table) => Object.keys(table))({ us: 1, eu: 2 })
  `,
    { given: { limit: 100, table: { us: 1, eu: 2 }, names: ['a', 'b'] } },
  ),
  ...ships(
    `
    o => Object.keys(ranks)
    o => ({ ...ranks, limit: 1 })
    o => [ranks, ranks.us]
  `,
    { given: { ranks: { 7: 0, 10: 1, eu: 2, us: 1 } } },
  ),
  // Fields stand there in the order in which they stand here.
  ...ships(
    `
    o => Object.keys(table)
    o => ({ ...table })
    o => [table, table.us]
    o => table.hasOwnProperty('us')
    o => { const { us, ...others } = table; return others; }
  `,
    { given: { table: { us: 1, eu: 2 } } },
  ),
  ...ships(
    `
    o => taxes[o.region]
    o => 'eu' in taxes
    o => JSON.stringify([taxes, shelves])
  `,
    { given: { taxes: { us: 1, eu: { z: 1, a: 2 } }, shelves: { b: 1, 10: [{ y: 1, x: 2 }], a: 2, 7: 0 } } },
  ),
  ...stays(
    'it changes limit',
    `
    o => { limit = 5; return limit; }
    o => limit++
    o => { [limit] = [1]; return limit; }
    o => { for (limit of [1]); return limit; }
    o => { ({ limit } = { limit: 3 }); return limit; }
  `,
    { given: { limit: 100 } },
  ),
  ...stays(
    'double is not its own',
    `
    o => double(o.amount) + limit
  `,
    { given: { limit: 100 } },
  ),
];

/** Where a function looks at the clock on the wall. */
const TIMES = [
  ...ships(
    `
    o => new Date(o.at).toISOString()
    o => new Date('2026-11-26T10:00:00').getHours()
    o => new Date(2026, 0, 1).getTime()
    o => Date.parse('2026-11-26T10:00:00')
    o => typeof Date()
  `,
    { isUtc: true },
  ),
  ...ships(
    `
    o => Date.now() > 0
    o => Date.UTC(2026, 1)
    o => new Date() instanceof Date
    o => new Date().getTime() > 0
  `,
    { isUtc: false },
  ),
  ...stays(
    'time zone of this machine',
    `
    o => new Date(o.at).toISOString()
    o => new Date(2026, 0, 1).getTime()
    o => Date.parse('2026-11-26T10:00:00')
    o => Date()
    o => [o.at].map(Date)
    o => new Date().getHours()
    o => new Date().getTimezoneOffset()
    o => new Date().toDateString()
    o => o.when.getDay()
  `,
    { isUtc: false },
  ),
];

/** What only sloppy code can say, and what strict code would take for something else. */
const SLOPPY = [
  ...ships(
    `
    o => o.amount
    (function (o) { return arguments.length; })
    (function (o) { var x = 1; return x; })
    (function (o) { "use strict"; return o.amount; })
  `,
    { isSloppy: true },
  ),
  ...stays(
    'no strict code',
    `
    o => 010
    o => { with (o) { return amount; } }
    (function (o, o) { return o; })
    o => { delete o; return 1; }
    o => "\\08"
    o => { var package = 1; return package; }
    o => { var yield = 1; return yield; }
    (function (o) { arguments = 1; return 1; })
  `,
    { isSloppy: true },
  ),
  ...stays(
    'arguments',
    `
    (function (o) { o = 1; return arguments[0]; })
    (function (o) { arguments[0] = 1; return o; })
    (function (o) { return arguments.callee.length; })
    (function (o) { o++; return arguments.length; })
    o => (function (a) { a = 2; return arguments[0]; })(1)
    (function (o) { [o] = [1]; return arguments[0]; })
    (function (o) { for (o of [1]); return arguments[0]; })
    (function (o) { ({ o } = { o: 1 }); return arguments[0]; })
    (function (o, p = (o = 2)) { return arguments[0]; })
    (function (o) { delete arguments[0]; return o; })
  `,
    { isSloppy: true },
  ),
  ...stays(
    'it uses this',
    `
    (function (o) { return typeof this; })
    o => (function () { return typeof this; })()
  `,
    { isSloppy: true },
  ),
  ...stays(
    'is not its own',
    `
    o => { undeclared = 1; return 1; }
    o => { if (1) { function inner() { return 5; } } return inner(); }
  `,
    { isSloppy: true },
  ),
];

/** As tsx compiles them: what is named inside is given its name by a helper that stands outside. */
const NAMED = [
  ...ships(`
    o => { const twice = (n) => n * 2; return twice(o.amount); }
    o => { function twice(n) { const half = () => n / 2; return half() * 4; } return [twice(o.amount), twice.name]; }
    o => { class Price { constructor(n) { this.n = n; } get twice() { return this.n * 2; } } return new Price(o.amount).twice; }
    o => { const Price = class { static of(n) { return [Price.name, n]; } }; return Price.of(o.amount); }
    o => { const outer = () => { const inner = (n) => n + 1; return [inner(o.amount), inner.name, outer.name]; }; return outer(); }
    function big(o) { const isBig = (n) => n > 100; return isBig(o.amount); }
    ({ big(o) { const isBig = (n) => n > 100; return isBig(o.amount); } }).big
  `),
  ...ships('o => { const capped = (n) => Math.min(n, limit); return capped(o.amount); }', { given: { limit: 100 } }),
  ...stays('limit is not its own', 'o => { const capped = (n) => Math.min(n, limit); return capped(o.amount); }'),
].map((one) => ({ ...one, code: asOfTsx(one.code) }));

function asOfTsx(code: string): string {
  const { code: built } = transformSync(`exports.default = (${code}\n)`, { keepNames: true });
  return `(() => { ${built.replace('exports.default =', 'return')} })()`;
}

/** What only looks like that helper. */
const NOT_NAMED = [
  ...stays(
    '__name is not its own',
    `
    ((__name) => o => { const Object = (n) => n; return __name((n) => Object(n), 'f')(o.amount); })((fn) => fn)
    o => [1].map(__name)
    o => typeof __name
    o => __name(o)
    o => __name(o, o.region)
    o => __name?.(o, 'x')
    o => __name(...o.items, 'x')
    o => new __name(o, 'x')
  `,
  ),
  ...stays('__name is not its own', "((__name) => o => __name((n) => n, 'f')(o.amount))((fn) => fn)", { given: { Object: 1 } }),
];

export const CASES: Case[] = [
  ...OWN,
  ...ships(ENGINE),
  ...LONG,
  ...CAPTURES,
  ...OTHERS,
  ...GIVEN,
  ...TIMES,
  ...SLOPPY,
  ...NAMED,
  ...NOT_NAMED,
];
