import { expect, test } from 'vitest';

import { sentence } from '../src/sentence.ts';
import { tokens } from './tokens.ts';

const said = (strings: TemplateStringsArray, ...values: unknown[]) => sentence(strings, values);

test('a sentence without values is what was written', () => {
  expect(said`  orders from beginning `).toBe('orders from beginning');
  expect(said`don't "close`).toBe(`don't "close`);
});

test.each([
  [said`consume ${'orders'} as ${'audit'}`, 'consume  "orders"  as  "audit"'],
  [said`orders-${'eu'}`, '"orders-eu"'],
  [said`orders-${3}`, '"orders-3"'],
  [said`${'eu'}.orders-${'a'}${'b'}.`, '"eu.orders-ab"'],
  [said`set ${'orders'}'s retention`, 'set  "orders"  retention'],
  [said`last ${10} from orders`, 'last  10  from orders'],
  [said`orders where amount>${5.5}`, 'orders where amount> 5.5'],
  [said`orders where paid is ${true}`, 'orders where paid is  true'],
  [said`orders since ${new Date(0)}`, 'orders since  1970-01-01T00:00:00.000Z'],
  [said`produce ${{ id: 'a"b' }} to orders`, 'produce  {"id":"a\\"b"}  to orders'],
  [said`create topic "${'my topic'}"`, 'create topic  "my topic"'],
  [said`create topic '${"it's"}'`, `create topic  "it's"`],
  [said`produce {"id": ${5}, "name": "${'a"b'}"} to orders`, 'produce { "id" :  5 ,  "name" :  "a\\"b" } to orders'],
  [said`a key:${'x'}, ${'y'}; z`, 'a key: "x" ,  "y"  z'],
  [said`${'line\nbreak\\ "quoted" \t'}`, '"line\\nbreak\\\\ \\"quoted\\" \\t"'],
])('%s', (text, expected) => {
  expect(text).toBe(expected);
});

test('what says nothing is refused', () => {
  for (const value of [undefined, null, () => 1, Symbol('x')]) {
    expect(() => said`orders ${value}`).toThrow(TypeError);
  }
  expect(() => said`don't 'say ${'x'}`).toThrow('open quote');
});

/** Texts that would end a quote, begin one, close brackets, or say something, were they words. */
const HOSTILE = [
  '"',
  "'",
  '`',
  '\u201c',
  '\u201d',
  '\u2018',
  '\u2019',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ' ',
  '\n',
  ',',
  ':',
  '.',
  '=',
  '>',
  '!',
  '~',
  ' delete topic orders ',
  'x',
  "'s",
  '\0',
  '${',
  'é',
  '💩',
];

/** Sentences of an author, with values anywhere; the author writes odd things, but nothing that is random. */
const TEMPLATES = [
  ['consume ', ' as ', ''],
  ['', ''],
  ['orders-', '-', '.v', ''],
  ['"', '" as \'', "'"],
  ["orders' ", ' and it’s ', ' x'],
  ['{"a": "', '", "b": ', '} to ', ''],
  ['[ ', ' ] {', '} "', '"'],
  ['["', '", \'', "' ] `", '`'],
  ['a["x ', ' y"] ', ''],
  ["[ 'it\"' ", ' ] ', ''],
  ['a=', ',b:', '!c~', '<', ''],
  ['\u201c', '\u201d \u2018', '\u2019', "'s x ", ''],
  ["don't ", " can't ", ''],
  ['\\', ' "\\', '" ', ''],
];

test('no value is more than its literal, whatever it holds and wherever it stands', () => {
  let seed = 1;
  const random = (n: number) => (seed = (seed * 48271) % 2147483647) % n;
  const mark = (at: number) => `value${at}`;
  for (let round = 0; round < 20_000; round += 1) {
    const parts = TEMPLATES[round % TEMPLATES.length]!;
    const values = parts
      .slice(1)
      .map(() => Array.from({ length: 1 + random(6) }, () => HOSTILE[random(HOSTILE.length)]).join(''));
    const plain = parts.slice(1).map((_, at) => mark(at));
    // The same sentence with harmless values: token for token the same, but for the values.
    const expected = tokens(sentence(parts, plain)).map(({ kind, meant }) => ({
      kind,
      meant: meant.replace(/value(\d)/g, (_, at) =>
        kind === 'json' ? JSON.stringify(values[at]).slice(1, -1) : values[at]!,
      ),
    }));
    const found = tokens(sentence(parts, values));
    // JSON is written with the escapes of the grammar; what it says is compared.
    const kinds = (all: { kind: string }[]) => all.map(({ kind }) => kind);
    expect(kinds(found), JSON.stringify({ parts, values, text: sentence(parts, values) })).toEqual(kinds(expected));
    found.forEach(({ kind, meant }, at) => {
      if (kind !== 'json') {
        expect(meant).toBe(expected[at]!.meant);
      }
    });
  }
});
