"""What a snapshot says of itself: its use cases, their files with size and hash, and a checksum over all of it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path

MAPPING_SUFFIX = ".mapping.toml"


@dataclass(frozen=True)
class Part:
    """One use case within a snapshot: where its file lies, what it holds and as of when (naive UTC, ISO; "" for a
    log without dates)."""

    use_case: str
    label: str
    as_of: str
    built_at: str
    file: str
    sha256: str
    rows: dict[str, int]
    mapping: str
    definitions: str = ""  # digest of the row sets and metrics its sums were made with
    models: dict[str, str] = field(default_factory=dict)  # artifact file -> sha256
    mapping_path: str = ""  # where the mapping lay when it was loaded, absolute
    texts: dict[str, str] = field(default_factory=dict)  # the use case's and the mapping's text as loaded -> sha256
    sizes: dict[str, int] = field(default_factory=dict)  # every file, models/<use case>/<artifact> too -> bytes

    @property
    def mapping_file(self) -> str:
        """The mapping's text within the snapshot; "" where none was kept."""
        name = f"{self.use_case}{MAPPING_SUFFIX}"
        return name if name in self.texts else ""


@dataclass(frozen=True)
class Manifest:
    """What a snapshot holds."""

    id: str
    published_at: str
    parts: dict[str, Part]

    def to_json(self) -> str:
        """The manifest's text; it ends with its own checksum."""
        return json.dumps({**asdict(self), "sha256": self._hash()}, indent=1, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """The manifest of a text; ValueError, KeyError or TypeError where the text is not what was written.

        A manifest written before checksums were has none, and is taken as it is.
        """
        return _parse(text)

    def _hash(self) -> str:
        # Of what is not empty only, so that a field added later leaves the checksums of older manifests alone.
        parts = {name: {k: v for k, v in asdict(part).items() if v} for name, part in self.parts.items()}
        whole = {"id": self.id, "published_at": self.published_at, "parts": parts}
        return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


@lru_cache(maxsize=16)  # every run of a page asks for the manifest, and it hardly ever changes
def _parse(text: str) -> Manifest:
    raw = json.loads(text)
    unknown = raw.keys() - {"id", "published_at", "parts", "sha256"}
    if unknown:
        raise ValueError(f"it has an unknown entry '{min(unknown)}'")
    found = Manifest(raw["id"], raw["published_at"], {k: Part(**v) for k, v in raw["parts"].items()})
    if "sha256" in raw and raw["sha256"] != found._hash():
        raise ValueError("its checksum does not match")
    return found


@dataclass(frozen=True)
class NewPart:
    """What a build hands over: the closed database file and everything the manifest says of it."""

    use_case: str
    label: str
    use_case_toml: str
    as_of: dt.datetime | None
    file: Path
    rows: dict[str, int]
    mapping: str
    models: Path | None = None
    definitions: str = ""
    mapping_text: str = ""  # kept beside the use case's, so that a corrected file can be checked against it
    mapping_path: str = ""
