/** What a script does, read from its settings: steps up to the aggregate, the aggregate, and steps on what it emits. */

import { makeAggregate } from './aggregate.js';
import { fieldsOf, takes } from './fields.js';
import { produce } from './produce.js';
import { recordMaker } from './record.js';
import { place, ScriptError } from './script-error.js';
import { compile } from './source.js';
import { wantsOf } from './wants.js';

/** The member that says what a step does. */
const VERBS = ['filter', 'map', 'flatMap', 'keyBy', 'tap', 'branch', 'window_ms', 'groupBy', 'count', 'sum', 'min', 'max', 'average', 'reduce'];
const AGGREGATES = ['count', 'sum', 'min', 'max', 'average', 'reduce'];
/** What may stand beside it. */
const COMPANIONS = { grace_ms: 'window_ms', time: 'window_ms', initial: 'reduce' };
/** After these the value is another one. */
const REPLACING = ['map', 'flatMap'];

/**
 * `before` and `after` are steps; `verb`, `aggregate` and `window` are null where there is none. `repartitions` says that
 * the records travel through the internal topic on their way to the aggregate. `fields` are the top-level fields that are
 * read of input values, or null for all, and `wants` is what is surely wanted of them. `isPast` says that the input has an
 * end: one instance reads it whole, so nothing is repartitioned, and nothing is stored.
 */
export function makePlan({ steps, values = {} }, { isPast = false } = {}) {
  const scope = readValues(values);
  const read = (source, where, more) => compile(source, { ...scope, ...more }, where, { isPast });
  const plan = { before: [], verb: null, aggregate: null, window: null, after: [], isPast, repartitions: false, fields: null, wants: [] };
  let grouped = null;
  steps.forEach((settings, index) => {
    const verb = verbOf(settings, index);
    const where = place(index, verb);
    const sides = plan.aggregate === null ? plan.before : plan.after;
    const refuseAfterAggregate = () => {
      if (plan.aggregate !== null) {
        throw new ScriptError(`${where}: a script aggregates once; deploy another one on what this one emits`);
      }
    };
    if (AGGREGATES.includes(verb)) {
      refuseAfterAggregate();
      plan.aggregate = makeAggregate(settings, verb, where, read);
      plan.verb = verb;
    } else if (verb === 'window_ms') {
      refuseAfterAggregate();
      if (plan.window !== null) {
        throw new ScriptError(`${where}: an aggregate has one window; take one of the two out`);
      }
      const { window_ms: sizeMs, grace_ms: graceMs = 0, time } = settings;
      plan.window = { sizeMs, graceMs, where, hasTime: time !== undefined };
      if (time !== undefined) {
        plan.before.push(functionStep('time', time, where, read));
      }
    } else if (verb === 'groupBy') {
      refuseAfterAggregate();
      if (grouped !== null) {
        throw new ScriptError(`${where}: an aggregate groups once; take one of the two out, or answer both as [a, b]`);
      }
      grouped = where;
      plan.before.push(functionStep(verb, settings.groupBy, where, read));
    } else if (verb === 'branch') {
      const arms = settings.branch.map(({ when, to }, arm) => ({
        ...functionStep('when', when, `${where}, branch ${arm + 1}`, read),
        to,
      }));
      sides.push({ verb, where, arms });
    } else {
      const more = verb === 'tap' && !isPast ? { produce } : {};
      sides.push(functionStep(verb, settings[verb], where, read, more));
    }
  });
  const dangling = grouped ?? plan.window?.where;
  if (plan.aggregate === null && dangling !== undefined) {
    throw new ScriptError(`${dangling}: no aggregate follows; add {"count": true}, or one of ${AGGREGATES.slice(1).join(', ')}`);
  }
  plan.repartitions = !isPast && plan.aggregate !== null && plan.before.some(({ verb }) => verb === 'groupBy' || verb === 'keyBy');
  markSeen(plan.before, plan.aggregate?.takesValue === true);
  markSeen(plan.after, false);
  plan.fields = inputFields(plan);
  // A deployment looks at each record, were it only to find that it is no JSON.
  plan.wants = isPast ? wantsOf(plan.before, scope) : [];
  return plan;
}

/** Constants that functions know by name; nothing can change them, so no call leaves a trace in them. */
function readValues(values) {
  for (const name of Object.keys(values)) {
    let fits = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name) && !['produce', 'arguments', 'eval', 'await'].includes(name);
    try {
      new Function(name, '"use strict";');
    } catch {
      fits = false;
    }
    if (!fits) {
      throw new ScriptError(`"values" has ${JSON.stringify(name)}, which cannot be the name of a constant; give it another one`);
    }
  }
  return freeze(values);
}

function freeze(value) {
  if (value !== null && typeof value === 'object') {
    Object.values(value).forEach(freeze);
    Object.freeze(value);
  }
  return value;
}

function verbOf(settings, index) {
  const verbs = VERBS.filter((verb) => Object.hasOwn(settings, verb));
  if (verbs.length !== 1) {
    const what = verbs.length === 0 ? 'does nothing' : `does ${verbs.join(' and ')} at once`;
    throw new ScriptError(`step ${index + 1} ${what}; give each step one of ${VERBS.join(', ')}`);
  }
  const stray = Object.keys(COMPANIONS).find((name) => Object.hasOwn(settings, name) && COMPANIONS[name] !== verbs[0]);
  if (stray !== undefined) {
    throw new ScriptError(`${place(index, verbs[0])}: ${stray} goes with ${COMPANIONS[stray]}`);
  }
  return verbs[0];
}

function functionStep(verb, source, where, read, more = {}) {
  const label = verb === 'time' ? `${where}, time` : where;
  const compiled = read(source, label, more);
  return { verb, where: label, compiled, call: compiled.call, takesValue: takes(compiled, 0), recordOf: recordMaker(compiled, 1) };
}

/**
 * Says of each step whether a later one looks at what it answers, as `isSeen`: before that is a record's value it has to be what
 * a record would carry.
 */
function markSeen(steps, isSeenAtTheEnd) {
  let isSeen = isSeenAtTheEnd;
  for (const step of [...steps].reverse()) {
    step.isSeen = isSeen;
    isSeen = (step.arms ?? [step]).some(({ takesValue }) => takesValue) || (isSeen && !REPLACING.includes(step.verb));
  }
}

/** See `fields.js`: where in doubt, all. */
function inputFields({ before, aggregate, repartitions }) {
  const read = [];
  let replaced = false;
  for (const step of before) {
    // What a branch or a new key sends on is the value as it came, whole.
    if (step.verb === 'branch' || (step.verb === 'keyBy' && aggregate === null)) {
      read.push(replaced ? new Set() : null);
    }
    if (!replaced && step.compiled !== undefined) {
      read.push(fieldsOf(step.compiled, 0));
    }
    replaced = replaced || REPLACING.includes(step.verb);
  }
  if (repartitions) {
    // The internal topic carries what goes to the aggregate: that is an input too.
    read.push(replaced ? new Set() : null, aggregate.fields);
  } else if (aggregate !== null && !replaced) {
    read.push(aggregate.fields);
  }
  if (read.includes(null)) {
    return null;
  }
  return [...new Set(read.flatMap((fields) => [...fields]))].sort();
}
