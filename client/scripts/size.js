/**
 * What each entry point weighs in a page, and whether that is within its budget. What is loaded later is counted apart.
 */

import { gzipSync } from 'node:zlib';

import { build } from 'esbuild';

const BUDGET_BYTES = { tiny: 4096, streams: 30 * 1024, index: 30 * 1024 };

let isOver = false;
for (const [entry, budgetBytes] of Object.entries(BUDGET_BYTES)) {
  const { outputFiles } = await build({
    entryPoints: [new URL(`../dist/${entry}.js`, import.meta.url).pathname],
    outdir: 'out',
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  });
  const bytes = (file) => gzipSync(file.contents, { level: 9 }).length;
  const [first, ...chunks] = outputFiles;
  const isLater = ({ path }) => !eagerly(first, outputFiles).has(path);
  const atOnce = bytes(first) + chunks.filter((chunk) => !isLater(chunk)).reduce((sum, chunk) => sum + bytes(chunk), 0);
  const later = chunks.filter(isLater).reduce((sum, chunk) => sum + bytes(chunk), 0);
  const isFit = atOnce <= budgetBytes;
  isOver ||= !isFit;
  console.log(
    `${entry}: ${atOnce} of ${budgetBytes} bytes, gzipped${later > 0 ? `; ${later} more where closures are read` : ''}${isFit ? '' : ': over'}`,
  );
}
if (isOver) {
  console.error('Over budget: take something out, or raise the budget in scripts/size.js and say why.');
  process.exit(1);
}

/** The files that load with this one: those that it imports without waiting to be asked. */
function eagerly(file, files, found = new Set([file.path])) {
  for (const [, name] of file.text.matchAll(/(?:from|^import|;import)\s*"\.\/([^"]+)"/g)) {
    const imported = files.find(({ path }) => path.endsWith(`/${name}`));
    if (imported !== undefined && !found.has(imported.path)) {
      found.add(imported.path);
      eagerly(imported, files, found);
    }
  }
  return found;
}
