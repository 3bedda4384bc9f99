// Reads records as they stand in a topic (an object a line: headers, and the value in base64), lets the CloudEvents library
// make events of them by its Kafka binding, and compares each with the event that was sent. Prints how many are equal.

import { isDeepStrictEqual } from 'node:util';
import { createInterface } from 'node:readline';
import { Kafka } from 'cloudevents';
import { events } from './events.mjs';
import { given } from './say.mjs';

const [mode] = given('binary|structured|batch');

const sent = new Map(events(mode).map((event) => [event.id, event.toJSON()]));
let equal = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const { headers, value } = JSON.parse(line);
  const event = Kafka.toEvent({ headers, value: Buffer.from(value, 'base64').toString() });
  const found = event.toJSON();
  // The binding keeps a record's key as `partitionkey`, which nobody sent.
  delete found.partitionkey;
  const expected = sent.get(event.id);
  sent.delete(event.id);
  if (!isDeepStrictEqual({ ...found }, { ...expected })) {
    throw new Error(`it is ${JSON.stringify(found)} and was ${JSON.stringify(expected)}`);
  }
  equal += 1;
}
process.stdout.write(`${equal}\n`);
