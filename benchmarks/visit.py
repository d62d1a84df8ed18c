"""One view of one page as somebody asks for it, and whether what came back is that view.

Imports nothing that measures or asks the data, so that the process of the visitors is small.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs

from benchmarks.protocol import Session, Timing

# What the frame writes into an address by itself; it selects nothing.
_SNAPSHOT = "snapshot"


@dataclass(frozen=True)
class Visit:
    """What is asked for and what must be shown for the visit to count.

    path: the page's address path, "" for the first page. query_string: the whole address. title: the page's heading.
    selection: the filters alone, as a query string. words: what the page's own part must say.
    """

    page: str
    path: str
    query_string: str
    title: str
    selection: str
    words: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        return f"/{self.path}?{self.query_string}"


def find_wrong(visit: Visit, timing: Timing, session: Session) -> str:
    """What is wrong with what a session shows after a visit, in words; "" where it shows what was asked for.

    Three proofs: the page by its heading, the selection by the address that every link of the navigation carries, and
    the page's own words about it. An error on the page is wrong whatever else it shows.
    """
    if timing.exceptions:
        return f"{visit.address} shows an error: {'; '.join(timing.exceptions)}"
    if session.heading != visit.title:
        return f"{visit.address} shows the page '{session.heading}', not '{visit.title}'"
    asked = parse_qs(visit.selection)
    if not session.links:
        return f"{visit.address} shows no navigation"
    for link in session.links.values():
        carried = {name: values for name, values in parse_qs(link).items() if name != _SNAPSHOT}
        if carried != asked:
            return f"{visit.address} shows the selection {carried}, not {asked}"
    shown = "\n".join(session.texts).replace("\\", "")
    for words in visit.words:
        if words not in shown:
            return f"{visit.address} does not show '{words}'. It shows:\n{shown[:2000]}"
    return ""
