/**
 * Writes the types of the host's API, from the description that a running host gives: `node scripts/openapi.js [URL]`.
 */

import { writeFile } from 'node:fs/promises';

import openapiTS, { astToString } from 'openapi-typescript';

const url = process.argv[2] ?? 'http://127.0.0.1:7070';
const description = await (await fetch(`${url}/openapi.json`)).json();
const { schemas } = description.components;

// What is referred to and not described may be anything, and names of operations that repeat name none.
const text = JSON.stringify(description, (name, value) => {
  if (name === 'operationId') {
    return undefined;
  }
  const missing = value?.$ref?.replace('#/components/schemas/', '');
  return missing !== undefined && !Object.hasOwn(schemas, missing) ? {} : value;
});
const types = astToString(await openapiTS(JSON.parse(text), { alphabetize: true }));
await writeFile(
  new URL('../src/api/openapi.ts', import.meta.url),
  `/** Written by scripts/openapi.js; do not edit. */\n\n${types}`,
);
