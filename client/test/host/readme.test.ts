/** The tour of the README, run as one program from the package as it is published; what it prints stands beside it. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { Host } from './host.ts';

const CLIENT = resolve(import.meta.dirname, '../..');
const readme = readFileSync(join(CLIENT, 'README.md'), 'utf8');
const tour = [...readme.matchAll(/^```typescript\n([^]*?)^```/gm)].map(([, code]) => code).join('\n');
const expected = [...tour.matchAll(/console\.log\(.*\/\/ (.*)$/gm)].map(([, output]) => output);

let host: Host;
let project: string;
const run = (command: string, ...args: string[]) =>
  execFileSync(command, args, {
    cwd: project,
    encoding: 'utf8',
    env: { ...process.env, KAFKA_DO_URL: host.url },
    stdio: ['ignore', 'pipe', 'pipe'],
  });

beforeAll(async () => {
  host = await Host.start(['natural-language', 'script']);
  project = mkdtempSync(join(tmpdir(), 'kafka-do-project-'));
  const packed = execFileSync('npm', ['pack', '--silent', '--pack-destination', project], {
    cwd: CLIENT,
    encoding: 'utf8',
  }).trim();
  writeFileSync(join(project, 'package.json'), JSON.stringify({ type: 'module', private: true }));
  run('npm', 'install', '--silent', '--no-audit', '--no-fund', `./${packed}`, 'typescript@5.9', '@types/node@20');
  writeFileSync(
    join(project, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        strict: true,
        target: 'es2022',
        module: 'nodenext',
        types: ['node'],
        skipLibCheck: false,
        outDir: 'out',
      },
      include: ['*.ts'],
    }),
  );
}, 180_000);
afterAll(async () => {
  rmSync(project, { recursive: true, force: true });
  await host.stop();
});

/** For as long as the host has no queries: the program reaches it through this process. */
async function through(): Promise<{ url: string; close: () => void }> {
  const { createServer } = await import('node:http');
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const { host: _, connection: __, 'transfer-encoding': ___, 'content-length': ____, ...headers } = request.headers;
    const answer = await host.options.fetch(host.url + request.url, {
      method: request.method!,
      headers: headers as Record<string, string>,
      ...(body.length > 0 && {
        body: request.headers['content-type'] === 'application/json' ? body.toString() : new Uint8Array(body),
      }),
    });
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'application/json' });
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, close: () => server.close() };
}

async function spawnNode(url: string, file: string): Promise<string[]> {
  const { execFile } = await import('node:child_process');
  return new Promise((resolve, reject) =>
    execFile('node', [file], { cwd: project, env: { ...process.env, KAFKA_DO_URL: url } }, (error, stdout, stderr) =>
      error
        ? reject(new Error(stderr))
        : resolve(
            stdout
              .trim()
              .split(/\n(?! |\})/)
              .map((line) => line.replace(/\s*\n\s*/g, ' ')),
          ),
    ),
  );
}

test('the tour compiles as strict TypeScript and does what it says', async () => {
  writeFileSync(join(project, 'tour.ts'), tour);
  run('npx', 'tsc');
  const { url, close } = await through();
  try {
    expect(await spawnNode(url, 'out/tour.js')).toEqual(expected);
  } finally {
    close();
  }
}, 120_000);

test('plain JavaScript uses all three entry points', async () => {
  writeFileSync(
    join(project, 'plain.js'),
    `import * as full from 'kafka.do';
    import * as streams from 'kafka.do/streams';
    import * as tiny from 'kafka.do/tiny';
    for (const { kafka, connect } of [full, streams, tiny]) {
      const own = connect({ url: process.env.KAFKA_DO_URL });
      console.log((await own\`describe orders\`).name, (await kafka\`orders\`.produce({ n: 1 })).topic);
    }
    console.log(typeof full.kafka.topics.list, typeof streams.kafka\`x\`.filter, typeof tiny.kafka\`x\`.filter);`,
  );
  const { url, close } = await through();
  try {
    expect(await spawnNode(url, 'plain.js')).toEqual([
      'orders orders',
      'orders orders',
      'orders orders',
      'function function undefined',
    ]);
  } finally {
    close();
  }
}, 60_000);
