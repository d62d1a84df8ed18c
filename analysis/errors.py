"""Errors a person can mend, under the name pages import."""

from data.errors import DamageError, UserError

__all__ = ["DamageError", "UserError"]
