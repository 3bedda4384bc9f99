/**
 * The host, as it is seen during a call.
 *
 * A session lasts as long as an instance does: what it holds beside the imports is a cache. Between calls there is none, and
 * `describe` runs without one, since the host answers nothing then.
 */

let current = null;

export function newSession(imports) {
  return { imports, tables: new Map(), topics: new Map() };
}

/** Runs a call of the host's within a session. */
export function during(session, call) {
  const before = current;
  current = session;
  try {
    return call();
  } finally {
    current = before;
  }
}

/** The session of the call under way. */
export function session() {
  if (current === null) {
    throw new Error('the host answers only while the plugin is opened or called: not in `describe`, nor when the module loads');
  }
  return current;
}

/** Whether a call is under way. */
export function inSession() {
  return current !== null;
}
