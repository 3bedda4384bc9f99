import { Harness } from 'kafka-do-sdk/testing';

import plugin from '../src/index.js';

/** A deployment of these steps. */
export const script = (steps, values) => new Harness(plugin, { settings: { steps, ...(values && { values }) } });

export const values = ({ records }) => records.map(({ value }) => (value === null ? null : JSON.parse(value)));
export const reasons = ({ rejections }) => rejections.map(({ reason }) => reason);
export const json = (...all) => all.map((value) => ({ json: value }));
