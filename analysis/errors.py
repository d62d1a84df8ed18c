"""Errors a person can mend, under the name pages import."""

from data.errors import UserError

__all__ = ["UserError"]
