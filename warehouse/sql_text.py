"""Names and values as SQL text."""

from __future__ import annotations


def quoted(text: str) -> str:
    """`text` as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """`name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def text_list(values: list[str]) -> str:
    """A list of SQL strings."""
    return "[" + ", ".join(quoted(value) for value in values) + "]"
