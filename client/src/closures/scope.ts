/** Which names of a function mean its own variables, and which mean something outside of it. */

import { boundBy, children, isFunction, walk, type Node } from './nodes.ts';

export interface Names {
  /** By name, the identifiers that mean nothing of the function's own. */
  free: Map<string, Node[]>;
  /** By the identifier that binds a variable, the identifiers that mean it; `arguments` is bound by its function. */
  uses: Map<Node, Node[]>;
  parents: Map<Node, Node>;
}

interface Scope {
  above: Scope | null;
  names: Map<string, Node>;
}

export function namesOf(fn: Node): Names {
  const names: Names = { free: new Map(), uses: new Map(), parents: new Map() };
  for (const node of walk(fn)) {
    for (const child of children(node)) {
      names.parents.set(child, node);
    }
  }
  new Resolver(names).function(fn, null);
  return names;
}

class Resolver {
  readonly #names: Names;

  constructor(names: Names) {
    this.#names = names;
  }

  function(fn: Node, scope: Scope | null): void {
    const named = fn.type === 'FunctionExpression' && fn['id'] ? inside(scope, [fn['id']]) : scope;
    const params = inside(
      named,
      (fn['params'] as Node[]).flatMap((param) => [...boundBy(param)]),
    );
    if (fn.type !== 'ArrowFunctionExpression') {
      params.names.set('arguments', params.names.get('arguments') ?? fn);
    }
    // Defaults see the parameters, and nothing of the body.
    (fn['params'] as Node[]).forEach((param) => this.#pattern(param, params));
    const body = fn['body'] as Node;
    if (body.type === 'BlockStatement') {
      // A `var` called as a parameter is that parameter.
      const own = [...hoisted(body['body']), ...lexical(body['body'])].filter(
        ({ name }) => !params.names.has(name) || params.names.get(name) === fn,
      );
      this.#all(body, inside(params, own));
    } else {
      this.#visit(body, params);
    }
  }

  #visit(node: Node, scope: Scope | null): void {
    switch (node.type) {
      case 'Identifier':
        return this.#use(node, scope);
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
      case 'FunctionDeclaration':
        return this.function(node, scope);
      case 'ClassExpression':
      case 'ClassDeclaration':
        return this.#all(node, node['id'] ? inside(scope, [node['id']]) : scope, node['id']);
      case 'StaticBlock':
        return this.#all(node, inside(scope, [...hoisted(node['body']), ...lexical(node['body'])]));
      case 'BlockStatement':
        return this.#all(node, inside(scope, lexical(node['body'])));
      case 'SwitchStatement': {
        this.#visit(node['discriminant'], scope);
        const cases = node['cases'] as Node[];
        const within = inside(scope, lexical(cases.flatMap(({ consequent }) => consequent)));
        return cases.forEach((one) => this.#all(one, within));
      }
      case 'ForStatement':
      case 'ForInStatement':
      case 'ForOfStatement': {
        const head = node['init'] ?? node['left'];
        return this.#all(node, inside(scope, lexical(head ? [head] : [])));
      }
      case 'CatchClause': {
        const within = inside(scope, boundBy(node['param']));
        this.#pattern(node['param'], within);
        return this.#visit(node['body'], within);
      }
      case 'VariableDeclarator':
        this.#pattern(node['id'], scope);
        return node['init'] && this.#visit(node['init'], scope);
      case 'MemberExpression':
        this.#visit(node['object'], scope);
        return node['computed'] && this.#visit(node['property'], scope);
      case 'Property':
      case 'MethodDefinition':
      case 'PropertyDefinition':
        if (node['computed']) {
          this.#visit(node['key'], scope);
        }
        return node['value'] && this.#visit(node['value'], scope);
      case 'LabeledStatement':
        return this.#visit(node['body'], scope);
      case 'BreakStatement':
      case 'ContinueStatement':
      case 'MetaProperty':
        return undefined;
      default:
        return this.#all(node, scope);
    }
  }

  #all(node: Node, scope: Scope | null, except?: Node): void {
    for (const child of children(node)) {
      if (child !== except) {
        this.#visit(child, scope);
      }
    }
  }

  /** A pattern that binds: of its names nothing is asked, of its defaults and computed keys something may be. */
  #pattern(pattern: Node | null, scope: Scope | null): void {
    switch (pattern?.type) {
      case 'ObjectPattern':
        for (const property of pattern['properties'] as Node[]) {
          if (property['computed']) {
            this.#visit(property['key'], scope);
          }
          this.#pattern(property.type === 'RestElement' ? property['argument'] : property['value'], scope);
        }
        break;
      case 'ArrayPattern':
        (pattern['elements'] as (Node | null)[]).forEach((element) => this.#pattern(element, scope));
        break;
      case 'AssignmentPattern':
        this.#pattern(pattern['left'], scope);
        this.#visit(pattern['right'], scope);
        break;
      case 'RestElement':
        this.#pattern(pattern['argument'], scope);
        break;
    }
  }

  #use(identifier: Node, scope: Scope | null): void {
    const name = identifier['name'] as string;
    for (let at = scope; at !== null; at = at.above) {
      const binding = at.names.get(name);
      if (binding) {
        add(this.#names.uses, binding, identifier);
        return;
      }
    }
    add(this.#names.free, name, identifier);
  }
}

function add<K>(map: Map<K, Node[]>, key: K, node: Node): void {
  const known = map.get(key);
  if (known) {
    known.push(node);
  } else {
    map.set(key, [node]);
  }
}

/** Of two declarations of a name the first one is the variable. */
function inside(above: Scope | null, identifiers: Iterable<Node>): Scope {
  const names = new Map<string, Node>();
  for (const identifier of identifiers) {
    if (!names.has(identifier['name'])) {
      names.set(identifier['name'], identifier);
    }
  }
  return { above, names };
}

/** What `let`, `const`, `class` and functions declare right in these statements. */
function* lexical(statements: Node[]): Generator<Node> {
  for (const statement of statements) {
    if (statement.type === 'VariableDeclaration' && statement['kind'] !== 'var') {
      for (const { id } of statement['declarations']) {
        yield* boundBy(id);
      }
    } else if (statement.type === 'FunctionDeclaration' || statement.type === 'ClassDeclaration') {
      yield statement['id'];
    }
  }
}

/** What `var` declares anywhere in these statements, but not in functions within. */
function* hoisted(statements: Iterable<Node>): Generator<Node> {
  for (const statement of statements) {
    if (statement.type === 'VariableDeclaration' && statement['kind'] === 'var') {
      for (const { id } of statement['declarations']) {
        yield* boundBy(id);
      }
    }
    if (!isFunction(statement) && statement.type !== 'StaticBlock') {
      yield* hoisted(children(statement));
    }
  }
}
