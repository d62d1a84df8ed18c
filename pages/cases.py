"""Cases: what the model saw, what the person did and said, what happened; and the cases behind a chart."""

import streamlit as st

from analysis.charts.escape import escape_markdown
from pages.ui.case_list import show_list
from pages.ui.case_url import CASE_KEYS, forget, open_case, read_request, tell_address
from pages.ui.case_view import show_case
from pages.ui.frame import current
from pages.ui.guard import panel


def _search() -> None:
    asked = st.session_state["case_box"].strip()
    if asked:
        open_case(asked)
    else:
        forget(*CASE_KEYS)


frame = current()
use_case = frame.source.use_case
tell_address()
request = read_request(frame.source, frame.filters)
# Written before the box is made: the URL is the truth, and the browser's back button changes it.
st.session_state["case_box"] = request.case_id or ""
head, box = st.columns([3, 2], vertical_alignment="bottom")
head.title("Cases", anchor=False)
box.text_input(
    f"Open one {use_case.word('case')} by its id", key="case_box", on_change=_search, type="search",
    placeholder="Type the whole id and press Enter",
)  # fmt: skip
for problem in request.problems:
    st.warning(escape_markdown(problem))

with panel("cases"):
    if request.case_id:
        show_case(frame.source, request)
    else:
        show_list(frame.source, request)
