/** All functions that ship, in the sandbox that they ship to: its engine is another one than this process's. */

import * as acorn from 'acorn';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { place } from '../../src/closures/closure.ts';
import { connect } from '../../src/index.ts';
import { CASES, type Case } from '../closures/cases.ts';
import { INPUTS, original, outcome } from '../closures/run.ts';
import { Host } from './host.ts';

let host: Host;
beforeAll(async () => {
  host = await Host.start(['natural-language', 'script']);
}, 60_000);
afterAll(() => host.stop());

/** As `outcome` shows it, written for the sandbox. */
const OUTCOME = `(f, args) => {
  const shown = (value) => typeof value + ' ' + JSON.stringify(value, (_, inner) =>
    typeof inner === 'function' ? 'a function'
    : typeof inner === 'bigint' ? inner + 'n'
    : Object.is(inner, -0) ? '-0'
    : typeof inner === 'number' && !Number.isFinite(inner) ? String(inner)
    : inner);
  try {
    return shown(f(...JSON.parse(args)));
  } catch (error) {
    return 'throws ' + (error?.name ?? shown(error));
  }
}`;

/** The engine spreads no text into an object, as `{ ...'ab' }` should: `{ 0: 'a', 1: 'b' }`. */
const isSpreadText = ({ code }: Case, input: string) => /\(\{ \.\.\./.test(code) && input.startsWith('["text"');

/** The last digit of these functions is up to the engine, by the letter of the language. */
const isApproximate = ({ code }: Case) => /Math\.(exp|sin)\(|\*\* -5/.test(code);
const rounded = (text: string) => text.replace(/\d+\.\d+(e-?\d+)?/g, (number) => Number(number).toPrecision(12));

/** What the clock decides. */
const isTimeless = ({ code }: Case) => !code.includes('Date.now') && !code.includes('new Date()');

test('each answers there what it answers here', async () => {
  const cases = CASES.filter((one) => one.ships && one.isUtc !== false && isTimeless(one));
  const given = Object.assign({}, ...cases.map((one) => one.given));
  const sources = cases.map((one) => {
    const placement = place(acorn, original(one), { given: one.given ?? {}, isUtc: true, recordAt: 1 });
    return (placement as { source: string }).source;
  });
  const kafka = connect(host.options);
  await kafka`inputs`.produceBatch(INPUTS.map((input) => JSON.stringify(input())));
  const step = {
    map: `(args) => { const outcome = ${OUTCOME}; return [${sources.map((source) => `outcome((${source}\n), args)`).join(',\n')}]; }`,
  };
  await kafka.topics.create('outcomes');
  await kafka.deployments.put('outcomes', {
    plugin: 'script',
    inputs: ['inputs'],
    output: 'outcomes',
    settings: { steps: [step], values: given },
  });
  const found: string[][] = [];
  while (found.length < INPUTS.length) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    found.length = 0;
    for await (const { value } of kafka`outcomes from beginning`) found.push(value);
    const { failures } = await kafka.deployments.get('outcomes');
    expect(failures).toEqual([]);
  }
  const wrong = cases.flatMap((one, at) =>
    INPUTS.flatMap((input, row) => {
      const [here, there] = [outcome(original(one), input), found[row]![at]!].map((shown) =>
        isApproximate(one) ? rounded(shown) : shown,
      );
      return here === there || isSpreadText(one, JSON.stringify(input()))
        ? []
        : [{ code: one.code, input: JSON.stringify(input()), here, there }];
    }),
  );
  expect(wrong).toEqual([]);
}, 120_000);
