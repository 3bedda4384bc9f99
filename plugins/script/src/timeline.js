/** Items of several partitions, taken in the order of time. */

/**
 * An item stands at the *running maximum* of its partition: the greatest timestamp of its records up to this one. That never goes
 * back, so what waits of a partition is in order as it came.
 */
export class Timeline {
  /** Of items at one time those of the lower partition come first. */
  _lanes = [];

  /** What waits of a partition. */
  lane(partition) {
    let lane = this._lanes.find((one) => one.partition === partition);
    if (lane === undefined) {
      lane = new Lane(partition);
      this._lanes.push(lane);
      this._lanes.sort((a, b) => a.partition - b.partition);
    }
    return lane;
  }

  /** Takes out what stands before this time, oldest first. */
  takeBefore(endMs, take) {
    let waiting = this._lanes.filter((lane) => lane.nextMs < endMs);
    while (waiting.length > 1) {
      const first = oldest(waiting);
      const second = oldest(waiting.filter((lane) => lane !== first));
      const isAhead = first.partition < second.partition;
      first.takeBefore(Math.min(endMs, isAhead ? second.nextMs + 1 : second.nextMs), take);
      waiting = waiting.filter((lane) => lane.nextMs < endMs);
    }
    waiting[0]?.takeBefore(endMs, take);
  }
}

/** Of equals the first. */
function oldest(lanes) {
  let found = lanes[0];
  for (let i = 1; i < lanes.length; i += 1) {
    if (lanes[i].nextMs < found.nextMs) {
      found = lanes[i];
    }
  }
  return found;
}

class Lane {
  constructor(partition) {
    this.partition = partition;
    /** The running maximum. */
    this.timeMs = -Infinity;
    /** Where the next item stands; `Infinity` where none waits. */
    this.nextMs = Infinity;
    this._items = [];
    this._timesMs = [];
    /** What stands before this one has been taken. */
    this._next = 0;
  }

  /** Of every record, whether an item comes of it or not. */
  observe(timestampMs) {
    if (timestampMs > this.timeMs) {
      this.timeMs = timestampMs;
    }
  }

  add(item) {
    if (this.nextMs === Infinity) {
      this.nextMs = this.timeMs;
    }
    this._items.push(item);
    this._timesMs.push(this.timeMs);
  }

  takeBefore(endMs, take) {
    const items = this._items;
    const timesMs = this._timesMs;
    const count = items.length;
    let next = this._next;
    while (next < count && timesMs[next] < endMs) {
      take(items[next]);
      next += 1;
    }
    this.nextMs = next < count ? timesMs[next] : Infinity;
    // What is copied is never more than what was taken since the last time.
    const isMostlyTaken = next * 2 >= count;
    this._items = isMostlyTaken ? items.slice(next) : items;
    this._timesMs = isMostlyTaken ? timesMs.slice(next) : timesMs;
    this._next = isMostlyTaken ? 0 : next;
  }
}
