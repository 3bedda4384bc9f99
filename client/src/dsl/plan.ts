/**
 * Where each step of a chain runs. From the first step on that cannot run beside the data, all run in this process;
 * those before it run on the server.
 */

import { isGivable } from '../closures/language.ts';
import { place, type Acorn, type Placement } from '../closures/closure.ts';
import { functionsOf, isAggregate, isJson, isOfAggregate, type Step, type Verb } from './step.ts';

/** A step as the script plugin's settings have it. */
export type WireStep = Record<string, unknown>;

export interface Explanation {
  step: Verb;
  runs: 'server' | 'client';
  /** Why here, and what to do about it where something can be done. */
  because?: string;
}

export interface Plan {
  /** What the server runs: the settings of the script plugin. */
  shipped: { steps: WireStep[]; values?: Record<string, unknown> };
  /** What is left for this process. */
  local: Step[];
  explanations: Explanation[];
  /** The step that the rest runs here for. */
  cause?: Explanation;
}

let reader: Promise<Acorn> | undefined;

/** Reads the functions of a chain and decides. What reads them is loaded with the first chain that has any. */
export async function plan(steps: Step[], values: Record<string, unknown>): Promise<Plan> {
  const acorn = steps.some((step) => functionsOf(step).length > 0) ? await (reader ??= import('acorn')) : undefined;
  const explanations: Explanation[] = [];
  const wires: WireStep[] = [];
  const used: string[][] = [];
  let split = -1;
  let aggregates = 0;
  steps.forEach((step, index) => {
    const surroundings = { given: values, isUtc: isUtc(), recordAt: step.verb === 'reduce' ? 2 : 1 };
    const placements = functionsOf(step).map((fn) => place(acorn!, fn, surroundings));
    aggregates += isAggregate(step) ? 1 : 0;
    const because =
      placements.find((placement) => placement.runs === 'client')?.because ??
      (isAggregate(step) && aggregates > 1
        ? 'the server aggregates once in a chain; send the first aggregate .to(..) a topic, and go on from there'
        : undefined) ??
      (step.verb === 'reduce' && step.initial && !isJson(step.initial.value)
        ? 'what it begins with is not JSON'
        : undefined);
    if (because !== undefined) {
      split = split === -1 ? index : split;
      explanations.push({ step: step.verb, runs: 'client', because });
      return;
    }
    explanations.push({ step: step.verb, runs: 'server' });
    const shipped = placements as Extract<Placement, { runs: 'server' }>[];
    wires.push(
      wire(
        step,
        shipped.map(({ source }) => source),
      ),
    );
    used.push(shipped.flatMap(({ values }) => values));
  });
  split = split === -1 ? steps.length : split;
  // How an aggregate is taken goes where the aggregate is.
  while (
    split < steps.length &&
    split > 0 &&
    isOfAggregate(steps[split - 1]!) &&
    (isOfAggregate(steps[split]!) || isAggregate(steps[split]!))
  ) {
    split -= 1;
  }
  const cause = explanations.slice(split).find(({ because }) => because !== undefined);
  explanations.slice(split).forEach((explanation) => {
    explanation.runs = 'client';
    explanation.because ??= `it goes with .${cause!.step}(..), which runs here`;
  });
  const names = new Set(used.slice(0, split).flat());
  const sent = Object.fromEntries([...names].sort().map((name) => [name, values[name]]));
  return {
    shipped: { steps: wires.slice(0, split), ...(names.size > 0 && { values: sent }) },
    local: steps.slice(split),
    explanations,
    ...(cause && { cause }),
  };
}

function wire(step: Step, sources: string[]): WireStep {
  switch (step.verb) {
    case 'branch':
      return { branch: step.arms.map(({ to }, index) => ({ when: sources[index], to })) };
    case 'window':
      return {
        window_ms: step.sizeMs,
        ...(step.graceMs > 0 && { grace_ms: step.graceMs }),
        ...(step.time && { time: sources[0] }),
      };
    case 'count':
      return { count: true };
    case 'reduce':
      return { reduce: sources[0], ...(step.initial && { initial: step.initial.value }) };
    default:
      return { [step.verb]: sources[0] };
  }
}

/** Constants that functions are given by name. */
export function checkValues(values: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(values)) {
    if (!isGivable(name)) {
      throw new TypeError(`${JSON.stringify(name)} cannot be the name of a value; give it another one`);
    }
    if (!isJson(value)) {
      throw new TypeError(
        `${name} is not JSON, so it cannot go along; a function that needs it runs here without .with`,
      );
    }
  }
}

const isUtc = () =>
  /^(UTC|Etc\/(UTC|UCT|GMT|Zulu|Universal|Greenwich)|GMT)$/.test(Intl.DateTimeFormat().resolvedOptions().timeZone);
