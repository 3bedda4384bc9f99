/** Reads in a group, and says what it got. */
import { connect } from '../../../dist/tiny.js';

const kafka = connect();
for await (const { n, partition, offset } of kafka`numbers group three`) {
  process.send({ n, partition, offset, atMs: Date.now() });
  await new Promise((resolve) => setTimeout(resolve, 1));
}
