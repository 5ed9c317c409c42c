"""The report for people about one record: `certcore evidence report`, which replays the evidence from the root up."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Final

import attrs

from claims_desk.problems import Problem
from claims_desk.store import UNFINISHED, Store

TIMEOUT_S: Final = 60
FORMATS: Final = {"html": "text/html; charset=utf-8", "pdf": "application/pdf"}
CSP: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
"""For the page of the report, which has its styles and pictures within itself."""


@attrs.frozen(kw_only=True)
class Reporter:
    """Writes reports.

    Attributes:
        root: the options that name the root of trust: ``--root FILE`` and what else there is.
    """

    root: tuple[str, ...]
    _one: asyncio.Semaphore = attrs.field(factory=lambda: asyncio.Semaphore(1))

    async def write(self, store: Store, record: str, form: str, lang: str) -> bytes:
        """The report about a record.

        Raises:
            Problem: ``not-found``, or ``no-report`` where it cannot be written.
        """
        evidence = store.file(record, "vice")
        picture = evidence.with_suffix(".picture")
        given = ["--picture", picture.name] if picture.is_file() else []
        async with self._one:
            with tempfile.TemporaryDirectory(dir=store.folder, prefix=UNFINISHED) as folder:
                out = Path(folder) / f"report.{form}"
                what = ["evidence", "report", evidence.name, *given, *self.root, "--out", str(out), "--lang", lang]
                await _run([sys.executable, "-m", "certcore.cli", *what], evidence.parent)
                if not out.is_file():
                    raise Problem("no-report")
                return out.read_bytes()


async def _run(command: list[str], folder: Path) -> None:
    """Run a command where the files are, so that a report names them and no folder of this machine."""
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, cwd=folder, stdin=quiet, stdout=quiet, stderr=quiet)
    try:
        await asyncio.wait_for(process.wait(), TIMEOUT_S)
    except TimeoutError as error:
        process.kill()
        await process.wait()
        raise Problem("no-report") from error
