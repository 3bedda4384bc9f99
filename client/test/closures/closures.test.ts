import * as acorn from 'acorn';
import { transformSync } from 'esbuild';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

import { place } from '../../src/closures/closure.ts';
// @ts-expect-error It is JavaScript.
import { compile } from '../../../plugins/script/src/source.js';
import { CASES, type Case } from './cases.ts';
import { INPUTS, original, outcome, shipped } from './run.ts';

const placed = (one: Case, fn: Function) =>
  place(acorn, fn, { given: one.given ?? {}, isUtc: one.isUtc ?? true, recordAt: 1 });

/** What is shipped does what the original does, of every input. */
function expectTheSame(one: Case, fn: Function, source: string, used: string[]): void {
  const values = Object.fromEntries(used.map((name) => [name, one.given![name]]));
  const copy = shipped(source, values);
  for (const input of INPUTS) {
    expect(outcome(copy, input)).toBe(outcome(fn, input));
  }
}

test('there are 300 of them', () => {
  expect(CASES.length).toBeGreaterThanOrEqual(300);
  expect(new Set(CASES.map((one) => JSON.stringify(one))).size).toBe(CASES.length);
});

describe('each function ships or stays as it must', () => {
  test.each(CASES)('$code', (one) => {
    const fn = original(one);
    const placement = placed(one, fn);
    if (one.ships) {
      expect(placement).toMatchObject({ runs: 'server' });
      expectTheSame(one, fn, (placement as any).source, (placement as any).values);
    } else {
      expect(placement).toMatchObject({ runs: 'client', because: expect.stringContaining(one.because!) });
    }
  });
});

test('the script plugin takes every function that ships', () => {
  for (const one of CASES.filter(({ ships }) => ships)) {
    const { source } = placed(one, original(one)) as { source: string };
    expect(compile(source, one.given ?? {}, one.code).call).toBeTypeOf('function');
  }
});

/**
 * A bundler's and a compiler's work on the same functions. What they make of one may stay, but never answers something
 * else.
 */
const TOOLS: Record<string, (code: string) => string> = {
  'minified by esbuild': (code) => transformSync(`exports.default = (${code}\n)`, { minify: true }).code,
  'named by esbuild': (code) => transformSync(`exports.default = (${code}\n)`, { keepNames: true }).code,
  'compiled by esbuild to ES2015': (code) => transformSync(`exports.default = (${code}\n)`, { target: 'es2015' }).code,
  'compiled by tsc to ES5': (code) =>
    ts.transpileModule(`exports.default = (${code}\n)`, {
      compilerOptions: { target: ts.ScriptTarget.ES5, noEmitHelpers: true },
    }).outputText,
};

describe.each(Object.entries(TOOLS))('%s', (_, build) => {
  const built = CASES.filter(({ isSloppy }) => !isSloppy).flatMap((one) => {
    try {
      // The tool's helpers, and what else stands beside the function, are outside of it.
      return [{ ...one, build: `(() => { ${build(one.code).replace(/\bexports\.default ?=/, 'return ')} })()` }];
    } catch {
      return [];
    }
  });

  test('nothing that ships answers something else, and most of it still ships', () => {
    let count = 0;
    for (const one of built) {
      let fn;
      try {
        fn = original({ ...one, code: one.build });
      } catch {
        continue;
      }
      if (typeof fn !== 'function') {
        continue;
      }
      const placement = placed(one, fn);
      if (placement.runs === 'server') {
        count += 1;
        expectTheSame(one, fn, placement.source, placement.values);
      }
    }
    expect(built.length).toBeGreaterThan(300);
    expect(count).toBeGreaterThan(100);
  });
});
