"""Visit pages without a browser, in Streamlit's own websocket protocol, and time what the server does.

One process can hold many sessions at once. A rerun is measured from the moment its message is sent to the arrival of
`script_finished`, so it covers the script, the serialisation and the transfer, but not the drawing in a browser.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from google.protobuf.message import Message
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from websockets.asyncio.client import ClientConnection, connect

WidgetValue = bool | int | float | str | Sequence[str]


@dataclass(frozen=True)
class Timing:
    """One rerun: seconds on the wall clock, bytes received, and what the page complained of (empty if nothing)."""

    seconds: float
    bytes: int
    exceptions: tuple[str, ...] = ()


@dataclass
class Session:
    """One visitor. Use it as `async with Session("http://127.0.0.1:8501") as session: await session.open("cases")`."""

    url: str
    timeout: float = 120.0
    page_hash: str = ""
    query_string: str = ""
    widget_ids: dict[str, str] = field(default_factory=dict)  # key given in the script -> id on the wire
    pages: dict[str, str] = field(default_factory=dict)  # address path of a page -> its hash
    # What the last rerun showed, to be checked: its first-level heading, its texts, and the links to pages above the
    # heading (hash -> query string), which are the navigation's.
    heading: str = ""
    texts: list[str] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    _values: dict[str, WidgetValue] = field(default_factory=dict)
    _socket: ClientConnection | None = None

    async def __aenter__(self) -> Self:
        address = urlsplit(self.url)
        scheme = "wss" if address.scheme == "https" else "ws"
        self._socket = await connect(
            f"{scheme}://{address.netloc}{address.path.rstrip('/')}/_stcore/stream",
            subprotocols=["streamlit"],  # type: ignore[list-item]  # a NewType over str
            origin=f"{address.scheme}://{address.netloc}",  # type: ignore[arg-type]
            max_size=None,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._socket is not None:
            await self._socket.close()

    async def open(self, page: str = "", query_string: str = "") -> Timing:
        """Go to a page by its address path ("" is the first page), as a deep link or a click in the navigation does."""
        self.page_hash, self.query_string, self._values = "", query_string, {}
        return await self._run(page)

    async def follow(self, page: str) -> Timing:
        """Click the link to a page in the navigation of the last rerun; KeyError where it showed none."""
        self.page_hash = self.pages[page]
        self.query_string, self._values = self.links[self.page_hash], {}
        return await self._run("")

    async def rerun(self, query_string: str | None = None, widgets: Mapping[str, WidgetValue] | None = None) -> Timing:
        """Run the same page again with other widget values, named by their keys, or another query string."""
        self.query_string = self.query_string if query_string is None else query_string
        self._values |= dict(widgets or {})
        return await self._run("")

    async def _run(self, page: str) -> Timing:
        if self._socket is None:
            raise RuntimeError("The session is not connected: use `async with Session(url)`.")
        request = BackMsg()
        request.rerun_script.query_string = self.query_string
        request.rerun_script.page_script_hash = self.page_hash
        request.rerun_script.page_name = page
        request.rerun_script.widget_states.CopyFrom(self._build_states())
        started = time.perf_counter()
        await self._socket.send(request.SerializeToString())
        async with asyncio.timeout(self.timeout):
            size, exceptions = await self._receive()
        return Timing(time.perf_counter() - started, size, tuple(exceptions))

    def _build_states(self) -> WidgetStates:
        unknown = self._values.keys() - self.widget_ids.keys()
        if unknown:
            raise KeyError(f"No widget of key {', '.join(sorted(unknown))}; known are {sorted(self.widget_ids)}.")
        return WidgetStates(widgets=[_build_state(self.widget_ids[key], value) for key, value in self._values.items()])

    async def _receive(self) -> tuple[int, list[str]]:
        """Read until the run ends; a run that `st.rerun` or `st.switch_page` cut short is followed by another."""
        assert self._socket is not None
        size = 0
        exceptions: list[str] = []
        while True:
            payload = await self._socket.recv(decode=False)
            size += len(payload)
            message = ForwardMsg.FromString(payload)
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self.page_hash = message.new_session.page_script_hash
                self.heading, self.texts, self.links = "", [], {}
            elif kind == "navigation":
                self.page_hash = message.navigation.page_script_hash
                self.pages = {page.url_pathname: page.page_script_hash for page in message.navigation.app_pages}
            elif kind == "page_info_changed":
                self.query_string = message.page_info_changed.query_string
            elif kind == "page_not_found":
                exceptions.append(f"Page not found: {message.page_not_found.page_name or 'unnamed'}")
            elif kind == "delta":
                exceptions += self._read_delta(message.delta)
            elif kind == "script_finished":
                if message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                    exceptions.append("The script does not compile.")
                if message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                    return size, exceptions

    def _read_delta(self, delta: Delta) -> Iterator[str]:
        """Remember widgets and texts; yield what the page shows as an error."""
        kind = delta.new_element.WhichOneof("type") if delta.HasField("new_element") else None
        if kind is None:
            return
        element: Message = getattr(delta.new_element, kind)
        identity = getattr(element, "id", "")
        if isinstance(identity, str) and identity.startswith("$$ID-"):
            self.widget_ids[identity.split("-", 2)[2]] = identity
        if kind == "exception":
            yield f"{delta.new_element.exception.type}: {delta.new_element.exception.message}"
        elif kind == "alert" and delta.new_element.alert.format == delta.new_element.alert.ERROR:
            yield delta.new_element.alert.body
        elif kind == "alert":
            self.texts.append(delta.new_element.alert.body)
        elif kind == "markdown":
            self.texts.append(delta.new_element.markdown.body)
        elif kind == "html":
            self.texts.append(unescape(delta.new_element.html.body))
        elif kind == "heading" and delta.new_element.heading.tag == "h1":
            self.heading = self.heading or delta.new_element.heading.body
        elif kind == "page_link" and not self.heading:
            self.links[delta.new_element.page_link.page_script_hash] = delta.new_element.page_link.query_string


def _build_state(identity: str, value: WidgetValue) -> WidgetState:
    if isinstance(value, bool):
        return WidgetState(id=identity, bool_value=value)
    if isinstance(value, int):
        return WidgetState(id=identity, int_value=value)
    if isinstance(value, float):
        return WidgetState(id=identity, double_value=value)
    if isinstance(value, str):
        return WidgetState(id=identity, string_value=value)
    state = WidgetState(id=identity)
    state.string_array_value.data.extend(value)
    return state


async def visit_together(url: str, visits: Sequence[Sequence[tuple[str, str]]]) -> list[list[Timing]]:
    """Many visitors at once, each with its own list of (page, query string) opened one after the other.

    Returns the timings in the same shape. The sessions connect first and start together.
    """
    gate = asyncio.Barrier(len(visits))

    async def visit(steps: Sequence[tuple[str, str]]) -> list[Timing]:
        async with Session(url) as session:
            await gate.wait()
            return [await session.open(page, query) for page, query in steps]

    return await asyncio.gather(*(visit(steps) for steps in visits))
