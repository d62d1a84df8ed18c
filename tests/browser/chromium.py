"""Find the Chromium that the browser tests drive; as a command, install one if there is none.

In order: the file named by the variable CHROMIUM, one on the path, Playwright's own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

MISSING = """No Chromium for the browser tests was found, and none could be installed.
Install one (on Debian or Ubuntu: apt-get install chromium) or name one: CHROMIUM=/path/to/chrome make test"""


def find_chromium() -> str:
    """The path of a Chromium; raises FileNotFoundError with what to do if there is none."""
    named = os.environ.get("CHROMIUM")
    if named:
        found = shutil.which(named)
        if found is None:
            raise FileNotFoundError(f"CHROMIUM names {named}, which is not a program on this machine.")
        return found
    for name in NAMES:
        found = shutil.which(name)
        if found is not None:
            return found
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    if Path(own).is_file():
        return own
    raise FileNotFoundError(MISSING)


def main() -> int:
    """Print which Chromium will be used, after an attempt to install Playwright's if there is none."""
    try:
        print(f"Browser: {find_chromium()}")
        return 0
    except FileNotFoundError as missing:
        if os.environ.get("CHROMIUM"):
            print(missing, file=sys.stderr)
            return 1
    print("No Chromium found: installing Playwright's.")
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    try:
        print(f"Browser: {find_chromium()}")
        return 0
    except FileNotFoundError as missing:
        print(missing, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
