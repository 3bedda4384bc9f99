/** The package as it is published, in a page of another origin than the host's, in a real browser. */

import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, resolve } from 'node:path';

import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { Host } from './host.ts';

const CHROMIUM = process.env['KAFKA_DO_CHROMIUM'] ?? '/usr/bin/chromium';
if (!existsSync(CHROMIUM)) {
  console.warn(
    `SKIPPED: the client in a page; ${CHROMIUM} is not there: apt-get install chromium, or set KAFKA_DO_CHROMIUM`,
  );
}

const DIST = resolve(import.meta.dirname, '../../dist');
const ACORN = resolve(import.meta.dirname, '../../node_modules/acorn/dist/acorn.mjs');
const PAGE = '<!doctype html><script type="importmap">{ "imports": { "acorn": "/acorn.mjs" } }</script>';

/** A site that has the package and an empty page. */
async function site(): Promise<{ server: Server; origin: string }> {
  const server = createServer((request, response) => {
    if (request.url === '/') {
      response.setHeader('content-type', 'text/html').end(PAGE);
      return;
    }
    const name = basename(request.url!);
    const file = name === 'acorn.mjs' ? ACORN : resolve(DIST, name);
    if (existsSync(file)) {
      response.setHeader('content-type', 'text/javascript').end(readFileSync(file));
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe.skipIf(!existsSync(CHROMIUM))('in a page', () => {
  let sites: Awaited<ReturnType<typeof site>>[];
  let host: Host;
  let browser: Browser;

  beforeAll(async () => {
    sites = [await site(), await site()];
    host = await Host.start(['natural-language', 'script'], { args: ['--allowed-origins', sites[0]!.origin] });
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    sites.forEach(({ server }) => server.close());
    await host?.stop();
  });

  /** What a module of a page of the origin answers; its errors are the page's. */
  const inPage = async <A>(origin: string, entry: string, body: string): Promise<A> => {
    const page = await browser.newPage();
    try {
      await page.goto(origin);
      return await page.evaluate<A>(
        `import('/${entry}.js').then(async ({ connect }) => {
          const kafka = connect({ url: ${JSON.stringify(host.url)}, retryMs: 0 });
          ${body}
        })`,
      );
    } finally {
      await page.close();
    }
  };
  const USES = `
    const read = [];
    await kafka([topic]).produceBatch([{ n: 1 }, { n: 2 }]);
    await kafka([topic]).produce({ n: 3 }, { key: 'k', headers: { from: location.origin } });
    for await (const { n } of kafka([topic + ' group pages-' + topic])) {
      read.push(n);
      if (n === 3) break;
    }
    for await (const { value, headers } of kafka([topic + ' from beginning'])) read.push([value.n, headers.from]);
    const { lag, members } = await kafka(['describe group pages-' + topic]);
  `;
  const read = (origin: string) => [1, 2, 3, [1, null], [2, null], [3, origin]];

  test.each(['tiny', 'index'])('%s produces and consumes from an origin that the host allows', async (entry) => {
    const { origin } = sites[0]!;
    const found = await inPage(
      origin,
      entry,
      `const topic = 'from-${entry}'; ${USES} return JSON.stringify({ read, lag, members });`,
    );
    expect(JSON.parse(found as string)).toEqual({ read: read(origin), lag: 1, members: 0 });
  });

  test('a chain runs beside the data, and a problem is told as it is', async () => {
    const { origin } = sites[0]!;
    const found = await inPage(
      origin,
      'index',
      `await kafka(['chained']).produceBatch([{ n: 1 }, { n: 2 }, { n: 3 }]);
      const chain = kafka(['chained']).filter((o) => o.n > 1).map((o) => o.n * 10);
      const [{ runs }] = await chain.explain();
      const problem = await kafka(['describe missing']).then(() => null, ({ name, code, status }) => ({ name, code, status }));
      return { runs, values: await chain.collect(), problem };`,
    );
    expect(found).toEqual({
      runs: 'server',
      values: [20, 30],
      problem: { name: 'ProblemError', code: 'unknown-topic', status: 404 },
    });
  });

  test('a page of any other origin gets nothing, and stores nothing', async () => {
    const found = await inPage(
      sites[1]!.origin,
      'tiny',
      `const failure = ({ name, message }) => name + ': ' + message;
      return [
        await kafka(['intruded']).produce({ n: 1 }).catch(failure),
        await kafka(['list topics']).then(JSON.stringify, failure),
      ];`,
    );
    const refused = expect.stringMatching(/^ConnectionError: .* cannot be reached/);
    expect(found).toEqual([refused, refused]);
    expect((await host.json('/v1/topics')).items.map(({ name }: { name: string }) => name)).not.toContain('intruded');
  });
});
