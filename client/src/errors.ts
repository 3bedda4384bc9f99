/** What goes wrong, as types that a program can tell apart. Each message says what happened and what to do next. */

/** Everything that this package throws by itself, but for wrong arguments, which are `TypeError`s. */
export class KafkaError extends Error {
  override name = 'KafkaError';
}

/** The host refused a call, or failed at it: RFC 9457's `application/problem+json`. */
export class ProblemError extends KafkaError {
  override name = 'ProblemError';
  /** Stable, and for programs: the last part of `type`, such as `unknown-topic`. */
  declare readonly code: string;
  declare readonly status: number;
  /** All fields of the problem. */
  declare readonly problem: Readonly<Record<string, unknown>>;

  constructor(status: number, problem: Record<string, unknown>) {
    super(String(problem['detail'] ?? status));
    this.status = status;
    this.problem = problem;
    this.code = String(problem['type'] ?? '').replace(/^.*\//, '');
  }
}

/** The host could not be reached, or the connection broke, for longer than is waited. */
export class ConnectionError extends KafkaError {
  override name = 'ConnectionError';
}

/** The sentence could be read in no way, or in several. */
export class QuestionError extends KafkaError {
  override name = 'QuestionError';
  declare readonly question: string;
  /** Whole sentences, any of which may be what was meant. */
  declare readonly suggestions: readonly string[];

  constructor(question: string, suggestions: readonly string[] = []) {
    super([question, ...suggestions].join('\n'));
    this.question = question;
    this.suggestions = suggestions;
  }
}
