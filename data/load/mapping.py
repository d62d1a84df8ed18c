"""The mapping: which source column is which of ours. Read from TOML and checked against the contract.

Every error names the file, the field, the rule and what was received.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from data.errors import UserError
from data.load.clock import read_as_of
from data.load.mapping_checks import check_source, mapping_error
from data.load.required import needed_columns
from data.load.words import nearest
from data.use_case import FOLDER as USE_CASES
from data.use_case import UseCase, read_use_case

REST = "*"  # features only: every column that is not mapped otherwise, under its own name


@dataclass(frozen=True)
class Source:
    """One `[[source]]`: where records come from and what their columns mean.

    `columns` maps a source column to one or more of ours; `values` ours -> {source value -> our value};
    `constants` ours -> text. Exactly one of `files` and `sql` is given.
    """

    name: str
    table: str
    files: tuple[str, ...] = ()
    sql: str | None = None
    delimiter: str = ","
    encoding: str = "utf-8"
    decimal: str = "."
    timestamp_format: str | None = None
    currency_column: str | None = None
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)

    @property
    def takes_rest(self) -> bool:
        return REST in self.columns

    @property
    def targets(self) -> dict[str, str]:
        """Ours -> source column, without the rest."""
        return {ours: theirs for theirs, many in self.columns.items() if theirs != REST for ours in many}

    @property
    def provided(self) -> set[str]:
        """Our columns that this source fills."""
        return set(self.targets) | set(self.constants)


@dataclass(frozen=True)
class Mapping:
    """A checked mapping. `base` is the folder of relative files, `models` the folder of model artifacts."""

    path: Path
    use_case: UseCase
    use_case_path: Path
    time_zone: str
    as_of: datetime | None
    base: Path
    models: Path
    sources: tuple[Source, ...]

    def with_files(self, source: str, files: list[Path]) -> Mapping:
        """This mapping with one source only, reading `files` instead (mended records, say).

        UserError where the mapping has no source of that name.
        """
        found = next((s for s in self.sources if s.name == source), None)
        if found is None:
            names = ", ".join(s.name for s in self.sources)
            raise mapping_error(self.path, "source", f"the sources are {names}", source)
        paths = tuple(str(p.resolve()) for p in files)
        return replace(self, sources=(replace(found, files=paths, sql=None),))

    def provides(self, table: str, column: str) -> bool:
        """Whether any source of the table fills the column."""
        return any(column in s.provided for s in self.sources if s.table == table)


_FIELDS = ("use_case", "time_zone", "as_of", "base", "models", "source")
_SOURCE_TYPES: dict[str, type] = {
    "name": str, "table": str, "files": list, "sql": str, "delimiter": str, "encoding": str, "decimal": str,
    "timestamp_format": str, "currency_column": str, "columns": dict, "values": dict, "constants": dict,
}  # fmt: skip


def read_mapping(path: Path, use_case_file: Path | None = None) -> Mapping:
    """The mapping in a TOML file, its use case resolved; UserError for anything that breaks a rule.

    use_case_file: read the use case there, not where the mapping says.
    """
    path = Path(path)
    raw = _read_toml(path)
    for name in raw:
        if name not in _FIELDS:
            rule = f"the known fields are {', '.join(_FIELDS)}{nearest(name, _FIELDS)}"
            raise mapping_error(path, name, rule, name)
    if not isinstance(raw.get("use_case"), str):
        rule = "is required: a use case's name or the path of its file"
        raise mapping_error(path, "use_case", rule, raw.get("use_case"))
    use_case_path = use_case_file or _find_use_case(raw["use_case"], path)
    use_case = read_use_case(use_case_path)
    zone = raw.get("time_zone", use_case.time_zone)
    base = _folder(path, "base", raw.get("base", "."), path.parent)
    entries = raw.get("source")
    if not isinstance(entries, list) or not entries:
        raise mapping_error(path, "source", "at least one [[source]] is required", entries)
    mapping = Mapping(
        path=path,
        use_case=use_case,
        use_case_path=use_case_path,
        time_zone=zone,
        as_of=read_as_of(raw["as_of"], zone, f"{path}, field 'as_of'") if "as_of" in raw else None,
        base=base,
        models=_folder(path, "models", raw.get("models", "models"), base),
        sources=tuple(_read_source(path, n, entry) for n, entry in enumerate(entries, 1)),
    )
    _check_whole(mapping)
    return mapping


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise UserError("There is no such mapping", f"{path} does not exist.", "Give the path of a mapping.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError("The mapping is not TOML", f"{path}: {error}.", "Mend that line.") from error


def _find_use_case(name: str, path: Path) -> Path:
    if name.endswith(".toml"):
        return (path.parent / name).resolve()
    return USE_CASES / f"{name}.toml"


def _folder(path: Path, name: str, value: object, start: Path) -> Path:
    if not isinstance(value, str):
        raise mapping_error(path, name, "must be a folder, written as text", value)
    return (start / value).resolve()


def _read_source(path: Path, number: int, entry: object) -> Source:
    where = f"source[{number}]"
    if not isinstance(entry, dict):
        raise mapping_error(path, where, "must be a table, written [[source]]", entry)
    for name, value in entry.items():
        wanted = _SOURCE_TYPES.get(name)
        if wanted is None:
            rule = f"the known fields are {', '.join(_SOURCE_TYPES)}{nearest(name, _SOURCE_TYPES)}"
            raise mapping_error(path, f"{where}.{name}", rule, name)
        if not isinstance(value, wanted):
            raise mapping_error(path, f"{where}.{name}", f"must be {_in_words(wanted)}", value)
    if "table" not in entry:
        raise mapping_error(path, f"{where}.table", "is required", None)
    more: dict[str, Any] = {k: v for k, v in entry.items() if k not in ("columns", "values", "constants", "files")}
    source = Source(
        **{"name": entry["table"], **more},
        files=tuple(_texts(path, f"{where}.files", entry.get("files", []))),
        columns={k: tuple(_texts(path, f"{where}.columns.{k!r}", v)) for k, v in entry.get("columns", {}).items()},
        values={k: _value_map(path, f"{where}.values.{k}", v) for k, v in entry.get("values", {}).items()},
        constants={k: _scalar(path, f"{where}.constants.{k}", v) for k, v in entry.get("constants", {}).items()},
    )
    check_source(path, where, source)
    return source


def _in_words(kind: type) -> str:
    return {"str": "text", "list": "a list of texts", "dict": "a table"}[kind.__name__]


def _texts(path: Path, where: str, value: object) -> list[str]:
    many = value if isinstance(value, list) else [value]
    texts = [one for one in many if isinstance(one, str) and one]
    if len(texts) != len(many):
        raise mapping_error(path, where, "must be text or a list of texts", value)
    return texts


def _value_map(path: Path, where: str, value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise mapping_error(path, where, "must be a table of source value = our value", value)
    return {k: _scalar(path, f"{where}.{k!r}", v) for k, v in value.items()}


def _scalar(path: Path, where: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (list, dict)):
        raise mapping_error(path, where, "must be one value", value)
    return str(value)


def _check_whole(mapping: Mapping) -> None:
    names = [s.name for s in mapping.sources]
    for name in names:
        if names.count(name) > 1:
            rule = "two sources may not share a name (give each its own)"
            raise mapping_error(mapping.path, "source.name", rule, name)
    # The zone is checked with the same words whether it comes from here or from the use case.
    read_as_of("2000-01-01", mapping.time_zone, f"{mapping.path}, field 'time_zone'")
    for number, source in enumerate(mapping.sources, 1):
        _check_required(mapping, f"source[{number}]", source)


def _check_required(mapping: Mapping, where: str, source: Source) -> None:
    for column in needed_columns(mapping, source.table):
        if column not in source.provided:
            raise mapping_error(
                mapping.path,
                f"{where}.columns",
                f"{source.table} needs a column mapped to {column!r} (or a constant)",
                ", ".join(sorted(source.provided)) or "none",
            )
