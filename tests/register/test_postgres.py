"""The register on a real PostgreSQL, as the page on deployment shows it: from the library, the command, two at once."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

pytest.importorskip("psycopg", reason="psycopg is not installed: the postgres extra has it")
pytest.importorskip("click", reason="click is not installed: the cli extra has it")

from tests import postgres
from tests.test_docs import environment

PROGRAMS: Final = postgres.programs() if sys.platform != "win32" else None
pytestmark = pytest.mark.skipif(PROGRAMS is None, reason="PostgreSQL is not installed: apt-get install postgresql")

PAGE: Final = Path(__file__).parents[2] / "docs" / "deploy.md"
STATED: Final = "postgresql+psycopg://register@db/register"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A database that this module's tests share."""
    assert PROGRAMS is not None
    with postgres.running(PROGRAMS) as found:
        yield found


def run(arguments: list[str], folder: Path) -> str:
    """What a program prints that must succeed."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )
    assert 0 == done.returncode, done.stderr
    return done.stdout


def test_the_page_and_the_command(url: str, tmp_path: Path) -> None:
    """The page's code issues and revokes; two processes issue at once, and no reference is given twice."""
    (code,) = re.findall(r"^```python not-run: [^\n]*\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert STATED in code
    (tmp_path / "page.py").write_text(code.replace(STATED, url), "utf-8")
    assert "True\n" == run(["page.py"], tmp_path)

    (tmp_path / "many.py").write_text(MANY.replace(STATED, url), "utf-8")
    workers = [
        subprocess.Popen(
            [sys.executable, "many.py"], cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    given = [worker.communicate(timeout=120)[0].split() for worker in workers]
    assert [0, 0] == [worker.returncode for worker in workers]
    assert [20, 20, 40] == [len(given[0]), len(given[1]), len({*given[0], *given[1]})]

    listed = run(["-m", "certcore.cli", "register", "list", "--db", url, "--json"], tmp_path)
    states = {json.loads(line)["ref"]: json.loads(line)["state"] for line in listed.splitlines()}
    assert {*given[0], *given[1]} <= set(states)
    assert ["revoked"] == [state for ref, state in states.items() if ref not in {*given[0], *given[1]}]


MANY: Final = f"""
from datetime import date

from certcore import Basis, InspectionCertificate, Issuer, LocalSigner, Result
from certcore.register import StatusRegistry

registry = StatusRegistry("{STATED}", create=False)
issuer = Issuer(signer=LocalSigner.generate(), country="CN", registry=registry)
for number in range(20):
    vehicle = dict(registration_number=f"闽C{{number:05}}", plate_type=2, vin=f"LSVAA418{{number:09}}", authority="闽C")
    ready = issuer.complete(
        InspectionCertificate(**vehicle, valid_until=date(2027, 9, 30), basis=Basis.INSPECTED, result=Result.PASS)
    )
    issuer.issue(ready)
    print(f"{{ready.status.list}}/{{ready.status.index}}")
registry.close()
"""
