"""Data: what was loaded, what was rejected and why, and what a corrected file would change."""

from __future__ import annotations

import streamlit as st

from analysis.intake_finding import describe_load
from analysis.intake_records import count_causes
from analysis.loads import describe_origin, read_loads, read_part
from pages.ui.data_columns import show_columns
from pages.ui.data_corrected import show_corrected
from pages.ui.data_loaded import show_law, show_loaded
from pages.ui.data_records import show_records, show_waiting
from pages.ui.data_snapshots import show_snapshots
from pages.ui.data_url import choose_section
from pages.ui.frame import current
from pages.ui.guard import panel
from pages.ui.headline import show_finding, show_scope

source = current().source
st.title("Data", anchor=False)

loads = read_loads(source)
show_finding(describe_load(source, loads, count_causes(source, "quarantine") if loads.quarantined else []))
with panel("where the data come from"):
    show_scope(describe_origin(source, read_part(source)))
show_law(source, loads)

section = choose_section(source, loads)
with panel(section):
    if section == "loaded":
        show_loaded(source, loads)
    elif section == "rejected":
        show_records(source, "quarantine", loads.quarantined)
    elif section == "waiting":
        show_waiting(source, loads)
    elif section == "corrected":
        show_corrected(source, loads)
    elif section == "columns":
        show_columns(source)
    else:
        show_snapshots(source)
