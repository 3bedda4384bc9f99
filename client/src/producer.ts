/**
 * Producing to topics. What is produced while a request for the topic is under way goes together in the next one: there
 * is no timer, and a producer that is alone waits for nothing.
 */

import { ProblemError } from './errors.ts';
import { isPassing, persist, type Http } from './http.ts';

/** Where a record stands now. */
export interface Receipt {
  topic: string;
  partition: number;
  offset: number;
  timestamp: number;
}

/** All or none of it is stored. */
interface Unit {
  records: string[];
  cost: number;
  resolve: (receipts: Receipt[]) => void;
  reject: (error: unknown) => void;
}

/** What waits of one topic; it is there while anything does. */
interface Queue {
  units: Unit[];
  cost: number;
}

/**
 * What a request may cost: a character for a character, and something for each record, so that it has less than the
 * 4,096 of which the host remembers one by one where they went.
 */
const REQUEST_COST_MAX = 2 << 20;
const RECORD_COST = 512;
/** So much may wait of one topic. Whoever awaits what is produced never meets it. */
const WAITING_COST_MAX = 64 << 20;

const costOf = (record: string) => record.length + RECORD_COST;

export interface Producer {
  /** Stores these together, or none of them. */
  send: (topic: Promise<string>, records: string[]) => Promise<Receipt[]>;
  /** Resolves once nothing waits any more, whatever became of it. */
  flush: () => Promise<void>;
}

export function makeProducer({ json, retryMs }: Http): Producer {
  const queues = new Map<string, Queue>();

  const post = async (topic: string, units: Unit[]): Promise<void> => {
    const content = `{"records":[${units.flatMap(({ records }) => records)}]}`;
    // The host knows by it that it has stored this already, where an answer was lost.
    const headers = { 'idempotency-key': crypto.randomUUID() };
    const path = `/v1/topics/${topic}/records?create=true`;
    try {
      const answer = await persist(retryMs, () =>
        json<{ records: Omit<Receipt, 'topic'>[] }>(path, { content, headers }),
      );
      const receipts = answer.records.map((receipt) => ({ topic, ...receipt }));
      units.forEach(({ records, resolve }) => resolve(receipts.splice(0, records.length)));
    } catch (error) {
      if (units.length > 1 && error instanceof ProblemError && !isPassing(error)) {
        // One of them is refused, and takes the others along only where they are sent together.
        for (const unit of units) {
          await post(topic, [unit]);
        }
        return;
      }
      units.forEach(({ reject }) => reject(error));
    }
  };

  const drain = async (topic: string, queue: Queue): Promise<void> => {
    // In a moment, so that what is produced in one go goes together.
    await null;
    while (queue.units.length > 0) {
      let [count, cost] = [0, 0];
      do {
        cost += queue.units[count++]!.cost;
      } while (count < queue.units.length && cost + queue.units[count]!.cost < REQUEST_COST_MAX);
      await post(topic, queue.units.splice(0, count));
      queue.cost -= cost;
    }
    queues.delete(topic);
  };

  const enqueue = (topic: string, records: string[]) =>
    new Promise<Receipt[]>((resolve, reject) => {
      const cost = records.reduce((sum, record) => sum + costOf(record), 0);
      const queue = queues.get(topic) ?? { units: [], cost: 0 };
      if (queue.cost > WAITING_COST_MAX) {
        throw new RangeError(`too much waits; await what you produce to ${topic}`);
      }
      queue.cost += cost;
      queue.units.push({ records, cost, resolve, reject });
      if (!queues.has(topic)) {
        queues.set(topic, queue);
        drain(topic, queue);
      }
    });

  const sending = new Set<Promise<unknown>>();
  return {
    send: (topic, records) => {
      const sent = topic.then((name) => enqueue(name, records));
      const end = () => sending.delete(sent);
      sending.add(sent);
      sent.then(end, end);
      return sent;
    },
    flush: async () => {
      while (sending.size > 0) {
        await Promise.allSettled(sending);
      }
    },
  };
}

/** Parts of a batch that is too large for one request. */
export async function* chunks<T>(
  items: Iterable<T> | AsyncIterable<T>,
  write: (item: T) => string,
): AsyncGenerator<string[]> {
  let [chunk, cost]: [string[], number] = [[], 0];
  for await (const item of items) {
    const record = write(item);
    cost += costOf(record);
    if (cost > REQUEST_COST_MAX && chunk.length > 0) {
      yield chunk;
      [chunk, cost] = [[], costOf(record)];
    }
    chunk.push(record);
  }
  if (chunk.length > 0) {
    yield chunk;
  }
}
