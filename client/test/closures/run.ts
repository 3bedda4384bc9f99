/** Runs functions: where they were written, and in a place that has nothing but the language. */

import { createContext, runInContext } from 'node:vm';

import { isLanguage } from '../../src/closures/language.ts';
import { OUTSIDE, type Case } from './cases.ts';

/** The function as the program has it. */
export function original({ code, isSloppy, given = {} }: Case): Function {
  const more = Object.entries(given).filter(([name]) => !OUTSIDE.includes(`${name} =`));
  const outside = OUTSIDE + more.map(([name, value]) => `const ${name} = ${JSON.stringify(value)};`).join('');
  return new Function(`${isSloppy ? '' : '"use strict";'} ${outside}\nreturn (${code}\n);`)();
}

/** The function as the sandbox makes it. */
export function shipped(source: string, values: Record<string, unknown>): Function {
  // Of each test its own: what one function leaves behind, no other one finds.
  const context = createContext({}, { codeGeneration: { strings: false, wasm: false } });
  runInContext(
    `((all, language) => all.filter((name) => !language.includes(name)).forEach((name) => delete this[name]))(Object.getOwnPropertyNames(this), ${JSON.stringify(LANGUAGE())})`,
    context,
  );
  const made = `(function (${Object.keys(values).join()}) { "use strict"; return (${source}\n); })(...Object.values(${JSON.stringify(values)}))`;
  // Values are made in there, as the plugin makes them.
  const call = runInContext(`((fn) => (args) => fn(...JSON.parse(args)))(${made})`, context);
  return (...args: unknown[]) => call(JSON.stringify(args));
}

let language: string[] | undefined;
const LANGUAGE = () => (language ??= Object.getOwnPropertyNames(globalThis).filter(isLanguage));

/** What a function comes to, of one input: an answer, or the kind of its error. */
export function outcome(fn: Function, args: () => unknown[]): string {
  try {
    return shown(fn(...args()));
  } catch (error) {
    return `throws ${(error as Error)?.name ?? shown(error)}`;
  }
}

const shown = (value: unknown): string =>
  `${typeof value} ${JSON.stringify(value, (_, inner) =>
    typeof inner === 'function'
      ? 'a function'
      : typeof inner === 'bigint'
        ? `${inner}n`
        : Object.is(inner, -0)
          ? '-0'
          : typeof inner === 'number' && !Number.isFinite(inner)
            ? String(inner)
            : inner,
  )}`;

const RECORD = { topic: 'orders', partition: 0, offset: 5, timestamp: 1_700_000_000_000, key: 'k', headers: {} };

/** What functions are tried with; made anew for each, since some change it. */
export const INPUTS: (() => unknown[])[] = [
  () => [
    {
      amount: 250,
      region: 'us',
      items: [{ price: 2, quantity: 3 }, { price: 1 }],
      at: '2026-11-26T10:00:00Z',
      nested: {},
    },
    { ...RECORD },
  ],
  () => [{ amount: 50, region: 'eu' }, { ...RECORD }],
  () => [{ a: { b: { c: 1 } }, limit: 1, counter: 2, table: 3 }, { ...RECORD }],
  () => [[1, 2, 3], { ...RECORD }],
  () => ['text', { ...RECORD }],
  () => [0, { ...RECORD }],
  () => [null, { ...RECORD }],
];
