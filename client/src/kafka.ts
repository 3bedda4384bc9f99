/** The template and what it makes: sentences that do nothing until they are awaited, iterated or produced to. */

import { eachOf, follow, readGroup, type GroupRead, type Portion, type Records, type Start } from './consumer.ts';
import { ProblemError, QuestionError } from './errors.ts';
import { makeHttp, persist, type ConnectOptions, type Http } from './http.ts';
import { chunks, makeProducer, type Producer, type Receipt } from './producer.ts';
import { makeRecord, writeRecord, type ProduceOptions, type RecordFields, type StreamRecord } from './record.ts';
import { sentence } from './sentence.ts';

/** What is shared by all that one `connect` makes. */
export interface Connection extends Http, Producer {}

export interface AskAnswer {
  /** What the sentence most likely means. */
  command: Command;
  /** The same in plain words. */
  restated: string;
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
  declare readonly text: string;
  /** For what is built on this one. */
  declare protected readonly connection: Connection;
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
  [Symbol.asyncIterator](): Records<T> {
    return eachOf((portion) => this.#fetching(portion));
  }

  async *#fetching(portion: Portion): AsyncGenerator<void, void, undefined> {
    const { command, restated, calls, problem } = await this.reading();
    if (problem) {
      throw new ProblemError(problem.status, problem);
    }
    if (command.type !== 'consume') {
      throw new TypeError(`no records: ${restated}`);
    }
    yield* command.group === undefined
      ? follow(this.connection, calls[0]!.path, command.topic, portion)
      : readGroup(this.connection, command as GroupRead, portion);
  }

  /** Stores a record, and answers where it stands once it is on the disk. A topic that is not there is made. */
  async produce(value: Produced<T>, options?: ProduceOptions): Promise<Receipt> {
    return (await this.connection.send(this.topic(), [writeRecord(value, options)]))[0]!;
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
    const { command, restated } = await this.reading();
    const { type, topic, group, value = group } = command as Record<string, string | undefined>;
    if (/^(consume|produce)$/.test(type!) && value === undefined) {
      return topic!;
    }
    throw new TypeError(`no topic: ${restated}`);
  }

  /** How the host reads the sentence. */
  protected reading(): Promise<AskAnswer> {
    return (this.#reading ??= this.#ask({ dry_run: true }));
  }

  async #ask(how: object): Promise<AskAnswer> {
    const { json, retryMs } = this.connection;
    const body = { text: this.text, utc_offset_minutes: -new Date().getTimezoneOffset(), ...how };
    // What may have been done is not asked for again.
    const answer = await persist('dry_run' in how ? retryMs : 0, () =>
      json<AskAnswer & { question?: Question; interpretations: AskAnswer[] }>('/v1/ask', { body }),
    );
    if (answer.question) {
      throw new QuestionError(answer.question.text, answer.question.suggestions);
    }
    return { ...answer, ...answer.interpretations[0] };
  }
}

interface Question {
  text: string;
  suggestions: string[];
}

/** What may be produced where records of type `T` are read. */
export type Produced<T> = 0 extends 1 & T ? any : T | null;

/** Lists are arrays, and of a group its members and its lag are numbers; the rest is as the host has it. */
function plainAnswer({ result, command: { type, topic } }: AskAnswer): unknown {
  const { items, records = items, members } = result ?? {};
  return type === 'consume' && records
    ? records.map((item: RecordFields) => makeRecord(item, topic as string))
    : (records ?? (members ? { ...result, members: members.length } : result));
}

/** A tag of sentences, and what is about all of them. */
export interface Kafka<S> {
  (strings: TemplateStringsArray, ...values: unknown[]): S;
  /** Resolves once nothing waits any more of what was produced so far. */
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
