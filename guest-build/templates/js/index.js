/**
 * Keeps the orders that reach an amount.
 *
 * Start here: change the settings, then `each`. `npm test` runs the tests in Node, in no time; `kafka-do plugin build` makes
 * the component.
 */

import { defineProcessor, Reject } from 'kafka-do-sdk';

export default defineProcessor({
  summary: 'Keeps the orders that reach an amount.',

  // What a deployment sets. The host checks it before it opens the plugin.
  settingsSchema: {
    type: 'object',
    properties: { amount_min: { type: 'number' } },
    required: ['amount_min'],
    additionalProperties: false,
  },

  // Runs once per partition, and again after a swap or a failure: so variables are a cache. What must last belongs in a
  // `Table`, which `tables` declares.
  open({ settings }) {
    return {
      // What goes to `output` and the batch's offsets commit together: no order is lost and none is kept twice.
      each(record, output) {
        const { amount } = record.json();
        if (typeof amount !== 'number') {
          // This record goes to the dead-letter topic with the reason; the others go on.
          throw new Reject('amount is not a number');
        }
        if (amount >= settings.amount_min) {
          output.keep(record);
        }
      },
    };
  },
});
