/**
 * Where a function can run. One that knows nothing but its parameters, the language and the values that were given
 * along runs beside the data; any other one stays in this process. Where in doubt, it stays: then it is slower, and
 * never wrong.
 */

import { differs, isGivable, isLanguage } from './language.ts';
import { boundBy, children, isFunction, nameOf, walk, type Node } from './nodes.ts';
import { namesOf, type Names } from './scope.ts';

export type Acorn = Pick<typeof import('acorn'), 'parseExpressionAt'>;

/** Where it runs; and why here, with what to do about it where something can be done. */
export type Placement =
  | { runs: 'server'; source: string; /** The given values that it uses. */ values: string[] }
  | { runs: 'client'; because: string };

export interface Surroundings {
  /** What is given along, by name. */
  given: Readonly<Record<string, unknown>>;
  /** Whether this process lives in UTC, as the sandbox does. */
  isUtc: boolean;
  /** Which parameter the record is: it has the same fields in the sandbox, and is another object. */
  recordAt: number;
}

/** The longest source that the plugin takes. */
const SOURCE_CHARS_MAX = 100_000;

/** Why a function stays. */
class Stays extends Error {}

export function place(acorn: Acorn, fn: Function, surroundings: Surroundings): Placement {
  try {
    const text = Function.prototype.toString.call(fn);
    const { fn: node, source, at } = read(acorn, text);
    const own = Reflect.ownKeys(fn).find((name) => !ORDINARY.has(name));
    if (own !== undefined) {
      throw new Stays(`it has a property of its own, ${String(own)}, which is not in its source`);
    }
    const { values, namings } = check(node, surroundings);
    const shipped = spellOut(namings, source, at);
    checkLength(shipped);
    return { runs: 'server', source: shipped, values };
  } catch (error) {
    if (error instanceof Stays) {
      return { runs: 'client', because: error.message };
    }
    throw error;
  }
}

const ORDINARY = new Set<string | symbol>(['length', 'name', 'prototype', 'arguments', 'caller']);

function checkLength({ length }: string): void {
  if (length > SOURCE_CHARS_MAX) {
    throw new Stays(`its source has ${length} characters, over ${SOURCE_CHARS_MAX}`);
  }
}

type At = (node: Node) => [start: number, end: number];

/** Reads a function as the sandbox will: by the rules of strict code. */
function read(acorn: Acorn, text: string): { fn: Node; source: string; /** Where a node stands in it. */ at: At } {
  checkLength(text);
  const strict = parse(acorn, text, 'module');
  if (!strict) {
    throw new Stays(
      /\{\s*\[native code\]\s*\}\s*$/.test(text)
        ? 'it is native or bound, so its source cannot be read; write it as an arrow function'
        : parse(acorn, text, 'script')
          ? 'it is no strict code, and would mean something else in the sandbox'
          : 'its source cannot be read by itself',
    );
  }
  const loose = parse(acorn, text, 'script');
  if (loose && loose.comments !== strict.comments) {
    throw new Stays('"<!--" and "-->" start a comment in old scripts; put blanks into them');
  }
  const { fn, offset } = strict;
  if (!isFunction(fn)) {
    throw new Stays('it is a class, and is called only with new');
  }
  // A method's own text begins with its name; the function that it is begins with the parameters.
  const before = offset === 1 ? '' : 'function ';
  const from = offset === 1 ? offset : fn.start;
  return {
    fn,
    source: before + text.slice(from - offset),
    at: ({ start, end }) => [before.length + start - from, before.length + end - from],
  };
}

/** What a function's text may stand in: an expression, an object or a class. */
const FRAMES: [before: string, after: string, inside: (framed: Node) => Node | undefined][] = [
  ['(', '\n)', (framed) => framed],
  ['({', '\n})', (framed) => framed['properties']?.[0]?.value],
  ['(class {', '\n})', (framed) => framed['body']?.body?.[0]?.value],
];

function parse(acorn: Acorn, text: string, sourceType: 'module' | 'script') {
  for (const [before, after, inside] of FRAMES) {
    let comments = 0;
    const onComment = () => {
      comments += 1;
    };
    try {
      const fn = inside(
        acorn.parseExpressionAt(before + text + after, 0, { ecmaVersion: 'latest', sourceType, onComment }),
      );
      if (fn && (isFunction(fn) || fn.type === 'ClassExpression')) {
        return { fn, comments, offset: before.length };
      }
    } catch {
      // Then it may be read in another frame.
    }
  }
  return undefined;
}

/** The given values that the function uses, and its calls of `__name`. */
function check(fn: Node, { given, isUtc, recordAt }: Surroundings): { values: string[]; namings: Node[] } {
  const names = namesOf(fn);
  if (fn['generator']) {
    throw new Stays('it is a generator, which answers piece by piece');
  }
  for (const { type } of sharingThis(fn)) {
    if (type === 'ThisExpression' || type === 'Super') {
      throw new Stays(`it uses ${type === 'Super' ? 'super' : 'this'}`);
    }
  }
  for (const node of walk(fn)) {
    checkNode(node, names, isUtc);
  }
  checkBindings(names);
  checkRecord(fn, names, recordAt);
  const values: string[] = [];
  const namings: Node[] = [];
  for (const [name, uses] of names.free) {
    if (Object.hasOwn(given, name)) {
      values.push(name);
    } else if (name === '__name' && onlyNames(uses, names.parents) && meansItself('Object', fn, names, given)) {
      namings.push(...uses.map((use) => names.parents.get(use)!));
    } else if (!isLanguage(name)) {
      throw new Stays(`${name} is not its own${remedy(name)}`);
    }
    for (const use of uses) {
      checkFree(name, use, names.parents, isUtc);
    }
  }
  return { values, namings };
}

/**
 * Whether all uses are `__name(fn, 'f')`, as esbuild's `keepNames`, and so tsx, write it: that gives `fn` the name
 * which it had in the program, and answers it.
 */
const onlyNames = (uses: Node[], parents: Map<Node, Node>): boolean =>
  uses.every((use) => {
    const { type, callee, optional, arguments: args } = parents.get(use)!;
    return (
      type === 'CallExpression' &&
      callee === use &&
      !optional &&
      args.length === 2 &&
      args[0].type !== 'SpreadElement' &&
      typeof args[1].value === 'string'
    );
  });

/** Whether a name of the language means the language's own wherever it stands in the function. */
function meansItself(name: string, fn: Node, { free }: Names, given: Surroundings['given']): boolean {
  const outside = new Set(free.get(name));
  return (
    !Object.hasOwn(given, name) &&
    [...walk(fn)].every((node) => node.type !== 'Identifier' || node['name'] !== name || outside.has(node))
  );
}

/** The source with its calls of `__name` in the language's own words. */
function spellOut(namings: Node[], source: string, at: At): string {
  const changes = namings.flatMap(({ callee, arguments: [, name] }) => [
    { place: at(callee), text: 'Object.defineProperty' },
    { place: at(name), text: `'name', { value: ${JSON.stringify(name.value)}, configurable: true }` },
  ]);
  // From the end on: so what is still to be changed stands where it stood.
  return changes
    .sort((a, b) => b.place[0] - a.place[0])
    .reduce((changed, { place: [start, end], text }) => changed.slice(0, start) + text + changed.slice(end), source);
}

function remedy(name: string): string {
  if (name in globalThis) {
    return ', but of this process';
  }
  return isGivable(name) ? `; where it is JSON, give it along: .with({ ${name} })` : '';
}

/** This node, and those below that have its `this`: all but what stands in methods and in members of classes. */
function* sharingThis(node: Node): Generator<Node> {
  yield node;
  const hasOwn =
    ['MethodDefinition', 'PropertyDefinition', 'StaticBlock'].includes(node.type) ||
    (node.type === 'Property' && (node['method'] || node['kind'] !== 'init'));
  for (const child of hasOwn ? (node['computed'] ? [node['key'] as Node] : []) : children(node)) {
    yield* sharingThis(child);
  }
}

function checkNode(node: Node, { uses }: Names, isUtc: boolean): void {
  switch (node.type) {
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
    case 'FunctionDeclaration':
    case 'AwaitExpression':
    case 'ForOfStatement':
      if (node['async'] || node['await'] || node.type === 'AwaitExpression') {
        throw new Stays('it is async, or makes something async; what runs beside the data answers at once');
      }
      if (node['params']?.[0]?.name === 'async' && node['params'][0].start === node.start) {
        throw new Stays("the sandbox's engine does not read async => ..; put the parameter in parentheses");
      }
      break;
    case 'ImportExpression':
      throw new Stays('it imports a module');
    case 'MetaProperty':
      if (node['meta'].name === 'import') {
        throw new Stays('it asks which module it is in');
      }
      break;
    case 'CatchClause':
      for (const binding of boundBy(node['param'])) {
        if (uses.has(binding)) {
          throw new Stays('it looks at an error that it caught; what errors say is up to the engine');
        }
      }
      break;
    case 'MemberExpression': {
      const why = memberDiffers(node['property'], node['computed'], isUtc);
      if (why !== undefined) {
        throw new Stays(why);
      }
      break;
    }
    case 'Property': {
      const why =
        node['kind'] === 'init' && !node['method'] && isPatternPart(node)
          ? memberDiffers(node['key'], node['computed'], isUtc)
          : undefined;
      if (why !== undefined) {
        throw new Stays(why);
      }
      break;
    }
    case 'CallExpression':
    case 'NewExpression': {
      const { callee } = node;
      if (callee.type === 'MemberExpression' && nameOf(callee['property'], callee['computed']) === 'constructor') {
        throw new Stays('it makes code from text');
      }
    }
  }
}

/** `{ stack }` as a pattern reads a member as well; as an object it only calls something so. */
const isPatternPart = ({ value }: Node) => value.type === 'Identifier' || value.type.endsWith('Pattern');

function memberDiffers(key: Node, isComputed: boolean, isUtc: boolean): string | undefined {
  const name = nameOf(key, isComputed);
  return name === undefined ? undefined : differs(name, isUtc);
}

/**
 * Where `arguments` and the parameters are one, in sloppy code, and where they are two, in strict code, has to make no
 * difference.
 */
function checkBindings({ uses, parents }: Names): void {
  for (const [fn, found] of uses) {
    if (!isFunction(fn)) {
      continue;
    }
    const isRead = found.every((use) => {
      const member = parents.get(use)!;
      return (
        member.type !== 'MemberExpression' ||
        (nameOf(member['property'], member['computed']) !== 'callee' && !isChanged(member, parents))
      );
    });
    const params = (fn['params'] as Node[]).flatMap((param) => [...boundBy(param)]);
    if (!isRead || params.some((param) => uses.get(param)?.some((use) => isChanged(use, parents)))) {
      throw new Stays('it changes its arguments and looks at `arguments` too');
    }
  }
}

/** The record is read field by field, and neither passed on nor looked at whole. */
function checkRecord(fn: Node, { uses, parents }: Names, recordAt: number): void {
  const leaks = () => {
    throw new Stays('it takes the record whole; read its fields by name, as in (value, { key }) => ..');
  };
  // Of all parameters at once, one before the record may be read, and how many there are.
  const isBefore = (all: Node, first: number) => {
    const member = parents.get(all)!;
    const name =
      member.type === 'MemberExpression' && member['object'] === all
        ? nameOf(member['property'], member['computed'] && member['property'].type !== 'Literal')
        : undefined;
    return name === 'length' || (/^\d+$/.test(name ?? '') && first + Number(name) < recordAt);
  };
  if (uses.get(fn)?.some((use) => !isBefore(use, 0))) {
    leaks();
  }
  for (const [index, param] of (fn['params'] as Node[]).slice(0, recordAt + 1).entries()) {
    const pattern = param.type === 'AssignmentPattern' ? (param['left'] as Node) : param;
    if (param.type === 'RestElement') {
      const all = param['argument'] as Node;
      if (all.type !== 'Identifier' || uses.get(all)?.some((use) => !isBefore(use, index))) {
        leaks();
      }
    } else if (
      index === recordAt &&
      !(pattern.type === 'Identifier'
        ? (uses.get(pattern) ?? []).every((use) => readsFields(use, parents))
        : namesFields(pattern))
    ) {
      leaks();
    }
  }
}

/** `record.key`, or `const { key } = record`. */
function readsFields(use: Node, parents: Map<Node, Node>): boolean {
  const parent = parents.get(use)!;
  return parent.type === 'MemberExpression' && parent['object'] === use
    ? nameOf(parent['property'], parent['computed']) !== undefined && !isChanged(parent, parents)
    : parent.type === 'VariableDeclarator' && parent['init'] === use && namesFields(parent['id']);
}

/** `{ key, headers: { a } }`: no rest, and no names that are not known before. */
const namesFields = (pattern: Node): boolean =>
  pattern.type === 'ObjectPattern' &&
  (pattern['properties'] as Node[]).every(
    (property) => property.type === 'Property' && nameOf(property['key'], property['computed']) !== undefined,
  );

/** Whether a variable or a member is assigned to here. */
function isChanged(target: Node, parents: Map<Node, Node>): boolean {
  const parent = parents.get(target);
  switch (parent?.type) {
    case 'UpdateExpression':
      return true;
    case 'UnaryExpression':
      return parent['operator'] === 'delete';
    case 'AssignmentExpression':
    case 'ForInStatement':
    case 'ForOfStatement':
    case 'AssignmentPattern':
      return parent['left'] === target && (parent.type !== 'AssignmentPattern' || isChanged(parent, parents));
    case 'ArrayPattern':
    case 'RestElement':
      return true;
    case 'Property':
      return parents.get(parent)?.type === 'ObjectPattern' && parent['value'] === target;
    default:
      return false;
  }
}

/** A use of a name of the language, or of a given value. */
function checkFree(name: string, use: Node, parents: Map<Node, Node>, isUtc: boolean): void {
  if (isChanged(use, parents)) {
    throw new Stays(`it changes ${name}, which is not its own`);
  }
  const parent = parents.get(use)!;
  const member = parent.type === 'MemberExpression' && parent['object'] === use ? parent : undefined;
  if (member && isLanguage(name) && isChanged(member, parents)) {
    throw new Stays(`it changes ${name}, which all functions share`);
  }
  const field = member && nameOf(member['property'], member['computed']);
  if (name === 'RegExp' && member && field !== 'prototype') {
    throw new Stays('what RegExp remembers of the last match is up to the engine');
  }
  if (name === 'Date' && !isUtc && !(field === 'now' || field === 'UTC' || isInstant(use, parent))) {
    throw new Stays(
      'a Date made of a text or of parts goes by the time zone of this machine; read numbers, or run in UTC (TZ=UTC)',
    );
  }
}

/** `new Date()`, and what is asked whether it is one. */
const isInstant = (use: Node, parent: Node) =>
  (parent.type === 'NewExpression' && parent['callee'] === use && parent['arguments'].length === 0) ||
  (parent.type === 'BinaryExpression' && parent['operator'] === 'instanceof');
