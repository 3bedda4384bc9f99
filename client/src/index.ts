/** kafka.do: sentences, records, chains whose functions run beside the data, and the host's API. */

import { makeApi, type Api } from './api/plain.ts';
import type { ServerHandle } from './dsl/wire.ts';
import type { ConnectOptions } from './http.ts';
import { makeConnection, makeKafka, type Kafka as Tag } from './kafka.ts';
import type { Receipt } from './producer.ts';
import { StreamSentence } from './streams.ts';
import { transact, type Transaction } from './transaction.ts';
import { deployWebhook, type WebhookOptions } from './webhook.ts';

export type * from './api/plain.ts';
export {
  Branched,
  ConnectionError,
  Grouped,
  KafkaError,
  ProblemError,
  QuestionError,
  Standing,
  Stream,
  StreamSentence,
  Total,
  type Aggregated,
  type Arm,
  type Bytes,
  type ConnectOptions,
  type Explanation,
  type Handle,
  type HeaderValue,
  type InWindow,
  type Of,
  type Place,
  type ProduceOptions,
  type Receipt,
  type RecordFields,
  type ServerHandle,
  type StandingHandle,
  type StreamRecord,
  type WindowOptions,
} from './streams.ts';
export type { GroupOffset, Transaction, TransactionTopic } from './transaction.ts';
export type { SecretReference, WebhookOptions } from './webhook.ts';

/** A sentence that may name a topic for others to send to. */
export class FullSentence<T = any> extends StreamSentence<T> {
  /** Takes webhooks on a path of the host, and stores each event in the topic once its sender has shown who it is. */
  async fromWebhook(path: string, options?: WebhookOptions): Promise<ServerHandle> {
    return deployWebhook(this.connection, await this.topic(), path, options);
  }
}

/** `T` is what the sentence answers where it is awaited, and the type of the values where it is read. */
export interface Kafka extends Tag<FullSentence>, Api {
  <T = any>(strings: TemplateStringsArray, ...values: unknown[]): FullSentence<T>;
  /** Stores what the function produces to `tx`, all of it or nothing; where the function throws, nothing. */
  transaction: (stage: (tx: Transaction) => unknown) => Promise<Receipt[]>;
}

/** A `kafka` of its own, of another host or by another token. */
export const connect = (options?: ConnectOptions): Kafka => {
  const connection = makeConnection(options);
  const kafka = makeKafka(connection, (text) => new FullSentence(connection, text));
  const transaction = (stage: (tx: Transaction) => unknown) => transact(connection, stage);
  return Object.assign(kafka, makeApi(connection), { transaction }) as Kafka;
};

export const kafka: Kafka = /* @__PURE__ */ connect();
