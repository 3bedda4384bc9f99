/** What a component exports, made of a processor and the host's imports. */

import { describeError, failsTheCall, toFailure } from './failure.js';
import { installGlobals, seedRandom } from './globals.js';
import { Output } from './output.js';
import { checkOpened } from './processor.js';
import { Records } from './records.js';
import { during, newSession, session as currentSession } from './session.js';
import { forgetStaged, rewindStaged, savepoint, writeStaged } from './state.js';

/**
 * The exports of a component that the toolchain builds. The engine in the sandbox has no clock, no random numbers and no
 * console of its own, so the host's take their place.
 */
export function component(processor, imports) {
  if (typeof processor?.description?.summary !== 'string') {
    throw new TypeError('the default export is no processor; write `export default defineProcessor({ .. })` or `filterMap`');
  }
  installGlobals();
  return columnProcessor(processor, imports);
}

/**
 * The column role over a processor.
 *
 * A call takes the opened processor out and puts it back only when it succeeded. Whatever a failed call left in its fields is
 * ahead of the state that the host kept, so it is dropped, and the next call opens a new one with the same settings.
 */
export function columnProcessor(processor, imports) {
  const session = newSession(imports);
  let context = null;
  let opened = null;

  /** Runs a call; what it throws leaves as a failure of the contract. */
  const answer = (call) =>
    during(session, () => {
      try {
        return call();
      } catch (error) {
        forgetStaged();
        throw toFailure(error);
      }
    });

  const open = () => {
    const { deployment, partition, settings } = context;
    seedRandom(`${deployment}/${partition}`);
    const fresh = checkOpened(
      processor.open({ deployment, partition: partition ?? null, settings: JSON.parse(settings) }),
    );
    if (forgetStaged()) {
      throw new Error('the plugin wrote state while it was opened; write it while processing');
    }
    return fresh;
  };

  const step = (row, run) =>
    answer(() => {
      if (context === null) {
        throw new Error('called before it was opened');
      }
      const current = opened ?? open();
      opened = null;
      const output = new Output(row);
      run(current, output);
      writeStaged();
      opened = current;
      return output.toOutcome();
    });

  return {
    describe: () => processor.description,

    open(given) {
      return answer(() => {
        context = given;
        opened = open();
        const { fields = null, wants = [] } = opened;
        if (wants.length > 0) {
          imports.selection.narrow(wants.map(toCondition));
        }
        return fields;
      });
    },

    process(batch) {
      const records = new Records(batch);
      return step(records.length - 1, (current, output) => {
        if (current.each === undefined) {
          current.process(records, output);
        } else {
          eachRecord(current, records, output);
        }
      });
    },

    advance(watermarkMs) {
      return step(0, (current, output) => current.advance?.(Number(watermarkMs), output));
    },

    close() {
      during(session, () => opened?.close?.());
      context = null;
      opened = null;
    },
  };
}

const toCondition = ({ field, comparison, operand, nullHolds = true }) => ({
  field,
  comparison,
  nullHolds,
  operand: { tag: typeof operand === 'number' ? 'number' : 'text', val: operand },
});

/** A record that throws is rejected, and leaves no trace in output and state; the others go on. */
function eachRecord(current, records, output) {
  const { tables } = currentSession();
  for (let row = 0; row < records.length; row += 1) {
    output.moveTo(row);
    if (tables.size > 0) {
      savepoint();
    }
    try {
      current.each(records.at(row), output);
    } catch (error) {
      if (failsTheCall(error)) {
        throw error;
      }
      rewindStaged();
      output.rejectRow(row, describeError(error));
    }
  }
}
