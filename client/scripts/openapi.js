/**
 * Writes the types of the host's API, from the description that a running host gives: `node scripts/openapi.js [URL]`.
 */

import { writeFile } from 'node:fs/promises';

import openapiTS, { astToString } from 'openapi-typescript';

const url = process.argv[2] ?? 'http://127.0.0.1:7070';
const description = await (await fetch(`${url}/openapi.json`)).json();
const types = astToString(await openapiTS(description, { alphabetize: true }));
await writeFile(
  new URL('../src/api/openapi.ts', import.meta.url),
  `/** Written by scripts/openapi.js; do not edit. */\n\n${types}`,
);
