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

/** The lines that a program prints; what goes on over several lines counts as one. */
const printed = (file: string): string[] =>
  run('node', file)
    .trim()
    .split(/\n(?! |\})/)
    .map((line) => line.replace(/\s*\n\s*/g, ' '));

test('the tour compiles as strict TypeScript and does what it says', async () => {
  writeFileSync(join(project, 'tour.ts'), tour);
  run('npx', 'tsc');
  expect(printed('out/tour.js')).toEqual(expected);
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
  expect(printed('plain.js')).toEqual([
    'orders orders',
    'orders orders',
    'orders orders',
    'function function undefined',
  ]);
}, 60_000);
