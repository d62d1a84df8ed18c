"""Data: what was loaded, what was rejected and why."""

from __future__ import annotations

import streamlit as st

st.title("Data", anchor=False)
