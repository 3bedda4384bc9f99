/**
 * Producing to topics. What is produced while a request for the topic is under way goes together in the next one: there
 * is no timer, and a producer that is alone waits for nothing.
 */

import { ProblemError } from './errors.ts';
import { isPassing, onceOnly, persist, type Http } from './http.ts';

/** Where a record stands now. */
export interface Receipt {
  topic: string;
  partition: number;
  offset: number;
  timestamp: number;
}

/** All or none of it is stored. */
interface Unit {
  /** Its records, with commas between them. */
  text: string;
  count: number;
  cost: number;
  resolve: (receipts: Receipt[]) => void;
  reject: (error: unknown) => void;
}

/**
 * What a request may cost: a character for a character, and something for each record, so that it has less than the
 * 4,096 of which the host remembers one by one where they went.
 */
const REQUEST_COST_MAX = 2 << 20;
const RECORD_COST = 512;
/** So much may wait. Whoever awaits what is produced never meets it. */
const WAITING_COST_MAX = 64 << 20;

const costOf = (record: string) => record.length + RECORD_COST;

export interface Producer {
  /** Stores these together, or none of them. */
  send: (topic: Promise<string>, records: string[]) => Promise<Receipt[]>;
  /** Resolves once nothing waits any more of what was sent so far, whatever became of it. */
  flush: () => Promise<void>;
}

export function makeProducer({ json, retryMs }: Http): Producer {
  /** What waits of each topic; a topic is there while anything of it does. */
  const queues = new Map<string, Unit[]>();
  let waitingCost = 0;

  const post = async (topic: string, units: Unit[]): Promise<void> => {
    const content = `{"records":[${units.map(({ text }) => text)}]}`;
    try {
      const call = { content, headers: onceOnly() };
      const answer = await persist(retryMs, () =>
        json<{ records: Omit<Receipt, 'topic'>[] }>(`/v1/topics/${topic}/records?create=true`, call),
      );
      const receipts = answer.records.map((receipt) => ({ topic, ...receipt }));
      units.forEach(({ count, resolve }) => resolve(receipts.splice(0, count)));
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

  const drain = async (topic: string, units: Unit[]): Promise<void> => {
    queues.set(topic, units);
    // In a moment, so that what is produced in one go goes together.
    await null;
    while (units[0]) {
      let [count, cost] = [0, 0];
      do {
        cost += units[count++]!.cost;
      } while (cost + (units[count]?.cost ?? Infinity) < REQUEST_COST_MAX);
      await post(topic, units.splice(0, count));
      waitingCost -= cost;
    }
    queues.delete(topic);
  };

  const enqueue = (topic: string, records: string[]) =>
    new Promise<Receipt[]>((resolve, reject) => {
      if (waitingCost > WAITING_COST_MAX) {
        throw new RangeError('too much waits; await what you produce');
      }
      const text = records.join();
      const count = records.length;
      const cost = text.length + count * RECORD_COST;
      waitingCost += cost;
      const unit = { text, count, cost, resolve, reject };
      const units = queues.get(topic);
      if (units) {
        units.push(unit);
      } else {
        drain(topic, [unit]);
      }
    });

  let sent = Promise.resolve();
  return {
    send: (topic, records) => {
      const sending = topic.then((name) => enqueue(name, records));
      // Of what came of them nothing is kept.
      sent = Promise.allSettled([sent, sending]).then(() => {});
      return sending;
    },
    flush: () => sent,
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
    if (chunk[0] && cost > REQUEST_COST_MAX) {
      yield chunk;
      [chunk, cost] = [[], costOf(record)];
    }
    chunk.push(record);
  }
  if (chunk[0]) {
    yield chunk;
  }
}
