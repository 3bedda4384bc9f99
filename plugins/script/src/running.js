/** Aggregates without a window: each record that changes one emits its new value. */

import { Table } from 'kafka-do-sdk';

/** A group's state: the JSON that it had before this call, what was folded into it since, and what came of that. */
class Running {
  constructor(stored) {
    this.base = JSON.stringify(stored);
    this.folded = [];
    this.state = stored;
  }
}

export class RunningAggregates {
  #pending = [];

  constructor({ aggregate }) {
    this.aggregate = aggregate;
    this.table = Table.open('aggregates');
  }

  begin() {}

  add(items) {
    this.#pending.push(items);
    return null;
  }

  /** The rows of all groups are fetched in one question to the host; then row by row, all that comes of one or none. */
  settle(emit, refuse) {
    const pending = this.#pending;
    this.#pending = [];
    const groups = [...new Set(pending.flatMap((items) => items.map(({ group }) => group)))];
    const stored = this.table.getMany(groups);
    const running = new Map(groups.map((group, i) => [group, new Running(stored[i])]));
    for (const items of pending) {
      const before = items.map(({ group }) => ({ one: running.get(group), count: running.get(group).folded.length }));
      try {
        items.forEach((item) => this.#addOne(running.get(item.group), item, emit));
      } catch (error) {
        before.forEach(({ one, count }) => this.#takeBack(one, count));
        refuse(items[0].row, error);
      }
    }
    for (const [group, { folded, state }] of running) {
      if (folded.length > 0) {
        this.table.put(group, state);
      }
    }
  }

  advance() {}

  #addOne(one, item, emit) {
    one.state = this.aggregate.fold(one.state, item);
    one.folded.push(item);
    // What a reducer carries on must not be changed by the steps that follow.
    const shown = this.aggregate.shown(this.aggregate.replays ? structured(one.state) : one.state);
    emit(item.row, { key: item.group, ...shown }, item.group, item.timeMs);
  }

  /** The fold that failed may have changed the state in place, so it is made anew. */
  #takeBack(one, count) {
    one.folded.length = Math.min(one.folded.length, count);
    const start = one.base === undefined ? undefined : JSON.parse(one.base);
    one.state = one.folded.reduce((state, item) => this.aggregate.fold(state, item), start);
  }
}

function structured(state) {
  return JSON.parse(JSON.stringify(state));
}
