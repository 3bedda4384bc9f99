/** What becomes of the values of a group. */

import { fieldsOf } from './fields.js';
import { compile } from './source.js';

/**
 * `fold(state, item)` adds an item's value, to `undefined` for the first one; `shown(state)` is the member of what is emitted.
 * `replays` says that a state may be changed in place, so that it has to be made anew where a fold failed. `fields` are those
 * read of a value.
 */
export function makeAggregate(settings, verb, where, scope) {
  if (verb === 'count') {
    return { where, replays: false, fields: new Set(), fold: (state = 0) => state + 1, shown: (count) => ({ count }) };
  }
  const compiled = compile(settings[verb], scope, where);
  if (verb === 'reduce') {
    return reducing(settings, compiled, where);
  }
  const number = (item) => {
    const answer = compiled.call(item.value, item.record);
    if (typeof answer !== 'number' || !Number.isFinite(answer)) {
      throw new TypeError(`answered ${typeof answer === 'number' ? answer : typeof answer}, which is no number`);
    }
    return answer;
  };
  return { where, replays: false, fields: fieldsOf(compiled, 0), ...FOLDS[verb](number) };
}

const FOLDS = {
  sum: (number) => ({ fold: (state = 0, item) => finite(state + number(item)), shown: (sum) => ({ sum }) }),
  min: (number) => ({ fold: (state = Infinity, item) => Math.min(state, number(item)), shown: (min) => ({ min }) }),
  max: (number) => ({ fold: (state = -Infinity, item) => Math.max(state, number(item)), shown: (max) => ({ max }) }),
  average: (number) => ({
    fold: (state = { sum: 0, count: 0 }, item) => ({ sum: finite(state.sum + number(item)), count: state.count + 1 }),
    shown: ({ sum, count }) => ({ average: sum / count }),
  }),
};

function finite(sum) {
  if (!Number.isFinite(sum)) {
    throw new RangeError('the sum is too large for a number');
  }
  return sum;
}

function reducing(settings, compiled, where) {
  const starts = Object.hasOwn(settings, 'initial');
  const initial = JSON.stringify(settings.initial);
  const fold = (state, item) => {
    if (state === undefined && !starts) {
      return item.value;
    }
    const next = compiled.call(state === undefined ? JSON.parse(initial) : state, item.value, item.record);
    checkJson(next);
    return next;
  };
  const shown = (value) => ({ value });
  return { where, replays: true, fields: starts ? fieldsOf(compiled, 1) : null, fold, shown };
}

/**
 * A state lives on as JSON, so it has to be JSON: a `Map` would work within a batch and be empty in the next one.
 */
function checkJson(value) {
  if (value === undefined) {
    throw new TypeError('answered undefined; answer the new state');
  }
  checkPart(value);
}

function checkPart(value) {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return;
    case 'number':
      if (!Number.isFinite(value)) {
        throw new TypeError(`the state holds ${value}, which is not JSON`);
      }
      return;
    case 'object': {
      if (value === null) {
        return;
      }
      const isPlain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
      if (!isPlain) {
        throw new TypeError(`the state holds a ${value.constructor?.name ?? 'special object'}, which is not JSON`);
      }
      Object.values(value).forEach(checkPart);
      return;
    }
    default:
      throw new TypeError(`the state holds a ${typeof value}, which is not JSON`);
  }
}
