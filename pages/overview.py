"""Overview: is the AI earning what it could, what changed, who owns what is over its limit, can it be trusted."""

from __future__ import annotations

import streamlit as st

from analysis.findings import describe_assumption
from analysis.overview import BEHAVIOUR, OUTCOMES, build_overview
from analysis.overview_words import describe_overview, describe_overview_scope
from pages.ui.frame import current
from pages.ui.guard import panel
from pages.ui.headline import show_finding, show_scope
from pages.ui.measured import show_measured
from pages.ui.override_rest import show_empty
from pages.ui.overview_changes import show_changes
from pages.ui.overview_pictures import show_overview_tiles, show_pictures
from pages.ui.overview_trust import show_trust

frame = current()
source, filters = frame.source, frame.filters
st.title("Overview", anchor=False)

page = build_overview(source, filters)
scope = describe_overview_scope(source, page)
show_finding(describe_overview(source, page), apart=True)
show_scope(" · ".join(part for part in (scope, describe_assumption(source)) if part))

if page.decisions == 0:
    show_empty(source, filters)
    st.stop()

for name, show in (
    ("tiles", show_overview_tiles),
    ("pictures", show_pictures),
    ("what changed", show_changes),
    ("trust", show_trust),
):
    with panel(name):
        show(source, page, scope)
with panel("how measured"):
    show_measured([page.whole[name] for name in (*BEHAVIOUR, *OUTCOMES)])
