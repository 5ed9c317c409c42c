"""A PostgreSQL of a test's own: a cluster in a temporary folder, on a free port of the loopback interface."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

USER: Final = "postgres"
"""Who runs the server where the tests run as root, which PostgreSQL refuses; Debian's package makes this user."""


def programs() -> Path | None:
    """Where PostgreSQL's programs are: the newest that is installed, and may be run by somebody."""
    places = [Path(found).parent for found in [shutil.which("initdb")] if found]
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda place: int(place.parent.name))
    if os.geteuid() == 0 and not (shutil.which("setpriv") and _has_user()):
        return None
    return next((place for place in reversed(places) if (place / "initdb").exists()), None)


def _has_user() -> bool:
    users = Path("/etc/passwd")
    return users.exists() and f"\n{USER}:" in users.read_text("utf-8", "replace")


@contextmanager
def running(programs: Path) -> Iterator[str]:
    """The URL of an empty database, for as long as the server runs."""
    folder = Path(tempfile.mkdtemp())
    become = ["setpriv", "--reuid", USER, "--regid", USER, "--init-groups", "--"] if os.geteuid() == 0 else []
    if become:
        shutil.chown(folder, USER)

    def call(name: str, *arguments: str | Path) -> None:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run([*become, programs / name, *arguments], check=True, timeout=120, cwd=folder, **quiet)  # type: ignore[call-overload]  # both are streams

    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    settings = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder} -c fsync=off"
    try:
        call(
            "initdb",
            "-D",
            folder / "data",
            "-U",
            "certcore",
            "--auth=trust",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
        )
        call("pg_ctl", "-D", folder / "data", "-l", folder / "log", "-o", settings, "-w", "-t", "90", "start")
        try:
            yield f"postgresql+psycopg://certcore@127.0.0.1:{port}/postgres"
        finally:
            call("pg_ctl", "-D", folder / "data", "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
