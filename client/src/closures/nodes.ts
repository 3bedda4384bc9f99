/** The syntax tree, as acorn has it, and ways through it. */

/** Loosely typed: what a node has depends on its `type`, which is looked at first. */
export interface Node {
  type: string;
  start: number;
  end: number;
  [field: string]: any;
}

const SKIPPED = new Set(['type', 'start', 'end', 'loc', 'range', 'raw', 'regex', 'bigint']);

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'type' in value;

/** The nodes right below this one. */
export function* children(node: Node): Generator<Node> {
  for (const name in node) {
    if (!SKIPPED.has(name)) {
      for (const child of [node[name]].flat()) {
        if (isNode(child)) {
          yield child;
        }
      }
    }
  }
}

/** All nodes, this one first. */
export function* walk(node: Node): Generator<Node> {
  yield node;
  for (const child of children(node)) {
    yield* walk(child);
  }
}

export const isFunction = ({ type }: Node): boolean =>
  type === 'FunctionExpression' || type === 'ArrowFunctionExpression' || type === 'FunctionDeclaration';

/** The identifiers that a pattern binds. */
export function* boundBy(pattern: Node | null): Generator<Node> {
  switch (pattern?.type) {
    case 'Identifier':
      yield pattern;
      break;
    case 'ObjectPattern':
      for (const property of pattern['properties'] as Node[]) {
        yield* boundBy(property.type === 'RestElement' ? property : property['value']);
      }
      break;
    case 'ArrayPattern':
      for (const element of pattern['elements'] as (Node | null)[]) {
        yield* boundBy(element);
      }
      break;
    case 'AssignmentPattern':
      yield* boundBy(pattern['left']);
      break;
    case 'RestElement':
      yield* boundBy(pattern['argument']);
      break;
  }
}

/** The name of a member or a key, where the source says it: `a` of `.a`, `['a']` and `{ a }`. */
export function nameOf(key: Node, isComputed: boolean): string | undefined {
  if (key.type === 'Identifier' && !isComputed) {
    return key['name'];
  }
  return key.type === 'Literal' ? String(key['value']) : undefined;
}
