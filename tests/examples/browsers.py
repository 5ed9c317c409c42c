"""Node, npm packages and Chromium for the tests of pages; each is looked for, and skipped with its reason."""

from __future__ import annotations

import fcntl
import hashlib
import io
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import pytest
from PIL import Image

from certcore import qr

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


def filmed(text: str, path: Path, *, width: int, scale: int, ground: int) -> str:
    """What a camera sees that is held over the code, as raw frames (YUV4MPEG2), three quarters as high as wide."""
    height = width * 3 // 4
    frame = Image.new("L", (width, height), ground)
    code = Image.open(io.BytesIO(qr.to_png(text, scale=scale))).convert("L")
    frame.paste(code, ((width - code.width) // 2, (height - code.height) // 2))
    head, grey = f"YUV4MPEG2 W{width} H{height} F10:1 Ip A1:1 C420jpeg\n", bytes([128]) * (width * height // 2)
    path.write_bytes(head.encode() + (b"FRAME\n" + frame.tobytes() + grey) * 2)
    return str(path)
