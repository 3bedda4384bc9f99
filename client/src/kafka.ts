/** The template and what it makes: sentences that do nothing until they are awaited, iterated or produced to. */

import { readGroup, follow, type Start } from './consumer.ts';
import { ProblemError, QuestionError } from './errors.ts';
import { makeHttp, persist, type ConnectOptions, type Http } from './http.ts';
import { chunks, makeProducer, type Producer, type Receipt } from './producer.ts';
import { makeRecord, writeRecord, type ProduceOptions, type RecordFields, type StreamRecord } from './record.ts';
import { sentence } from './sentence.ts';

/** What is shared by all that one `connect` makes. */
export interface Connection extends Http, Producer {}

export interface AskAnswer {
  interpretations: { command: Command; confidence: number; restated: string }[];
  calls: { method: string; path: string; body?: unknown }[];
  needs_confirm?: boolean;
  result?: any;
  /** Of a dry run: why it could not be done. There are no calls then. */
  problem?: { status: number } & Record<string, unknown>;
}

export type Command =
  | ({ type: 'consume'; topic: string; group?: string; start: Start } & Record<string, unknown>)
  | ({ type: 'produce'; topic: string; value?: string } & Record<string, unknown>)
  | ({ type: 'stream' } & Record<string, unknown>);

/** What a tag answers: lazy. Each of its uses does what it says; unused, it does nothing. */
export class Sentence<T = any> implements PromiseLike<T>, AsyncIterable<StreamRecord<T>> {
  /** The sentence as the host gets it. */
  readonly text: string;
  /** For what is built on this one. */
  protected readonly connection: Connection;
  readonly #isConfirmed: boolean;
  #answer: Promise<unknown> | undefined;
  #reading: Promise<AskAnswer> | undefined;

  constructor(connection: Connection, text: string, isConfirmed = false) {
    this.connection = connection;
    this.text = text;
    this.#isConfirmed = isConfirmed;
  }

  /** Asks the host to do what the sentence says, once, and answers what came of it. */
  then<A = T, B = never>(
    onAnswer?: ((answer: T) => A | PromiseLike<A>) | null,
    onError?: ((error: any) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#answer ??= this.#ask({ confirm: this.#isConfirmed }).then(plainAnswer);
    return (this.#answer as Promise<T>).then(onAnswer, onError);
  }

  /** The same sentence, meant seriously: what it deletes, resets or shortens does not come back. */
  confirm(): this {
    return new (this.constructor as new (...of: ConstructorParameters<typeof Sentence>) => this)(
      this.connection,
      this.text,
      true,
    );
  }

  /** Reads the records that the sentence asks for; in a group, a record is committed once the next one is asked for. */
  [Symbol.asyncIterator](): AsyncGenerator<StreamRecord<T>, void, undefined> {
    return this.read();
  }

  /** As iterating does; `signal` ends it between two records. */
  protected async *read(signal?: AbortSignal): AsyncGenerator<StreamRecord<T>, void, undefined> {
    const { interpretations, calls, problem } = await this.understood();
    const { command, restated } = interpretations[0]!;
    if (problem) {
      throw new ProblemError(problem.status, problem);
    }
    if (command.type !== 'consume') {
      throw new TypeError(`no records: ${restated}`);
    }
    const { topic, group, start } = command;
    yield* group === undefined
      ? follow<T>(this.connection, calls[0]!.path, topic)
      : readGroup<T>(this.connection, { topic, group, start }, signal);
  }

  /** Stores a record, and answers where it stands once it is on the disk. A topic that is not there is made. */
  async produce(value: Produced<T>, options?: ProduceOptions): Promise<Receipt> {
    const [receipt] = await this.connection.send(this.topic(), [writeRecord(value, options)]);
    return receipt!;
  }

  /** Stores many. A batch that is larger than a request may be goes in parts, each of them all or nothing. */
  async produceBatch(
    values: Iterable<Produced<T>> | AsyncIterable<Produced<T>>,
    options?: (value: Produced<T>) => ProduceOptions,
  ): Promise<Receipt[]> {
    const receipts: Receipt[] = [];
    for await (const part of chunks(values, (value) => writeRecord(value, options?.(value)))) {
      receipts.push(...(await this.connection.send(this.topic(), part)));
    }
    return receipts;
  }

  /**
   * The topic that the sentence is about. One word is taken for its name as it stands, so that a topic can be begun;
   * what several words mean is asked.
   */
  protected async topic(): Promise<string> {
    const name = /^"?([\w.-]+)"?$/.exec(this.text);
    if (name) {
      return name[1]!;
    }
    const { command, restated } = (await this.understood()).interpretations[0]!;
    if ((command.type === 'consume' && !command.group) || (command.type === 'produce' && command.value === undefined)) {
      return command.topic;
    }
    throw new TypeError(`no topic: ${restated}`);
  }

  /** How the host reads the sentence. */
  protected understood(): Promise<AskAnswer> {
    return (this.#reading ??= this.#ask({ dry_run: true }));
  }

  async #ask(how: object): Promise<AskAnswer> {
    const { json, retryMs } = this.connection;
    const body = { text: this.text, utc_offset_minutes: -new Date().getTimezoneOffset(), ...how };
    // What may have been done is not asked for again.
    const answer = await persist('dry_run' in how ? retryMs : 0, () =>
      json<AskAnswer & { question?: Question }>('/v1/ask', { body }),
    );
    if (answer.question) {
      throw new QuestionError(answer.question.text, answer.question.suggestions);
    }
    return answer;
  }
}

interface Question {
  text: string;
  suggestions: string[];
}

/** What may be produced where records of type `T` are read. */
export type Produced<T> = 0 extends 1 & T ? any : T | null;

/** Lists are arrays, and of a group its members and its lag are numbers; the rest is as the host has it. */
function plainAnswer({ result, interpretations }: AskAnswer): unknown {
  const { type, topic } = interpretations[0]!.command;
  const { items, records = items, members } = result ?? {};
  return type === 'consume' && records
    ? records.map((item: RecordFields) => makeRecord(item, topic as string))
    : (records ?? (members ? { ...result, members: members.length } : result));
}

/** A tag of sentences, and what is about all of them. */
export interface Kafka<S> {
  (strings: TemplateStringsArray, ...values: unknown[]): S;
  /** Resolves once nothing waits any more to be stored. */
  flush: () => Promise<void>;
}

export function makeConnection(options?: ConnectOptions): Connection {
  const http = makeHttp(options);
  return { ...http, ...makeProducer(http) };
}

export function makeKafka<S>(connection: Connection, make: (text: string) => S): Kafka<S> {
  const kafka = (strings: TemplateStringsArray, ...values: unknown[]) => make(sentence(strings, values));
  return Object.assign(kafka, { flush: connection.flush });
}
