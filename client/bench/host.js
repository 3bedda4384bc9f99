/** The host, as it is released. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { dataFolder, freePort, start, TARGET } from './server.js';

const BINARY = process.env.KAFKA_DO_BIN ?? join(TARGET, 'release/kafka-do');
const PLUGINS = process.env.KAFKA_DO_PLUGINS ?? join(TARGET, 'plugins');

/** Starts it; answers where it is. */
export async function startHost() {
  if (!existsSync(BINARY)) {
    throw new Error(`${BINARY} is not there; cargo build --release makes it, or name another one in KAFKA_DO_BIN`);
  }
  const address = `http://127.0.0.1:${await freePort()}`;
  const data = dataFolder('host');
  const call = async (path, init) => {
    const response = await fetch(address + path, init);
    if (!response.ok) {
      throw new Error(`${path}: ${response.status} ${await response.text()}`);
    }
  };
  const args = ['serve', '--data', join(data, 'data'), '--http', new URL(address).host];
  // The host refuses variables that it does not know.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('KAFKA_DO_')));
  const stop = await start(BINARY, args, { data, env, isReady: () => call('/readyz') });
  try {
    for (const plugin of ['natural-language', 'script']) {
      await call(`/v1/plugins/${plugin}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/wasm' },
        body: readFileSync(join(PLUGINS, `${plugin}.wasm`)),
      });
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { address, stop };
}
