#!/usr/bin/env node
/** `kafka-do-sdk build`: from the package in this folder to a component. */

import { relative } from 'node:path';
import { parseArgs } from 'node:util';

const USAGE = `Usage: kafka-do-sdk build [ENTRY] [--out FILE]

Builds the plugin of this folder's package.json into target/plugins/<name>.wasm.
ENTRY is its source [default: "main" of package.json, else src/index.js].`;

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { out: { type: 'string', short: 'o' }, help: { type: 'boolean', short: 'h' } },
  });
  const [command, entry, ...more] = positionals;
  if (values.help || command !== 'build' || more.length > 0) {
    console.error(USAGE);
    return values.help ? 0 : 2;
  }
  const { build } = await import('./build.js');
  const { path, bytes } = await build({ entry, out: values.out });
  console.log(`${String(Math.ceil(bytes / 1024)).padStart(7)} KiB  ${relative('.', path)}`);
  return 0;
}

process.exitCode = await main().catch((error) => {
  console.error(error.errors === undefined ? `error: ${error.message}` : 'error: the source does not bundle; see above');
  return 1;
});
