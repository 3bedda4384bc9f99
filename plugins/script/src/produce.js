/** `produce(topic, value, key)`, which taps know by name. */

let sink = null;

/** While a step runs, what it produces goes here: a function of topic, value and key. */
export function producingTo(next) {
  sink = next;
}

export function produce(topic, value, key = null) {
  if (typeof topic !== 'string' || topic === '') {
    throw new TypeError('produce takes a topic, a value and a key');
  }
  sink(topic, value, key);
}
