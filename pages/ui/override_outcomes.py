"""What became of overrides, why people made them, and where on the score they lie."""

from __future__ import annotations

import streamlit as st

from analysis.charts import (
    AgainstBreakEven,
    Reason,
    ScoreBand,
    build_series,
    plot_pareto,
    plot_score_bands,
    plot_trend,
    plot_value_against_break_even,
)  # fmt: skip
from analysis.charts.escape import escape_markdown
from analysis.findings import title_bands, title_reasons, title_value
from analysis.formats import format_count, format_reading
from analysis.overrides import Overrides
from analysis.reading import Drill
from analysis.score_report import Band
from analysis.source import Source
from pages.ui.panels import is_dark, list_period, show_panel


def show_value(source: Source, page: Overrides, scope: str) -> None:
    """Bad rate of low-side overrides beside break-even and beside the cases accepted as recommended."""
    bad, even, normal = (
        page.whole[n].reading() for n in ("low_side_bad_rate", "low_side_break_even", "bad_rate_as_recommended")
    )
    rows = [AgainstBreakEven("all", bad, even, normal, Drill("low_side_bad_rate", "denominator"))]
    if page.outcomes:
        by_segment = [page.outcomes[n] for n in ("low_side_bad_rate", "low_side_break_even", "bad_rate_as_recommended")]
        for part in sorted(by_segment[0].parts):
            bad, even, normal = (answer.reading(part) for answer in by_segment)
            if bad.matured_share is not None:
                drill = Drill("low_side_bad_rate", "denominator", "segment", part)
                rows.append(AgainstBreakEven(part, bad, even, normal, drill))
    missing = source.missing(("decisions.gain_if_good", "decisions.loss_if_bad"))
    reading = f"Break-even needs {' and '.join(missing)}, which this log does not map." if missing else ""
    chart = plot_value_against_break_even(
        title_value(source, page), rows, label=f"{source.use_case.word('bad')} rate", use_case=source.use_case,
        dark=is_dark(), split="segment", reading=reading,
    )  # fmt: skip
    show_panel(source, page.filters, chart, "value", scope)


def show_outcome_trend(source: Source, page: Overrides, scope: str) -> None:
    """Bad rates by month of decision; months whose outcomes are not all due are hatched."""
    names = {"low_side_bad_rate": ("low-side", "low_side"), "bad_rate_as_recommended": ("as recommended", "system")}
    if not source.options.is_dated or not any(r.is_shown for n in names for r in page.trend[n].readings):
        return
    periods = source.options.periods
    series = [
        build_series(page.trend[name], periods, label=label, meaning=meaning, part="denominator")
        for name, (label, meaning) in names.items()
    ]
    chart = plot_trend(
        f"{source.use_case.word('bad').capitalize()} rate of what people accepted, by month of decision",
        periods, series,
        label="share of matured cases with a known outcome", unit="share", use_case=source.use_case, dark=is_dark(),
        selected=list_period(page.filters),
    )  # fmt: skip
    show_panel(source, page.filters, chart, "outcome-trend", scope)


def show_reasons(source: Source, page: Overrides, scope: str) -> None:
    """Reasons as a Pareto, blank and other told apart, and what became of the low-side overrides of each."""
    missing = source.missing(("decisions.override_reason",))
    if missing:
        st.markdown(
            "#### Reasons given for overrides\nThis log maps no `override_reason`. With it, this panel shows which "
            "reasons people give, how many give none, and which reasons turn out well."
        )
        return
    reasons = [
        Reason(r.label, r.category, r.overrides, Drill("override_rate", "numerator", "reason", r.code))
        for r in page.reasons
    ]
    chart = plot_pareto(
        title_reasons(source, page), reasons, label="Share of overrides", use_case=source.use_case, dark=is_dark()
    )
    show_panel(source, page.filters, chart, "reasons", scope)
    _show_reason_outcomes(source, page)


def _show_reason_outcomes(source: Source, page: Overrides) -> None:
    use_case = source.use_case
    rows = [
        {
            "Reason": r.label,
            "Low-side overrides": format_count(r.low_side, use_case),
            "Bads observed / expected": format_reading(r.observed_expected, "ratio", use_case),
            "Value per override": format_reading(r.value, "money", use_case),
            "n, outcome known": format_count(r.observed_expected.n, use_case),
        }
        for r in page.reasons
        if r.low_side
    ]
    if rows:
        st.markdown(
            "**What became of low-side overrides by reason.** Below 1, fewer turned bad than the score said: the "
            "reason carries knowledge the model lacks. 95 % intervals, deciders as clusters."
        )
        st.dataframe(rows, hide_index=True, height="content", alt="What became of low-side overrides by reason")


def show_score_report(source: Source, page: Overrides, scope: str) -> None:
    """The final score report: its picture, and as a table per score band."""
    if not page.bands:
        st.markdown("#### Final score report\nNo decision of this selection has a score.")
        return
    chart = plot_score_bands(
        title_bands(source, page), [_band(band) for band in page.bands], use_case=source.use_case, dark=is_dark()
    )
    show_panel(source, page.filters, chart, "bands", scope)
    use_case = source.use_case
    st.markdown("**Final score report**")
    st.dataframe(
        [_row(source, band) for band in page.bands],
        hide_index=True,
        height="content",
        alt="Final score report by score band",
    )
    if page.unscored:
        st.markdown(
            f"{format_count(page.unscored, use_case)} {escape_markdown(use_case.word('cases'))} of this selection "
            "have no score and stand in no band."
        )


def _band(band: Band) -> ScoreBand:
    def drill(card: str, part: str) -> Drill:
        return Drill(card, part, "score_band", str(band.number))

    return ScoreBand(
        band.label, accepted=band.accepts - band.low_side, low_side=band.low_side, high_side=band.high_side,
        rejected=band.rejects - band.high_side, bad_rate=band.bad_rate, expected=band.expected_rate,
        drills={
            "accepted": drill("accept_rate", "accepted"),
            "rejected": drill("accept_rate", "rejected"),
            "low_side": drill("low_side_override_rate", "numerator"),
            "high_side": drill("high_side_override_rate", "numerator"),
            "bad_rate": drill("accept_rate", "accepted_known"),
        },
    )  # fmt: skip


def _row(source: Source, band: Band) -> dict[str, str]:
    use_case = source.use_case
    return {
        "Score": band.label,
        use_case.word("cases").capitalize(): format_count(band.decisions, use_case),
        use_case.word("accepts").capitalize(): format_count(band.accepts, use_case),
        use_case.word("rejects").capitalize(): format_count(band.rejects, use_case),
        "Low-side": format_count(band.low_side, use_case),
        "High-side": format_count(band.high_side, use_case),
        "Override rate": format_reading(band.override_rate, "share", use_case),
        f"{use_case.word('bad').capitalize()} rate of accepted": format_reading(band.bad_rate, "share", use_case),
    }
