"""Definitions: what each number means, who owns it and how it is computed."""

from __future__ import annotations

import streamlit as st

st.title("Definitions", anchor=False)
