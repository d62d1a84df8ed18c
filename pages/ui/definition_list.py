"""Finding a definition: the search box with its filters, what it finds, and the list of everything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from analysis.case_story import Line
from analysis.charts.escape import escape_markdown, shorten
from analysis.definitions import UNITS, Definition, search_definitions
from analysis.filters import Filters
from analysis.glossary import Word, read_words, search_words
from analysis.owners import find_owner
from analysis.source import Source
from pages.ui.definition_parts import show_definition_link, show_terms

ANY = "any"
_KINDS = {"word": "Glossary", "helper column": "Helper columns", "column": "Columns of the data"}
_SHOWN_WORDS = 40
# All these links lead to the page they stand on: drawn as the current page, each would look chosen.
_STYLE = """
<style>
.st-key-definition_numbers a, .st-key-definition_names a { background: transparent; padding: 0; }
.st-key-definition_numbers a p, .st-key-definition_names a p { color: var(--st-link-color);
  text-decoration: underline; }
</style>
"""


@dataclass(frozen=True)
class Asked:
    """What the reader looks for: a text, an owner and a unit; "" is any."""

    text: str
    owner: str
    unit: str

    @property
    def is_asked(self) -> bool:
        return bool(self.text or self.owner or self.unit)


def list_owners(source: Source, definitions: Mapping[str, Definition]) -> dict[str, str]:
    """Who answers for each number here, by name: whom the use case names, else whom the definition suggests."""
    return {name: find_owner(source, name) or definition.owner for name, definition in definitions.items()}


def clear_search() -> None:
    """Empty the search box and its filters; to be called before they are shown."""
    st.session_state.update(definition_search="", definition_owner=ANY, definition_unit=ANY)


def ask(definitions: Mapping[str, Definition], owners: Mapping[str, str]) -> Asked:
    """The search box and its two filters; it answers while the reader types."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Search numbers and words", key="definition_search", type="search", live="200ms", width=420,
            placeholder="override, Finance, what does bypassed mean",
        )  # fmt: skip
        owner = st.selectbox("Owner", [ANY, *sorted(set(owners.values()))], key="definition_owner", width=190)
        units = sorted({definition.unit for definition in definitions.values()}, key=UNITS.__getitem__)
        unit = st.selectbox(
            "Unit", [ANY, *units], key="definition_unit", width=150,
            format_func=lambda name: UNITS.get(name, name),
        )  # fmt: skip
    return Asked(
        (text or "").strip(), "" if owner in (None, ANY) else str(owner), "" if unit in (None, ANY) else str(unit)
    )


def show_found(
    source: Source, filters: Filters, definitions: Mapping[str, Definition], owners: Mapping[str, str], asked: Asked
) -> None:
    """What the search finds among numbers and words, or that it finds nothing."""
    numbers = search_definitions(definitions.values(), asked.text, asked.owner, asked.unit, owners)
    words = search_words(read_words(), asked.text) if asked.text and not (asked.owner or asked.unit) else []
    if not numbers and not words:
        st.info(f"Nothing found{_describe(asked)}. Try one word of it, or leave out a filter.")
        return
    counted = [_count(len(numbers), "number"), _count(len(words), "word")]
    st.markdown(f"**Found{_describe(asked)}:** {' and '.join(part for part in counted if part)}.")
    show_numbers(source, filters, numbers, owners)
    if words:
        st.markdown("**Words**")
        show_terms([_line(word) for word in words[:_SHOWN_WORDS]])
        if len(words) > _SHOWN_WORDS:
            st.markdown(f"The first {_SHOWN_WORDS} of {len(words)} words; another word in the search narrows them.")


def _line(word: Word) -> Line:
    return Line(word.term, word.text, "" if word.kind == "word" else word.kind)


def _describe(asked: Asked) -> str:
    """What is looked for, to stand behind "found": " for 'bypass', owner Finance", escaped."""
    parts = [f"for '{asked.text[:80]}'"] if asked.text else []
    parts += [f"owner {asked.owner}"] if asked.owner else []
    parts += [f"unit {UNITS[asked.unit]}"] if asked.unit else []
    return f" {escape_markdown(', '.join(parts))}"


def _count(n: int, word: str) -> str:
    return "" if n == 0 else f"{n} {word}{'' if n == 1 else 's'}"


def show_numbers(
    source: Source, filters: Filters, definitions: Sequence[Definition], owners: Mapping[str, str]
) -> None:
    """Numbers as links, each with its definition, unit and owner; nothing is computed for them."""
    with st.container(key="definition_numbers"):
        for definition in definitions:
            with st.container(gap=None):
                show_definition_link(source, filters, definition)
                about = f"Unit: {UNITS[definition.unit]}. Owner: {owners[definition.name]}."
                st.markdown(f"{escape_markdown(shorten(definition.definition, 220))} {escape_markdown(about)}")
    st.html(_STYLE)


def show_names(source: Source, filters: Filters, definitions: Sequence[Definition]) -> None:
    """Numbers as links, their names alone, side by side."""
    with st.container(horizontal=True, key="definition_names"):
        for definition in definitions:
            show_definition_link(source, filters, definition)
    st.html(_STYLE)


def show_words() -> None:
    """All words, folded by kind; made when a fold is opened."""
    words = read_words()
    st.markdown("#### Words", anchors=False)
    for kind, title in _KINDS.items():
        _show_kind(title, [word for word in words if word.kind == kind])


@st.fragment
def _show_kind(title: str, words: Sequence[Word]) -> None:
    folded = st.expander(f"{title} ({len(words)})", key=f"words_{title}", on_change="rerun")
    if folded.open:
        with folded:
            show_terms([Line(word.term, word.text) for word in words])
