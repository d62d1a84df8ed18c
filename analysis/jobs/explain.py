"""Why the model said what it said of one case: its strongest inputs, by the version that scored it.

The only place beside the other jobs that puts data and models together. Explanations are kept in a small cache: a
snapshot never changes, so neither do they.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING

from analysis.charts.contributions import Contribution
from analysis.errors import UserError
from analysis.formats import build_scale, format_value
from analysis.source import Source
from analysis.store import model_file
from models.explain import BIAS, explain_cases, explain_strongest
from models.registry import ModelProblem, load_model

if TYPE_CHECKING:
    import pandas as pd

NAMED = 3  # inputs the sentence names on each side at most
MINOR_SHARE = 0.1  # of the strongest: weaker inputs are drawn, but the sentence does not name them
SAME_SCORE = 0.005  # half a point: a larger gap to the score on record is told
_KEPT = 256
_lock = threading.Lock()
_kept: OrderedDict[tuple[str, str, str, int], Explanation] = OrderedDict()


@dataclass(frozen=True)
class Explanation:
    """One score, taken apart: base + the sum of the contributions' amounts = log-odds of `score`.

    score: what the model gives for the stored inputs, 0 to 1. logged: the score on record. base: the log-odds before
    any input is known. contributions: every input, strongest first, in the use case's words.
    """

    model_version: str
    score: float
    logged: float | None
    base: float
    contributions: tuple[Contribution, ...]


def explain_case(source: Source, case_id: str, decision_no: int = 1) -> Explanation:
    """What each input did to this decision's score, strongest first, by the model version that scored it.

    Path-dependent TreeSHAP in margin space (Lundberg et al., Nature Machine Intelligence 2020).
    UserError where it was not scored, its version or inputs are not there, or the artifact cannot be used.
    """
    key = (source.snapshot, source.use_case.name, case_id, decision_no)
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    found = _explain(source, case_id, decision_no)
    with _lock:
        _kept[key] = found
        while len(_kept) > _KEPT:
            _kept.popitem(last=False)
    return found


def _explain(source: Source, case_id: str, decision_no: int) -> Explanation:
    version, logged, artifact = _find_artifact(source, case_id, decision_no)
    inputs = _read_inputs(source, case_id, decision_no)
    try:
        model = load_model(artifact)
        missing = [name for name in model.features if name not in inputs.columns]
        if missing:
            raise UserError(
                "The inputs do not fit the model",
                f"Version {version} was trained with {', '.join(missing)}, which this log's features do not have.",
                "Map these columns in the features table, in the model's own names.",
            )
        table = inputs[list(model.features)]
        contributions = explain_cases(artifact, table).iloc[0]
    except ModelProblem as problem:
        raise UserError(
            f"The score of version {version} cannot be explained",
            str(problem),
            "Put the version's model file beside the mapping, correct the features table, and load again.",
        ) from problem
    return _build(source, version, logged, table.iloc[0], contributions)


def _find_artifact(source: Source, case_id: str, decision_no: int) -> tuple[str, float | None, Path]:
    """The version that scored the decision, the score on record, and the version's file."""
    key = {"case_id": case_id, "no": decision_no}
    rows = source.rows("select model_version, score from facts where case_id = $case_id and decision_no = $no", key)
    case = source.use_case.word("case")
    if not rows:
        raise UserError(f"There is no such {case}", f"'{case_id}' is not in this snapshot.", "Check the id.")
    version, score = rows[0]
    if score is None:
        raise UserError(
            f"This {case} was not scored",
            "No score is on record, so there is none to explain.",
            "Nothing need be done, unless it ought to have been scored: then map decisions.score.",
        )
    if version is None:
        raise UserError(
            "The model version was not recorded",
            "The score is there, but not the version of the model that gave it.",
            "Map decisions.model_version, so that each score can be traced to its model.",
        )
    found = source.rows("select artifact from model_versions where model_version = $version", {"version": version})
    artifact = found[0][0] if found else None
    if not artifact:
        what = "has no model file" if found else "is not in the table of model versions"
        raise UserError(
            "There is no model to ask",
            f"Version {version} {what}.",
            "Map model_versions.artifact to the version's .ubj or .json file, and `models` to the folder it lies in.",
        )
    # Only the file's name: the snapshot keeps its own copies, and a path must not lead out of their folder.
    return str(version), score, model_file(source, PureWindowsPath(str(artifact)).name)


def _read_inputs(source: Source, case_id: str, decision_no: int) -> pd.DataFrame:
    inputs = source.frame(
        "select * from features where case_id = $case_id and decision_no = $no", {"case_id": case_id, "no": decision_no}
    )
    if inputs.empty:
        raise UserError(
            "The model's inputs are not there",
            f"The features table has no row for decision {decision_no} of '{case_id}'.",
            "Load the features of this decision; records that wait or were quarantined are listed under Data.",
        )
    return inputs.iloc[:1]


def _build(
    source: Source, version: str, logged: float | None, inputs: pd.Series, contributions: pd.Series
) -> Explanation:
    ranked = explain_strongest(contributions, len(contributions))
    told = tuple(
        Contribution(_name(source, str(name)), _write(source, str(name), inputs[str(name)]), float(amount))
        for name, amount in ranked.items()
    )
    return Explanation(version, to_share(float(contributions.sum())), logged, float(contributions[BIAS]), told)


def to_share(log_odds: float) -> float:
    """Log-odds as a probability, 0 to 1."""
    return 1 / (1 + math.exp(-log_odds))


def describe_explanation(source: Source, found: Explanation) -> str:
    """The explanation in plain words: the score, where it starts, what raises it and what lowers it most."""
    use_case = source.use_case
    edge = max((abs(c.amount) for c in found.contributions), default=0.0) * MINOR_SHARE
    named = [c for c in found.contributions if abs(c.amount) > edge]
    sides = {
        "raises": [_say(c) for c in named if c.amount > 0][:NAMED],
        "lowers": [_say(c) for c in named if c.amount < 0][:NAMED],
    }
    score = format_value(found.score, "share", use_case)
    start = format_value(to_share(found.base), "share", use_case)
    parts = [f"The model gives this {use_case.word('case')} {score}; before any input is known it starts at {start}."]
    told = [f"{_join(inputs)} {verb if len(inputs) == 1 else verb[:-1]} it" for verb, inputs in sides.items() if inputs]
    if told:
        parts.append(f"What moves it most: {'; '.join(told)}.")
    else:
        parts.append("No input moves it.")
    if found.logged is not None and abs(found.logged - found.score) > SAME_SCORE:
        logged = format_value(found.logged, "share", use_case)
        parts.append(f"The score on record is {logged}: the inputs, or the score, were changed since it was given.")
    return " ".join(parts)


def _say(contribution: Contribution) -> str:
    return f"{contribution.name} ({contribution.value})"


def _join(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _name(source: Source, feature: str) -> str:
    return source.use_case.features.get(feature, feature.replace("_", " "))


def _write(source: Source, feature: str, value: object) -> str:
    """An input's value in words; that of a protected group is not told."""
    if feature.startswith("group_") and not source.use_case.show_groups:
        return "protected"
    if value is None or value != value:  # empty
        return "empty"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    number = float(value)  # type: ignore[arg-type]
    scale = build_scale(number, "count", source.use_case)
    return scale.write(number) if number.is_integer() or abs(number) >= 1000 else f"{number:.3g}"
