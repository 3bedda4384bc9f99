/** How the natural-language plugin takes a sentence apart: `plugins/natural-language/src/token.rs`, in other words. */

export interface Token {
  kind: 'word' | 'quoted' | 'json' | 'compare' | 'comma' | 'colon';
  meant: string;
}

const QUOTES: Record<string, string> = { '"': '"', "'": "'", '`': '`', '\u201c': '\u201d', '\u2018': '\u2019' };
const COMPARISONS = ['>=', '\u2265', '<=', '\u2264', '!=', '<>', '\u2260', '==', '=', '>', '<', '~'];

export function tokens(sentence: string): Token[] {
  const found: Token[] = [];
  const open = new Set<string>();
  let rest = sentence;
  const take = (length: number) => {
    const taken = rest.slice(0, length);
    rest = rest.slice(length);
    return taken;
  };
  for (;;) {
    rest = rest.trimStart();
    if (rest === '') {
      return found;
    }
    const quoted = quotedLength(rest, open);
    const json = quoted === undefined ? jsonLength(rest, open) : undefined;
    const comparison = COMPARISONS.find((sign) => rest.startsWith(sign));
    if (quoted !== undefined) {
      found.push({ kind: 'quoted', meant: unescape(take(quoted + 2).slice(1, -1)) });
    } else if (json !== undefined) {
      found.push({ kind: 'json', meant: take(json) });
    } else if (comparison !== undefined) {
      found.push({ kind: 'compare', meant: take(comparison.length) });
    } else if (rest.startsWith(',') || rest.startsWith(':')) {
      found.push({ kind: rest.startsWith(',') ? 'comma' : 'colon', meant: take(1) });
    } else if (/^[.!;](\s|$)/.test(rest)) {
      take(1);
    } else {
      found.push({ kind: 'word', meant: take(wordLength(rest)) });
    }
  }
}

function quotedLength(text: string, open: Set<string>): number | undefined {
  const close = QUOTES[text[0]!];
  if (close === undefined || open.has(text[0]!)) {
    return undefined;
  }
  let escaped = false;
  for (let at = 1; at < text.length; at += 1) {
    const closes = text[at] === close && !escaped;
    escaped = text[at] === '\\' && !escaped;
    if (closes) {
      return at - 1;
    }
  }
  open.add(text[0]!);
  return undefined;
}

function jsonLength(text: string, open: Set<string>): number | undefined {
  if (open.has('json') || !/^[{[]/.test(text)) {
    return undefined;
  }
  let [depth, inString, escaped] = [0, false, false];
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at]!;
    if (escaped) {
      escaped = false;
    } else if (char === '\\' && inString) {
      escaped = true;
    } else if (char === '"') {
      inString = !inString;
    } else if (!inString) {
      depth += '{['.includes(char) ? 1 : '}]'.includes(char) ? -1 : 0;
    }
    if (depth === 0) {
      return at + 1;
    }
  }
  open.add('json');
  return undefined;
}

function wordLength(text: string): number {
  let whole = text.slice(0, 1) + /^[^\s<>=\u2264\u2265\u2260]*/.exec(text.slice(1))![0];
  whole = whole.includes('!=') ? whole.slice(0, whole.indexOf('!=')) : whole;
  for (const { index } of whole.matchAll(/,/g)) {
    if (!/^\d,\d$/.test(whole.slice(Math.max(index - 1, 0), index + 2))) {
      whole = whole.slice(0, index);
      break;
    }
  }
  const trimmed = whole.replace(/[.,:;!?]+$/, '');
  return (trimmed === '' ? whole : trimmed).length || 1;
}

const unescape = (text: string) =>
  text.replace(/\\([^])|\\$/g, (_, char) => (char === 'n' ? '\n' : char === 't' ? '\t' : (char ?? '\\')));
