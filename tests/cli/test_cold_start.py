"""What a command loads: no more than it needs. Modules are looked at, never the time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from certcore._cli.input import inputs
from certcore._cli.settings import language
from certcore.qr import Effort
from certcore.qr._picture import MAX_BYTES
from certcore.reasons._meaning import LANGUAGES
from tests.cli.test_app import run_process

if TYPE_CHECKING:
    from tests.cli.conftest import Command

_SAY = "import sys, json; from certcore.cli import main; main({!r}); print(json.dumps(sorted(sys.modules)))"

WORDS = {"rich"}
PICTURES = {"numpy", "PIL", "zxingcpp", "pypdfium2", "pillow_heif", "certcore.qr"}
NETWORK = {"httpx2", "httpcore2", "ssl", "asyncio", "certcore.status.http"}
TABLES = {"pyarrow", "multiprocessing", "certcore.bulk"}
OTHERS = {"sqlalchemy", "certcore.register", "fpdf", "pycose", "segno", "cryptography.x509", "certcore.evidence"}
HEAVY = WORDS | PICTURES | NETWORK | TABLES | OTHERS
TRUST = ["--trust", "trust.cbor", "--root", "root.pub.pem"]
VERIFY = ["verify", "valid.txt", "--as-of", "2026-10-20", *TRUST]


def loaded(*arguments: str) -> set[str]:
    """The modules that are there when a command has run."""
    found = run_process(code=_SAY.format(list(arguments)))
    return set(json.loads(found.stdout.decode().splitlines()[-1]))


@pytest.mark.parametrize(
    ("arguments", "may"),
    [
        (["--version"], set()),
        (VERIFY, set()),
        ([*VERIFY, "--lang", "zh", "--plate", "闽C12345"], set()),
        ([*VERIFY, "--json"], set()),
        (["show", "valid.txt"], {"certcore.evidence"}),
        (["vehicle", "--vin", "LSVAA4181E2184211", "--as-of", "now", *TRUST], set()),
        (["verify", "nothere.txt", "--as-of", "now", *TRUST], set()),
        (["keygen", "new"], set()),
        ([*VERIFY, "--evidence", "."], {"certcore.evidence"}),
    ],
    ids=lambda found: " ".join(found[:2]) if isinstance(found, list) else "",
)
def test_a_command_loads_what_it_needs(arguments: list[str], may: set[str]) -> None:
    """No pictures, network, tables or colours for a text that is verified."""
    assert set() == loaded(*arguments) & (HEAVY - may)


def test_the_version_loads_no_library_but_the_commands() -> None:
    """Neither cryptography nor the table of codes."""
    assert set() == loaded("--version") & {"cryptography", "cbor2", "certcore.reasons", "certcore.keys", "json.tool"}


def test_a_picture_loads_what_reads_it(certcore: Command) -> None:
    """And nothing else: it is read in a process of its own."""
    picture = ["verify", "valid.png", *VERIFY[2:]]
    assert certcore(*picture).exit_code
    assert set() == loaded(*picture) & (HEAVY - PICTURES - {"multiprocessing", "segno"})


def test_what_is_stated_twice_is_the_same() -> None:
    """The command knows some names without loading what they belong to."""
    assert tuple(effort.value for effort in Effort) == inputs.EFFORTS
    assert MAX_BYTES == inputs.MAX_PICTURE_BYTES
    assert LANGUAGES == language.LANGUAGES
    assert Path("valid.txt").exists()
