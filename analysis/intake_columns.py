"""Which columns of the contract a log maps, what would use those it does not, and how to map them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.source import Source
from analysis.statistics import STATISTICS
from data.schema import TABLES, Column


@dataclass(frozen=True)
class ContractColumn:
    """One column of the contract: whether the log maps it and which numbers use it."""

    table: str
    name: str
    kind: str
    sentence: str
    values: tuple[str, ...]
    is_mapped: bool
    used_by: tuple[str, ...]


@dataclass(frozen=True)
class TableColumns:
    """One table of the contract: its columns, and the further ones (features, group_*) that the log brings."""

    table: str
    sentence: str
    columns: tuple[ContractColumn, ...]
    more: tuple[str, ...]

    @property
    def mapped(self) -> tuple[ContractColumn, ...]:
        return tuple(c for c in self.columns if c.is_mapped)

    @property
    def missing(self) -> tuple[ContractColumn, ...]:
        return tuple(c for c in self.columns if not c.is_mapped)


def list_tables(source: Source) -> list[TableColumns]:
    """Every table of the contract, in its order."""
    uses = _list_uses(source)
    return [_describe(source, name, uses) for name in TABLES]


def describe_missing(tables: Sequence[TableColumns]) -> str:
    """How many numbers wait for columns this log does not map, in a sentence."""
    waiting = {label for table in tables for column in table.missing for label in column.used_by}
    mapped = sum(len(table.mapped) for table in tables)
    every = sum(len(table.columns) for table in tables)
    if not waiting:
        return f"{mapped} of {every} columns of the contract are mapped; no number waits for one that is not."
    return (
        f"{mapped} of {every} columns of the contract are mapped. For want of the others these are not shown, or in "
        f"part only: {', '.join(sorted(waiting))}."
    )


def build_mapping_lines(column: ContractColumn) -> str:
    """The lines of a mapping that bring one column in, to be copied and filled in."""
    lines = [
        "[[source]]",
        f'table = "{column.table}"',
        "[source.columns]",
        f'"<your column>" = "{column.name}"',
    ]
    if column.values:
        lines.append(f"[source.values.{column.name}]")
        lines += [f'"<your value>" = "{value}"' for value in column.values]
    return "\n".join(lines)


def _list_uses(source: Source) -> dict[str, tuple[str, ...]]:
    """Column -> labels of the cards and statistics that say they need it."""
    found: dict[str, set[str]] = {}
    needs = [(card.label, card.needs) for card in source.catalog.values()]
    needs += [(statistic.label, statistic.needs) for statistic in STATISTICS.values()]
    for label, columns in needs:
        for column in columns:
            found.setdefault(column, set()).add(label)
    return {column: tuple(sorted(labels)) for column, labels in found.items()}


def _describe(source: Source, name: str, uses: dict[str, tuple[str, ...]]) -> TableColumns:
    table = TABLES[name]

    def describe(column: Column) -> ContractColumn:
        key = f"{name}.{column.name}"
        return ContractColumn(
            name, column.name, column.kind, column.sentence, column.values, key in source.mapped, uses.get(key, ())
        )

    own = {f"{name}.{column.name}" for column in table.columns}
    more = sorted(key.partition(".")[2] for key in source.mapped - own if key.startswith(f"{name}."))
    return TableColumns(name, table.sentence, tuple(map(describe, table.columns)), tuple(more))
