"""Every visit begins here: the frame (navigation, filter bar), then the page asked for."""

import streamlit as st

from pages.ui.frame import show_frame, show_navigation
from pages.ui.guard import panel

st.set_page_config(page_title="Execution Debt", layout="wide", initial_sidebar_state="collapsed")

PAGES = [
    st.Page("overview.py", title="Overview", url_path="start", default=True),
    st.Page("overrides.py", title="Overrides", url_path="overrides"),
    st.Page("cases.py", title="Cases", url_path="cases"),
    st.Page("definitions.py", title="Definitions", url_path="definitions"),
    st.Page("page_data.py", title="Data", url_path="data"),
]
# The default page answers only at /: a link to /overview must work as well.
HIDDEN = [st.Page("overview.py", title="Overview", url_path="overview", visibility="hidden")]

# The links are the frame's own: Streamlit's would leave the selection out of the address of the page they open.
chosen = st.navigation([*PAGES, *HIDDEN], position="hidden")
links = st.container(horizontal=True, key="navigation")

with panel("page"):
    try:
        show_frame(chosen.url_path)
    finally:
        with links:
            show_navigation(PAGES)
    chosen.run()
