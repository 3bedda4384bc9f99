/** `npm run bench`: the client and its host beside kafkajs and Apache Kafka, the same records on the same machine. */

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { startHost } from './host.js';
import { startKafka } from './kafka.js';
import { TARGET } from './server.js';

const USAGE = `npm run bench -- [--json] [--short] [--only produce,consume,query] [--rounds N] [--kafka FOLDER] [--profile FOLDER]

  --json      print what was found as JSON
  --short     a tenth of the records, one round: to see that it runs
  --only      some of the measures
  --rounds    how often each is done; the middle one counts (3)
  --kafka     where Apache Kafka is, or is installed to (target/tools/kafka)
  --profile   write a CPU profile of each measure's process there`;

const DATA = process.env.KAFKA_DO_TEST_DATA ?? resolve(TARGET, '../../shared/data');
const FLIGHTS = join(DATA, 'flights.ndjson.gz');

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    short: { type: 'boolean', default: false },
    only: { type: 'string', default: 'produce,consume,query' },
    rounds: { type: 'string' },
    kafka: { type: 'string', default: join(TARGET, 'tools/kafka') },
    profile: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  console.log(USAGE);
  process.exit();
}

const rounds = Number(options.rounds ?? (options.short ? 1 : 3));
const scale = options.short ? 0.1 : 1;
const only = options.only.split(',');
let topics = 0;
const freshTopic = () => `bench-${(topics += 1)}`;

function measure(given) {
  const profile = options.profile ? ['--cpu-prof', `--cpu-prof-dir=${options.profile}`] : [];
  const program = join(import.meta.dirname, 'measure.js');
  const printed = execFileSync(process.execPath, [...profile, program, JSON.stringify(given)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, KAFKAJS_NO_PARTITIONER_WARNING: '1' },
  });
  return JSON.parse(printed.trim().split('\n').at(-1));
}

/** Each of them once a round, so that a slow minute of the machine is nobody's alone. */
function alternate(contestants, by) {
  const found = new Map(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, given } of contestants) {
      console.error(`${name}, round ${round + 1} of ${rounds}`);
      found.get(name).push(measure(given()));
    }
  }
  return contestants.map(({ name }) => {
    const sorted = found.get(name).sort((a, b) => a[by] - b[by]);
    return { name, ...sorted[Math.floor(sorted.length / 2)] };
  });
}

function produce(kafka, host) {
  const contestants = [1, 8].flatMap((lanes) => {
    const batches = (lanes === 1 ? 1_500 : 4_000) * scale;
    const contestant = (name, client, { address }, more = {}) => ({
      name: `${name}, ${lanes === 1 ? 'one batch after the other' : `${lanes} batches at once`}`,
      given: () => ({ measure: 'produce', client, address, topic: freshTopic(), lanes, batches, ...more }),
    });
    return [
      contestant('kafkajs, Kafka as it comes (no fsync)', 'kafkajs', kafka),
      contestant('kafkajs, flush.messages=1 (fsync)', 'kafkajs', kafka, { flushMessages: 1 }),
      contestant('kafka.do (fsync)', 'kafka.do', host),
    ];
  });
  return alternate(contestants, 'recordsPerS');
}

function consume(kafka, host) {
  const records = 1_000_000 * scale;
  const topic = freshTopic();
  measure({ measure: 'fill', client: 'kafkajs', address: kafka.address, topic, records });
  measure({ measure: 'fill', client: 'kafka.do', address: host.address, topic, records });
  const contestant = (reader, { address }) => ({
    name: reader,
    given: () => ({ measure: 'consume', reader, address, topic, records }),
  });
  return alternate(
    [
      contestant('kafkajs eachMessage', kafka),
      contestant('kafkajs eachBatch', kafka),
      contestant('kafkajs eachBatch, bytes', kafka),
      contestant('kafka.do group', host),
      contestant('kafka.do from beginning', host),
    ],
    'recordsPerS',
  );
}

function query(host) {
  if (!existsSync(FLIGHTS)) {
    return [{ name: 'flights', skipped: `${FLIGHTS} is not there; set KAFKA_DO_TEST_DATA` }];
  }
  const topic = freshTopic();
  measure({ measure: 'fillFlights', address: host.address, topic, flights: FLIGHTS });
  const contestant = (name, picker) => ({
    name,
    given: () => ({ measure: 'query', picker, address: host.address, topic }),
  });
  return alternate([contestant('.filter(..).collect()', 'collect'), contestant('for await, and if', 'iterate')], 'ms');
}

const number = (value) => Math.round(value).toLocaleString('en');

function table(title, rows) {
  const lines = rows.map(({ name, recordsPerS, p50Ms, p99Ms, ms, picked, skipped }) => [
    name,
    skipped ? `skipped: ${skipped}` : recordsPerS ? `${number(recordsPerS)}/s` : `${ms.toFixed(1)} ms, ${picked} kept`,
    p50Ms ? `p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms` : '',
  ]);
  const widths = [0, 1].map((column) => Math.max(...lines.map((line) => line[column].length)));
  const line = ([name, rate, rest]) => `  ${name.padEnd(widths[0])}  ${rate.padStart(widths[1])}  ${rest}`.trimEnd();
  console.log(`${title}\n${lines.map(line).join('\n')}\n`);
}

const load = loadavg()[0];
const kafka = only.some((name) => name !== 'query') ? await startKafka(options.kafka) : undefined;
try {
  const host = await startHost();
  try {
    const found = {
      machine: `${cpus()[0].model}, ${cpus().length} cores, Node ${process.version}, load ${load.toFixed(2)} before`,
      ...(only.includes('produce') && { produce: produce(kafka, host) }),
      ...(only.includes('consume') && { consume: consume(kafka, host) }),
      ...(only.includes('query') && { query: query(host) }),
    };
    if (options.json) {
      console.log(JSON.stringify(found, null, 2));
    } else {
      console.log(`${found.machine}\n`);
      found.produce && table('Produce, batches of 100 records of 1 KiB, acks=all', found.produce);
      found.consume && table(`Consume, ${number(1_000_000 * scale)} records of 100 B, a field of each`, found.consume);
      found.query && table('A few of 336,776 flights', found.query);
    }
  } finally {
    await host.stop();
  }
} finally {
  await kafka?.stop();
}
