"""Overview: what changed, and whether to trust the numbers."""

from __future__ import annotations

import streamlit as st

st.title("Overview", anchor=False)
