"""Loading a model file: what may be loaded, what a loaded model knows of its inputs, and a small cache.

Only XGBoost's own .ubj and .json files are read. A pickle is refused before it is opened, because loading
one runs whatever code it carries.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".ubj", ".json")
CACHE_SIZE = 16
CATEGORIES_ATTRIBUTE = "categories"  # JSON on the booster: {feature: [category, ...]}, in training order


class ModelProblem(ValueError):
    """A model or its inputs cannot be used; the message says which and why, in words."""


@dataclass(frozen=True)
class Model:
    """A loaded booster, its features in training order, and the categories of the categorical ones."""

    booster: Any
    features: tuple[str, ...]
    categories: dict[str, tuple[str, ...]]

    def prepare(self, features: pd.DataFrame) -> pd.DataFrame:
        """The same rows with the model's own types, ready to score.

        Names and order must be the model's. Text becomes the categories of training; numbers become floats.
        ModelProblem where a name, the order, a number or a category does not fit: never a silent blank.
        """
        import pandas as pd

        _check_names(self.features, [str(c) for c in features.columns])
        prepared = {}
        for name in self.features:
            column = features[name]
            if name in self.categories:
                prepared[name] = _as_category(name, column, self.categories[name])
            else:
                prepared[name] = _as_number(name, column)
        return pd.DataFrame(prepared, index=features.index)


_cache: OrderedDict[tuple[str, int, int], Model] = OrderedDict()
_lock = Lock()


def load_model(path: Path) -> Model:
    """The model in a .ubj or .json file; cached by path, modification time and size, so a replaced file is re-read.

    ModelProblem for a missing file, a forbidden suffix, or a file that is not a model of ours.
    """
    _check_suffix(path)
    try:
        stat = path.stat()
    except OSError as error:
        raise ModelProblem(f"The model file {path.name} is missing or cannot be read: {error.strerror}.") from error
    key = (str(path.resolve()), stat.st_mtime_ns, stat.st_size)
    with _lock:
        if key in _cache:
            _cache.move_to_end(key)
            return _cache[key]
    model = _read_model(path)
    with _lock:
        _cache[key] = model
        while len(_cache) > CACHE_SIZE:
            _cache.popitem(last=False)
    return model


def _check_suffix(path: Path) -> None:
    suffix = path.suffix.lower()
    if suffix in (".pkl", ".pickle", ".joblib"):
        raise ModelProblem(
            f"{path.name} is a pickle. Pickles are never opened, because they can run code. Save the model with "
            "booster.save_model('name.ubj') and use that file."
        )
    if suffix not in SUFFIXES:
        raise ModelProblem(f"{path.name} is not a model file: expected .ubj or .json, received '{suffix or 'none'}'.")


def _read_model(path: Path) -> Model:
    import xgboost as xgb

    content = path.read_bytes()
    # Every UBJSON and JSON model is an object; anything else must not reach the reader (a text file could end it).
    if not content[:1] == b"{":
        raise ModelProblem(f"{path.name} is not an XGBoost model: it does not begin like one.")
    booster = xgb.Booster()
    try:
        booster.load_model(path)
    except (xgb.core.XGBoostError, ValueError, TypeError) as error:
        raise ModelProblem(
            f"{path.name} is not a readable XGBoost model: the file is damaged or incomplete."
        ) from error
    names = booster.feature_names
    if not names:
        raise ModelProblem(f"{path.name} does not name its features, so its inputs cannot be matched by name.")
    return Model(booster, tuple(names), _categories(path, booster))


def _categories(path: Path, booster: Any) -> dict[str, tuple[str, ...]]:
    text = booster.attr(CATEGORIES_ATTRIBUTE)
    types = booster.feature_types or []
    if text is None:
        unknown = [n for n, t in zip(booster.feature_names, types, strict=False) if t == "c"]
        if unknown:
            raise ModelProblem(f"{path.name} does not say which categories it was trained with: {', '.join(unknown)}.")
        return {}
    try:
        return {str(name): tuple(str(v) for v in values) for name, values in json.loads(text).items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise ModelProblem(f"{path.name} holds an unreadable list of categories.") from error


def _check_names(wanted: tuple[str, ...], received: list[str]) -> None:
    if list(wanted) == received:
        return
    missing = [n for n in wanted if n not in received]
    extra = [n for n in received if n not in wanted]
    if missing or extra:
        parts = []
        if missing:
            parts.append(f"missing: {', '.join(missing)}")
        if extra:
            parts.append(f"not known to the model: {', '.join(extra)}")
        raise ModelProblem(f"The features do not fit the model; {'; '.join(parts)}.")
    repeated = len(received) != len(wanted)
    reason = "a feature appears twice" if repeated else "the features are in another order"
    raise ModelProblem(f"The features do not fit the model; {reason} than the model's: {', '.join(wanted)}.")


def _as_category(name: str, column: pd.Series, known: tuple[str, ...]) -> pd.Series:
    import pandas as pd

    unseen = pd.unique(column[column.notna() & ~column.isin(known)])
    if len(unseen):
        values = ", ".join(repr(str(v)) for v in unseen[:5])
        raise ModelProblem(
            f"Feature '{name}' has a category the model was not trained with: {values}; it knows {', '.join(known)}."
        )
    return pd.Series(pd.Categorical(column, categories=list(known)), index=column.index)


def _as_number(name: str, column: pd.Series) -> pd.Series:
    import pandas as pd

    try:
        return pd.to_numeric(column).astype("float64")
    except (TypeError, ValueError) as error:
        raise ModelProblem(f"Feature '{name}' must be a number in every row: {error}.") from error
