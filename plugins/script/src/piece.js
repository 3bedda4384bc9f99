/** What one call emits of what is left: so much, and the next call goes on. */

const RECORDS_MAX = 2_000;
const CHARACTERS_MAX = 1 << 20;

export class Piece {
  constructor(output) {
    this.output = output;
    this.records = 0;
    this.characters = 0;
  }

  get hasRoom() {
    return this.records < RECORDS_MAX && this.characters < CHARACTERS_MAX;
  }

  emitRow(row, topic, timestampMs, key, text, headers) {
    this.records += 1;
    this.characters += (key?.length ?? 0) + (text?.length ?? 0);
    this.output.emitRow(row, topic, timestampMs, key, text, headers);
  }
}
