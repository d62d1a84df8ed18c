"""The launcher keeps survivors of a full collection out of the collector's sight, and thaws them now and then."""

from __future__ import annotations

import gc
import weakref

import pytest

from app import KeepFrozen


class Circle:
    def __init__(self) -> None:
        self.me = self


@pytest.fixture
def hook():
    """A hook of the collector, taken off again whatever happens."""
    installed: list[KeepFrozen] = []

    def install(thaw_seconds: float) -> None:
        installed.append(KeepFrozen(thaw_seconds))
        gc.callbacks.append(installed[-1])

    yield install
    for one in installed:
        gc.callbacks.remove(one)
    gc.unfreeze()


def leave_a_circle() -> weakref.ref[Circle]:
    """A circle that survives one collection and is then left by everybody."""
    circle = Circle()
    gc.collect()
    return weakref.ref(circle)


def test_what_survives_a_full_collection_is_not_visited_again(hook):
    before = gc.get_freeze_count()
    hook(thaw_seconds=3600.0)
    left = leave_a_circle()
    assert gc.get_freeze_count() > before
    gc.collect()
    assert left() is not None


def test_a_thaw_finds_what_was_left_in_a_circle(hook):
    hook(thaw_seconds=-1.0)
    left = leave_a_circle()
    gc.collect()
    assert left() is None
    assert gc.get_freeze_count() > 0


def test_small_collections_freeze_nothing(hook):
    gc.unfreeze()
    hook(thaw_seconds=3600.0)
    gc.collect(0)
    gc.collect(1)
    assert gc.get_freeze_count() == 0
