import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { build } from '../src/build.js';

const COMPONENT = [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0];
const folder = await mkdtemp(join(tmpdir(), 'kafka-do-sdk-'));
after(() => rm(folder, { recursive: true }));

test('a package becomes a component, which is built again only when its source changed', async () => {
  await writeFile(join(folder, 'package.json'), '{"name":"@me/small","type":"module","main":"plugin.ts"}');
  await writeFile(
    join(folder, 'plugin.ts'),
    `import { filterMap, type Record } from 'kafka-do-sdk';
     export default filterMap({ summary: 'Drops tombstones.', map: (record: Record) => record.value !== null });`,
  );
  const { name, path, bytes } = await build({ folder });
  assert.equal(name, 'small');
  assert.equal(path, join(folder, 'target/plugins/small.wasm'));
  assert.ok(bytes < 2_500_000, `${bytes} bytes`);
  assert.deepEqual([...(await readFile(path)).subarray(0, 8)], COMPONENT);

  const { mtimeMs } = await stat(path);
  await build({ folder });
  assert.equal((await stat(path)).mtimeMs, mtimeMs);
  await writeFile(join(folder, 'plugin.ts'), (await readFile(join(folder, 'plugin.ts'), 'utf8')).replace('Drops', 'Loses'));
  await build({ folder });
  assert.notEqual((await stat(path)).mtimeMs, mtimeMs);
});

test('what is no plugin is told so', async () => {
  await writeFile(join(folder, 'not.js'), 'export default 5;');
  await assert.rejects(build({ folder, entry: 'not.js' }), /the default export is no processor/);
  await assert.rejects(build({ folder, entry: 'gone.js' }), /there is no gone.js/);
  await assert.rejects(build({ folder: join(folder, 'nowhere') }), /kafka-do plugin new/);
});
