/** What the state is of: the rows of one aggregate mean nothing to another, or mean the wrong thing. */

import { Fatal, Table } from 'kafka-do-sdk';

export class Kind {
  #table = Table.open('kind');
  #kind;
  #isKept;

  constructor({ verb, window }) {
    this.#kind = window === null ? verb : `${verb}, in windows of ${window.sizeMs} ms`;
    const kept = this.#table.get('aggregate');
    if (kept !== undefined && kept !== this.#kind) {
      throw new Fatal(
        `the state of this deployment is of another aggregate (${kept}, and now ${this.#kind}); deploy this script under another name`,
      );
    }
    this.#isKept = kept !== undefined;
  }

  /** Writes it down, with the first rows. */
  keep() {
    if (!this.#isKept) {
      this.#table.put('aggregate', this.#kind);
      this.#isKept = true;
    }
  }
}
