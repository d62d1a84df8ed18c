"""Time zones and `as_of`: text in a person's zone becomes UTC without a zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from data.errors import UserError


def read_as_of(value: object, zone: str, where: str) -> datetime:
    """`as_of` in UTC, without a zone. A date alone means the end of that day in `zone`.

    UserError where the value is no ISO 8601 date or time, or the zone is not known; `where` names its place.
    """
    try:
        local = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, TypeError, IsADirectoryError) as error:
        raise UserError(
            "The time zone is not known",
            f"{where}: must be an IANA zone such as Europe/Berlin; received {zone!r}.",
            "Change that field.",
        ) from error
    moment = _moment(value)
    if moment is None:
        raise UserError(
            "This is not a date",
            f"{where}: must be a date or time such as 2026-07-12 or 2026-07-12T18:00:00+02:00; received {value!r}.",
            "Change that value.",
        )
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=local)
    return moment.astimezone(UTC).replace(tzinfo=None)


def _moment(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time()) + timedelta(days=1, microseconds=-1)
    if not isinstance(value, str):
        return None
    try:
        return _moment(date.fromisoformat(value))
    except ValueError:
        pass  # not a date alone; a date with a time comes next
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None
