"""Node, npm packages and Chromium for the tests of pages; each is looked for, and skipped with its reason."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import pytest

PATIENT_S: Final = 600


def found_node() -> str:
    """Node 20 or newer."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.removeprefix("v").split(".")[0]) < 20:
        pytest.skip(f"Node {version.strip()} is older than 20")
    return node


def found_chromium() -> str:
    """Chromium, as Debian has it."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("Chromium is not installed")
    return found


def installed(example: Path) -> Path:
    """An example's npm packages, installed as its lockfile says: by one of the processes that test, once."""
    found_node()
    name = hashlib.sha256(str(example).encode()).hexdigest()[:16]
    with (Path(tempfile.gettempdir()) / f"certcore-npm-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _install(example)


def _install(example: Path) -> Path:
    folder = example / "node_modules"
    lock = example / "package-lock.json"
    done_before = folder / ".package-lock.json"
    if not done_before.is_file() or done_before.stat().st_mtime < lock.stat().st_mtime:
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("npm is not installed")
        done = subprocess.run([npm, "ci"], cwd=example, capture_output=True, text=True, timeout=PATIENT_S, check=False)
        if done.returncode:
            pytest.skip(f"npm ci failed: {done.stderr.strip()[-300:]}")
        done_before.touch()
    return folder
