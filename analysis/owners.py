"""Who answers for a number: the organisation's own owner, never silently the one the product suggests."""

from __future__ import annotations

from analysis.catalog import Card
from analysis.source import Source


def find_owner(source: Source, name: str) -> str:
    """The owner the use case names for a metric, in its owners or with its limit; "" where it names none."""
    use_case = source.use_case
    limit = use_case.limits.get(name)
    return use_case.owners.get(name) or (limit.owner if limit else "")


def describe_owner(source: Source, card: Card) -> str:
    """ "Owner: Head of Credit Risk" (of its limit as well), or that there is none and whom the card suggests."""
    owner, limit = find_owner(source, card.name), source.use_case.limits.get(card.name)
    of = " of number and limit" if limit and limit.owner == owner else ""
    return f"Owner{of}: {owner}" if owner else f"No owner named; {card.owner} is suggested"


def list_unowned(source: Source) -> tuple[Card, ...]:
    """The metrics nobody in the organisation answers for, in the order of their labels."""
    unowned = (card for name, card in source.catalog.items() if not find_owner(source, name))
    return tuple(sorted(unowned, key=lambda card: card.label))


def list_unknown(source: Source) -> tuple[str, ...]:
    """Names in the use case's owners and limits that are no metric: nobody is reached by them."""
    named = {*source.use_case.owners, *source.use_case.limits}
    return tuple(sorted(named - set(source.catalog)))
