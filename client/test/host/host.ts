/** A host of a test's own: the real binary on a free port, which can be killed and started again on the same data. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import type { ConnectOptions } from '../../src/tiny.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const BINARY = process.env['KAFKA_DO_BIN'] ?? join(ROOT, 'target/debug/kafka-do');
const PLUGINS = process.env['KAFKA_DO_PLUGINS'] ?? join(ROOT, 'target/plugins');
const READY_MS_MAX = 30_000;

export interface HostOptions {
  /** Further arguments of `kafka-do serve`. */
  args?: string[];
  /** What settings of plugins may name. */
  secrets?: Record<string, string>;
}

export class Host {
  readonly url: string;
  readonly #port: number;
  readonly #args: string[];
  readonly #secrets: Record<string, string>;
  readonly #data = mkdtempSync(join(tmpdir(), 'kafka-do-client-'));
  #process: ChildProcess | undefined;

  private constructor(port: number, { args = [], secrets = {} }: HostOptions) {
    this.#port = port;
    this.#args = args;
    this.#secrets = secrets;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(plugins: string[] = ['natural-language'], options: HostOptions = {}): Promise<Host> {
    if (!existsSync(BINARY)) {
      throw new Error(`${BINARY} is not there; build it with cargo build, or name another one in KAFKA_DO_BIN`);
    }
    const host = new Host(await freePort(), options);
    await host.restart();
    for (const plugin of plugins) {
      const response = await fetch(`${host.url}/v1/plugins/${plugin}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/wasm' },
        body: readFileSync(join(PLUGINS, `${plugin}.wasm`)),
      });
      if (!response.ok) {
        await host.stop();
        throw new Error(`plugin ${plugin}: ${await response.text()}`);
      }
    }
    return host;
  }

  /** What `connect` is given. */
  get options(): ConnectOptions {
    return { url: this.url };
  }

  async restart(): Promise<void> {
    const args = ['serve', '--data', this.#data, '--http', `127.0.0.1:${this.#port}`, ...this.#args];
    const secrets = Object.entries(this.#secrets).map(([name, value]) => [`KAFKA_DO_SECRET_${name}`, value]);
    // The host refuses variables that it does not know.
    const others = Object.entries(process.env).filter(([name]) => !name.startsWith('KAFKA_DO_'));
    const started = spawn(BINARY, args, {
      env: Object.fromEntries([...others, ...secrets]),
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    this.#process = started;
    const begun = Date.now();
    while (
      !(await fetch(`${this.url}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      ))
    ) {
      if (Date.now() - begun > READY_MS_MAX || started.exitCode !== null) {
        throw new Error(`${BINARY} does not come up`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const running = this.#process!;
    if (running.exitCode === null && running.signalCode === null) {
      const ended = once(running, 'exit');
      running.kill(signal);
      await ended;
    }
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#data, { recursive: true, force: true });
  }

  /** A call that no client is needed for. */
  async json(path: string, init: RequestInit & { json?: unknown } = {}): Promise<any> {
    const { json, ...rest } = init;
    const response = await fetch(this.url + path, {
      ...rest,
      ...(json !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(json) }),
    });
    const text = await response.text();
    if (!response.ok) {
      throw new Error(`${path}: ${text}`);
    }
    return text === '' ? null : JSON.parse(text);
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
