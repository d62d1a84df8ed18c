"""Names come from other people's tables: nothing in them may become markup."""

from __future__ import annotations

import html
import re

ELLIPSIS = "…"
# White space but the no-break space, control characters, and marks that turn the direction of writing.
_UNSEEN = re.compile(r"[\x00-\x20\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&@/])")


def clean(text: str) -> str:
    """One line of visible text."""
    return _UNSEEN.sub(" ", text).strip(" ")


def escape_html(text: str) -> str:
    """Text for Plotly, which reads a little HTML in labels and hovers: shown as it was written."""
    return html.escape(clean(text), quote=False)


def escape_markdown(text: str) -> str:
    """Text for Markdown: no emphasis, link, formula, colour directive, emoji short code or markup."""
    return _MARKDOWN.sub(r"\\\1", clean(text))


def shorten(text: str, width: int) -> str:
    """At most `width` characters, the last of them an ellipsis where something was left out."""
    text = clean(text)
    return text if len(text) <= width else text[: width - 1].rstrip() + ELLIPSIS


def wrap(text: str, width: int = 18, lines: int = 2) -> list[str]:
    """A name over a few lines, not escaped; broken between words where it can be, shortened where it must be."""
    left = clean(text)
    wrapped: list[str] = []
    while left and len(wrapped) < lines - 1 and len(left) > width:
        at = left.rfind(" ", 0, width + 1)
        at = at if at > width // 3 else width
        wrapped.append(left[:at].rstrip())
        left = left[at:].lstrip()
    if left:
        wrapped.append(shorten(left, width))
    return wrapped


def wrap_html(text: str, width: int = 18, lines: int = 2) -> str:
    """A name over a few lines, escaped, for Plotly."""
    return "<br>".join(escape_html(line) for line in wrap(text, width, lines))
