// How a sender tells the tests what it sends: an object a line, the body in base64.

export function say({ headers, body, event, id, ...more }) {
  const bytes = Buffer.from(body);
  process.stdout.write(JSON.stringify({ headers, body: bytes.toString('base64'), event, id, ...more }) + '\n');
}

// The arguments of a script, each of which must be there.
export function given(...names) {
  const values = process.argv.slice(2);
  if (values.length !== names.length) {
    throw new Error(`say ${names.join(' ')} after the name of the script`);
  }
  return values;
}
