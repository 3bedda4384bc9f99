"""Hides fields of JSON records behind pseudonyms: the same value always gets the same one, so records can still be joined.

The build runs this module once and keeps what it made in the component; a task starts from there.
"""

import hashlib
import json

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.column_processor import EmittedRecord, Outcome, RejectedRow, TextBatch
from wit_world.imports.types import Description, Failure_Fatal, TaskContext

SETTINGS_SCHEMA = {
    "type": "object",
    "properties": {
        "fields": {
            "type": "array",
            "items": {"type": "string", "minLength": 1},
            "minItems": 1,
            "description": "Top-level fields to hide.",
        },
        "key": {
            "type": "string",
            "minLength": 16,
            "description": 'Who knows it can tell which pseudonym is whose; give it as {"$secret": "NAME"}.',
        },
    },
    "required": ["fields", "key"],
    "additionalProperties": False,
}

PSEUDONYM_BYTES = 8


class Pseudonyms:
    """Hides fields of values."""

    def __init__(self, fields: list[str], key: str) -> None:
        self.fields = fields
        self.key = hashlib.blake2b(key.encode()).digest()

    def hide(self, text: str | None) -> str | None:
        """The value with its fields hidden; `None` where it holds none of them."""
        if text is None:
            return None
        try:
            value = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(f"the value is not JSON: {error}") from error
        if not isinstance(value, dict):
            raise ValueError("the value is not a JSON object")
        found = [field for field in self.fields if value.get(field) is not None]
        for field in found:
            value[field] = self.pseudonym(value[field])
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")) if found else None

    def pseudonym(self, value: object) -> str:
        text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
        return hashlib.blake2b(text.encode(), key=self.key, digest_size=PSEUDONYM_BYTES).hexdigest()


# What a task keeps between calls stands here: each call is made on a new `ColumnProcessor`. It is a cache all the same, since
# the host may start another instance between two calls.
pseudonyms: Pseudonyms | None = None


class ColumnProcessor(exports.ColumnProcessor):
    """The role, which the contract in `wit/columns.wit` explains."""

    def describe(self) -> Description:
        return Description(
            summary="Hides fields of JSON records behind pseudonyms.",
            settings_schema=json.dumps(SETTINGS_SCHEMA),
            tables=[],
            hosts=[],
        )

    def open(self, context: TaskContext) -> list[str] | None:
        global pseudonyms
        settings = json.loads(context.settings)
        if len(set(settings["fields"])) < len(settings["fields"]):
            raise Err(Failure_Fatal("a field is named twice in `fields`; name each once"))
        pseudonyms = Pseudonyms(settings["fields"], settings["key"])
        # Whole values, since they go on with all their other fields.
        return None

    def process(self, batch: TextBatch) -> Outcome:
        outcome = Outcome(kept=[], emitted=[], rejected=[])
        # Headers are sparse: most rows have none.
        headers: dict[int, list[tuple[str, str]]] = {}
        for header in batch.headers:
            headers.setdefault(header.row, []).append((header.name, header.value))

        for row, (timestamp_ms, key, text) in enumerate(zip(batch.timestamps_ms, batch.keys, batch.values)):
            try:
                hidden = pseudonyms.hide(text)
            except ValueError as error:
                outcome.rejected.append(RejectedRow(row, str(error)))
                continue
            if hidden is None:
                # There is nothing to hide: the host copies the record as it came.
                outcome.kept.append(row)
            else:
                outcome.emitted.append(EmittedRecord(row, None, timestamp_ms, key, hidden, headers.get(row, [])))
        return outcome

    def advance(self, watermark_ms: int) -> Outcome:
        return Outcome(kept=[], emitted=[], rejected=[])

    def close(self) -> None:
        pass
