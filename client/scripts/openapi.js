/**
 * Writes the types of the host's API, from the description that a running host gives: `node scripts/openapi.js [URL]`.
 * With `--check` it only tells whether they are written already.
 */

import { readFile, writeFile } from 'node:fs/promises';

import openapiTS, { astToString } from 'openapi-typescript';

const [url = 'http://127.0.0.1:7070'] = process.argv.slice(2).filter((argument) => argument !== '--check');
const description = await (await fetch(`${url}/openapi.json`)).json();
const types = astToString(await openapiTS(description, { alphabetize: true }));
const text = `/** Written by scripts/openapi.js; do not edit. */\n\n${types}`;
const file = new URL('../src/api/openapi.ts', import.meta.url);
if (!process.argv.includes('--check')) {
  await writeFile(file, text);
} else if ((await readFile(file, 'utf8')) !== text) {
  console.error('src/api/openapi.ts is not what the host describes; run node scripts/openapi.js with the URL of one');
  process.exitCode = 1;
}
