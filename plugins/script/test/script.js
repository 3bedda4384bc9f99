import { Harness } from 'kafka-do-sdk/testing';

import plugin from '../src/index.js';

const settingsOf = (steps, values) => ({ steps, ...(values && { values }) });

/** A deployment of these steps. */
export const script = (steps, values) => new Harness(plugin, { settings: settingsOf(steps, values) });

/** A query of these steps: one instance reads all partitions, up to an end. */
export const query = (steps, values) => new Harness(plugin, { settings: settingsOf(steps, values), partition: null });

/** The watermark that says that all has been read. */
export const END = 9223372036854775807n;

/** What each call at the end emits, up to the one that emits nothing. */
export function finish(harness) {
  const pieces = [];
  for (let records; records?.length !== 0; ) {
    ({ records } = harness.advance(END));
    pieces.push(records);
  }
  return pieces.slice(0, -1);
}

export const values = ({ records }) => records.map(({ value }) => (value === null ? null : JSON.parse(value)));
export const reasons = ({ rejections }) => rejections.map(({ reason }) => reason);
export const json = (...all) => all.map((value) => ({ json: value }));
