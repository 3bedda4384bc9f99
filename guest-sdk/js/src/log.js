/** Structured logging. The host adds the deployment, the partition and the generation, and limits what it keeps. */

import { session } from './session.js';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error'];

export function enabled(level) {
  return LEVELS.indexOf(level) >= LEVELS.indexOf(session().imports.log.maxLevel());
}

export function write(level, message, fields = {}) {
  if (enabled(level)) {
    const pairs = Object.entries(fields).map(([name, value]) => [name.toWellFormed(), String(value).toWellFormed()]);
    session().imports.log.write(level, String(message).toWellFormed(), pairs);
  }
}

export const debug = (message, fields) => write('debug', message, fields);
export const info = (message, fields) => write('info', message, fields);
export const warn = (message, fields) => write('warn', message, fields);
export const error = (message, fields) => write('error', message, fields);
