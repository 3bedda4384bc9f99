/** What is wrong with a script, found before any record runs through it. */
export class ScriptError extends Error {}

/** Where a step stands, as people count. */
export function place(index, verb) {
  return `step ${index + 1} (${verb})`;
}
