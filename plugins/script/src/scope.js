/**
 * Which names of a function mean what: its own variables, or something outside of it.
 *
 * Where the language is subtle (a `var` that has a parameter's name), two variables are taken for one. So a variable may seem
 * to be used more than it is, and never less.
 */

const SKIPPED = new Set(['type', 'start', 'end', 'loc', 'range', 'raw', 'regex', 'bigint']);

/** The nodes right below this one. */
export function* children(node) {
  for (const name in node) {
    if (SKIPPED.has(name)) {
      continue;
    }
    const child = node[name];
    if (Array.isArray(child)) {
      for (const item of child) {
        if (item !== null && typeof item === 'object') {
          yield item;
        }
      }
    } else if (child !== null && typeof child === 'object' && typeof child.type === 'string') {
      yield child;
    }
  }
}

/** All nodes, this one first. */
export function* walk(node) {
  yield node;
  for (const child of children(node)) {
    yield* walk(child);
  }
}

export const isFunction = ({ type }) =>
  type === 'FunctionExpression' || type === 'ArrowFunctionExpression' || type === 'FunctionDeclaration';

/** The identifiers that a pattern binds. */
export function* boundBy(pattern) {
  switch (pattern?.type) {
    case 'Identifier':
      yield pattern;
      break;
    case 'ObjectPattern':
      for (const property of pattern.properties) {
        yield* boundBy(property.type === 'RestElement' ? property : property.value);
      }
      break;
    case 'ArrayPattern':
      for (const element of pattern.elements) {
        yield* boundBy(element);
      }
      break;
    case 'AssignmentPattern':
      yield* boundBy(pattern.left);
      break;
    case 'RestElement':
      yield* boundBy(pattern.argument);
      break;
  }
}

/**
 * Resolves the names of a function: `free` has an identifier for each name that is not its own, `uses` the identifiers that
 * mean a parameter (by its binding identifier), and `parents` the node above each.
 */
export function resolve(fn) {
  const resolution = { free: new Map(), uses: new Map(), parents: new Map() };
  for (const node of walk(fn)) {
    for (const child of children(node)) {
      resolution.parents.set(child, node);
    }
  }
  new Resolver(resolution).visitFunction(fn, null);
  return resolution;
}

class Resolver {
  constructor({ free, uses }) {
    this.free = free;
    this.uses = uses;
  }

  visit(node, scope) {
    switch (node.type) {
      case 'Identifier':
        return this.use(node, scope);
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
      case 'FunctionDeclaration':
        return this.visitFunction(node, scope);
      case 'ClassExpression':
      case 'ClassDeclaration':
        return this.visitAll(node, node.id ? scopeOf(scope, [node.id]) : scope, [node.id]);
      case 'StaticBlock':
        return this.visitAll(node, scopeOf(scope, [...hoisted(node.body), ...lexical(node.body)]));
      case 'BlockStatement':
        return this.visitAll(node, scopeOf(scope, lexical(node.body)));
      case 'SwitchStatement':
        this.visit(node.discriminant, scope);
        const inside = scopeOf(scope, lexical(node.cases.flatMap(({ consequent }) => consequent)));
        return node.cases.forEach((one) => this.visitAll(one, inside));
      case 'ForStatement':
      case 'ForInStatement':
      case 'ForOfStatement':
        return this.visitAll(node, scopeOf(scope, lexical([node.init ?? node.left].filter(Boolean))));
      case 'CatchClause':
        return this.visitAll(node, scopeOf(scope, boundBy(node.param)));
      case 'VariableDeclarator':
        this.visitPattern(node.id, scope);
        return node.init && this.visit(node.init, scope);
      case 'MemberExpression':
        this.visit(node.object, scope);
        return node.computed && this.visit(node.property, scope);
      case 'Property':
      case 'MethodDefinition':
      case 'PropertyDefinition':
        if (node.computed) {
          this.visit(node.key, scope);
        }
        return node.value && this.visit(node.value, scope);
      case 'LabeledStatement':
        return this.visit(node.body, scope);
      case 'BreakStatement':
      case 'ContinueStatement':
      case 'MetaProperty':
        return undefined;
      default:
        return this.visitAll(node, scope);
    }
  }

  visitAll(node, scope, except = []) {
    for (const child of children(node)) {
      if (!except.includes(child)) {
        if (node.type === 'CatchClause' && child === node.param) {
          this.visitPattern(child, scope);
        } else {
          this.visit(child, scope);
        }
      }
    }
  }

  visitFunction(fn, scope) {
    const named = fn.type === 'FunctionExpression' && fn.id ? scopeOf(scope, [fn.id]) : scope;
    const own = fn.params.flatMap((param) => [...boundBy(param)]);
    const body = fn.body.type === 'BlockStatement' ? [...hoisted(fn.body.body), ...lexical(fn.body.body)] : [];
    const around = scopeOf(named, own);
    if (fn.type !== 'ArrowFunctionExpression') {
      around.names.set('arguments', fn);
    }
    // What stands in a parameter's place knows the parameters, and nothing of the body.
    fn.params.forEach((param) => this.visitPattern(param, around));
    const inside = scopeOf(around, body.filter(({ name }) => !around.names.has(name)));
    if (fn.body.type === 'BlockStatement') {
      this.visitAll(fn.body, inside);
    } else {
      this.visit(fn.body, inside);
    }
  }

  /** A pattern that binds: of its names nothing is asked, of its defaults and computed keys something may be. */
  visitPattern(pattern, scope) {
    switch (pattern?.type) {
      case 'ObjectPattern':
        for (const property of pattern.properties) {
          if (property.computed) {
            this.visit(property.key, scope);
          }
          this.visitPattern(property.type === 'RestElement' ? property.argument : property.value, scope);
        }
        break;
      case 'ArrayPattern':
        pattern.elements.forEach((element) => this.visitPattern(element, scope));
        break;
      case 'AssignmentPattern':
        this.visitPattern(pattern.left, scope);
        this.visit(pattern.right, scope);
        break;
      case 'RestElement':
        this.visitPattern(pattern.argument, scope);
        break;
    }
  }

  use(identifier, scope) {
    for (let at = scope; at !== null; at = at.above) {
      const binding = at.names.get(identifier.name);
      if (binding !== undefined) {
        const known = this.uses.get(binding);
        if (known === undefined) {
          this.uses.set(binding, [identifier]);
        } else {
          known.push(identifier);
        }
        return;
      }
    }
    if (!this.free.has(identifier.name)) {
      this.free.set(identifier.name, identifier);
    }
  }
}

function scopeOf(above, identifiers) {
  return { above, names: new Map(Array.from(identifiers, (identifier) => [identifier.name, identifier])) };
}

/** What `let`, `const`, `class` and functions declare right in these statements. */
function* lexical(statements) {
  for (const statement of statements) {
    if (statement.type === 'VariableDeclaration' && statement.kind !== 'var') {
      for (const { id } of statement.declarations) {
        yield* boundBy(id);
      }
    } else if (statement.type === 'FunctionDeclaration' || statement.type === 'ClassDeclaration') {
      yield statement.id;
    }
  }
}

/** What `var` declares anywhere in these statements, but not in functions within. */
function* hoisted(statements) {
  for (const statement of statements) {
    if (statement.type === 'VariableDeclaration' && statement.kind === 'var') {
      for (const { id } of statement.declarations) {
        yield* boundBy(id);
      }
    }
    if (!isFunction(statement) && statement.type !== 'StaticBlock') {
      yield* hoisted([...children(statement)]);
    }
  }
}
