import streamlit as st
from pages.ui.frame import current
f=current()
st.write(f.filters)
