/**
 * What functions see of a record. The value is not among it: a function that looks at the value does so by its first parameter,
 * where `fields.js` watches.
 */

import { fieldsOf, takes } from './fields.js';

/**
 * How a function's record is made of an item, where it is the parameter of this index; `null` where the function does not look.
 * One that reads fields by their names gets a view, which has at hand only what is asked for.
 */
export function recordMaker(compiled, index) {
  if (!takes(compiled, index)) {
    return null;
  }
  return fieldsOf(compiled, index) === null ? wholeRecord : (item) => new RecordView(item);
}

function wholeRecord(item) {
  const { topic, partition, offset, timestamp, key, headers } = new RecordView(item);
  return { topic, partition, offset, timestamp, key, headers };
}

class RecordView {
  #item;

  constructor(item) {
    this.#item = item;
  }

  get topic() {
    return this.#item.topic;
  }

  get partition() {
    return this.#item.partition;
  }

  get offset() {
    return this.#item.offset;
  }

  get timestamp() {
    return this.#item.timestampMs;
  }

  get key() {
    return this.#item.key;
  }

  /** By name; of a name that repeats, the last one. */
  get headers() {
    return Object.fromEntries(this.#item.headers);
  }
}
