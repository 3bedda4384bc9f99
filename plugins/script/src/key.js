/** A key or a group as text: a text as it is, else its JSON. */
export function keyText(value, what) {
  if (typeof value === 'string') {
    return value.toWellFormed();
  }
  const json = JSON.stringify(value);
  if (json === undefined || value === null) {
    throw new TypeError(`${what} is ${value === null ? 'null' : typeof value}`);
  }
  return json;
}
