"""Errors in words: one panel says what happened and what to do, the others go on."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from analysis.errors import DamageError, UserError
from analysis.store import is_outdated

log = logging.getLogger("execution_debt")


@contextmanager
def panel(name: str) -> Iterator[None]:
    """Run one panel of a page: a UserError is shown in words, anything else is logged under a short reference.

    Streamlit steers reruns and page switches with exceptions of its own, which are no Exception and pass through.
    """
    try:
        yield
    except DamageError as error:
        _leave_damaged()
        show_error(error)
    except UserError as error:
        show_error(error)
    except Exception:
        reference = uuid.uuid4().hex[:8]
        log.exception("panel %s failed, reference %s", name, reference)
        st.error(
            f"**This part of the page could not be shown.**\n\nSomething failed while preparing '{name}'. "
            f"Tell your administrator the reference **{reference}**; the log has the details under it."
        )


def _leave_damaged() -> None:
    """Run the page again where its snapshot turned out damaged and another is shown from now on."""
    frame = st.session_state.get("_frame")
    if frame is not None and is_outdated(frame.source):
        st.rerun()


def show_error(error: UserError) -> None:
    """A UserError as one panel."""
    st.error(f"**{_plain(error.title)}.**\n\n{_plain(error.what_happened)}\n\n{_plain(error.what_to_do)}")


def _plain(text: str) -> str:
    """Text as text: nothing in it (a name from a URL, say) becomes a link, an image or markup."""
    return "".join(f"\\{c}" if c in "\\[]()<>*_#!|~$:" else c for c in text)
