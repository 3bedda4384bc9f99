/** Event times. */

/** The farthest that a record's time may lie from the epoch, in either direction: 9999-12-31. */
export const TIME_MS_MAX = 253_402_300_799_999;

/** Milliseconds since the epoch, of a number of them or of RFC 3339 text. */
export function eventTimeMs(answer) {
  const ms = typeof answer === 'string' ? rfc3339(answer) : answer;
  if (typeof ms !== 'number' || !(Math.abs(ms) <= TIME_MS_MAX)) {
    const shown = typeof answer === 'string' ? JSON.stringify(answer.slice(0, 40)) : String(answer);
    throw new TypeError(`${shown} is no time: neither milliseconds since the epoch, up to the year 9999, nor RFC 3339 text, as in 2013-01-01T10:00:00Z`);
  }
  return Math.floor(ms);
}

const FORM = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

function rfc3339(text) {
  const found = FORM.exec(text);
  if (found === null) {
    return NaN;
  }
  const [, year, month, day, hour, minute, second] = found.map(Number);
  const fraction = Math.floor(Number(`0.${found[7] ?? '0'}`) * 1000);
  const offset = found[8] === undefined ? 0 : (found[8] === '-' ? -1 : 1) * (Number(found[9]) * 60 + Number(found[10]));
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const isDay = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  // A leap second is written 60.
  if (!isDay || hour > 23 || minute > 59 || second > 60 || Number(found[9] ?? 0) > 23 || Number(found[10] ?? 0) > 59) {
    return NaN;
  }
  return date.getTime() + ((hour * 60 + minute - offset) * 60 + second) * 1000 + fraction;
}

export function rfc3339Of(ms) {
  return new Date(ms).toISOString();
}
