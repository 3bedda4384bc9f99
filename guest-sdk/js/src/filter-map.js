/** A plugin that is one plain function. */

import { Reject } from './failure.js';
import { defineProcessor } from './processor.js';

/** Makes a plugin of a function that turns each record into one record or none. */
export function filterMap(definition) {
  const { summary, settingsSchema, fields = null, map } = typeof definition === 'function' ? { map: definition } : definition;
  if (typeof map !== 'function') {
    throw new TypeError('filterMap takes a function, or { summary, map }');
  }
  return defineProcessor({
    summary: summary ?? (map.name === '' ? 'A function from record to record.' : `The function ${map.name}.`),
    ...(settingsSchema === undefined ? {} : { settingsSchema }),
    open: ({ settings }) => ({
      fields,
      each(record, output) {
        const answer = map(record, settings);
        if (answer === record || answer === true) {
          output.keep(record);
        } else if (answer !== null && answer !== undefined && answer !== false) {
          if (typeof answer !== 'object') {
            throw new Reject(`the plugin answered ${typeof answer}: neither a record nor a boolean`);
          }
          output.emit(answer);
        }
      },
    }),
  });
}
