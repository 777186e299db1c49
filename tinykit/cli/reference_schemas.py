"""Writes docs/reference/schemas.md: every JSON document, field by field, from its JSON Schema."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinykit.cli.reference_fields import SCHEMAS, meaning

Node = Mapping[str, Any]
EVERYWHERE = ("schema", "schema_version", "error")

UNITS = (
    ("_j_per_inference", "J an inference"),
    ("_g_per_day", "g a day"),
    ("_g_per_decision", "g a decision"),
    ("_per_day", "a day"),
    ("_per_year", "a year"),
    ("unix_s", "s since 1970 UTC"),
    ("_bytes", "B"),
    ("_usd", "USD"),
    ("ohm", "ohm"),
    ("days", "days"),
    ("_lsb", "LSB"),
    ("_hz", "Hz"),
    ("_db", "dB"),
    ("_j", "J"),
    ("_w", "W"),
    ("_s", "s"),
    ("_g", "g"),
    ("_l", "L"),
    ("_v", "V"),
    ("_a", "A"),
)
TOP = """# Documents

Every JSON document that tinykit prints or writes. Each says what it is in `schema`, as `tinykit.NAME`, and in
`schema_version` which version. The JSON Schemas themselves are in the package:
`tinykit/data/schemas/NAME.vN.schema.json`. Where a command failed, its document has an `error` member, as in
[error](#error).

Units stand in a field's name and are SI; a share of something is between 0 and 1. `a.b` is the field `b` of
`a`, `a[]` an entry of a list, `a.*` the entry of any name. *null* says that there is none, or that it is not
known. Names and texts out of a file are as the file has them: escape them before you show them.
"""


@dataclass(frozen=True)
class Document:
    """A schema: its ``name`` and ``version`` after the file, and its content."""

    name: str
    version: int
    root: Node

    @property
    def parts(self) -> Mapping[str, Node]:
        """What it defines for use in several places."""
        parts: Mapping[str, Node] = self.root.get("$defs", {})
        return parts


@dataclass(frozen=True)
class Row:
    """One field: its path, its type in words, its unit ("": none), what it means ("": nobody says)."""

    field: str
    kind: str
    unit: str
    meaning: str


def documents(folder: Path = SCHEMAS) -> tuple[Document, ...]:
    """Every schema in ``folder``, by name."""
    found = []
    for path in sorted(folder.glob("*.schema.json")):
        name, version = path.name.removesuffix(".schema.json").split(".")
        found.append(Document(name, int(version[1:]), json.loads(path.read_text(encoding="utf-8"))))
    return tuple(found)


def schemas_page(note: str) -> str:
    """The page's text."""
    every = documents()
    return "\n".join([note, TOP, *Pages(every).text()])


class Pages:
    """The tables of ``every`` document. A part that several of them define alike is told once, at the end."""

    def __init__(self, every: tuple[Document, ...]) -> None:
        self._every = every
        self._names = {one.name for one in every}
        uses = Counter((name, _key(part)) for one in every for name, part in one.parts.items())
        self._shared = {use for use, times in uses.items() if times > 1}

    def text(self) -> Iterator[str]:
        """Every line of it, below the introduction."""
        for one in self._every:
            yield f"## {one.name}\n"
            yield f"{_sentence(one.root['description'])}\n"
            yield f"Version {one.version}, from {one.root['x-written-by']}.\n"
            yield from self._table(one, one.root, one.name)
            for name, part in one.parts.items():
                if self.document_of(part) is None and (name, _key(part)) not in self._shared:
                    yield f"### {one.name}: {name}\n"
                    yield from self._table(one, part, name)
        yield "## Parts of several documents\n"
        told: set[tuple[str, str]] = set()
        for one in self._every:
            for name, part in sorted(one.parts.items()):
                use = (name, _key(part))
                if use in self._shared - told and self.document_of(part) is None:
                    told.add(use)
                    yield f"### Part: {name}\n"
                    yield from self._table(one, part, name)

    def rows(self, one: Document, node: Node, owner: str, path: str = "") -> Iterator[Row]:
        """Every field of ``node``, the content of document or part ``owner``; fields within it behind it."""
        for name, field in node.get("properties", {}).items():
            if not path and owner == one.name and name in EVERYWHERE:
                continue
            full = f"{path}{name}"
            said = field.get("description") or meaning(owner, full) or self._own(one, field)
            yield Row(full, self.kind(one, field), unit(name), said)
            yield from self._inside(one, field, owner, full)
        more = node.get("additionalProperties")
        if path and isinstance(more, dict):
            yield from self._inside(one, more, owner, f"{path}*")

    def _inside(self, one: Document, field: Node, owner: str, path: str) -> Iterator[Row]:
        for choice in _choices(field):
            if "properties" in choice or isinstance(choice.get("additionalProperties"), dict):
                yield from self.rows(one, choice, owner, f"{path}.")
            if isinstance(choice.get("items"), dict):
                yield from self._inside(one, choice["items"], owner, f"{path}[]")

    def kind(self, one: Document, field: Node) -> str:
        """What a field's value is, in words; a part's name links to its table."""
        if "$ref" in field:
            return self._link(one, field["$ref"].rpartition("/")[2])
        if "const" in field:
            return f"`{json.dumps(field['const'], ensure_ascii=False)}`"
        if "enum" in field:
            return ", ".join("null" if word is None else f"`{word}`" for word in field["enum"])
        choices = _choices(field)
        if len(choices) > 1:
            return " or ".join(dict.fromkeys(self.kind(one, choice) for choice in choices))
        types = field.get("type", "any")
        words = [types] if isinstance(types, str) else types
        return " or ".join(self._word(one, word, field) for word in words)

    def _word(self, one: Document, word: str, field: Node) -> str:
        if word == "array":
            items = field.get("items")
            return f"list of {self.kind(one, items)}" if isinstance(items, dict) and items else "list"
        if word == "object" and isinstance(field.get("additionalProperties"), dict):
            return f"by name: {self.kind(one, field['additionalProperties'])}"
        return {"string": "text", "boolean": "true or false"}.get(word, word)

    def _link(self, one: Document, name: str) -> str:
        part = one.parts[name]
        document = self.document_of(part)
        if document is not None:
            return f"[{document}](#{document})"
        if (name, _key(part)) in self._shared:
            return f"[{name}](#part-{name})"
        return f"[{name}](#{one.name}-{name})"

    def _own(self, one: Document, field: Node) -> str:
        part = one.parts.get(field.get("$ref", "").rpartition("/")[2], {})
        return str(part.get("description", ""))

    def document_of(self, part: Node) -> str | None:
        """The name of the document that a part is a copy of."""
        schema = part.get("properties", {}).get("schema", {}).get("const", "").removeprefix("tinykit.")
        return schema if schema in self._names else None

    def _table(self, one: Document, node: Node, owner: str) -> Iterator[str]:
        rows = list(self.rows(one, node, owner))
        if not rows:
            yield f"{self.kind(one, node)}\n"
            return
        yield "| field | type | unit | meaning |"
        yield "| --- | --- | --- | --- |"
        for row in rows:
            cells = (f"`{row.field}`", row.kind, row.unit, row.meaning)
            yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
        yield ""


def unit(name: str) -> str:
    """The unit that a field's name ends in, "" where it has none."""
    return next((unit for ending, unit in UNITS if name.endswith(ending)), "")


def _choices(field: Node) -> list[Node]:
    return [*field.get("anyOf", field.get("oneOf", [field]))]


def _key(part: Node) -> str:
    return json.dumps(part, sort_keys=True)


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
