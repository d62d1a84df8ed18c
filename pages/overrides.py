"""Overrides: how often, where and why people decide differently from the system, and what became of it."""

from __future__ import annotations

import streamlit as st

from analysis.findings import describe_assumption, describe_finding, describe_scope
from analysis.overrides import build_overrides
from pages.ui.frame import current
from pages.ui.guard import panel
from pages.ui.headline import show_finding, show_scope
from pages.ui.override_outcomes import show_outcome_trend, show_reasons, show_score_report, show_value
from pages.ui.override_panels import show_deciders, show_direction_trend, show_override_tiles, show_splits
from pages.ui.override_rest import show_beside, show_empty, show_how_measured

frame = current()
source, filters = frame.source, frame.filters
st.title("Overrides", anchor=False)

page = build_overrides(source, filters)
scope = describe_scope(source, page)
show_finding(describe_finding(source, page))
show_scope(" · ".join(part for part in (scope, describe_assumption(source)) if part))

if page.decisions == 0:
    show_empty(source, filters)
    st.stop()

for name, show in (
    ("tiles", show_override_tiles),
    ("trend", show_direction_trend),
    ("value", show_value),
    ("outcome trend", show_outcome_trend),
    ("reasons", show_reasons),
    ("breakdowns", show_splits),
    ("score report", show_score_report),
    ("deciders", show_deciders),
    ("beside", show_beside),
    ("how measured", show_how_measured),
):
    with panel(name):
        show(source, page, scope)
