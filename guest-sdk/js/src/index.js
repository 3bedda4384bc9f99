/**
 * Write [kafka.do](https://github.com/dotdo/kafka.do) plugins in JavaScript and TypeScript.
 *
 * What the host promises, and what it asks, is written in the WIT files beside this package (`wit/`).
 */

export * as clock from './clock.js';
export { Fatal, HostError, Reject, Retry } from './failure.js';
export { filterMap } from './filter-map.js';
export * as log from './log.js';
export { Output } from './output.js';
export { defineProcessor } from './processor.js';
export { Record, Records } from './records.js';
export { Table } from './state.js';
export * as topics from './topics.js';
export { TumblingWindows } from './windows.js';
