"""What a corrected file would change: the real load's check over an uploaded file. It publishes nothing."""

from __future__ import annotations

import streamlit as st

from analysis.charts.escape import clean, escape_markdown
from analysis.errors import UserError
from analysis.intake_check import Check, Upload, start_check
from analysis.intake_plan import Plan, build_plan, find_writer, read_kept_mapping
from analysis.intake_report import RunReport
from analysis.intake_result import describe_result
from analysis.intake_text import reveal
from analysis.loads import Loads
from analysis.source import Source
from pages.ui.data_url import localize
from pages.ui.guard import show_error

_LINES_SHOWN = 12


def show_corrected(source: Source, loads: Loads) -> None:
    """The uploader, the check while it runs, and what it found."""
    st.markdown(
        "Correct the records to mend (section Rejected), give the file here, and see what loading it would change. "
        "The file is checked against this snapshot and removed; **nothing is published**."
    )
    _show_mapping(source)
    plan = build_plan(source)
    if plan.words:
        st.info(escape_markdown(plan.words))
    if writer := find_writer():
        st.info(
            f"A load is running now (process {writer}). A check neither waits for it nor holds it up; it compares with "
            "the snapshot shown, without what that load will bring."
        )
    key = f"data-check-{source.use_case.name}-{source.snapshot}"
    check: Check | None = st.session_state.get(key)
    _show_form(source, loads, plan, key, is_running=check is not None and check.is_running)
    check = st.session_state.get(key)
    if check is not None and check.is_running:
        _follow(check)
    elif check is not None:
        _show_end(source, plan, check)


def _show_mapping(source: Source) -> None:
    text = read_kept_mapping(source)
    if text:
        st.download_button(
            "Download the mapping as it was loaded", data=text.encode(), mime="text/plain", on_click="ignore",
            file_name=f"{source.use_case.name}.mapping.toml", key="data-mapping",
        )  # fmt: skip


def _show_form(source: Source, loads: Loads, plan: Plan, key: str, *, is_running: bool) -> None:
    """Which source, which file, and the button; held still while a check runs."""
    known = {file.source for file in loads.files}
    sources = sorted(plan.sources, key=lambda name: name not in known)
    with st.container(key="data_form"):
        name = st.selectbox(
            "Source", sources, key="data_check_source", format_func=clean, disabled=is_running, width=300
        )
        given = st.file_uploader(
            "Corrected file (CSV under the source's own header)", accept_multiple_files=True, key="data_files",
            disabled=is_running,
            help="Several files where the source has several to mend. Larger ones are checked by command.",
        )  # fmt: skip
        if st.button("Check", disabled=is_running or not given, type="primary", key="data-start") and name:
            st.session_state.pop(key, None)
            try:
                uploads = [Upload(file.name, file.getvalue()) for file in given or []]
                st.session_state[key] = start_check(plan, name, uploads)
            except UserError as error:
                show_error(error)
            else:
                st.rerun()


def _follow(check: Check) -> None:
    """The check while it runs, looked at every half second without a rerun of the page."""

    @st.fragment(run_every=0.5)
    def look() -> None:
        if not check.is_running:
            st.rerun()
        with st.container(border=True):
            st.markdown(f"**Checking {escape_markdown(', '.join(check.names))}** · {check.seconds:.0f} s")
            lines = check.lines[-_LINES_SHOWN:]
            st.code("\n".join(map(reveal, lines)) or "starting", language=None, wrap_lines=True)
            st.button("Cancel", on_click=check.cancel, key="data-cancel")

    look()


def _show_end(source: Source, plan: Plan, check: Check) -> None:
    names = escape_markdown(", ".join(check.names))
    if check.is_cancelled:
        st.info(f"The check of {names} was cancelled after {check.seconds:.0f} s. Nothing was changed.")
    elif check.error is not None:
        show_error(check.error)
    elif check.report is not None:
        _show_result(source, plan, check, check.report)


def _show_result(source: Source, plan: Plan, check: Check, report: RunReport) -> None:
    with st.container(border=True):
        st.markdown(f"#### If {escape_markdown(', '.join(check.names))} were loaded")
        st.markdown(escape_markdown(" ".join(describe_result(check, report, source.use_case))))
        if report.causes:
            st.markdown("**What would still fail**")
            st.dataframe(
                [
                    {
                        "Records": c.count, "Column": clean(c.columns) or "the record",
                        "The first reason": clean(c.reason), "First in": clean(c.file), "Line": c.line,
                    }
                    for c in report.causes
                ],
                hide_index=True, height="content" if len(report.causes) <= 20 else 420,
                alt=f"{len(report.causes)} causes of the records that would still be quarantined",
                column_config=localize("Records", "Line"),
            )  # fmt: skip
        st.markdown("**To load it for good**, run this beside the file:")
        st.code(plan.build_command(check.source, [clean(name) for name in check.names]), language=None, wrap_lines=True)
        with st.expander("All that the load said"):
            st.code("\n".join(map(reveal, check.lines)), language=None, wrap_lines=True)
