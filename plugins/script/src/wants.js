/**
 * What a filter surely wants of a value, where that can be told from its source: conditions on top-level fields, in the
 * form in which the host takes them. The host leaves out objects that fail one; so a condition is told only where the
 * functions could make nothing else of such an object, neither an answer that is true nor an error. An object that fails
 * the first filter is looked at no further: one that is broken behind the field is left out, and not refused.
 */

/** Conditions of the filters that a record meets first. `scope` has the constants by name. */
export function wantsOf(steps, scope) {
  const wants = [];
  for (const { verb, compiled } of steps) {
    if (verb !== 'filter') {
      break;
    }
    const { conditions, isWhole } = conditionsOf(compiled, scope);
    wants.push(...conditions);
    // What is asked after something else could have failed there is not asked first.
    if (!isWhole) {
      break;
    }
  }
  return wants.slice(0, WANTS_MAX);
}

/** The host takes no more. */
const WANTS_MAX = 16;

/** `isWhole` says that the function asks nothing else. */
function conditionsOf({ fn, resolution }, scope) {
  const conditions = [];
  const fields = new Fields(fn, resolution);
  const take = (node) => {
    if (node.type === 'LogicalExpression' && node.operator === '&&') {
      return take(node.left) && take(node.right);
    }
    if (fields.isValue(node)) {
      // An object is true.
      return true;
    }
    const condition = comparisonOf(node, fields, (constant) => constantOf(constant, resolution, scope));
    if (condition !== null) {
      conditions.push(condition);
    }
    return condition !== null;
  };
  const body = answerOf(fn);
  const isWhole = body !== null && fields.areTold && take(body);
  return { conditions, isWhole };
}

/** The expression that the function answers, where it does nothing else. */
function answerOf({ body, expression }) {
  if (expression) {
    return body;
  }
  const [only, more] = body.body;
  return only?.type === 'ReturnStatement' && more === undefined ? only.argument : null;
}

/** How the function names the value's fields. */
class Fields {
  #value = new Set();
  #byUse = new Map();

  constructor({ params }, { uses }) {
    const [first, ...others] = params;
    /** No parameter computes anything. */
    this.areTold = others.every(({ type }) => type === 'Identifier');
    if (first?.type === 'Identifier') {
      this.#value = new Set(uses.get(first));
    } else if (first?.type === 'ObjectPattern' && first.properties.every(isPlain)) {
      for (const { key, value } of first.properties) {
        for (const use of uses.get(value) ?? []) {
          this.#byUse.set(use, nameOf(key, false));
        }
      }
    } else {
      this.areTold = false;
    }
  }

  isValue(node) {
    return this.#value.has(node);
  }

  /** The field that the expression reads, or null. */
  of(node) {
    if (node.type === 'ChainExpression') {
      return this.of(node.expression);
    }
    if (node.type === 'MemberExpression' && this.isValue(node.object)) {
      return nameOf(node.property, node.computed);
    }
    return this.#byUse.get(node) ?? null;
  }
}

const isPlain = ({ type, key, value, computed }) =>
  type === 'Property' && value.type === 'Identifier' && nameOf(key, computed) !== null;

/** A name that no object has by itself. */
function nameOf(key, computed) {
  const name = key.type === 'Identifier' && !computed ? key.name : key.type === 'Literal' ? key.value : null;
  return typeof name === 'string' && !(name in Object.prototype) && name.isWellFormed() ? name : null;
}

const COMPARISONS = { '===': 'equal', '<': 'less', '<=': 'less-or-equal', '>': 'greater', '>=': 'greater-or-equal' };
/** As the language has it: in an order null counts as 0, and it is equal to nothing else. */
const NULL_HOLDS = {
  '===': () => false,
  '<': (operand) => 0 < operand,
  '<=': (operand) => 0 <= operand,
  '>': (operand) => 0 > operand,
  '>=': (operand) => 0 >= operand,
};
const TURNED = { '===': '===', '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

/** `o.amount > 100` or `100 < o.amount` as a condition. */
function comparisonOf(node, fields, constant) {
  if (node.type !== 'BinaryExpression' || !Object.hasOwn(COMPARISONS, node.operator)) {
    return null;
  }
  for (const [field, other, operator] of [
    [fields.of(node.left), node.right, node.operator],
    [fields.of(node.right), node.left, TURNED[node.operator]],
  ]) {
    const operand = field === null ? null : constant(other);
    if (typeof operand === 'number' || (typeof operand === 'string' && operator === '===')) {
      return { field, comparison: COMPARISONS[operator], operand, nullHolds: NULL_HOLDS[operator](operand) };
    }
  }
  return null;
}

/** A number or a text that the expression is, or null. */
function constantOf(node, { free, uses }, scope) {
  switch (node.type) {
    case 'Literal':
      return fitting(node.value);
    case 'UnaryExpression': {
      const of = node.operator === '-' ? constantOf(node.argument, { free, uses }, scope) : null;
      return typeof of === 'number' ? -of : null;
    }
    case 'Identifier': {
      const isOwn = [...uses.values()].some((own) => own.includes(node));
      return !isOwn && free.has(node.name) && Object.hasOwn(scope, node.name) ? fitting(scope[node.name]) : null;
    }
    default:
      return null;
  }
}

const fitting = (value) =>
  (typeof value === 'number' && Number.isFinite(value)) || (typeof value === 'string' && value.isWellFormed()) ? value : null;
