"""The visitors' process: many sessions in one event loop. Reads its plan from standard input, writes what they met.

python -m benchmarks.visitors < plan.json > met.json
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from typing import Any

from websockets.exceptions import WebSocketException

from benchmarks.protocol import Session, Timing
from benchmarks.visit import Visit, find_wrong

_LOST = (WebSocketException, OSError, TimeoutError, LookupError)  # the last: the page showed no link to follow


@dataclass(frozen=True)
class Action:
    """One thing a visitor does: follow the navigation to a page ("page"), or show a selection on the same page that
    was ("seen") or was not ("new") shown before."""

    kind: str
    visit: Visit


@dataclass(frozen=True)
class Plan:
    """What all visitors will do. every: seconds between the actions of one session. before: views opened once before
    the clock starts. starts, delays, actions: per session its first view, the seconds until its first action, the rest.
    """

    url: str
    every: float
    before: list[Visit]
    starts: list[Visit]
    delays: list[float]
    actions: list[list[Action]]


@dataclass(frozen=True)
class Done:
    """One action: seconds until the page's run ended; is_late: begun after its time, because the last one took longer;
    wrong: what it showed instead of what was asked for, "" where it was right."""

    kind: str
    page: str
    seconds: float
    bytes: int
    is_late: bool
    wrong: str = ""


async def run_visitors(plan: Plan) -> tuple[list[Done], list[str]]:
    """Every session from its first view to the end of the time: what was done, and which sessions were lost."""
    done: list[Done] = []
    for visit in plan.before:
        async with Session(plan.url) as session:
            await _open(session, visit, done)
    async with AsyncExitStack() as stack:
        sessions = [await stack.enter_async_context(Session(plan.url)) for _ in plan.starts]
        for session, visit in zip(sessions, plan.starts, strict=True):
            await _open(session, visit, done)
        began = asyncio.get_running_loop().time()
        lost = await asyncio.gather(
            *(_act(plan, number, session, began, done) for number, session in enumerate(sessions))
        )
    return done, [words for words in lost if words]


async def _open(session: Session, visit: Visit, done: list[Done]) -> None:
    """A view before the clock starts: told only where it is wrong."""
    timing = await session.open(visit.path, visit.query_string)
    if wrong := find_wrong(visit, timing, session):
        done.append(Done("before", visit.page, timing.seconds, timing.bytes, False, wrong))


async def _act(plan: Plan, number: int, session: Session, began: float, done: list[Done]) -> str:
    """Each action of one session at its own time, or as soon as the last one has ended; none is begun after the end.

    Returns what ended the session before its time, in words, or "".
    """
    loop, actions = asyncio.get_running_loop(), plan.actions[number]
    first = began + plan.delays[number]
    end = first + plan.every * len(actions)
    for step, action in enumerate(actions):
        wait = first + step * plan.every - loop.time()
        if wait > 0:
            await asyncio.sleep(wait)
        if loop.time() > end:
            break
        try:
            timing = await _do(session, action)
        except _LOST as error:
            return f"Session {number + 1} was lost at its action {step + 1}: {type(error).__name__} {error}"
        wrong = find_wrong(action.visit, timing, session)
        done.append(Done(action.kind, action.visit.page, timing.seconds, timing.bytes, wait < 0, wrong))
    return ""


async def _do(session: Session, action: Action) -> Timing:
    if action.kind == "page":
        return await session.follow(action.visit.path)
    return await session.rerun(action.visit.query_string)


def _read_plan(text: str) -> Plan:
    found: dict[str, Any] = json.loads(text)
    actions = [[Action(one["kind"], _read_visit(one["visit"])) for one in own] for own in found["actions"]]
    before, starts = ([_read_visit(visit) for visit in found[name]] for name in ("before", "starts"))
    return Plan(found["url"], found["every"], before, starts, found["delays"], actions)


def _read_visit(found: dict[str, Any]) -> Visit:
    return Visit(**{**found, "words": tuple(found["words"])})


def main() -> int:
    """Exit code 0; the answer on standard output as JSON."""
    done, lost = asyncio.run(run_visitors(_read_plan(sys.stdin.read())))
    json.dump({"done": [asdict(one) for one in done], "lost": lost}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
