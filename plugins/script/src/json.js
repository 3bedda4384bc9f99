/** What JSON can say: a value that goes on to another step is what a record would carry. */

/** Deeper than this a value is asked no more than whether it ends: the stack of the sandbox is small. */
const DEPTH_MAX = 200;

const REMEDIES = {
  Date: 'answer it as text, for example .toISOString()',
  Map: 'answer Object.fromEntries(..) of it',
  Set: 'answer [...it]',
  bigint: 'answer it as text, for example String(..)',
};

/** Throws where a value is not JSON. Members that are undefined are as if they were not there. */
export function checkJson(value) {
  checkPart(value, 0);
}

function checkPart(value, depth) {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return;
    case 'number':
      if (value - value !== 0) {
        throw notJson(String(value), 'answer null or a text for it', depth);
      }
      return;
    case 'object':
      if (value !== null) {
        checkObject(value, depth);
      }
      return;
    default:
      throw notJson(value === undefined ? 'undefined in an array' : `a ${typeof value}`, REMEDIES[typeof value], depth);
  }
}

function checkObject(value, depth) {
  if (depth === DEPTH_MAX) {
    checkEnd(value);
    return;
  }
  if (Array.isArray(value)) {
    const count = value.length;
    for (let i = 0; i < count; i += 1) {
      checkPart(value[i], depth + 1);
    }
    const names = Object.keys(value);
    if (names.length > count) {
      throw notJson(`an array with a field of its own (${names[count]})`, 'answer [...it]', depth);
    }
    return;
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    const name = value.constructor?.name || 'special object';
    throw notJson(`a ${name}`, REMEDIES[name], depth);
  }
  for (const name in value) {
    const member = value[name];
    if (member !== undefined) {
      checkPart(member, depth + 1);
    }
  }
}

function checkEnd(value) {
  try {
    JSON.stringify(value);
  } catch {
    throw notJson('itself', 'answer what is needed of it', DEPTH_MAX);
  }
}

function notJson(what, remedy = 'answer what stands for it in JSON', depth) {
  return new TypeError(`${depth === 0 ? 'answered' : 'its answer holds'} ${what}, which is not JSON; ${remedy}`);
}
