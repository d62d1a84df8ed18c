"""Markdown tables of what was measured, and how a figure is written in them."""

from __future__ import annotations

from collections.abc import Sequence


def build_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def format_ms(seconds: float) -> str:
    return f"{seconds * 1000:,.0f}" if seconds >= 0.01 else f"{seconds * 1000:.1f}"


def format_kb(size: float) -> str:
    return f"{size / 1000:,.0f}"


def format_mb(size: int | None) -> str:
    """Bytes as megabytes of a million."""
    if size is None:
        return "not known here"
    return f"{size / 1e6:,.0f} MB" if size >= 1e7 else f"{size / 1e6:.1f} MB"


def format_ratio(measured: float, base: float) -> str:
    return f"{measured / base:,.0f} x" if measured >= 100 * base else f"{measured / base:.2g} x"


def mark(value: float | None, target: float) -> str:
    """Whether a figure keeps its target, which is the most it may be; "" where it is not known."""
    if value is None:
        return ""
    return "ok" if value <= target else "over"
