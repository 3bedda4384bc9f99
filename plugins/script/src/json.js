/** What JSON can say. */

/** At hand, since this is asked of every answer that a later step sees. */
const { isArray } = Array;
const { getPrototypeOf, values: valuesOf, prototype: plain } = Object;
/** Deeper than this a value is asked no more than whether it ends: the stack of the sandbox is small. */
const DEPTH_MAX = 200;

const REMEDIES = {
  Date: 'answer it as text, for example .toISOString()',
  Map: 'answer Object.fromEntries(..) of it',
  Set: 'answer [...it]',
  array: 'answer [...it]',
  bigint: 'answer it as text, for example String(..)',
  number: 'answer null or a text for it',
};

/** Throws where an answer is not JSON. Members that are undefined are as if they were not there. */
export function checkJson(answer) {
  if (typeof answer === 'object' && answer !== null) {
    checkObject(answer, 0);
  } else {
    checkAll([answer], 0, true);
  }
}

/** Whether `undefined` is refused depends on where the values stand: JSON makes null of it in an array. */
function checkAll(values, depth, refusesUndefined) {
  const count = values.length;
  for (let i = 0; i < count; i += 1) {
    const value = values[i];
    switch (typeof value) {
      case 'string':
      case 'boolean':
        break;
      case 'number':
        if (value - value !== 0) {
          throw notJson(String(value), 'number', depth);
        }
        break;
      case 'object':
        if (value !== null) {
          checkObject(value, depth);
        }
        break;
      case 'undefined':
        if (refusesUndefined) {
          throw notJson('undefined', 'undefined', depth);
        }
        break;
      default:
        throw notJson(`a ${typeof value}`, typeof value, depth);
    }
  }
}

function checkObject(value, depth) {
  if (depth === DEPTH_MAX) {
    checkEnd(value);
    return;
  }
  const values = valuesOf(value);
  if (isArray(value)) {
    if (values.length !== value.length) {
      throw notJson('an array with gaps, or with fields of its own', 'array', depth);
    }
    checkAll(values, depth + 1, true);
    return;
  }
  const prototype = getPrototypeOf(value);
  if (prototype !== plain && prototype !== null) {
    const name = value.constructor?.name || 'special object';
    throw notJson(`a ${name}`, name, depth);
  }
  checkAll(values, depth + 1, false);
}

function checkEnd(value) {
  try {
    JSON.stringify(value);
  } catch {
    throw notJson('itself', 'cycle', DEPTH_MAX);
  }
}

function notJson(what, kind, depth) {
  const remedy = Object.hasOwn(REMEDIES, kind) ? REMEDIES[kind] : 'answer what stands for it in JSON';
  return new TypeError(`${depth === 0 ? 'answered' : 'its answer holds'} ${what}, which is not JSON; ${remedy}`);
}
