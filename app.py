"""The launcher: `streamlit run app.py`, `python app.py` and `uvicorn app:app` all serve the same dashboard.

The pages' entry is pages/_main.py, not this file: Streamlit runs a file of `pages/` beside the main script by itself
on a deep link, before any navigation or check. With the entry inside `pages/`, every visit goes through it.
"""

from __future__ import annotations

import base64
import gc
import hashlib
import importlib
import logging
import os
import pkgutil
import re
import secrets
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config

ROOT = Path(__file__).resolve().parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

# Under uvicorn Streamlit takes the folder of its main script, pages/, for the one that holds .streamlit/config.toml;
# `streamlit run` sets the launcher's here. Without it a start from another folder would lose the address and the theme.
if config._main_script_path is None:
    config._main_script_path = str(ROOT / "app.py")

log = logging.getLogger("execution_debt")

# Imported before the first visitor comes: they cost a second or two once, and nothing afterwards.
WARM_UP = ("pandas", "plotly.graph_objects", "duckdb", "xgboost")


def _describe_policy() -> str:
    """The content security policy: everything from this server, scripts only from files or known by their hash."""
    page = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    inline = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in inline]
    return "; ".join(
        [
            "default-src 'self'",
            " ".join(["script-src 'self'", *(f"'sha256-{digest}'" for digest in hashes)]),
            "style-src 'self' 'unsafe-inline'",  # Streamlit and Plotly write their styles into the page
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "media-src 'self' data: blob:",
            "worker-src 'self' blob:",
            "connect-src 'self'",
            "frame-src 'self'",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )


SECURITY_HEADERS = {
    "Content-Security-Policy": _describe_policy(),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


class SecurityHeaders:
    """ASGI middleware that puts SECURITY_HEADERS on every HTTP answer; websockets pass through."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers[name] = value
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)


class SendAtOnce:
    """ASGI middleware that switches Nagle's algorithm off on every websocket.

    Streamlit's own server binds its socket in a way asyncio does not recognise as TCP, so the algorithm stays on; each
    rerun is a burst of small messages, and the last of them then waits 40 ms for the client's delayed acknowledgement.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            # `send` is a method of uvicorn's protocol object; another server's may have no such attribute, and no need.
            transport = getattr(getattr(send, "__self__", None), "transport", None)
            connection = transport.get_extra_info("socket") if transport is not None else None
            if connection is not None and connection.family in (socket.AF_INET, socket.AF_INET6):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await self.app(scope, receive, send)


def _show_script_error(error: Exception) -> bool:
    """The last resort for what no panel caught: words a person can act on, or a reference that the log repeats."""
    from analysis.errors import UserError
    from pages.ui.guard import show_error

    if isinstance(error, UserError):
        show_error(error)
        return True
    reference = secrets.token_hex(4)
    log.error("Reference %s", reference, exc_info=error)
    st.error(
        "**This page could not be shown.**\n\nIt failed for a reason the dashboard did not expect; nothing was changed."
        f"\n\nTry again, or tell the administrator this reference: `{reference}`. The log names the cause beside it."
    )
    return True


async def show_readiness(_: Request) -> Response:
    """`/ready`: 200 and the snapshot being served as JSON, beside it under "degraded" what is wrong if it is not the
    one chosen; or 503 and the reason in words where nothing can be served."""
    from analysis.store import describe_readiness

    found = await run_in_threadpool(describe_readiness)
    if not found.is_ready:
        return PlainTextResponse(found.words, status_code=503)
    return JSONResponse({"snapshot": found.snapshot} | ({"degraded": found.words} if found.words else {}))


async def _show_server_error(_: Request, error: Exception) -> Response:
    reference = secrets.token_hex(4)
    log.error("Reference %s", reference, exc_info=error)
    return PlainTextResponse(f"The server failed. The log names the cause beside {reference}.", status_code=500)


class KeepFrozen:
    """Freezes what survives a full collection, so that the next one visits only what came since.

    Without it each rerun's collection walks every answer the caches keep: 50 ms after some forty views. What is frozen
    and becomes unreachable in a circle would stay for ever, so now and then everything is thawed for one collection.
    """

    def __init__(self, thaw_seconds: float) -> None:
        self._thaw_seconds = thaw_seconds
        self._thawed = time.monotonic()

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        if info["generation"] < 2:
            return
        if phase == "stop":
            gc.freeze()
        elif time.monotonic() - self._thawed > self._thaw_seconds:
            gc.unfreeze()
            self._thawed = time.monotonic()


keep_frozen = KeepFrozen(thaw_seconds=60.0)


@asynccontextmanager
async def warm_up(_: st.App) -> AsyncIterator[None]:
    """Import what the pages need, then take it out of the garbage collector's sight.

    Streamlit ends every rerun with a full collection. With these packages imported it would visit their objects each
    time, for about 100 ms; frozen, they are no longer visited.
    """
    for name in WARM_UP:
        importlib.import_module(name)
    analysis = importlib.import_module("analysis")
    for module in pkgutil.walk_packages(analysis.__path__, "analysis."):
        if not module.name.startswith("analysis.jobs"):
            importlib.import_module(module.name)
    importlib.import_module("plotly.graph_objects").Figure()  # loads the default template
    gc.collect()
    gc.freeze()
    gc.callbacks.append(keep_frozen)
    yield
    gc.callbacks.remove(keep_frozen)
    gc.unfreeze()  # else DuckDB reports what the interpreter's exit did not collect as leaks


app = st.App(
    ROOT / "pages" / "_main.py",
    routes=[Route("/ready", show_readiness)],
    middleware=[Middleware(SecurityHeaders), Middleware(SendAtOnce)],
    lifespan=warm_up,
    on_script_error=_show_script_error,
    exception_handlers={Exception: _show_server_error},
)

if __name__ == "__main__":
    # `streamlit run` reads STREAMLIT_... variables itself; app.run() does not, and needs the two that say where it is.
    variables = {"server.address": "STREAMLIT_SERVER_ADDRESS", "server.port": "STREAMLIT_SERVER_PORT"}
    app.run(config={option: os.environ[name] for option, name in variables.items() if name in os.environ})
