/** What is produced and consumed: objects whose JSON has so many bytes, the same ones for all. */

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** Not the same letter over and over, which no data is. */
function text(length, seed) {
  let [out, state] = ['', seed * 2654435761 + 1];
  while (out.length < length) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    out += LETTERS[state % LETTERS.length];
  }
  return out;
}

export function makeValues(count, bytes, first = 0) {
  return Array.from({ length: count }, (_, index) => {
    const n = first + index;
    const bare = JSON.stringify({ n, text: '' }).length;
    return { n, text: text(bytes - bare, n) };
  });
}
