/** Transactions: records of several topics, and places of groups, that are stored together or not at all. */

import { makeTopics } from './dsl/wire.ts';
import { onceOnly, persist } from './http.ts';
import { makeKafka, Sentence, type Connection, type Produced } from './kafka.ts';
import type { Receipt } from './producer.ts';
import { writeRecord, type ProduceOptions } from './record.ts';

/** Where a group goes on. */
export interface GroupOffset {
  group: string;
  topic: string;
  partition: number;
  /** The next one to read. */
  offset: number;
  /** Where it must stand, or nothing of the transaction is done; null is nowhere yet. */
  expected?: number | null;
}

/** Of a transaction: what it produces is stored when the transaction is. */
export interface TransactionTopic<T = any> {
  produce: (value: Produced<T>, options?: ProduceOptions) => Promise<void>;
  produceBatch: (values: Iterable<Produced<T>>, options?: (value: Produced<T>) => ProduceOptions) => Promise<void>;
}

export interface Transaction {
  <T = any>(strings: TemplateStringsArray, ...values: unknown[]): TransactionTopic<T>;
  /** Moves a group. */
  moveGroup: (offset: GroupOffset) => void;
}

class Topic extends Sentence {
  override topic(): Promise<string> {
    return super.topic();
  }
}

/** Stores what the function stages, once it has ended; where it throws, nothing. Answers where each record stands. */
export async function transact(connection: Connection, stage: (tx: Transaction) => unknown): Promise<Receipt[]> {
  const staging: Promise<{ topic: string; record: string }>[] = [];
  const offsets: GroupOffset[] = [];
  const add = async (sentence: Topic, record: string) => {
    const staged = sentence.topic().then((topic) => ({ topic, record }));
    staging.push(staged);
    await staged;
  };
  const tx = makeKafka(connection, (text): TransactionTopic => {
    const sentence = new Topic(connection, text);
    return {
      produce: (value, options) => add(sentence, writeRecord(value, options)),
      produceBatch: async (values, options) => {
        await Promise.all(Array.from(values, (value) => add(sentence, writeRecord(value, options?.(value)))));
      },
    };
  });
  await stage(Object.assign(tx, { moveGroup: (offset: GroupOffset) => void offsets.push(offset) }) as Transaction);
  const staged = await Promise.all(staging);
  if (staged.length === 0 && offsets.length === 0) {
    return [];
  }
  await makeTopics(
    connection,
    staged.map(({ topic }) => topic),
  );
  const records = staged.map(({ topic, record }) => `{"topic":${JSON.stringify(topic)},${record.slice(1)}`);
  const content = `{"records":[${records.join()}],"offsets":${JSON.stringify(offsets)}}`;
  const headers = onceOnly();
  const answer = await persist(connection.retryMs, () =>
    connection.json<{ records: Receipt[] }>('/v1/transactions', { content, headers }),
  );
  return answer.records;
}
