/** From a package's source to a component. */

import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { componentize } from 'componentize-qjs';
import * as esbuild from 'esbuild';

const SDK = dirname(fileURLToPath(import.meta.url));
const WIT = join(SDK, '..', 'wit');
const WORLD = 'column-processing';
const ENTRIES = ['src/index.js', 'src/index.ts', 'src/index.mjs', 'index.js', 'index.ts'];

/**
 * Builds a package into a component. The toolchain makes other bytes of the same source each time, so a component carries the
 * digest of what it was made of, and one that is made of the same is left as it is.
 */
export async function build({ folder = '.', entry, out } = {}) {
  const root = resolve(folder);
  const manifest = await readManifest(root);
  const source = await findEntry(root, entry, manifest);
  const name = fileName(manifest.name);
  const path = resolve(root, out ?? join('target', 'plugins', `${name}.wasm`));

  const script = await bundle(root, source);
  const mark = customSection('kafka-do-source', await digest(script));
  const present = await readFile(path).catch(() => null);
  if (present?.subarray(-mark.length).equals(mark)) {
    return { name, path, bytes: present.length };
  }
  const { component } = await componentize({
    witPath: WIT,
    world: WORLD,
    jsSource: script,
    jsPath: source,
    // What the sandbox has of the outside world comes by the contract alone, and every call answers at once.
    stubWasi: true,
    sync: true,
  }).catch((error) => {
    throw new Error(`${basename(source)} does not load in the sandbox: ${error.message}`);
  });
  const bytes = Buffer.concat([component, mark]);
  await writeWhole(path, bytes);
  return { name, path, bytes: bytes.length };
}

/** The plugin and what it imports as one module, which exports the role. */
async function bundle(root, source) {
  const { outputFiles } = await esbuild.build({
    absWorkingDir: root,
    stdin: {
      contents: `
        import * as clock from 'kafka-do:plugin/clock@0.1.0';
        import * as log from 'kafka-do:plugin/log@0.1.0';
        import * as selection from 'kafka-do:plugin/selection@0.1.0';
        import * as state from 'kafka-do:plugin/state@0.1.0';
        import * as topics from 'kafka-do:plugin/topics@0.1.0';
        import { component } from ${JSON.stringify(join(SDK, 'component.js'))};
        import * as plugin from ${JSON.stringify(source)};
        export const columnProcessor = component(plugin['default'], { clock, log, selection, state, topics });
      `,
      resolveDir: root,
      sourcefile: 'component',
    },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2023',
    minifySyntax: true,
    minifyWhitespace: true,
    external: ['kafka-do:plugin/*'],
    // One copy of the SDK, this one, wherever the plugin finds its own.
    plugins: [
      {
        name: 'kafka-do-sdk',
        setup: (building) => {
          building.onResolve({ filter: /^kafka-do-sdk$/ }, () => ({ path: join(SDK, 'index.js') }));
        },
      },
    ],
    logLevel: 'warning',
  });
  return outputFiles[0].text;
}

async function readManifest(root) {
  const path = join(root, 'package.json');
  const text = await readFile(path, 'utf8').catch(() => {
    throw new Error(`there is no ${path}; run this in a plugin's folder, or start one with \`kafka-do plugin new NAME --language js\``);
  });
  const manifest = JSON.parse(text);
  if (typeof manifest.name !== 'string') {
    throw new Error(`${path} has no "name", which the component is named by`);
  }
  return manifest;
}

async function findEntry(root, given, { main }) {
  const candidates = given !== undefined ? [given] : main !== undefined ? [main] : ENTRIES;
  for (const candidate of candidates) {
    const path = resolve(root, candidate);
    if (await stat(path).then((found) => found.isFile(), () => false)) {
      return path;
    }
  }
  throw new Error(`there is no ${candidates[0]} in ${root}; name the plugin's source as "main" in package.json`);
}

/** A package's name without its scope. */
function fileName(name) {
  return name.slice(name.lastIndexOf('/') + 1);
}

/** All that decides what the component is: the script, the contract and the toolchain. */
async function digest(script) {
  const hash = createHash('sha256').update(script);
  for (const file of (await readdir(WIT)).filter((file) => file.endsWith('.wit')).sort()) {
    hash.update(await readFile(join(WIT, file)));
  }
  const { dependencies } = JSON.parse(await readFile(join(SDK, '..', 'package.json'), 'utf8'));
  return hash.update(JSON.stringify(dependencies)).digest();
}

/** A section that runtimes pass over. Its name and content are short: each length is one byte. */
function customSection(name, content) {
  const body = Buffer.concat([Buffer.from([name.length]), Buffer.from(name), content]);
  return Buffer.concat([Buffer.from([0, body.length]), body]);
}

/** Writes the file whole or not at all. */
async function writeWhole(path, bytes) {
  await mkdir(dirname(path), { recursive: true });
  const unfinished = `${path}.${process.pid}.tmp`;
  await writeFile(unfinished, bytes);
  await rename(unfinished, path);
}
