/** A server as a process of its own, on ports of its own, with its data beside what was built. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';

export const TARGET = resolve(import.meta.dirname, '../../target');

const READY_MS_MAX = 60_000;
/** So much of what a server last said is told where it does not come up. */
const TOLD_BYTES_MAX = 4_000;

/** A folder on the disk that the servers are measured on; all of them on the same one. */
export function dataFolder(name) {
  mkdirSync(TARGET, { recursive: true });
  return mkdtempSync(join(TARGET, `bench-${name}-`));
}

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Resolves once `isReady` does not fail any more; `stop` ends the process and removes its data. */
export async function start(command, args, { data, isReady, env = process.env }) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: data, env });
  let told = '';
  const listen = (chunk) => {
    told = (told + chunk).slice(-TOLD_BYTES_MAX);
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    rmSync(data, { recursive: true, force: true });
  };
  let failure;
  child.on('error', (error) => {
    failure = error;
  });
  for (const begun = Date.now(); ; ) {
    try {
      await isReady();
      return stop;
    } catch (error) {
      if (failure || child.exitCode !== null || Date.now() - begun > READY_MS_MAX) {
        await stop();
        throw new Error(`${command} does not come up: ${failure?.message ?? error.message}\n${told}`);
      }
    }
    await new Promise((wake) => setTimeout(wake, 50));
  }
}
