"""Snapshots from the command line: list them, show another, remove old ones, verify one.

python -m analysis.jobs.snapshots list | use ID | prune [--keep 5] | verify [ID]
"""

from __future__ import annotations

import argparse
import sys
import time

from analysis.errors import UserError
from analysis.intake_snapshots import Verdict, describe_verdicts, verify_snapshot
from analysis.store import store_root
from data.snapshots import KEEP, Store


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0; 2 with the error in words; 1 where a verified snapshot is not as published."""
    parser = argparse.ArgumentParser(prog="python -m analysis.jobs.snapshots", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="every snapshot, oldest first; * marks the one shown")
    commands.add_parser("use", help="show another snapshot").add_argument("id")
    prune = commands.add_parser("prune", help="remove old snapshots")
    prune.add_argument("--keep", type=int, default=KEEP, help=f"how many of the last ones to keep (default {KEEP})")
    verify = commands.add_parser("verify", help="whether every file is as published: hashes are computed anew")
    verify.add_argument("id", nargs="?", help="the one shown where left out")
    asked = parser.parse_args(arguments)
    store = Store(store_root())
    try:
        if asked.command == "list":
            _show_list(store)
        elif asked.command == "use":
            print(f"Now shown: {store.use(asked.id).id}")
        elif asked.command == "verify":
            return _verify(store, asked.id)
        else:
            removed = store.prune(max(1, asked.keep))
            print(f"Removed {len(removed)}: {', '.join(removed)}" if removed else "Nothing to remove.")
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _verify(store: Store, asked: str | None) -> int:
    """Print each file's verdict; 0 where all are as published, else 1."""
    current = None if asked else store.current()
    snapshot = asked or (current.id if current else "")
    if not snapshot:
        print("No snapshot yet: `python -m analysis.jobs.demo` builds one.")
        return 0
    began, verdicts = time.perf_counter(), list[Verdict]()
    for step in verify_snapshot(snapshot):
        if step.verdict:
            verdicts.append(step.verdict)
            print(f"  {step.verdict.file}: {step.verdict.words}")
    print(describe_verdicts(snapshot, verdicts, time.perf_counter() - began))
    return 0 if all(verdict.is_sound for verdict in verdicts) else 1


def _show_list(store: Store) -> None:
    """Every snapshot, damaged ones too: this list is where somebody with a damaged one chooses another."""
    shown = ""
    try:
        current = store.current()
        shown = current.id if current else ""
    except UserError as error:
        print(error, file=sys.stderr)
    if not store.ids():
        print("No snapshot yet: `python -m analysis.jobs.demo` builds one.")
    for name in store.ids():
        print(f"{'*' if name == shown else ' '} {name}  {_describe(store, name)}")


def _describe(store: Store, name: str) -> str:
    try:
        parts = store.manifest(name).parts.values()
    except UserError as error:
        return f"damaged: {error.what_happened}"
    return ", ".join(
        f"{p.use_case} {p.rows.get('decisions', 0):,} decisions as of {p.as_of[:10] or 'no date'}" for p in parts
    )


if __name__ == "__main__":
    sys.exit(main())
