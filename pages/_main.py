"""Every visit begins here: the frame (navigation, filter bar), then the page asked for."""

import streamlit as st

from pages.ui.frame import show_frame
from pages.ui.guard import panel

st.set_page_config(page_title="Execution Debt", layout="wide", initial_sidebar_state="auto")

# A flat list at the top: sections in the sidebar are lists a screen reader cannot follow.
navigation = st.navigation(
    [
        st.Page("overrides.py", title="Overrides", url_path="start", default=True),
        # The default page answers only at /: a link to /overrides must work as well.
        st.Page("overrides.py", title="Overrides", url_path="overrides", visibility="hidden"),
        st.Page("cases.py", title="Cases", url_path="cases"),
    ],
    position="top",
)

with panel("page"):
    if show_frame():
        navigation.run()
