/** The source of a function, read and made callable. */

import { parseExpressionAt, tokenizer, tokTypes } from 'acorn';

import { isLanguage, remedy } from './names.js';
import { resolve, walk } from './scope.js';
import { ScriptError } from './script-error.js';

const OPTIONS = { ecmaVersion: 'latest', sourceType: 'module', locations: true };

/**
 * Reads and checks a function, and makes it. `scope` is what it knows by name beside the language; `where` says which function
 * it is. Answers what may be asked of it: its node, the meaning of its names, and the function.
 */
export function compile(source, scope, where, { isPast = false } = {}) {
  const fn = parse(source, where);
  const resolution = resolve(fn);
  const at = ({ loc }) => `${where}, line ${loc.start.line}, column ${loc.start.column + 1}`;
  for (const node of walk(fn)) {
    if (node.async || node.type === 'AwaitExpression') {
      throw new ScriptError(`${at(node)}: an async function would answer too late; functions here answer at once, without await`);
    }
    if (node.type === 'ImportExpression' || (node.type === 'MetaProperty' && node.meta.name === 'import')) {
      throw new ScriptError(`${at(node)}: nothing can be imported here; write what is needed into the function`);
    }
  }
  if (fn.generator) {
    throw new ScriptError(`${where}: a generator answers piece by piece; answer a value, or an array in flatMap`);
  }
  for (const [name, node] of resolution.free) {
    if (!Object.hasOwn(scope, name) && !isLanguage(name)) {
      throw new ScriptError(`${at(node)}: ${name} is not known here; ${remedy(name, isPast)}`);
    }
  }
  const spreading = spreadingTexts(source, fn, scope);
  return { fn, resolution, call: make(spreading.text, spreading.scope, where) };
}

function parse(source, where) {
  let expression;
  try {
    expression = parseExpressionAt(source, 0, OPTIONS);
    expectEnd(source, expression.end);
  } catch (error) {
    if (error.loc === undefined) {
      throw error;
    }
    const { line, column } = error.loc;
    const message = error.message.replace(/ \(\d+:\d+\)$/, '');
    throw new ScriptError(`${where}, line ${line}, column ${column + 1}: ${message}; give a function, as in (value, record) => value.amount > 100`);
  }
  if (hasOldComment(source)) {
    throw new ScriptError(`${where}: "<!--" and "-->" start a comment in old scripts; put blanks into them`);
  }
  if (expression.type !== 'ArrowFunctionExpression' && expression.type !== 'FunctionExpression') {
    throw new ScriptError(`${where}, line 1, column 1: this is no function; give one, as in (value, record) => value.amount > 100`);
  }
  return expression;
}

/**
 * The engine makes functions by the rules of scripts, in which HTML's comments are comments; it was read by the rules of
 * modules, in which they are not. What would be read in two ways is refused.
 */
function hasOldComment(source) {
  if (!source.includes('<!--') && !source.includes('-->')) {
    return false;
  }
  const comments = { module: [], script: [] };
  for (const sourceType of ['module', 'script']) {
    parseExpressionAt(source, 0, { ...OPTIONS, sourceType, onComment: comments[sourceType] });
  }
  return comments.module.length !== comments.script.length;
}

/** After the function nothing may follow but a semicolon. */
function expectEnd(source, end) {
  // Blanks keep what follows on its line and in its column.
  const rest = tokenizer(source.slice(0, end).replace(/[^\r\n\u2028\u2029]/g, ' ') + source.slice(end), OPTIONS);
  let token = rest.getToken();
  if (token.type === tokTypes.semi) {
    token = rest.getToken();
  }
  if (token.type !== tokTypes.eof) {
    throw Object.assign(new SyntaxError('Something follows the function'), { loc: token.loc.start });
  }
}

/**
 * Of a text the sandbox's engine spreads nothing into an object, where the language has it spread the characters; of a text that
 * is an object it does. So `{ ...text }` is read as `{ ...Object(text) }`, by a name for `Object` that the function has no other
 * use for. Answers the source and what it knows.
 */
function spreadingTexts(source, fn, scope) {
  const names = new Set();
  const spreads = [];
  for (const node of walk(fn)) {
    if (node.type === 'Identifier') {
      names.add(node.name);
    }
    for (const { type, start, end } of node.type === 'ObjectExpression' ? node.properties : []) {
      if (type === 'SpreadElement') {
        spreads.push([start + '...'.length, end]);
      }
    }
  }
  let name = 'asObject';
  while (names.has(name)) {
    name += '_';
  }
  if (spreads.length === 0) {
    return { text: source.slice(fn.start, fn.end), scope };
  }
  const inserts = spreads.flatMap(([start, end]) => [[start, `${name}(`], [end, ')']]).sort(([a], [b]) => a - b);
  let text = '';
  let from = fn.start;
  for (const [at, insert] of inserts) {
    text += source.slice(from, at) + insert;
    from = at;
  }
  return { text: text + source.slice(from, fn.end), scope: { ...scope, [name]: Object } };
}

function make(source, scope, where) {
  try {
    const factory = new Function(...Object.keys(scope), `"use strict"; return (${source}\n);`);
    return factory(...Object.values(scope));
  } catch (error) {
    throw new ScriptError(`${where}: ${error.message}`);
  }
}
