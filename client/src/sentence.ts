/**
 * A template as a sentence. Values travel as literals of the grammar, never as words of it: whatever a value holds, it
 * cannot change what the sentence asks for.
 *
 * For that the author's own text is taken apart as the grammar takes it apart. Each quoted text, and each word that a
 * value is part of (`orders-${region}` is one name), is written anew as one text in double quotes with blanks around
 * it, so that nothing before it can reach into it. What cannot be a word, such as a number, stays as it is.
 */

/** Stands for a value; no text has it. */
const HOLE = '\0';

/** A quoted text of any kind, or a word. */
const TOKEN =
  /(["'`])((?:\\.|(?!\1)[^\\])*)\1|\u201c((?:\\.|[^\\\u201d])*)\u201d|\u2018((?:\\.|[^\\\u2019])*)\u2019|[^\s<>=~!\u2264\u2265\u2260,:{}[\]]+/gs;

export function sentence(parts: readonly string[], values: readonly unknown[]): string {
  if (values.length === 0) {
    return parts[0]!.trim();
  }
  let next = 0;
  const inQuotes = (text: string) =>
    ` "${text.replace(/\\[^\0]|["\\\0]/gs, (char) => (char === HOLE ? escape(plain(values[next++])) : char[1] ? char : `\\${char}`))}" `;
  const text = parts.join(HOLE);
  const written = text.replace(TOKEN, (token, _, straight, curly, single) => {
    const quoted = straight ?? curly ?? single;
    if (quoted !== undefined) {
      return inQuotes(quoted);
    }
    if (/^["'`\u201c\u2018]/.test(token)) {
      throw new TypeError(`open quote: ${token}`);
    }
    if (!token.includes(HOLE)) {
      return token;
    }
    // What ends a sentence, or makes a name a possessive, is no part of a name.
    const word = token.replace(/(?:'s?)?[.;?]*$/, '');
    // Numbers, dates and booleans hold no words, and JSON stands in brackets of its own.
    return word === HOLE && typeof values[next] !== 'string' ? ` ${plain(values[next++])} ` : inQuotes(word);
  });
  return written.trim();
}

function plain(value: unknown): string {
  const text =
    value instanceof Date ? value.toISOString() : typeof value === 'object' && value ? JSON.stringify(value) : value;
  if (text == null || ['function', 'symbol'].includes(typeof text)) {
    throw new TypeError(`${String(text)} in a sentence; give text, numbers, dates or JSON`);
  }
  return String(text);
}

const escape = (text: string) => text.replace(/["\\]/g, '\\$&').replace(/\n/g, '\\n').replace(/\t/g, '\\t');
