/** What becomes of the values of a group. */

import { fieldsOf, takes } from './fields.js';
import { checkJson } from './json.js';
import { recordMaker } from './record.js';

/**
 * `measure(item)` is what is taken of an item, and `add(state, measured)` adds that, to `undefined` for the first one;
 * `check(state)` throws where a state is none that can be kept or emitted. `fold(state, item)` is all three. `shown(state)` is the
 * member of what is emitted. `replays` says that a state may be changed in place, so that it has to be made anew where a fold
 * failed. `fields` are those read of a value, and `takesValue` says whether it is looked at. `read(source, where)` reads a function.
 */
export function makeAggregate(settings, verb, where, read) {
  const { measure, add, check = () => {}, ...rest } = partsOf(settings, verb, where, read);
  const fold = (state, item) => {
    const next = add(state, measure(item));
    check(next);
    return next;
  };
  return { where, measure, add, check, fold, ...rest };
}

function partsOf(settings, verb, where, read) {
  if (verb === 'count') {
    return {
      replays: false,
      fields: new Set(),
      takesValue: false,
      measure: () => 1,
      add: (state = 0) => state + 1,
      shown: (count) => ({ count }),
    };
  }
  const compiled = read(settings[verb], where);
  if (verb === 'reduce') {
    return reducing(settings, compiled);
  }
  const { call } = compiled;
  const takesValue = takes(compiled, 0);
  const recordOf = recordMaker(compiled, 1);
  const measure = (item) => {
    const answer = call(takesValue ? item.value : undefined, recordOf === null ? undefined : recordOf(item));
    if (typeof answer !== 'number' || !Number.isFinite(answer)) {
      throw new TypeError(`answered ${typeof answer === 'number' ? answer : typeof answer}, which is no number`);
    }
    return answer;
  };
  return { replays: false, fields: fieldsOf(compiled, 0), takesValue, measure, ...OF_NUMBERS[verb] };
}

const OF_NUMBERS = {
  sum: { add: (state = 0, number) => finite(state + number), shown: (sum) => ({ sum }) },
  min: { add: (state = Infinity, number) => Math.min(state, number), shown: (min) => ({ min }) },
  max: { add: (state = -Infinity, number) => Math.max(state, number), shown: (max) => ({ max }) },
  average: {
    add: (state = { sum: 0, count: 0 }, number) => ({ sum: finite(state.sum + number), count: state.count + 1 }),
    shown: ({ sum, count }) => ({ average: sum / count }),
  },
};

function finite(sum) {
  if (!Number.isFinite(sum)) {
    throw new RangeError('the sum is too large for a number');
  }
  return sum;
}

/** A state lives on as JSON, so it has to be JSON: a `Map` would work within a batch and be empty in the next one. */
function reducing(settings, compiled) {
  const starts = Object.hasOwn(settings, 'initial');
  const initial = JSON.stringify(settings.initial);
  const { call } = compiled;
  const takesValue = !starts || takes(compiled, 1);
  const recordOf = recordMaker(compiled, 2);
  const add = (state, { value, record }) => {
    if (state === undefined && !starts) {
      return value;
    }
    const next = call(state === undefined ? JSON.parse(initial) : state, value, record);
    if (next === undefined) {
      throw new TypeError('answered undefined; answer the new state');
    }
    return next;
  };
  return {
    replays: true,
    fields: starts ? fieldsOf(compiled, 1) : null,
    takesValue,
    measure: (item) => ({ value: takesValue ? item.value : undefined, record: recordOf === null ? undefined : recordOf(item) }),
    add,
    check: checkJson,
    shown: (value) => ({ value }),
  };
}
