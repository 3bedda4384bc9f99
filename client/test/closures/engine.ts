/** What engines do by the letter of the language: functions that ship, and must answer the same in any of them. */

export const ENGINE = String.raw`
  o => [0.1 + 0.2, 1 / 3, 1e21, 1e-7, 123456789012345680000, 5e-324, -1e-7, 2 ** 53, 0xffffffff | 0, -1 >>> 0]
  o => [(1.005).toFixed(2), (25).toString(36), (0.5).toString(2), (1234.5678).toExponential(2), (0.000001234).toPrecision(2), (1e21).toFixed(2), (255.75).toString(16)]
  o => ['5', '0x1f', '', ' 12 ', '1e3', 'x', '0b11', '1_0', 'Infinity', '-0', '.5', '5.'].map(Number)
  o => ['5px', '0x1f', '', '1e3x', '.5.5', '-', '٣'].map(parseFloat)
  o => ['08', '0x1f', '12abc', '', '-0'].map((x) => parseInt(x))
  o => [Math.round(-0.5), Math.round(2.5), Math.trunc(-1.7), Math.sign(-3), Math.fround(5.5), Math.clz32(1), Math.imul(0xffffffff, 5), Math.hypot(3, 4), Math.cbrt(27), Math.log2(8), Math.log10(1000)]
  o => [Math.min(), Math.max(), Math.min(1, NaN), Math.max(-0, 0), Math.atan2(1, -1), Math.abs(-5.5), Math.floor(-0.5), Math.ceil(-0.5)]
  o => [3, 20, 100, 1, undefined, , 'b', 'a', null].sort()
  o => Array.from({ length: 40 }, (_, i) => ({ i, k: i % 3 })).sort((a, b) => a.k - b.k).map(({ i }) => i)
  o => [5, 1, 4].toSorted((a, b) => a - b).concat([1, 2, 3].toReversed(), [1, 2, 3].with(0, 9), [1, 2, 3, 4].toSpliced(1, 2))
  o => [[1, [2, [3, [4]]]].flat(2), [1, 2].flatMap((x) => [x, x * 2]), [1, 2, 3].at(-1), [1, 2, 3].findLast((x) => x < 3), [1, 2, 3].findLastIndex((x) => x > 5), [1, 2, 3].includes(NaN), [NaN].includes(NaN), [NaN].indexOf(NaN)]
  o => [[1, 2, 3].copyWithin(0, 1), new Array(3).fill(0), Array.of(7), [1, 2, 3, 4].lastIndexOf(3), [3, 4].entries().next().value, [..."ab"].keys().next(), [1, 2, 3].join('-'), [[1, 2], [3]].toString(), [null, undefined].join()]
  o => Object.entries({ b: 1, 2: 2, a: 3, 1: 4 })
  o => ['abc'.at(-1), 'abc'.padStart(5, '*'), 'abc'.padEnd(5), 'a-b-c'.split('-', 2), 'aXbX'.replaceAll('X', '$&$&'), ' x '.trim(), 'abc'.substring(2, 0), 'abc'.substr(-2, 1), 'abc'.slice(-2), 'ab'.repeat(2), 'abc'.codePointAt(1), 'x'.concat(1, null)]
  o => ['straße'.toUpperCase(), 'İ'.toLowerCase().length, 'ΑΣ'.toLowerCase(), 'ǆ'.toUpperCase(), 'ﬁ'.toUpperCase(), 'é'.normalize('NFD').length, 'e\u0301'.normalize('NFC').length, '①'.normalize('NFKC'), 'ß'.normalize('NFKD')]
  o => ['\ud800'.isWellFormed(), '\ud800a'.toWellFormed(), '💩'.length, [...'👨‍👩‍👧'].length, '💩'.split('').length, 'é'.charCodeAt(0), String.fromCodePoint(0x1f600), '\u2028'.length]
  o => ['2026-11-26'.match(/(?<y>\d+)-(?<m>\d+)/).groups.m, 'aBc'.replace(/b/i, (x) => x + x), 'a1b2'.match(/\d/g), [...'a1b22'.matchAll(/[a-z](\d+)/g)].map((m) => [m.index, m[1]]), 'x'.search(/y/), /a.c/s.test('a\nc'), /^b/m.test('a\nb')]
  o => ['price: 5€'.match(/(?<=: )\d+/)[0], /(?<!a)b/.test('ab'), 'xay'.split(/(a)/), /\p{Lu}/u.test('É'), /\p{Script=Greek}/u.test('α'), /[\u{1F600}-\u{1F64F}]/u.test('😀'), /(a)|(b)/.exec('b'), 'aaa'.lastIndexOf('a'), /a{2,3}?/.exec('aaaa')[0]]
  o => { const r = /a/y; r.lastIndex = 1; return [r.test('ba'), r.lastIndex, /a/dgimsuy.flags, /[/\]]/.source, String(/a\/b/g), new RegExp('/').source]; }
  o => 'xz'.replace(/(x)(y)?/, '[$1|$2|$$|$&|$3]')
  o => [JSON.stringify({ a: [undefined, () => 1, NaN, -0], b: undefined, c: new Date(0), d: '\ud800\u2028"\\' }), JSON.stringify([1, { a: 2 }], null, 2), JSON.stringify({ a: 1, b: 2 }, ['b']), JSON.parse('{"__proto__": 1, "a": [1e3, -0]}'), JSON.stringify('\x7f\x00')]
  o => { const seen = []; JSON.parse('{"a": [1, 2], "b": {"c": 3}}', function (key, value) { seen.push(key); return value; }); return seen; }
  o => ['{', '{"a":1,}', '01', "'a'", '[1,]', 'undefined', '"\t"', 'nul'].map((text) => { try { return JSON.parse(text); } catch { return 'no'; } })
  o => [new Date(1e12).toISOString(), new Date('2026-11-26T10:00:00Z').getTime(), new Date('2026-11-26T10:00:00.123456Z').getTime(), new Date('2026-11-26').getTime(), new Date('2026-11-26T10:00:00+05:30').toJSON(), new Date(NaN).getTime(), new Date(8.64e15 + 1).getTime(), Date.parse('2026-13-01'), Date.parse('2026')]
  o => Date.parse('2026-02-30T00:00:00Z')
  o => { const d = new Date(Date.UTC(2024, 1, 29, 23, 59, 59, 999)); d.setUTCFullYear(2025); d.setUTCMonth(13); return [d.toISOString(), d.getUTCDay(), d.getUTCDate(), new Date(Date.UTC(99, 0)).getUTCFullYear(), JSON.stringify({ d })]; }
  o => { const d = new Date('2026-11-26T10:00:00'); return [d.getHours(), d.getTimezoneOffset(), d.getDay(), d.toISOString(), d - new Date(2026, 10, 26)]; }
  o => [10n ** 20n, -7n / 2n, -7n % 3n, 5n << 70n, BigInt('0xff'), BigInt.asUintN(8, 257n), 2n > 1, 1n == 1, typeof 1n, (123n).toString(16)].map(String)
  o => [typeof null, typeof undefined, typeof (() => 1), typeof Symbol(), null ?? 1, 0 || 'a', '' && 1, void 0, [] + {}, [] == false, null == 0, '2' > '12', null >= 0, NaN !== NaN, [1] == 1, '1' + 1 - 1]
  o => { const out = []; for (const k in Object.create({ inherited: 1 }, { own: { value: 1, enumerable: true }, hidden: { value: 2 } })) out.push(k); for (const c of new Set('aab')) out.push(c); for (const [k, v] of new Map([['k', 1]])) out.push(k, v); return out; }
  o => { const it = { *[Symbol.iterator]() { try { yield 1; yield 2; } finally { it.closed = true; } } }; const [first] = it; return [first, it.closed, Math.max(...it), Array.from(it)]; }
  o => { const gen = (function* () { const got = yield 1; return got * 2; })(); return [gen.next(), gen.next(21), gen.next()]; }
  o => { class A { static #n = 0; #v; constructor(v) { this.#v = v; A.#n++; } get v() { return this.#v; } static get n() { return A.#n; } static { this.made = true; } has(x) { return #v in x; } [Symbol.toPrimitive](hint) { return hint; } } const a = new A(1); return [a.v, A.n, A.made, a.has(a), a.has({}), +a, a + '']; }
  o => { class List extends Array { sum() { return this.reduce((a, b) => a + b, 0); } } const l = List.from([1, 2, 3]); return [l.sum(), l.map((x) => x * 2).sum(), l instanceof List, l.length, Array.isArray(l)]; }
  o => { const p = new Proxy({}, { get: (t, k) => String(k) + '!', has: () => true, ownKeys: () => ['z'], getOwnPropertyDescriptor: () => ({ value: 1, enumerable: true, configurable: true }) }); return [p.a, 'q' in p, Object.keys(p), { ...p }]; }
  o => { const a = [1, 2, 3]; const [x, ...[y, z]] = a; const { length, 0: first, ...rest } = a; return [x, y, z, length, first, rest]; }
  o => { let s = ''; outer: for (let i = 0; i < 3; i++) { switch (i) { case 1: continue outer; default: s += i; } } try { try { throw new Error('a', { cause: 'b' }); } finally { s += 'f'; } } catch { s += 'c'; } return s; }
  o => { const fs = []; for (let i = 0; i < 3; i++) fs.push(() => i); var gs = []; for (var j = 0; j < 3; j++) gs.push(() => j); return [fs.map((f) => f()), gs.map((g) => g())]; }
  o => [new Uint8Array([1, 256, -1]), new Uint8ClampedArray([300, -5, 1.5]), new Float32Array([0.1])[0], new Int16Array(new Uint8Array([1, 2]).buffer)[0], Array.from(new Uint16Array([3, 1, 2]).sort()), new DataView(new ArrayBuffer(4)).getFloat32(0), new Uint8Array([1, 2, 3]).subarray(1).join()].map((x) => (typeof x === 'object' ? Array.from(x) : x))
  o => [Symbol('x').toString(), Symbol.for('a') === Symbol.for('a'), Object.getOwnPropertySymbols({ [Symbol('q')]: 1 }).length, Symbol.iterator.description]
  o => { const f = function named() {}; const g = (a, b = 1, ...c) => 0; return [f.name, g.name, g.length, (() => {}).name, ({ m() {} }).m.name, (class K {}).name, f.call.length]; }
  o => { const m = new Map([[NaN, 1], [0, 2]]); m.set(-0, 3); return [...m.entries(), m.get(NaN), m.size, new Set([1, '1', 1]).size]; }
  o => [encodeURIComponent("a b&c=d/é'()*!~"), encodeURI('http://x/é?q=a b#h'), decodeURIComponent('%E2%82%AC'), escape('é€ a'), unescape('%u20AC%E9')]
  o => { try { decodeURIComponent('%'); } catch { return 'malformed'; } }
  o => { const o2 = Object.freeze({ a: 1 }); try { o2.a = 2; return 'sloppy'; } catch { return Object.isFrozen(o2); } }
  o => (function f(n) { return n === 0 ? 0 : 1 + f(n - 1); })(300)
  o => [Array.isArray(new Proxy([], {})), Object.is(-0, 0), Reflect.has({ a: 1 }, 'a'), Object.fromEntries(new Map([['a', 1]])), Object.assign({}, null, 'ab', [9])]
  o => [parseInt('9007199254740993'), 9007199254740993, 0.1 * 3, 4.35 * 100, 1.1 + 2.2, 123.456 % 7, -5 % 3, 2 ** -1074, 1 / -0]
  o => String([1.0, 100, 1e100, 0.00001, 1.5e-10, 123456.789e3, 4.9406564584124654e-324, 1.7976931348623157e308])
  o => [Math.sqrt(2), Math.exp(1), Math.log(10), Math.pow(2, 0.5), Math.sinh(1), Math.atan(1), Math.expm1(1e-10), Math.log1p(1e-10), 10 ** -5, 1.1 ** 10]
  o => [Math.sin(1), Math.cos(1), Math.tan(1), Math.sin(1e6), Math.asin(0.3), Math.tanh(0.7)]
  o => \u{6f}.amount
  o => [1, 2, 3].reduceRight((a, b) => a + '-' + b)
  o => [...'ab'].map((c, i, all) => c + i + all.length)
  o => (({ a, ...rest }) => rest)({ a: 1, b: 2, c: { d: 3 } })
  o => { var x = 1; { var x = 2; } return x; }
  o => { const d = new Date(0); return [d.toUTCString(), typeof d.valueOf(), d.toString().slice(0, 15), Number(d), d < new Date(1)]; }
  o => ['Thu, 01 Jan 1970 00:00:00 GMT', 'Nov 26 2026', '2026/11/26', '2026-11-26 10:00', '26 November 2026', '11/26/2026', '2026-11-26T10', 'tomorrow'].map((text) => Date.parse(text))
`;
