"""Meaning to colour, the same on every chart, light and dark: system, person, bad outcome, unknown, limit.

From Okabe and Ito's set, which colour-blind readers can tell apart (system blue, person orange, bad reddish purple),
darkened or lightened until marks have 3 : 1 and text 4.5 : 1 against the page. Colour is never the only signal: each
meaning has a pattern, a line and a symbol as well.
"""

from __future__ import annotations

from dataclasses import dataclass

LIGHT_BACKGROUNDS = ("#FFFFFF", "#F5F5F3")  # page and raised panel, as in .streamlit/config.toml
DARK_BACKGROUNDS = ("#14161A", "#22252B")


@dataclass(frozen=True)
class Ink:
    """How one meaning is drawn: colour of marks and of words, pattern of areas, dash of lines, symbol of points."""

    mark: str
    text: str
    pattern: str = ""
    dash: str = "solid"
    symbol: str = "circle"


@dataclass(frozen=True)
class Palette:
    """One theme. meanings: MEANINGS to Ink. grid, axis: lines; text, muted: words; shade: areas behind a period."""

    background: str
    text: str
    muted: str
    grid: str
    axis: str
    shade: str
    hatch: str
    limit: str
    hover: str
    meanings: dict[str, Ink]

    def ink(self, meaning: str) -> Ink:
        """KeyError for a meaning that is not in MEANINGS: a colour without a meaning is not drawn."""
        return self.meanings[meaning]


_Pair = tuple[str, str]  # colours of marks and of words; of `sides`, of both kinds of marks

MEANINGS = ("system", "system_reject", "person", "low_side", "high_side", "bad", "unknown", "other", "neutral")


def _meanings(*, system: _Pair, person: _Pair, sides: _Pair, bad: _Pair, grey: _Pair) -> dict[str, Ink]:
    return {
        "system": Ink(*system, symbol="diamond"),
        "system_reject": Ink(*system, pattern="-", dash="dot", symbol="diamond-open"),
        "person": Ink(*person),
        # One hue, told apart by shade, pattern, dash and symbol, and always labelled.
        "low_side": Ink(sides[0], person[1], pattern="/", dash="dash", symbol="triangle-down"),
        "high_side": Ink(sides[1], person[1], dash="solid", symbol="triangle-up"),
        "bad": Ink(*bad, symbol="square"),
        "unknown": Ink(*grey, pattern="/", dash="dot", symbol="circle-open"),
        "other": Ink(*grey, pattern=".", symbol="circle-open"),
        "neutral": Ink(*grey),
    }


LIGHT = Palette(
    background=LIGHT_BACKGROUNDS[0], text="#101214", muted="#55554F", grid="#E4E4E0", axis="#8A8A85", shade="#EFEFEB",
    hatch="#8A8A85", limit="#101214", hover="#FFFFFF",
    meanings=_meanings(
        system=("#0072B2", "#005A8C"), person=("#B86A00", "#7A4F00"), sides=("#C97A0A", "#8A4B00"),
        bad=("#993374", "#8A3D68"), grey=("#7A7A75", "#55554F"),
    ),
)  # fmt: skip
DARK = Palette(
    background=DARK_BACKGROUNDS[0], text="#F4F4F1", muted="#BDBFC4", grid="#2C3037", axis="#7D8088", shade="#20242B",
    hatch="#7D8088", limit="#F4F4F1", hover="#22252B",
    meanings=_meanings(
        system=("#56B4E9", "#7CC4EE"), person=("#E69F00", "#F2B53A"), sides=("#C98500", "#FFC45C"),
        bad=("#DF9CC2", "#E8B2D0"), grey=("#8E9199", "#BDBFC4"),
    ),
)  # fmt: skip


def choose_palette(dark: bool) -> Palette:
    return DARK if dark else LIGHT


def fade(colour: str, opacity: float) -> str:
    """A colour as rgba text, for bands and fills: fade("#0072B2", .2)."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


def measure_contrast(one: str, other: str) -> float:
    """Contrast of two colours, 1 to 21. Source: WCAG 2.2, contrast ratio and relative luminance."""
    brighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
