"""The one error a person may read: what happened, where, and what to do about it."""

from __future__ import annotations


class UserError(Exception):
    """Something the reader can mend: a title, what happened (with file, line, column), what to do.

    Commands print it and exit with 2; pages show it in one panel. Anything else is a defect and is logged.
    """

    def __init__(self, title: str, what_happened: str, what_to_do: str) -> None:
        super().__init__(f"{title}: {what_happened} {what_to_do}")
        self.title = title
        self.what_happened = what_happened
        self.what_to_do = what_to_do


class DamageError(UserError):
    """A file of the store cannot be read or is not what was written; another snapshot may be shown instead."""
