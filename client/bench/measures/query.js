/** A few flights of very many: picked beside the data, and picked here by the same function. */

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

import { connect } from '../../dist/index.js';

export async function fillFlights({ address, topic, flights }) {
  const kafka = connect({ url: address });
  const lines = gunzipSync(readFileSync(flights)).toString().trim().split('\n');
  await kafka`${topic}`.produceBatch(lines.map((line) => JSON.parse(line)));
  return { records: lines.length };
}

const isPicked = (flight) => flight.dep_delay > 895;

const PICKERS = {
  collect: (kafka, topic) => kafka`${topic}`.filter((flight) => flight.dep_delay > 895).collect(),
  iterate: async (kafka, topic) => {
    const picked = [];
    for await (const { value } of kafka`${topic} from beginning`) {
      if (isPicked(value)) {
        picked.push(value);
      }
    }
    return picked;
  },
};

export async function query({ picker, address, topic }) {
  const { paths } = await (await fetch(`${address}/openapi.json`)).json();
  if (!paths['/v1/queries']) {
    return { skipped: 'the host has no POST /v1/queries' };
  }
  const kafka = connect({ url: address });
  await PICKERS[picker](kafka, topic);
  const begun = performance.now();
  const picked = await PICKERS[picker](kafka, topic);
  return { ms: performance.now() - begun, picked: picked.length };
}
