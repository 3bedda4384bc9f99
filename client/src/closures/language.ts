/** What a function finds in the sandbox, and what is another thing there than here. */

/** The language's own names, as far as the script plugin knows them. */
const LANGUAGE = new Set(
  `undefined NaN Infinity Object Array String Number Boolean BigInt Symbol Math JSON Date RegExp Map Set WeakMap WeakSet
  Iterator Reflect Proxy Error AggregateError EvalError RangeError ReferenceError SyntaxError TypeError URIError
  parseInt parseFloat isNaN isFinite encodeURI encodeURIComponent decodeURI decodeURIComponent escape unescape
  ArrayBuffer DataView Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array
  BigInt64Array BigUint64Array Float32Array Float64Array`.split(/\s+/),
);

export const isLanguage = (name: string): boolean => LANGUAGE.has(name);

/** Members that read the clock on the wall, which is UTC in the sandbox. */
const WALL_CLOCK = /^(get|set)(FullYear|Year|Month|Date|Day|Hours|Minutes)$|^getTimezoneOffset$|^to(Date|Time)String$/;

/** Why a member answers something else in the sandbox; `undefined` where it does not. */
export function differs(member: string, isUtc: boolean): string | undefined {
  if (/^toLocale|^localeCompare$/.test(member)) {
    return `.${member} goes by the language of this machine`;
  }
  if (!isUtc && WALL_CLOCK.test(member)) {
    return `.${member} goes by the time zone of this machine; read UTC, as in .getUTCHours()`;
  }
  return member === 'stack' ? '.stack is written by each engine in its own way' : undefined;
}

/** What makes the `values` of a script: names that the plugin refuses. */
export function isGivable(name: string): boolean {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name) && !RESERVED.has(name);
}

const RESERVED = new Set(
  `produce arguments eval await break case catch class const continue debugger default delete do else enum export extends
  false finally for function if implements import in instanceof interface let new null package private protected public
  return static super switch this throw true try typeof var void while with yield`.split(/\s+/),
);
