/** Names from outside that a function may use: the language's own, as far as they are of use in a sandbox without promises. */

const LANGUAGE = new Set(
  `undefined NaN Infinity Object Array String Number Boolean BigInt Symbol Math JSON Date RegExp Map Set WeakMap WeakSet
  Iterator Reflect Proxy Error AggregateError EvalError RangeError ReferenceError SyntaxError TypeError URIError
  parseInt parseFloat isNaN isFinite encodeURI encodeURIComponent decodeURI decodeURIComponent escape unescape btoa atob
  ArrayBuffer DataView Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array
  BigInt64Array BigUint64Array Float32Array Float64Array console`.split(/\s+/),
);

const WAITING = new Set(['Promise', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'fetch', 'XMLHttpRequest']);
const MADE_AT_RUN_TIME = new Set(['eval', 'Function', 'globalThis']);

export const isLanguage = (name) => LANGUAGE.has(name);

/** What to do about a name that is not known. `isPast` is where scripts store nothing. */
export function remedy(name, isPast) {
  if (WAITING.has(name)) {
    return 'functions here answer at once and have no network; do this in your program, and produce what it found';
  }
  if (MADE_AT_RUN_TIME.has(name)) {
    return 'functions are read before they run, so they cannot make code; write out what it would be';
  }
  if (name === 'produce') {
    return isPast
      ? 'a query stores nothing: deploy the script, and its taps produce'
      : 'only a tap produces; move it there';
  }
  return 'give it in "values"';
}
