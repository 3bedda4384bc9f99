/** Doubles for unit tests in Node: the host in memory, and a harness that drives a plugin as the host does. */

export { FailedCall, Harness } from './testing/harness.js';
