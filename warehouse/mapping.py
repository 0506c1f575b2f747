"""Which delivered columns fill which fields of a source, and which of them may hold something of a customer."""

from __future__ import annotations

from warehouse.rows import Field
from warehouse.sources import Source


def columns_of(source: Source, field: str) -> set[str]:
    """The delivered columns whose text becomes part of a field."""
    specs = source.columns.get(field, [])
    return {name for spec in specs for name in (spec.join or [spec.column or ""])}


def personal_columns(source: Source) -> set[str]:
    """Columns of fields that may hold something of a customer."""
    return _columns(source, [field for field in source.row_kind.fields if field.personal])


def harmless_columns(source: Source) -> set[str]:
    """Columns of fields that hold nothing of a customer, and of no other field."""
    harmless = _columns(source, [field for field in source.row_kind.fields if not field.personal])
    return harmless - personal_columns(source)


def _columns(source: Source, fields: list[Field]) -> set[str]:
    return {name for field in fields for name in columns_of(source, field.name)}
