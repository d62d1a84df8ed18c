"""The files of one use case within a snapshot: written durably, or taken over from the snapshot before."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from pathlib import Path

from data.durable import copy_durably, hash_file, sync_file, write_durably
from data.manifest import MAPPING_SUFFIX, NewPart, Part
from data.soundness import check_models, check_part, list_files


def write_part(building: Path, new: NewPart, now: dt.datetime) -> Part:
    """Move and write one use case's files into the folder being built, durably; what the manifest says of them."""
    file = f"{new.use_case}.duckdb"
    shutil.move(new.file, building / file)
    sync_file(building / file)
    texts = {f"{new.use_case}.toml": new.use_case_toml}
    if new.mapping_text:
        texts[f"{new.use_case}{MAPPING_SUFFIX}"] = new.mapping_text
    for name, text in texts.items():
        write_durably(building / name, text)
    artifacts = _copy_models(building, new)
    return Part(
        use_case=new.use_case, label=new.label, as_of=new.as_of.isoformat() if new.as_of else "", file=file,
        mapping=new.mapping,
        built_at=now.isoformat(timespec="seconds"), sha256=hash_file(building / file), rows=new.rows,
        models={path.name: hash_file(path) for path in artifacts},
        definitions=new.definitions, mapping_path=new.mapping_path,
        texts={name: hash_file(building / name) for name in texts},
        sizes={
            path.relative_to(building).as_posix(): path.stat().st_size
            for path in (building / file, *(building / name for name in texts), *artifacts)
        },
    )  # fmt: skip


def _copy_models(building: Path, new: NewPart) -> list[Path]:
    if new.models is None or not new.models.is_dir():
        return []
    target = building / "models" / new.use_case
    target.mkdir(parents=True)
    copies = []
    for artifact in sorted(p for p in new.models.iterdir() if p.suffix in (".ubj", ".json")):
        copy_durably(artifact, target / artifact.name)
        copies.append(target / artifact.name)
    return copies


def link_part(source: Path, building: Path, part: Part) -> None:
    """Take over a use case as it is; DamageError where it no longer is what was published."""
    check_part(source, part)
    check_models(source, part)
    for name in list_files(part):
        target = building / name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source / name, target)
        except OSError:  # a file system without hard links
            copy_durably(source / name, target)
