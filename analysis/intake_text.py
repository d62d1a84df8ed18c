"""Raw text of a stranger's file, made harmless to look at: what cannot be seen is written out."""

from __future__ import annotations

import re

# Control characters but newline and tab, and marks that turn the direction of writing or take no room.
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def reveal(text: str) -> str:
    """Text in which every unseen character stands as its code, "\\u202e"; newlines and tabs stay."""
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
