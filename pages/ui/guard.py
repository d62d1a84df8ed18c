"""Errors in words: one panel says what happened and what to do, the others go on."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from analysis.errors import UserError

log = logging.getLogger("execution_debt")


@contextmanager
def panel(name: str) -> Iterator[None]:
    """Run one panel of a page: a UserError is shown in words, anything else is logged under a short reference.

    Streamlit steers reruns and page switches with exceptions of its own, which are no Exception and pass through.
    """
    try:
        yield
    except UserError as error:
        show_error(error)
    except Exception:
        reference = uuid.uuid4().hex[:8]
        log.exception("panel %s failed, reference %s", name, reference)
        st.error(
            f"**This part of the page could not be shown.**\n\nSomething failed while preparing '{name}'. "
            f"Tell your administrator the reference **{reference}**; the log has the details under it."
        )


def show_error(error: UserError) -> None:
    """A UserError as one panel."""
    st.error(f"**{_plain(error.title)}.**\n\n{_plain(error.what_happened)}\n\n{_plain(error.what_to_do)}")


def _plain(text: str) -> str:
    """Text as text: nothing in it (a name from a URL, say) becomes a link, an image or markup."""
    return "".join(f"\\{c}" if c in "\\[]()<>*_#!|~$:" else c for c in text)
