/**
 * Functions that a deployment's settings carry: the server side of a client that ships closures.
 *
 * `plan` reads the settings and knows nothing of records; `stream` takes records through the plan.
 */

import { defineProcessor, Fatal, topics } from 'kafka-do-sdk';

import { makePlan } from './plan.js';
import { settingsSchema } from './schema.js';
import { ScriptError } from './script-error.js';
import { Stream } from './stream.js';

export default defineProcessor({
  summary: 'Runs JavaScript functions over records: filter, map, branch, and aggregates in windows of event time.',
  settingsSchema,
  tables: ['windows', 'aggregates', 'kind'],
  open({ partition, settings }) {
    try {
      // Who reads all partitions reads a past, which has an end.
      const plan = makePlan(settings, { isPast: partition === null });
      return new Stream(plan, plan.repartitions ? topics.internal('repartition') : null);
    } catch (error) {
      throw error instanceof ScriptError ? new Fatal(error.message) : error;
    }
  },
});
