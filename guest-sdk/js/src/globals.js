/**
 * The language's own ways to the outside, which in the sandbox lead nowhere: `Date` takes its time from the host's clock,
 * `console` writes to the host's log, and `Math.random` starts from a seed.
 */

import { nowMs } from './clock.js';
import { write } from './log.js';
import { inSession } from './session.js';

const EngineDate = Date;
let random = 1;

export function installGlobals() {
  globalThis.Date = hostDate();
  globalThis.performance = { now: hostNow };
  globalThis.console = {
    debug: (...parts) => print('debug', parts),
    log: (...parts) => print('info', parts),
    info: (...parts) => print('info', parts),
    warn: (...parts) => print('warn', parts),
    error: (...parts) => print('error', parts),
  };
  Math.random = nextRandom;
}

/** Starts the random numbers anew: the same deployment and partition at the same time draws the same ones. */
export function seedRandom(name) {
  let hash = 0x811c9dc5 ^ (inSession() ? hostNow() : 0);
  for (let i = 0; i < name.length; i += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  }
  random = hash >>> 0 || 1;
}

function hostNow() {
  return nowMs();
}

function hostDate() {
  function HostDate(...parts) {
    if (new.target === undefined) {
      return new EngineDate(hostNow()).toString();
    }
    return Reflect.construct(EngineDate, parts.length === 0 ? [hostNow()] : parts, new.target);
  }
  HostDate.prototype = EngineDate.prototype;
  HostDate.prototype.constructor = HostDate;
  Object.setPrototypeOf(HostDate, EngineDate);
  HostDate.now = hostNow;
  Object.defineProperty(HostDate, 'name', { value: 'Date' });
  return HostDate;
}

/** Mulberry32: 32 bits of state are enough to sample records. */
function nextRandom() {
  random = (random + 0x6d2b79f5) | 0;
  let mixed = Math.imul(random ^ (random >>> 15), 1 | random);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}

function print(level, parts) {
  if (inSession()) {
    write(level, parts.map((part) => (typeof part === 'string' ? part : shown(part))).join(' '));
  }
}

function shown(part) {
  if (part instanceof Error) {
    return String(part);
  }
  try {
    return JSON.stringify(part) ?? String(part);
  } catch {
    return String(part);
  }
}
