"""Where something was measured: the machine, the system, the versions. Never its name."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("streamlit", "duckdb", "pandas", "pyarrow", "plotly", "xgboost", "xgboost-cpu")


def describe_machine() -> str:
    """Cores, processor, memory and system in one sentence."""
    memory = read_memory()
    size = f"{memory / 2**30:.0f} GiB of memory" if memory else "memory not known"
    return f"{os.cpu_count()} cores ({read_processor()}), {size}, {read_system()}"


def describe_load() -> str:
    """How busy the machine is, so that figures of a busy one can be told; "" where the system does not tell."""
    if not hasattr(os, "getloadavg"):
        return ""
    return f"load average {os.getloadavg()[0]:.1f} at the start"


def describe_versions() -> str:
    """Python and the packages that do the work."""
    found = [f"Python {platform.python_version()}"]
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:  # xgboost is installed under one of its two names
            continue
    return ", ".join(found)


def read_system() -> str:
    """The system and its version, without the kernel's."""
    if sys.platform == "darwin":
        return f"macOS {platform.mac_ver()[0]}"
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:  # not a Linux that says what it is
        return f"{platform.system()} {platform.release()}"


def read_processor() -> str:
    """The processor's model as the system calls it."""
    cpu = Path("/proc/cpuinfo")
    if cpu.is_file():
        for line in cpu.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.lower().startswith("model name"):
                return line.partition(":")[2].strip()
    if sys.platform == "darwin":
        return _ask("machdep.cpu.brand_string")
    return platform.processor() or platform.machine()


def read_memory() -> int | None:
    """Bytes of memory; None where the system does not tell."""
    if sys.platform == "darwin":
        return int(_ask("hw.memsize"))
    if sys.platform == "win32":
        return None
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def read_resident(process_id: int) -> int | None:
    """Bytes of memory a running process holds now; None where the system does not tell."""
    if sys.platform == "darwin":
        return int(_run("ps", "-o", "rss=", "-p", str(process_id))) * 1024
    return _read_status(process_id, "VmRSS")


def read_peak(process_id: int) -> int | None:
    """The most a running process held so far. Only Linux tells it of a process that has not ended, and there it is
    better than what is told at the end, which begins at the size of the process that started it."""
    return _read_status(process_id, "VmHWM")


def read_processor_seconds(process_id: int) -> float | None:
    """Processor time a running process has used so far, on all cores; None where the system does not tell."""
    stat = Path(f"/proc/{process_id}/stat")
    if not stat.is_file():
        return None
    # The name in parentheses may hold spaces; of what follows, fields 12 and 13 are ticks in the program and system.
    ticks = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[11:13]
    return sum(int(n) for n in ticks) / os.sysconf("SC_CLK_TCK")


def _read_status(process_id: int, name: str) -> int | None:
    status = Path(f"/proc/{process_id}/status")
    if not status.is_file():
        return None
    for line in status.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    return None


def _ask(name: str) -> str:
    return _run("sysctl", "-n", name)


def _run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout.strip()
