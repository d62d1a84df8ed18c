"""What changed a score other than the applicant: the bureau feed's nulls, and incomes edited before re-scoring."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data.demo.applications import BUREAU_FEATURES
from data.demo.batch import ACCEPT, REFER, REJECT, Batch, count_with_later
from data.demo.officers import BYPASS_TEAMS, TEAMS, bypass_level
from data.demo.phases import BURST_MONTH, Array, is_burst_day
from data.demo.routing import WITHDRAWN_SHARE, recommend
from data.demo.truths import planted
from data.demo.versions import Score, Version

RATIOS = ("debt_to_income", "loan_to_income", "instalment_to_income")
RAISES = (1.15, 1.3, 1.6, 2.0)


def score_batch(batch: Batch, version: Version, score: Score) -> None:
    """`clean` is the score with all inputs in place; `score` what the system had, which in the burst is too low."""
    batch["clean"] = score(version.artifact, batch.features).to_numpy()
    batch["score"] = batch["clean"].copy()
    batch["burst"] = np.zeros(len(batch), bool)
    if batch.month == BURST_MONTH:
        _lose_bureau_data(batch, version, score)
    batch["recommendation"] = recommend(batch["score"], version)
    batch["original"] = batch["recommendation"].copy()


def _lose_bureau_data(batch: Batch, version: Version, score: Score) -> None:
    """Nulls in nine days' cases. How many lose all three columns, how many one, gives the planted mean shift."""
    hit = is_burst_day(batch["decided"].astype("datetime64[D]"))
    hit &= batch.rng.random(len(batch)) < planted("null_burst", "reach")
    if not hit.any():
        return
    rows = np.flatnonzero(hit)
    all_gone, one_gone = batch.features.loc[rows].copy(), batch.features.loc[rows].copy()
    all_gone[list(BUREAU_FEATURES)] = np.nan
    one_gone["inquiries_6m"] = np.nan
    high, low = score(version.artifact, all_gone).to_numpy(), score(version.artifact, one_gone).to_numpy()
    clean = batch["clean"][rows]
    most, least = float((clean - high).mean()), float((clean - low).mean())
    wanted = planted("null_burst", "score_shift")
    part = float(np.clip((wanted - least) / (most - least), 0.0, 1.0)) if most > least else 1.0
    everything = np.zeros(len(rows), bool)
    everything[batch.rng.permutation(len(rows))[: round(part * len(rows))]] = True
    batch["score"][rows] = np.where(everything, high, low)
    batch["burst"][rows] = True
    batch.features.loc[rows[everything], list(BUREAU_FEATURES)] = np.nan
    batch.features.loc[rows, "inquiries_6m"] = np.nan


def edit_inputs(batch: Batch, version: Version, score: Score) -> None:
    """Raise the income of the planted share of assisted cases and score them again; most edits flip the answer."""
    rng = batch.rng
    batch["edited"] = np.zeros(len(batch), bool)
    by_person = ~batch["automatic"] & ~batch["random"]
    free = by_person & ~batch["burst"] & (batch["previous"] == 0)
    assisted = (
        count_with_later(batch, by_person)
        * (1 - WITHDRAWN_SHARE)
        * (1 - len(BYPASS_TEAMS) / len(TEAMS) * bypass_level(batch.month))
    )
    wanted = rng.binomial(round(assisted), planted("input_edits", "share"))
    flips = rng.binomial(wanted, planted("input_edits", "flips"))
    flipped = _edit(
        batch, version, score, rng.permutation(np.flatnonzero(free & (batch["original"] == REJECT))), flips, True
    )
    kept = round(flipped / planted("input_edits", "flips")) - flipped if flipped < flips else wanted - flips
    rest = np.flatnonzero(free & ~batch["edited"] & (batch["original"] != REFER))
    _edit(batch, version, score, rng.permutation(rest), kept, False)


def _edit(batch: Batch, version: Version, score: Score, candidates: Array, wanted: int, flip: bool) -> int:
    """Edit up to `wanted` of the candidates, with the smallest raise that flips (or, if not `flip`, the first, where it
    does not); returns how many were edited."""
    done = 0
    for start in range(0, len(candidates), max(4 * wanted, 50)):
        rows = candidates[start : start + max(4 * wanted, 50)]
        for raise_ in RAISES if flip else RAISES[:1]:
            if done == wanted or not len(rows):
                break
            table = raise_income(batch.features.loc[rows], raise_)
            scores = score(version.artifact, table).to_numpy()
            after = recommend(scores, version)
            fits = after == (ACCEPT if flip else batch["original"][rows])
            chosen = np.flatnonzero(fits)[: wanted - done]
            _write_edit(batch, rows[chosen], table.iloc[chosen], scores[chosen], after[chosen])
            done += len(chosen)
            rows = np.delete(rows, chosen)
        if done == wanted:
            break
    return done


def _write_edit(batch: Batch, rows: Array, table: pd.DataFrame, scores: Array, after: Array) -> None:
    columns = ["monthly_income", *RATIOS]
    batch.features.loc[rows, columns] = table[columns].to_numpy()
    batch["score"][rows], batch["recommendation"][rows] = scores, after
    batch["edited"][rows] = True


def raise_income(features: pd.DataFrame, factor: float) -> pd.DataFrame:
    """The same applications with a higher income, and the ratios that follow from it."""
    table = features.copy()
    table["monthly_income"] = (table["monthly_income"] * factor).round(2)
    for name in RATIOS:
        table[name] = (table[name] / factor).round(4)
    return table
