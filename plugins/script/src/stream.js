/** Takes records through a plan. What is refused of a row takes back all that came of it before: the output sees to that. */

import { Fatal } from 'kafka-do-sdk';

import { accepted, Chain } from './chain.js';
import { Emitted, Item, NotJson, notJson, parse, valueText } from './item.js';
import { Kind } from './kind.js';
import { PastAggregates } from './past.js';
import { Piece } from './piece.js';
import { RunningAggregates } from './running.js';
import { WindowedAggregates } from './windowed.js';

const NO_HEADERS = [];
/** A group is the key of a row, for which the host has a limit of 4 KiB. */
const GROUP_CHARACTERS_MAX = 1000;

export class Stream {
  /** `internalTopic` is the topic that carries records to the aggregate, where the plan has them repartitioned. */
  constructor(plan, internalTopic) {
    const send = (item, topic) => {
      const { row, timestampMs, key, text, headers } = item;
      this.output.emitRow(row, topic, timestampMs, key, text, headers);
    };
    const finish = (item) => {
      if (item.isUntouched) {
        this.output.keepRow(item.row);
      } else {
        send(item, null);
      }
    };
    const produce = ({ row, timestampMs }, topic, value, key) => {
      this.output.emitRow(row, topic, timestampMs, key, value, NO_HEADERS);
    };
    const ends = { aside: send, produce };
    this.fields = plan.fields;
    this.wants = plan.wants;
    this.plan = plan;
    this.internalTopic = internalTopic;
    /** Of the call under way. */
    this.output = null;
    this.aggregates = null;
    /** What came to the aggregate of the row under way. */
    this.arrived = [];
    /** One filter of the value, as most scripts are. */
    this.filter = plan.aggregate === null && plan.before.length === 1 && filtersValue(plan.before[0]) ? plan.before[0] : null;
    /** Nothing but filters and maps: then a record is a line of columns, and needs no item. */
    this.isStraight = plan.aggregate === null && plan.before.every(({ verb }) => verb === 'filter' || verb === 'map');
    if (plan.aggregate === null) {
      this.before = new Chain(plan.before, { end: finish, ...ends });
      return;
    }
    this.kind = plan.isPast ? null : new Kind(plan);
    this.aggregates = aggregatesOf(plan);
    this.after = new Chain(plan.after, { end: finish, ...ends });
    const end =
      internalTopic === null
        ? (item) => this.arrived.push(grouped(item))
        : (item) => this.#travel(grouped(item));
    this.before = new Chain(plan.before, { end, ...ends });
  }

  process(records, output) {
    if (this.filter !== null) {
      keepRows(this.filter, records.columns.values, output);
      return;
    }
    if (this.isStraight) {
      passRows(this.plan.before, records, output);
      return;
    }
    this.output = output;
    this.aggregates?.begin(records);
    const isInternal = this.internalTopic !== null && records.topic === this.internalTopic;
    for (let row = 0; row < records.length; row += 1) {
      try {
        this.#take(new Item(records, row), isInternal);
      } catch (error) {
        this.output.rejectRow(row, reasonOf(error, this.before.at));
      }
    }
    this.#settle();
  }

  advance(watermarkMs, output) {
    if (this.aggregates !== null) {
      this.output = this.plan.isPast ? new Piece(output) : output;
      this.aggregates.begin();
      this.aggregates.advance(watermarkMs);
      this.#settle();
    }
  }

  #take(item, isInternal) {
    this.before.at = null;
    if (this.arrived.length > 0) {
      this.arrived = [];
    }
    if (isInternal) {
      this.arrived.push(grouped(item));
    } else {
      this.before.run(item);
    }
    if (this.arrived.length > 0) {
      this.before.at = this.plan.aggregate;
      const refused = this.aggregates.add(this.arrived);
      if (refused !== null) {
        this.output.rejectRow(item.row, refused);
      }
    }
  }

  /** Sends an item to the partition of its group. */
  #travel({ row, timeMs, group, text, headers }) {
    this.output.emitRow(row, this.internalTopic, timeMs, group, text, headers);
  }

  #settle() {
    if (this.aggregates === null) {
      return;
    }
    this.kind?.keep();
    const emit = (...emitted) => {
      this.after.at = null;
      try {
        this.after.run(new Emitted(...emitted));
      } catch (error) {
        throw this.#refusal(reasonOf(error, this.after.at), emitted[1]);
      }
    };
    const refuse = (row, error) => {
      const reason = error instanceof Refusal ? error.message : reasonOf(error, this.plan.aggregate);
      if (row === null) {
        throw new Fatal(reason);
      }
      this.output.rejectRow(row, reason);
    };
    this.aggregates.settle(emit, refuse, () => this.output.hasRoom);
  }

  /** A step after the aggregate threw. */
  #refusal(reason, emitted) {
    if (this.plan.isPast) {
      return new Fatal(`${reason}, for ${JSON.stringify(emitted)}`);
    }
    return this.plan.window === null
      ? new Refusal(reason)
      : // A window's records are past: there is none to refuse. Nothing is lost while the task stands still.
        new Fatal(`${reason}, for ${JSON.stringify(emitted)}; deploy a script that takes it, and it goes on from here`);
  }
}

function aggregatesOf(plan) {
  if (plan.isPast) {
    return new PastAggregates(plan);
  }
  return plan.window === null ? new RunningAggregates(plan) : new WindowedAggregates(plan);
}

/** Why a record is refused, in full. */
class Refusal extends Error {}

function filtersValue({ verb, takesValue, recordOf }) {
  return verb === 'filter' && takesValue && recordOf === null;
}

/** Stands for a value that is not there yet. */
const UNREAD = Symbol('unread');
const readJson = JSON.parse;

/** What a chain of filters and maps does, for one filter: nothing is looked up twice. */
function keepRows(step, values, output) {
  const { call } = step;
  const count = values.length;
  for (let row = 0; row < count; row += 1) {
    const text = values[row];
    let value = UNREAD;
    try {
      value = text === null || text === undefined ? null : readJson(text);
      if (call(value)) {
        output.keepRow(row);
      }
    } catch (error) {
      output.rejectRow(row, reasonOf(value === UNREAD ? notJson(error) : error, step));
    }
  }
}

/** What a chain of filters and maps does, several times as fast. */
function passRows(steps, records, output) {
  const { values, keys, timestampsMs } = records.columns;
  const count = values.length;
  for (let row = 0; row < count; row += 1) {
    let at = null;
    try {
      let value;
      let item;
      let isNew = false;
      let passes = true;
      for (let i = 0; passes && i < steps.length; i += 1) {
        const step = steps[i];
        if (value === undefined && step.takesValue) {
          const text = values[row] ?? null;
          value = text === null ? null : parse(text);
        }
        if (step.recordOf !== null) {
          item ??= new Item(records, row);
        }
        at = step;
        const answer = step.call(value, step.recordOf === null ? undefined : step.recordOf(item));
        if (step.verb === 'filter') {
          passes = answer;
        } else {
          value = accepted(step, answer);
          isNew = true;
        }
      }
      if (passes && isNew) {
        output.emitRow(row, null, timestampsMs[row], keys[row] ?? null, valueText(value), records.headersOf(row));
      } else if (passes) {
        output.keepRow(row);
      }
    } catch (error) {
      output.rejectRow(row, reasonOf(error, at));
    }
  }
}

/** An item on its way to the aggregate has a group: the record's key, unless the script says otherwise. */
function grouped(item) {
  if (item.group === null) {
    item.group = item.key;
  }
  const { group } = item;
  if (group === null) {
    throw new TypeError('the record has no key to group by; say by what with groupBy');
  }
  if (group.length > GROUP_CHARACTERS_MAX) {
    throw new RangeError(`the group has ${group.length} characters, over the ${GROUP_CHARACTERS_MAX} that state is kept by`);
  }
  return item;
}

/** Why a record is refused: the step that threw, and what. */
function reasonOf(error, step) {
  if (error?.name === 'InternalError' && String(error.message).includes('memory')) {
    // What one record needed cannot be told from what the others hold.
    throw error;
  }
  if (error instanceof NotJson) {
    return error.message;
  }
  const what = error instanceof Error ? `${error.name}: ${error.message}` : `threw ${String(error)}`;
  return step === null ? what : `${step.where}: ${what}`;
}
