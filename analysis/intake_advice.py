"""What a person can do about a quarantined record, by the words of its reason."""

from __future__ import annotations

import re

# The words are those of data/load and data/checks; the first that is found counts.
_ADVICE = (
    (r"a duplicate: ", "Two records have one key. Keep the right one; where both are decisions on one case, give the "
     "later a decision_no of its own."),
    (r"has too (few|many) fields", "A delimiter is missing or too many, often within a text: put that text in quotes."),
    (r"a quote does not close", "Close the quote, or write a quote within a quoted text twice."),
    (r"wrong encoding", "Write these characters in the file's encoding, or name the right one as `encoding` in the "
     "mapping's source."),
    (r"a NUL byte", "Remove that byte: it cannot be part of a text."),
    (r"\(mixed currencies\)", "Convert the record's amounts to the use case's currency, or load it as a use case of "
     "its own."),
    (r"map it under \[source\.values\.", "Write one of the values named, or map this value in the mapping, in the "
     "place that the reason names."),
    (r"is empty and required", "Fill the value in; or map the column, or give it a constant, where the source never "
     "has it."),
    (r"timestamp_format|is not a date and time", "Write the date in the form that the reason names, or set "
     "`timestamp_format` in the mapping's source."),
    (r"is not an amount", "Write the amount with digits and one decimal mark only: no thousands separators and no "
     "currency sign. The mapping's `decimal` says which mark."),
    (r"is not a (whole )?number", "Write digits and one decimal mark only. The mapping's `decimal` says which mark."),
    (r"an impossible date", "Correct the date. Where many are wrong alike, the mapping's `timestamp_format` or time "
     "zone does not fit."),
    (r"is not between 0 and 1", "Correct the value. Percentages must be divided by 100 before they are loaded."),
    (r"is (below|above) ", "Correct the value, or leave it empty where it is not known."),
    (r"\(UTC\) is before ", "One of the two times is wrong. Where many are, check the mapping's time zone."),
    (r"artifact: ", "Save the model as .ubj or .json inside the folder of models, and name it from there."),
)  # fmt: skip
_ELSE = "Correct what the reason names, and load the record again."
WAITS = (
    "Nothing needs to be mended: it is judged again at every append. If its decision never comes, the case id of the "
    "two sources may be written differently."
)


def advise(reason: str) -> str:
    """What to do about one reason."""
    return next((words for pattern, words in _ADVICE if re.search(pattern, reason)), _ELSE)


def advise_all(reasons: tuple[str, ...]) -> list[str]:
    """What to do about each reason, no advice twice."""
    return list(dict.fromkeys(map(advise, reasons)))
