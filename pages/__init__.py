"""Shows pages. One short file per page; `ui` holds what they are composed of. Only here and in app.py is streamlit."""
