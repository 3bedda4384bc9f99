/**
 * Which top-level fields of a parameter a function reads, where that can be told from its source.
 *
 * The answer is used to leave the other fields out of the value, so it errs one way only: whatever might tell a value with
 * all its fields from one with fewer asks for all of them.
 */

import { boundBy } from './scope.js';

/** The names of the fields, or `null` where the function may see the value whole. */
export function fieldsOf({ fn, resolution }, index) {
  // `arguments` is all the parameters at once.
  if (resolution.uses.has(fn)) {
    return null;
  }
  if (fn.params.slice(0, index + 1).some(({ type }) => type === 'RestElement')) {
    return null;
  }
  let param = fn.params[index];
  if (param?.type === 'AssignmentPattern') {
    param = param.left;
  }
  switch (param?.type) {
    case undefined:
      return new Set();
    case 'ObjectPattern':
      return fieldsOfPattern(param);
    case 'Identifier':
      return fieldsOfUses(param, resolution);
    default:
      return null;
  }
}

/** The fields that a destructuring takes out. */
function fieldsOfPattern(pattern) {
  const fields = new Set();
  for (const property of pattern.properties) {
    const name = property.type === 'Property' ? nameOf(property.key, property.computed) : null;
    if (name === null) {
      return null;
    }
    fields.add(name);
  }
  return fields;
}

function fieldsOfUses(param, { uses, parents }) {
  const fields = new Set();
  for (const use of uses.get(param) ?? []) {
    const parent = parents.get(use);
    if (parent.type === 'MemberExpression' && parent.object === use) {
      const name = nameOf(parent.property, parent.computed);
      if (name === null || !isPlainRead(parent, parents)) {
        return null;
      }
      fields.add(name);
    } else if (parent.type === 'VariableDeclarator' && parent.init === use && parent.id.type === 'ObjectPattern') {
      const taken = fieldsOfPattern(parent.id);
      if (taken === null) {
        return null;
      }
      taken.forEach((field) => fields.add(field));
    } else if (!tellsOnlyTheKind(use, parents)) {
      return null;
    }
  }
  return fields;
}

/** `x` of `.x`, `['x']` and `{ x }`; `null` where it is computed. */
function nameOf(key, computed) {
  if (key.type === 'Identifier' && !computed) {
    return key.name;
  }
  const isName = key.type === 'Literal' && (typeof key.value === 'string' || typeof key.value === 'number');
  // The host takes names that are text; half a surrogate pair is none.
  return isName && String(key.value).isWellFormed() ? String(key.value) : null;
}

/** Whether a field is read here, and neither changed nor called: a method is handed its object. */
function isPlainRead(member, parents) {
  const parent = parents.get(member);
  switch (parent.type) {
    case 'CallExpression':
      return parent.callee !== member;
    case 'ChainExpression':
      return isPlainRead(parent, parents);
    case 'TaggedTemplateExpression':
      return parent.tag !== member;
    case 'UnaryExpression':
      return parent.operator !== 'delete';
    case 'UpdateExpression':
    case 'ArrayPattern':
    case 'RestElement':
      return false;
    case 'AssignmentExpression':
    case 'AssignmentPattern':
    case 'ForInStatement':
    case 'ForOfStatement':
      return parent.left !== member;
    case 'Property':
      return parents.get(parent).type === 'ObjectExpression';
    default:
      return true;
  }
}

/**
 * Whether a use asks only what kind of value it is, as `o && o.amount` does. What is not an object always comes whole, so
 * an object answers as one and everything else as itself.
 */
function tellsOnlyTheKind(use, parents) {
  const parent = parents.get(use);
  switch (parent.type) {
    case 'UnaryExpression':
      return parent.operator === '!' || parent.operator === 'typeof';
    case 'LogicalExpression':
      // What `o && ..` answers is `o` only where `o` is no object.
      return parent.operator === '&&' && parent.left === use;
    case 'IfStatement':
    case 'ConditionalExpression':
      return parent.test === use;
    case 'BinaryExpression':
      return ['==', '!=', '===', '!=='].includes(parent.operator) && isNothing(parent.left === use ? parent.right : parent.left);
    default:
      return false;
  }
}

const isNothing = ({ type, value, raw, name }) =>
  (type === 'Literal' && value === null && raw === 'null') || (type === 'Identifier' && name === 'undefined');

/** Whether a function may look at this parameter at all. */
export function takes({ fn, resolution }, index) {
  if (resolution.uses.has(fn) || fn.params.some(({ type }) => type === 'RestElement')) {
    return true;
  }
  const param = fn.params[index];
  if (param === undefined) {
    return false;
  }
  return param.type !== 'Identifier' || [...boundBy(param)].some((binding) => resolution.uses.has(binding));
}
