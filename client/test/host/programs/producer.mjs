/** Produces numbers until it is told to stop, and says which were acknowledged. */
import { connect } from '../../../dist/tiny.js';

const kafka = connect({});
let n = 0;
let isOver = false;
process.on('message', () => {
  isOver = true;
});
const produce = async () => {
  while (!isOver) {
    const mine = n++;
    await kafka`numbers`.produce({ n: mine }, { key: `k${mine % 17}` });
    process.send(mine);
  }
};
await Promise.all(Array.from({ length: 8 }, produce));
process.disconnect();
