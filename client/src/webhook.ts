/** Webhooks: what others send to a path of the host becomes records. */

import type { Connection } from './kafka.ts';
import { makeTopics, serverHandle, type ServerHandle } from './dsl/wire.ts';

/** Where a setting stands in the place of a secret: the host fills it in from `KAFKA_DO_SECRET_<NAME>`. */
export interface SecretReference {
  $secret: string;
}

export interface WebhookOptions {
  /**
   * What the sender signs with. Unless given, the host has it, as `KAFKA_DO_SECRET_STRIPE_SECRET` for
   * `/webhooks/stripe`.
   */
  secret?: string | SecretReference | (string | SecretReference)[];
  /** What takes the webhooks. Unless given: webhook-stripe, -github or -standard, by the path, or else webhook. */
  plugin?: string;
  /** Of the deployment; after its topic, unless given. */
  name?: string;
  /** Further settings of the plugin, as its README has them. */
  [setting: string]: unknown;
}

const SENDERS = ['stripe', 'github', 'standard'];

export async function deployWebhook(
  connection: Connection,
  topic: string,
  path: string,
  options: WebhookOptions = {},
): Promise<ServerHandle> {
  if (!path.startsWith('/')) {
    throw new TypeError(`${JSON.stringify(path)} is no path; it begins with a slash, as in /webhooks/stripe`);
  }
  const last = path.split('/').findLast((part) => part !== '') ?? 'webhook';
  const sender = SENDERS.find((name) => last.toLowerCase().includes(name));
  const {
    name = `${topic}-webhook`,
    plugin = sender === undefined ? 'webhook' : `webhook-${sender}`,
    secret = { $secret: `${(sender ?? last).toUpperCase().replace(/\W/g, '_')}_SECRET` },
    ...settings
  } = options;
  await makeTopics(connection, [topic]);
  const isOpen = (settings['verify'] as { method?: string } | undefined)?.method === 'none';
  const body = { plugin, path, output: topic, settings: { ...settings, ...(!isOpen && { secret }) } };
  await connection.json(`/v1/deployments/${encodeURIComponent(name)}`, { method: 'PUT', body });
  return serverHandle(connection, name);
}
