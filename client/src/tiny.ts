/** kafka.do/tiny: ask, produce, consume. */

import type { ConnectOptions } from './http.ts';
import { makeConnection, makeKafka, Sentence, type Kafka as Tag } from './kafka.ts';

export { ConnectionError, KafkaError, ProblemError, QuestionError } from './errors.ts';
export type { ConnectOptions } from './http.ts';
export { Sentence } from './kafka.ts';
export type { Receipt } from './producer.ts';
export type { Bytes, HeaderValue, ProduceOptions, RecordFields, StreamRecord } from './record.ts';

/** `T` is what the sentence answers where it is awaited, and the type of the values where it is iterated. */
export interface Kafka extends Tag<Sentence> {
  <T = any>(strings: TemplateStringsArray, ...values: unknown[]): Sentence<T>;
}

/** A `kafka` of its own, of another host or by another token. */
export const connect = (options?: ConnectOptions): Kafka => {
  const connection = makeConnection(options);
  return makeKafka(connection, (text) => new Sentence(connection, text)) as Kafka;
};

export const kafka: Kafka = /* @__PURE__ */ connect();
