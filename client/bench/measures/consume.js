/** All records of a topic, and one field of each value. From the first record that comes to the last. */

import { Kafka, logLevel, Partitioners } from 'kafkajs';

import { connect } from '../../dist/tiny.js';
import { makeValues } from '../records.js';

const RECORD_BYTES = 100;
/** Less than the megabyte that a batch of Kafka's may be. */
const CHUNK = 5_000;

/** Stores the records that are read afterwards. */
export async function fill({ client, address, topic, records }) {
  const send = await (client === 'kafkajs' ? kafkajsSender : kafkaDoSender)(address, topic);
  for (let n = 0; n < records; n += CHUNK) {
    await send(makeValues(Math.min(CHUNK, records - n), RECORD_BYTES, n));
  }
  return {};
}

async function kafkajsSender(address, topic) {
  const kafka = new Kafka({ brokers: [address], logLevel: logLevel.ERROR });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] });
  await admin.disconnect();
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  return (values) => producer.send({ topic, messages: values.map((value) => ({ value: JSON.stringify(value) })) });
}

async function kafkaDoSender(address, topic) {
  const kafka = connect({ url: address });
  return (values) => kafka`${topic}`.produceBatch(values);
}

/** Counts what came, adds up a field, and says when the last one was there. */
class Tally {
  #expected;
  #begunMs = 0;
  count = 0;
  sum = 0;
  ms = 0;

  constructor(expected) {
    this.#expected = expected;
  }

  /** Whether that was the last one. */
  add(n) {
    if (this.count === 0) {
      this.#begunMs = performance.now();
    }
    this.count += 1;
    this.sum += n;
    if (this.count === this.#expected) {
      this.ms = performance.now() - this.#begunMs;
      return true;
    }
    return false;
  }
}

async function kafkajsRun({ address, topic, records }, group, handlers) {
  const consumer = new Kafka({ brokers: [address], logLevel: logLevel.NOTHING }).consumer({ groupId: group });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const tally = new Tally(records);
  await new Promise((end, fail) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => fail(payload.error));
    consumer.run(handlers((n) => tally.add(n) && end())).catch(fail);
  });
  await consumer.disconnect();
  return tally;
}

const parsed = ({ value }) => JSON.parse(value.toString()).n;

const READERS = {
  'kafkajs eachBatch': (where, group) =>
    kafkajsRun(where, group, (take) => ({
      eachBatch: async ({ batch }) => {
        for (const message of batch.messages) {
          take(parsed(message));
        }
      },
    })),
  'kafkajs eachMessage': (where, group) =>
    kafkajsRun(where, group, (take) => ({ eachMessage: async ({ message }) => take(parsed(message)) })),
  /** What is in the messages is left as it came. */
  'kafkajs eachBatch, bytes': (where, group) =>
    kafkajsRun(where, group, (take) => ({
      eachBatch: async ({ batch }) => {
        for (const { value } of batch.messages) {
          take(value.length);
        }
      },
    })),
  'kafka.do group': ({ address, topic, records }, group) =>
    kafkaDoRun(connect({ url: address })`${topic} group ${group}`, records),
  'kafka.do from beginning': ({ address, topic, records }) =>
    kafkaDoRun(connect({ url: address })`${topic} from beginning`, records),
};

async function kafkaDoRun(stream, records) {
  const tally = new Tally(records);
  for await (const record of stream) {
    if (tally.add(record.n)) {
      break;
    }
  }
  return tally;
}

export async function consume({ reader, ...where }) {
  const read = READERS[reader];
  // The first time warms up the program, and what the server keeps of the topic.
  await read(where, `warm-${process.pid}`);
  const { ms, sum } = await read(where, `measured-${process.pid}`);
  const { records } = where;
  const isAll = reader.endsWith('bytes') || sum === (records * (records - 1)) / 2;
  if (!isAll) {
    throw new Error(`${reader} did not read each record once: the fields add up to ${sum}`);
  }
  return { recordsPerS: (records * 1_000) / ms };
}
