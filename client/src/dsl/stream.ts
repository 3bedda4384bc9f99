/**
 * Chains over a topic, as they are written. Each step answers a new chain; nothing happens until one is collected,
 * reduced, iterated, or sent to a topic.
 */

import { KafkaError, ProblemError } from '../errors.ts';
import type { Http } from '../http.ts';
import { persist } from '../http.ts';
import { makeRecord, type RecordFields, type StreamRecord } from '../record.ts';
import { foldOf, run } from './local.ts';
import { checkValues, plan, type Explanation, type Plan } from './plan.ts';
import { stand } from './standing.ts';
import { durationMs, isAggregate, type Place, type Step } from './step.ts';
import { deploy, query, type Deployment, type Handle, type Source, type StandingHandle } from './wire.ts';

/** What a chain is so far. */
interface Chain {
  http: Http;
  source: () => Promise<Source>;
  /** Deployments of this connection that nobody named, by their names. */
  named: Map<string, string>;
  steps: Step[];
  values: Record<string, unknown>;
  name?: string;
}

type Or<T> = T | PromiseLike<T>;

/** What a function of a step is given: the value, and what else is known of its record. */
export type Of<T, Answer> = (value: T, record: Place) => Answer;

/** A branch: what it takes, and the topic that this goes to. */
export type Arm<T> = readonly [when: Of<T, unknown>, to: string];

export interface WindowOptions<T> {
  /** How long after its end a window still takes records; not at all unless given. */
  grace?: string | number;
  /** Milliseconds since 1970, or RFC 3339 text; unless given, the record's timestamp. */
  time?: Of<T, number | string>;
}

/** Of a group in a window. */
export interface InWindow {
  window_start_ms: number;
  window_end_ms: number;
}

/** What an aggregate emits: the group, the window where there is one, and the aggregate under its own name. */
export type Aggregated<W, Name extends string, A> = {
  [Field in keyof ({ key: string } & W & Record<Name, A>)]: ({ key: string } & W & Record<Name, A>)[Field];
};

abstract class Chained {
  /** For what is built on this one. */
  protected readonly chain: Chain;

  constructor(chain: Chain) {
    this.chain = chain;
  }

  protected plus(...steps: Step[]): Chain {
    return { ...this.chain, steps: [...this.chain.steps, ...steps] };
  }

  /** Gives the functions values, by the names that they know them by; with these they run beside the data. */
  with(values: Record<string, unknown>): this {
    checkValues(values);
    return this.again({ values: { ...this.chain.values, ...values } });
  }

  /** Names what `.to(..)` deploys. */
  as(name: string): this {
    if (!/^[\w.-]{1,100}$/.test(name)) {
      throw new TypeError(
        `${JSON.stringify(name)} is no name; it has 1 to 100 letters, digits, dots, hyphens and underscores`,
      );
    }
    return this.again({ name });
  }

  /** Where each step runs, and why. */
  async explain(): Promise<Explanation[]> {
    return (await this.planned()).explanations;
  }

  protected again(change: Partial<Chain>): this {
    return new (this.constructor as new (chain: Chain, ...rest: unknown[]) => this)(
      { ...this.chain, ...change },
      ...this.rest(),
    );
  }

  /** What the constructor takes beside the chain. */
  protected rest(): unknown[] {
    return [];
  }

  protected planned(steps = this.chain.steps): Promise<Plan> {
    return plan(steps, this.chain.values);
  }

  /** The records that come out at the end; `isFolded` where they are put together one after the other. */
  protected async *records(steps = this.chain.steps, isFolded = false): AsyncGenerator<RecordFields, void, undefined> {
    const { http } = this.chain;
    const source = await this.chain.source();
    const { shipped, local } =
      source.group === undefined ? await this.planned(steps) : { shipped: { steps: [] }, local: steps };
    if (source.group !== undefined && steps.some(isAggregate)) {
      throw new TypeError(
        'a group reads on and on, and an aggregate is known at the end; leave the group out, or send the chain .to(..) a topic',
      );
    }
    if (steps.some(({ verb }) => verb === 'branch')) {
      throw new TypeError('a branch sends records to topics; send the chain .to(..) a topic, or await it');
    }
    const isByTime = isFolded || local.some(isAggregate);
    yield* run(query(http, source, shipped, isByTime), local, () => {});
  }
}

/** What is awaited at the end of a chain, once however often. */
abstract class Ending<A> extends Chained implements PromiseLike<A> {
  #answer: Promise<A> | undefined;

  protected abstract take(): Promise<A>;

  then<B = A, C = never>(
    onAnswer?: ((answer: A) => B | PromiseLike<B>) | null,
    onError?: ((error: any) => C | PromiseLike<C>) | null,
  ): Promise<B | C> {
    return (this.#answer ??= this.take()).then(onAnswer, onError);
  }

  catch<C = never>(onError?: ((error: any) => C | PromiseLike<C>) | null): Promise<A | C> {
    return this.then(null, onError);
  }

  finally(onEnd?: (() => void) | null): Promise<A> {
    return this.then().finally(onEnd);
  }
}

/** Records of which each has a value of type `T`. */
export class Stream<T> extends Chained implements AsyncIterable<StreamRecord<T>> {
  /** Keeps what the function answers true for. */
  filter<S extends T>(keeps: (value: T, record: Place) => value is S): Stream<S>;
  filter(keeps: Of<T, unknown>): Stream<T>;
  filter(fn: Function): Stream<any> {
    return new Stream(this.plus({ verb: 'filter', fn }));
  }

  /** Puts what the function answers in the place of the value; `null` is a tombstone. Key, headers and time stay. */
  map<U>(makes: Of<T, U>): Stream<Awaited<U>> {
    return new Stream(this.plus({ verb: 'map', fn: makes }));
  }

  /** Makes a record of each item that the function answers. */
  flatMap<U>(makes: Of<T, Or<readonly U[]>>): Stream<U> {
    return new Stream(this.plus({ verb: 'flatMap', fn: makes }));
  }

  /** Calls the function for its effect. */
  tap(does: Of<T, unknown>): Stream<T> {
    return new Stream(this.plus({ verb: 'tap', fn: does }));
  }

  /** Sets the record's key: a text as it is, else its JSON; `null` is no key. */
  keyBy(key: Of<T, unknown>): Stream<T> {
    return new Stream(this.plus({ verb: 'keyBy', fn: key }));
  }

  /**
   * Sends each record to the topic of the first branch that takes it. What none takes goes on; awaited, it goes
   * nowhere.
   */
  branch(...arms: [Arm<T>, ...Arm<T>[]]): Branched<T> {
    return new Branched(this.plus({ verb: 'branch', arms: arms.map(([when, to]) => ({ when, to: topicName(to) })) }));
  }

  /** Cuts time into windows, as in `5 minutes`, for the aggregate that follows. */
  window(size: string | number, { grace = 0, time }: WindowOptions<T> = {}): Grouped<T, InWindow> {
    const sizeMs = durationMs(size);
    if (sizeMs === 0) {
      throw new TypeError('a window has to last; write how long, as in 5 minutes');
    }
    return new Grouped(this.plus({ verb: 'window', sizeMs, graceMs: durationMs(grace), ...(time && { time }) }));
  }

  /** Groups records for the aggregate that follows: by a text as it is, else by its JSON. */
  groupBy(group: Of<T, unknown>): Grouped<T, unknown> {
    return new Grouped(this.plus({ verb: 'groupBy', fn: group }));
  }

  /** How many records there are. */
  count(): Total<number> {
    return new Total(this.chain, { verb: 'count' }, 0);
  }

  sum(number: Of<T, Or<number>>): Total<number> {
    return new Total(this.chain, { verb: 'sum', fn: number }, 0);
  }

  /** `undefined` where there are no records. */
  min(number: Of<T, Or<number>>): Total<number | undefined> {
    return new Total(this.chain, { verb: 'min', fn: number }, undefined);
  }

  max(number: Of<T, Or<number>>): Total<number | undefined> {
    return new Total(this.chain, { verb: 'max', fn: number }, undefined);
  }

  average(number: Of<T, Or<number>>): Total<number | undefined> {
    return new Total(this.chain, { verb: 'average', fn: number }, undefined);
  }

  /** Carries a state from record to record, and answers the last one. */
  reduce<S>(next: (state: S, value: T, record: Place) => Or<S>, initial: S): Total<S>;
  reduce(next: (state: T, value: T, record: Place) => Or<T>): Total<T | undefined>;
  reduce(fn: Function, ...initial: unknown[]): Total<any> {
    return new Total(this.chain, reduceStep(fn, initial), initial[0]);
  }

  /** Sends what comes out to a topic, from now on: what is there first, and then what comes. */
  to(topic: string): Standing {
    return new Standing(this.chain, topicName(topic));
  }

  /** The values, of what is there now. */
  async collect(): Promise<T[]> {
    const { http } = this.chain;
    const { group } = await this.chain.source();
    if (group !== undefined) {
      throw new TypeError(
        'a group reads on and on, so there is no end to collect at; iterate it, or leave the group out',
      );
    }
    return persist(http.retryMs, async () => {
      const values: T[] = [];
      for await (const record of this) {
        values.push(record.value);
      }
      return values;
    });
  }

  /** The records, of what is there now. */
  async *[Symbol.asyncIterator](): AsyncGenerator<StreamRecord<T>, void, undefined> {
    for await (const fields of this.records()) {
      yield makeRecord<T>(fields);
    }
  }
}

/** Records that an aggregate follows; `W` is what windows add to it. */
export class Grouped<T, W> extends Chained {
  window(size: string | number, options?: WindowOptions<T>): Grouped<T, InWindow> {
    return new Stream<T>(this.chain).window(size, options);
  }

  groupBy(group: Of<T, unknown>): Grouped<T, W> {
    return new Grouped(this.plus({ verb: 'groupBy', fn: group }));
  }

  /** How many records each group has. */
  count(): Stream<Aggregated<W, 'count', number>> {
    return new Stream(this.plus({ verb: 'count' }));
  }

  sum(number: Of<T, Or<number>>): Stream<Aggregated<W, 'sum', number>> {
    return new Stream(this.plus({ verb: 'sum', fn: number }));
  }

  min(number: Of<T, Or<number>>): Stream<Aggregated<W, 'min', number>> {
    return new Stream(this.plus({ verb: 'min', fn: number }));
  }

  max(number: Of<T, Or<number>>): Stream<Aggregated<W, 'max', number>> {
    return new Stream(this.plus({ verb: 'max', fn: number }));
  }

  average(number: Of<T, Or<number>>): Stream<Aggregated<W, 'average', number>> {
    return new Stream(this.plus({ verb: 'average', fn: number }));
  }

  /** Carries a state of each group from record to record; without a beginning, from its first value on. */
  reduce<S>(next: (state: S, value: T, record: Place) => Or<S>, initial: S): Stream<Aggregated<W, 'value', S>>;
  reduce(next: (state: T, value: T, record: Place) => Or<T>): Stream<Aggregated<W, 'value', T>>;
  reduce(fn: Function, ...initial: unknown[]): Stream<any> {
    return new Stream(this.plus(reduceStep(fn, initial)));
  }
}

/** Of all records together; awaited, it is known. */
export class Total<A> extends Ending<A> {
  readonly #step: Step;
  readonly #none: A;

  constructor(chain: Chain, step: Step, none: A) {
    super(chain);
    this.#step = step;
    this.#none = none;
  }

  protected override rest(): unknown[] {
    return [this.#step, this.#none];
  }

  override async explain(): Promise<Explanation[]> {
    return (await this.planned([...this.chain.steps, this.#step])).explanations;
  }

  protected override take(): Promise<A> {
    return persist(this.chain.http.retryMs, () => this.#take());
  }

  async #take(): Promise<A> {
    const step = this.#step;
    const { explanations } = await this.planned([...this.chain.steps, step]);
    if (explanations.at(-1)!.runs === 'server') {
      // One group of all: of what is emitted of it, the last is the whole.
      let last = this.#none;
      for await (const { value } of this.records([...this.chain.steps, ONE_GROUP, step])) {
        last = value[step.verb === 'reduce' ? 'value' : step.verb];
      }
      return last;
    }
    const { fold, shown } = foldOf(step);
    let state: unknown;
    for await (const item of this.records(undefined, true)) {
      state = await fold(state, item);
    }
    return state === undefined ? this.#none : (Object.values(shown(state))[0] as A);
  }
}

/** For those that aggregate all records together. */
const ONE_GROUP: Step = { verb: 'groupBy', fn: () => '' };

/** A chain on its way to a topic; awaited, it stands. */
export class Standing extends Ending<Handle> {
  readonly #to: string | undefined;

  constructor(chain: Chain, to: string | undefined) {
    super(chain);
    this.#to = to;
  }

  protected override rest(): unknown[] {
    return [this.#to];
  }

  protected override async take(): Promise<Handle> {
    const { http, steps, named } = this.chain;
    const to = this.#to;
    const source = await this.chain.source();
    if (source.group !== undefined || source.untilMs !== undefined) {
      throw new TypeError('a chain that stands reads all that comes; say the topic alone, or since when');
    }
    const { shipped, local, cause } = await this.planned();
    const all = branchesOf(steps);
    const name = this.chain.name ?? defaultName(source.topic, [...all, ...(to === undefined ? [] : [to])]);
    if (this.chain.name === undefined) {
      const what = JSON.stringify(shipped) + local.map((step) => step.verb).join();
      if ((named.get(name) ?? what) !== what) {
        throw new TypeError(
          `two chains of this program would be called ${name}; name one of them, as in .as('my-name')`,
        );
      }
      named.set(name, what);
    }
    const deployment = { name, source, shipped, branches: all, ...(to !== undefined && { to }) };
    if (local.length === 0) {
      return deploy(http, deployment).catch(movedFrom(name, 'in a process', 'on the server'));
    }
    if (local.some(isAggregate)) {
      throw new TypeError(
        `an aggregate that stands needs state which outlives this process, so it has to run on the server; .${cause!.step}(..) does not: ${cause!.because}`,
      );
    }
    const standing =
      shipped.steps.length === 0
        ? stand(http, deployment, local)
        : standBehind(http, deployment, steps.slice(0, -local.length), local);
    return standing.catch(movedFrom(name, 'on the server', `in this process (.${cause!.step}(..): ${cause!.because})`));
  }
}

/** A chain keeps its place where it runs, and does not take it along. */
const movedFrom =
  (name: string, before: string, now: string) =>
  (error: unknown): never => {
    if (error instanceof ProblemError && ['group-in-use', 'group-exists'].includes(error.code)) {
      const what = `the chain ${name} runs ${before}, and would now run ${now}`;
      throw new KafkaError(`${what}; remove() it there first, or name this one .as(..) something else`, {
        cause: error,
      });
    }
    throw error;
  };

/** The steps that ship stand on the server, and send what comes out through a topic of their own to those that stay. */
async function standBehind(
  http: Http,
  deployment: Deployment,
  shipped: Step[],
  local: Step[],
): Promise<StandingHandle> {
  const between = `${deployment.name.slice(0, 92)}-shipped`;
  const server = await deploy(http, { ...deployment, name: between, to: between, branches: branchesOf(shipped) });
  const client = await stand(http, { ...deployment, source: { topic: between, start: 'earliest' } }, local);
  return {
    ...client,
    status: async () => ({ ...(await client.status()), server: await server.status() }),
    stop: async () => {
      await client.stop();
      await server.stop();
    },
    remove: async () => {
      await client.remove();
      await server.remove();
      await http.json(`/v1/topics/${encodeURIComponent(between)}`, { method: 'DELETE' });
    },
  };
}

const branchesOf = (steps: Step[]): string[] =>
  steps.flatMap((step) => (step.verb === 'branch' ? step.arms.map(({ to }) => to) : []));

/** A chain that ends in branches; awaited, it stands. */
export class Branched<T> extends Stream<T> implements PromiseLike<Handle> {
  readonly #standing = new Standing(this.chain, undefined);

  then<A = Handle, B = never>(
    onHandle?: ((handle: Handle) => A | PromiseLike<A>) | null,
    onError?: ((error: any) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#standing.then(onHandle, onError);
  }
}

const reduceStep = (fn: Function, initial: unknown[]): Step => ({
  verb: 'reduce',
  fn,
  ...(initial.length > 0 && { initial: { value: initial[0] } }),
});

function topicName(topic: string): string {
  if (!/^[\w.-]{1,249}$/.test(topic) || topic === '.' || topic === '..') {
    throw new TypeError(
      `${JSON.stringify(topic)} is no name of a topic; it has 1 to 249 letters, digits, dots, hyphens and underscores`,
    );
  }
  return topic;
}

/** After the source and the targets; one that is too long ends in a number that tells it from others. */
function defaultName(source: string, targets: string[]): string {
  const name = `${source}-to-${targets.join('-')}`;
  if (name.length <= 100) {
    return name;
  }
  let hash = 0x811c9dc5;
  for (const char of name) {
    hash = Math.imul(hash ^ char.codePointAt(0)!, 0x01000193) >>> 0;
  }
  return `${name.slice(0, 91)}-${hash.toString(16).padStart(8, '0')}`;
}
