/** Time, as the host tells it. Answers stay constant during one call, so that a call agrees with itself. */

/**
 * Wall-clock time in milliseconds since the Unix epoch; `Date` tells the same. A result that depends on it is not
 * reproducible: prefer the timestamps of records.
 */
export function nowMs(): number;

/** Up to which event time the task's inputs have been read, where that is known. */
export function watermarkMs(): number | null;

/**
 * Asks for a call of `advance` once the wall clock reaches this time, though no record comes; `null` takes the wish back. A
 * task has one wish: a later one replaces it, and the call that it brings uses it up. It commits with the call.
 */
export function wakeAt(atMs: number | null): void;
