/** kafka.do/streams: chains over topics, with functions that run beside the data. */

import { Stream } from './dsl/stream.ts';
import type { Source } from './dsl/wire.ts';
import type { ConnectOptions } from './http.ts';
import { makeConnection, makeKafka, Sentence, type Connection, type Kafka as Tag } from './kafka.ts';

export { ConnectionError, KafkaError, ProblemError, QuestionError } from './errors.ts';
export type { Explanation } from './dsl/plan.ts';
export type { Place } from './dsl/step.ts';
export {
  Branched,
  Grouped,
  Standing,
  Stream,
  Total,
  type Aggregated,
  type Arm,
  type InWindow,
  type Of,
  type WindowOptions,
} from './dsl/stream.ts';
export type { Handle, ServerHandle, StandingHandle } from './dsl/wire.ts';
export type { ConnectOptions } from './http.ts';
export type { Receipt } from './producer.ts';
export type { Bytes, HeaderValue, ProduceOptions, RecordFields, StreamRecord } from './record.ts';

/** The steps that a chain may begin with. */
const BEGINNINGS = [
  'filter',
  'map',
  'flatMap',
  'tap',
  'keyBy',
  'branch',
  'window',
  'groupBy',
  'count',
  'sum',
  'min',
  'max',
  'average',
  'reduce',
  'to',
  'collect',
  'explain',
  'with',
  'as',
] as const;

type Begins<T> = Pick<Stream<T>, (typeof BEGINNINGS)[number]>;

/** A sentence that a chain may begin with. */
export interface StreamSentence<T = any> extends Begins<T> {}
export class StreamSentence<T = any> extends Sentence<T> {
  catch<B = never>(onError?: ((error: any) => B | PromiseLike<B>) | null): Promise<T | B> {
    return this.then(null, onError);
  }

  finally(onEnd?: (() => void) | null): Promise<T> {
    return this.then().finally(onEnd);
  }

  /** A chain over the topic: from its oldest record, unless the sentence says since when. */
  protected stream(): Stream<T> {
    return new Stream<T>({
      http: this.connection,
      source: () => this.#source(),
      named: namesOf(this.connection),
      steps: [],
      values: {},
    });
  }

  async #source(): Promise<Source> {
    // One word is a topic as it stands, as where it is produced to.
    if (/^"?[\w.-]+"?$/.test(this.text)) {
      return { topic: await this.topic(), start: 'earliest' };
    }
    const { command, restated } = await this.reading();
    if (command.type !== 'consume') {
      throw new TypeError(`no chain begins so: ${restated}; say what to read, as in kafka\`orders since yesterday\``);
    }
    const { topic, group, start, until_ms: untilMs, limit, conditions } = command as typeof command & SourceExtras;
    if (conditions || limit !== undefined || (typeof start === 'object' && 'last' in start)) {
      throw new TypeError(`no chain begins so: ${restated}; say the topic and since when, and then .filter(..)`);
    }
    return {
      topic,
      start,
      ...(group !== undefined && { group }),
      ...(untilMs !== undefined && { untilMs }),
    };
  }
}

interface SourceExtras {
  until_ms?: number;
  limit?: number;
  conditions?: unknown[];
}

for (const step of BEGINNINGS) {
  Object.defineProperty(StreamSentence.prototype, step, {
    value(this: StreamSentence, ...given: never[]) {
      return (this.stream() as any)[step](...given);
    },
    configurable: true,
    writable: true,
  });
}

const names = new WeakMap<Connection, Map<string, string>>();

function namesOf(connection: Connection): Map<string, string> {
  let known = names.get(connection);
  if (!known) {
    names.set(connection, (known = new Map()));
  }
  return known;
}

/** `T` is what the sentence answers where it is awaited, and the type of the values where it is read. */
export interface Kafka extends Tag<StreamSentence> {
  <T = any>(strings: TemplateStringsArray, ...values: unknown[]): StreamSentence<T>;
}

/** A `kafka` of its own, of another host or by another token. */
export const connect = (options?: ConnectOptions): Kafka => {
  const connection = makeConnection(options);
  return makeKafka(connection, (text) => new StreamSentence(connection, text)) as Kafka;
};

export const kafka: Kafka = /* @__PURE__ */ connect();
