"""Snapshots: every one with what it holds, the one shown, damaged ones in words; whether files are as published."""

from __future__ import annotations

import time

import streamlit as st

from analysis.charts.escape import clean, escape_markdown
from analysis.formats import format_count
from analysis.intake_snapshots import (
    SnapshotLine,
    Verdict,
    describe_verdicts,
    format_bytes,
    list_snapshots,
    verify_snapshot,
)
from analysis.loads import format_moment
from analysis.source import Source
from pages.ui.data_url import localize


def show_snapshots(source: Source) -> None:
    """The list, the files of the one shown, and one snapshot in detail."""
    snapshots = list_snapshots(source.snapshot)
    for line in snapshots:
        if line.damage:
            st.warning(f"**Snapshot {escape_markdown(line.id)} is damaged.** {escape_markdown(line.damage)}")
    many = "1 snapshot" if len(snapshots) == 1 else f"{len(snapshots)} snapshots, the newest first"
    st.markdown(f"{many}. Times are those of {escape_markdown(source.use_case.time_zone)}.")
    st.dataframe(
        [row for line in snapshots for row in _rows(source, line)],
        hide_index=True, height="content" if len(snapshots) <= 12 else 460,
        alt="Snapshots of the store, one row for each use case in them",
        column_config=localize("Decisions", "Features", "Outcomes", "Models"),
    )  # fmt: skip
    _show_verification(source)
    _show_one(source, snapshots)


def _rows(source: Source, line: SnapshotLine) -> list[dict[str, object]]:
    zone = source.use_case.time_zone
    head: dict[str, object] = {
        "Shown": "shown" if line.is_shown else "damaged" if line.damage else "",
        "Snapshot": clean(line.id),
        "Published": format_moment(line.published_at, zone) if line.published_at else "not known",
    }
    return [
        head
        | {
            "Use case": clean(part.label), "As of": format_moment(part.as_of, zone) if part.as_of else "no dates",
            "Decisions": part.decisions, "Features": part.features, "Outcomes": part.outcomes,
            "Size": format_bytes(part.size), "Built": format_moment(part.built_at, zone),
            "Mapping": clean(part.mapping), "sha256": part.sha256[:12], "Models": len(part.models),
        }
        for part in line.parts
    ] or [head]  # fmt: skip


@st.fragment
def _show_verification(source: Source) -> None:
    """Hash the files of the snapshot shown; leaving the page stops it."""
    key = f"data-verified-{source.snapshot}"
    if st.button("Verify the files of the snapshot shown", key="data-verify"):
        bar = st.progress(0.0, text="Computing hashes")
        began, verdicts, said = time.perf_counter(), list[Verdict](), 0.0
        for step in verify_snapshot(source.snapshot):
            seconds = time.perf_counter() - began
            if step.verdict:
                verdicts.append(step.verdict)
            elif seconds - said > 0.2:
                said = seconds
                done = f"{format_bytes(step.done)} of {format_bytes(step.total)}, {seconds:.0f} s"
                bar.progress(min(step.done / max(step.total, 1), 1.0), text=done)
        bar.empty()
        st.session_state[key] = (verdicts, time.perf_counter() - began)
    if key in st.session_state:
        verdicts, seconds = st.session_state[key]
        words = escape_markdown(describe_verdicts(source.snapshot, verdicts, seconds))
        if all(verdict.is_sound for verdict in verdicts):
            st.success(words)
        else:
            st.error(f"{words}\n\nRestore the files from a backup, choose another snapshot, or load the tables again.")


def _show_one(source: Source, snapshots: list[SnapshotLine]) -> None:
    st.markdown("#### One snapshot")
    names = [line.id for line in snapshots]
    shown = next((n for n, line in enumerate(snapshots) if line.is_shown), 0)
    chosen = st.selectbox("Snapshot", names, index=shown, format_func=clean, key="data_snapshot", width=360)
    line = snapshots[names.index(chosen)]
    for part in line.parts:
        rows = format_count(part.decisions, source.use_case)
        models = f"; models {', '.join(part.models)}" if part.models else ""
        st.markdown(escape_markdown(f"{part.label}: {rows} decisions, {format_bytes(part.size)}{models}. sha256:"))
        st.code(part.sha256, language=None, wrap_lines=True)
    if line.is_shown:
        st.markdown("This one is shown. A snapshot is switched for everybody, so only by command:")
    else:
        st.markdown("To show it to everybody instead of the present one:")
    st.code(f"python -m analysis.jobs.snapshots use {line.id}\npython -m analysis.jobs.snapshots verify {line.id}",
            language=None, wrap_lines=True)  # fmt: skip
