/** Why a call failed, said as what the host does next. */

/** Transient: the host makes the same call again, after `afterMs` milliseconds where given. */
export class Retry extends Error {
  constructor(reason, afterMs = null) {
    super(reason);
    this.name = 'Retry';
    this.afterMs = afterMs;
  }
}

/**
 * The input can never succeed: the host dead-letters it and goes on. Thrown by `each` it is about that record; thrown by
 * `process` or `advance` it is about the whole call.
 */
export class Reject extends Error {
  constructor(reason) {
    super(reason);
    this.name = 'Reject';
  }
}

/** The plugin cannot go on: the host stops the task and shows the reason to the operator. */
export class Fatal extends Error {
  constructor(reason) {
    super(reason);
    this.name = 'Fatal';
  }
}

/** Why the host refused what was asked of it. The set of `kind`s is open, and the message is for people. */
export class HostError extends Error {
  constructor(kind, message) {
    super(message);
    this.name = 'HostError';
    this.kind = kind;
  }
}

const MESSAGES = {
  denied: (reason) => `the host denied it: ${reason}`,
  'not-found': (what) => `the host knows no ${what}`,
  'too-large': (limitBytes) => `larger than the host's limit of ${limitBytes} bytes`,
};

/** Asks the host, and turns its refusal into a `HostError`. */
export function ask(question) {
  try {
    return question();
  } catch (error) {
    // The toolchain hands a `result`'s error over as the payload of an `Error`.
    const refusal = error?.payload;
    if (typeof refusal?.tag !== 'string') {
      throw error;
    }
    const { tag, val } = refusal;
    throw new HostError(tag, MESSAGES[tag]?.(val) ?? String(val));
  }
}

/** The contract's form of what a call threw. */
export function toFailure(error) {
  const { tag, val } = failureOf(error);
  return { tag, val: tag === 'retry' ? { ...val, reason: val.reason.toWellFormed() } : val.toWellFormed() };
}

function failureOf(error) {
  if (error instanceof Retry) {
    return { tag: 'retry', val: { reason: error.message, afterMs: error.afterMs } };
  }
  if (error instanceof Reject) {
    return { tag: 'reject', val: error.message };
  }
  // A host that is busy is worth another try; any other refusal repeats itself, so the operator has to see it.
  if (error instanceof HostError && error.kind === 'unavailable') {
    return { tag: 'retry', val: { reason: error.message, afterMs: null } };
  }
  if (error instanceof Fatal || error instanceof HostError) {
    return { tag: 'fatal', val: error.message };
  }
  return { tag: 'fatal', val: `${describeError(error)}${firstPlace(error)}` };
}

/** Whether it is the call that failed, and not the one record that was being looked at. */
export function failsTheCall(error) {
  return (
    error instanceof Retry ||
    error instanceof Fatal ||
    error instanceof HostError ||
    // The engine's memory ran out: what one record needed cannot be told from what the others hold.
    (error?.name === 'InternalError' && String(error.message).includes('memory'))
  );
}

/** An error as a person reads it: a plain `Error` is its message, any other kind says what it is. */
export function describeError(error) {
  if (!(error instanceof Error)) {
    return String(error);
  }
  return error.name === 'Error' || error instanceof Reject ? error.message : `${error.name}: ${error.message}`;
}

function firstPlace(error) {
  const place = error instanceof Error && String(error.stack).split('\n').find((line) => line.trim().startsWith('at '));
  return place ? ` (${place.trim()})` : '';
}
