/** Steps in a row, through which items run one by one. */

import { valueText } from './item.js';
import { checkJson } from './json.js';
import { keyText } from './key.js';
import { producingTo } from './produce.js';
import { eventTimeMs } from './time.js';

export class Chain {
  /** `end` takes what comes through; `aside(item, topic)` what branches off; `produce(item, topic, value, key)` what taps make. */
  constructor(steps, { end, aside, produce }) {
    this.steps = steps;
    this.end = end;
    this.aside = aside;
    this.produce = produce;
    /** The step under way: where something throws, that is where. */
    this.at = null;
  }

  run(item, from = 0) {
    for (let i = from; i < this.steps.length; i += 1) {
      const step = this.steps[i];
      this.at = step;
      switch (step.verb) {
        case 'filter':
          if (!ask(step, item)) {
            return;
          }
          break;
        case 'map':
          item.value = accepted(step, ask(step, item));
          break;
        case 'flatMap': {
          const answers = ask(step, item);
          if (!Array.isArray(answers)) {
            throw new TypeError(`answered ${answers === null ? 'null' : typeof answers}; answer an array`);
          }
          answers.forEach((answer) => this.run(item.withValue(accepted(step, answer)), i + 1));
          return;
        }
        case 'keyBy': {
          const answer = ask(step, item);
          item.key = answer === null ? null : keyText(answer, 'the key');
          break;
        }
        case 'tap':
          producingTo((topic, value, key) =>
            this.produce(item, topic.toWellFormed(), valueText(value), key === null ? null : keyText(key, 'the key')),
          );
          ask(step, item);
          break;
        case 'branch': {
          const arm = step.arms.find((one) => {
            this.at = one;
            return ask(one, item);
          });
          if (arm !== undefined) {
            this.aside(item, arm.to);
            return;
          }
          break;
        }
        case 'time':
          item.timeMs = eventTimeMs(ask(step, item));
          break;
        case 'groupBy':
          item.group = keyText(ask(step, item), 'the group');
          break;
      }
    }
    this.at = null;
    this.end(item);
  }
}

/** Asks a step's function. What it does not look at is not made. */
function ask(step, item) {
  return step.call(step.takesValue ? item.value : undefined, step.recordOf === null ? undefined : step.recordOf(item));
}

/** What takes a value's place. What a later step sees of it is what a record would carry. */
export function accepted(step, answer) {
  if (answer === undefined) {
    throw new TypeError('answered undefined; answer a value, or null for a tombstone');
  }
  if (step.isSeen) {
    checkJson(answer);
  }
  return answer;
}
