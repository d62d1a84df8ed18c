"""Write analysis/metrics/README.md: every metric and statistic in words, with its example worked through and its SQL.

python -m analysis.jobs.describe            write it
python -m analysis.jobs.describe --check    exit code 1 where the file is not what would be written
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from analysis.catalog import FOLDER, read_catalog
from analysis.definitions import (
    DIRECTIONS,
    UNITS,
    Definition,
    build_definition_sql,
    describe_helpers,
    describe_needs,
    list_definitions,
)
from analysis.errors import UserError
from analysis.formats import NBSP, format_date
from analysis.uses import Page, find_uses
from analysis.worked import Worked

PATH = FOLDER / "README.md"
COMMAND = "python -m analysis.jobs.describe"
_MARKUP = str.maketrans({c: f"\\{c}" for c in "\\`*_[]<>|~"})


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0; 1 where the file is stale; 2 with an error in words."""
    parser = argparse.ArgumentParser(prog=COMMAND, description="Describe every metric in analysis/metrics/README.md.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 where the file is stale")
    is_check = parser.parse_args(arguments).check
    try:
        text = build_readme()
    except UserError as error:
        print(f"\n{error.title}\n  {error.what_happened}\n  {error.what_to_do}", file=sys.stderr)
        return 2
    if is_check:
        return check_readme(text)
    PATH.write_text(text, encoding="utf-8", newline="\n")
    print(f"{PATH.name}: {text.count(chr(10) + '## ')} numbers described.")
    return 0


def check_readme(text: str, path: Path = PATH) -> int:
    """0 where the file says this text, else 1, with what differs first in words."""
    written = path.read_text(encoding="utf-8") if path.is_file() else ""
    if written == text:
        return 0
    pairs = zip([*written.splitlines(), ""], [*text.splitlines(), ""], strict=False)
    line = next((i for i, (old, new) in enumerate(pairs, 1) if old != new), 1)
    print(
        f"{path.parent.name}/{path.name} is stale from line {line} on: a metric, a statistic or a page changed since "
        f"it was written.\nWrite it again: {COMMAND}",
        file=sys.stderr,
    )
    return 1


def build_readme() -> str:
    """The whole file; the same for the same cards, statistics and pages, on every system."""
    definitions = list_definitions(read_catalog())
    uses = find_uses(tuple(definitions))
    parts = [_build_head(definitions)]
    parts += [_describe(definition, uses[name]) for name, definition in definitions.items()]
    return "\n".join(parts).replace(NBSP, " ")


def _build_head(definitions: Mapping[str, Definition]) -> str:
    rows = [
        f"| [{_plain(d.label)}](#{name}) | {UNITS[d.unit]} | {_plain(d.owner)} | {_plain(d.definition)} |"
        for name, d in definitions.items()
    ]
    return "\n".join(
        [
            "# Definitions", "",
            f"Made from the metric cards beside this file and `analysis/statistics.py` by `{COMMAND}`; do not edit it.",
            "CONTRIBUTING.md says how to add a metric. A use case may name other owners; the dashboard shows those.",
            "",
            "| number | unit | owner | definition |", "|---|---|---|---|", *rows, "",
        ]
    )  # fmt: skip


def _describe(definition: Definition, pages: Sequence[Page]) -> str:
    """One number: its words, its worked example, its SQL and the columns behind it."""
    changes = "; ".join(f"{format_date(change.on)}: {change.why}" for change in definition.changed)
    file = f"{definition.name}.toml" if definition.card else "../statistics.py"
    facts = [
        ("How to read it", definition.reading),
        ("Direction", DIRECTIONS[definition.direction]),
        ("Unit", UNITS[definition.unit]),
        ("Owner", definition.owner),
        ("Source", definition.source),
        ("Changes", changes),
        ("Used on", ", ".join(page.title for page in pages) or "no page yet"),
    ]
    return "\n".join(
        [
            f'<a id="{definition.name}"></a>', "", f"## {_plain(definition.label)}", "",
            f"[`{definition.name}`]({file}): {_plain(definition.definition)}", "",
            *(f"- **{name}:** {_plain(text)}" for name, text in facts), "",
            *_describe_example(definition), *_describe_sql(definition), *_describe_columns(definition),
        ]
    )  # fmt: skip


def _describe_example(definition: Definition) -> list[str]:
    worked = definition.work()
    hurried = ["In a hurry somebody would write it with:", "", "```sql", *worked.hurried, "```", ""]
    return [
        "**Worked example**", "", *_build_table(worked), "",
        *(f"{i}. {_plain(step)}" for i, step in enumerate(worked.steps, 1)), "",
        _plain(definition.example_why), "", *(hurried if worked.hurried else []), _plain(worked.mistake), "",
    ]  # fmt: skip


def _build_table(worked: Worked) -> list[str]:
    head = [_plain(column.replace("_", " ")) for column in worked.header]
    rows = [[_plain(cell) for cell in row] for row in worked.rows]
    lines = [f"| {' | '.join(cells)} |" for cells in (head, *rows)]
    return [lines[0], "|---" * len(head) + "|", *lines[1:]]


def _describe_sql(definition: Definition) -> list[str]:
    return ["**The definition**, over the facts (one row per decision):", "", "```sql",
            *build_definition_sql(definition).splitlines(), "```", ""]  # fmt: skip


def _describe_columns(definition: Definition) -> list[str]:
    helpers = [f"- `{name}`: {_plain(sentence)}" for name, sentence in describe_helpers(definition)]
    needs = describe_needs(definition, ())
    listed = ", ".join(f"`{need.column}`{' (required)' if need.is_required else ''}" for need in needs)
    return [*(["Helper columns in it:", "", *helpers, ""] if helpers else []), f"It is read from {listed}.", ""]


def _plain(text: str) -> str:
    """Text as text in Markdown, on one line."""
    return " ".join(text.split()).translate(_MARKUP)


if __name__ == "__main__":
    sys.exit(main())
