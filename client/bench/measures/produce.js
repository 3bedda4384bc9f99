/** Batches of records, each awaited: one after the other, or so many under way at once. */

import { Kafka, logLevel, Partitioners } from 'kafkajs';

import { connect } from '../../dist/tiny.js';
import { makeValues } from '../records.js';

const RECORDS = 100;
const RECORD_BYTES = 1_024;
/** Sent before the clock starts. */
const WARM_BATCHES = 500;

const SENDERS = {
  async kafkajs({ address, topic, flushMessages }) {
    const kafka = new Kafka({ brokers: [address], logLevel: logLevel.ERROR });
    const admin = kafka.admin();
    await admin.connect();
    const configEntries = flushMessages ? [{ name: 'flush.messages', value: String(flushMessages) }] : [];
    await admin.createTopics({ topics: [{ topic, numPartitions: 1, configEntries }] });
    await admin.disconnect();
    const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
    return {
      send: (values) =>
        producer.send({ topic, acks: -1, messages: values.map((value) => ({ value: JSON.stringify(value) })) }),
      close: () => producer.disconnect(),
    };
  },
  async 'kafka.do'({ address, topic }) {
    const kafka = connect({ url: address });
    return { send: (values) => kafka`${topic}`.produceBatch(values), close: () => kafka.flush() };
  },
};

export async function produce({ client, batches, lanes, ...where }) {
  const { send, close } = await SENDERS[client](where);
  const values = Array.from({ length: 16 }, (_, index) => makeValues(RECORDS, RECORD_BYTES, index * RECORDS));
  const run = async (count) => {
    const latenciesMs = [];
    let next = 0;
    const lane = async () => {
      while (next < count) {
        const batch = values[next++ % values.length];
        const begun = performance.now();
        await send(batch);
        latenciesMs.push(performance.now() - begun);
      }
    };
    const begun = performance.now();
    await Promise.all(Array.from({ length: lanes }, lane));
    return { ms: performance.now() - begun, latenciesMs: latenciesMs.sort((a, b) => a - b) };
  };
  await run(WARM_BATCHES);
  const { ms, latenciesMs } = await run(batches);
  await close();
  const quantile = (q) => latenciesMs[Math.min(latenciesMs.length - 1, Math.floor(q * latenciesMs.length))];
  return { recordsPerS: (batches * RECORDS * 1_000) / ms, p50Ms: quantile(0.5), p99Ms: quantile(0.99) };
}
