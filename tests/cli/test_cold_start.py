"""What a command loads: no more than it needs. Modules are looked at, never the time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click import Context
from PIL import Image

import certcore as package
from certcore._cli import app
from certcore._cli.input import inputs
from certcore._cli.settings import language
from certcore.qr import Effort, _raster, _readers
from certcore.qr._crowds import MIN_PIXELS
from certcore.qr._detail import first_scale
from certcore.qr._picture import MAX_BYTES
from certcore.reasons._meaning import LANGUAGES
from tests.cli.test_app import run_process

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


PILLOW = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "TIFF": "tiff", "GIF": "gif", "BMP": "bmp"}
"""The kinds that Pillow reads, and how such files end."""

DECODERS = {"numpy", "PIL", "zxingcpp", "pyzbar", "pypdfium2", "pillow_heif", "importlib.metadata"}
PLUGINS = set(_raster._PLUGINS.values())


def write(kind: str) -> str:
    """The certificate in a file of a kind."""
    picture = Image.open("valid.png").convert("RGB")
    name = f"valid.{PILLOW.get(kind, kind.lower())}"
    if kind == "HEIC":
        pytest.importorskip("pillow_heif", reason="the heic extra is not installed").from_pillow(picture).save(name)
    else:
        picture.save(name, kind)
    return name


@pytest.mark.parametrize("kind", [*PILLOW, "PDF", "HEIC"])
def test_a_picture_is_verified_without_what_reads_it(kind: str) -> None:
    """That, too, is in a process of its own, whatever the kind; a scan's colours in a PDF are made grey here."""
    found = loaded("verify", write(kind), *VERIFY[2:])
    may = {"certcore.qr", "PIL"} if kind == "PDF" else {"certcore.qr"}
    assert set() == found & ((HEAVY | DECODERS) - may)
    assert set() == {name for name in found if name.startswith("certcore.qr.")} & {
        f"certcore.qr.{name}" for name in ("_cascade", "_decoders", "_sight", "_watch", "_write")
    }


_READ = """
import json, sys
from certcore.qr import _reader
_reader._load()
answer = _reader._answer({{"pages": None, "effort": "normal", "crowds": 0, "seconds": None}}, open({!r}, "rb").read())
assert answer["symbols"], answer
print(json.dumps(sorted(sys.modules)))
"""


@pytest.mark.parametrize("kind", PILLOW)
def test_the_process_that_reads_loads_the_plug_in_for_the_kind(kind: str) -> None:
    """And zxing-cpp: no NumPy for a small picture, no plug-in for other kinds, nothing of certificates."""
    found = set(json.loads(run_process(code=_READ.format(write(kind))).stdout))
    assert {_raster._PLUGINS[kind]} == found & PLUGINS
    assert {"zxingcpp"} == found & (DECODERS - {"PIL"})
    assert set() == found & {"certcore.verify", "certcore.trust", "cryptography", "cbor2", "click", "email", "ssl"}


def test_a_telephones_photograph_is_looked_at_without_numpy() -> None:
    """The first copy of 12 megapixels in the usual proportions is too small to hide a crowd in."""
    for width, height in ((4000, 3000), (4032, 3024), (3000, 4000), (4080, 3060), (1632, 1224)):
        scale = first_scale(width, height)
        assert (width // scale) * (height // scale) < MIN_PIXELS


@pytest.mark.parametrize(("program", "package_of_it"), [("_pdf", "pypdfium2"), ("_heic", "pillow_heif")])
def test_a_decoders_own_process_loads_nothing_else(program: str, package_of_it: str) -> None:
    """PDF and HEIC: neither NumPy nor zxing-cpp, and nothing of certcore."""
    pytest.importorskip(package_of_it, reason="the extra is not installed")
    path = Path(package.__file__).with_name("qr") / f"{program}.py"
    code = f"import json, runpy, sys; runpy.run_path({str(path)!r}); print(json.dumps(sorted(sys.modules)))"
    found = set(json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout))
    assert package_of_it in found
    assert set() == found & {"numpy", "zxingcpp", "pyzbar", "certcore", "attr", "cryptography"}


@pytest.mark.parametrize(
    ("arguments", "is_started"),
    [
        (["verify", "valid.png"], True),
        (["show", "valid.png"], True),
        (["verify", "valid.txt"], False),
        (["verify", "nothere.png"], False),
        (["verify", "x" * 5000 + ".png"], False),
        (["verify", "\0.png"], False),
        (["verify"], False),
        ([], False),
        (["print", "valid.txt", "--out", "valid.png"], False),
    ],
    ids=lambda found: " ".join(found)[:20].replace("\0", "null") if isinstance(found, list) else "",
)
def test_what_reads_pictures_is_started_while_the_command_is_loaded(arguments: list[str], *, is_started: bool) -> None:
    """Where a file is called what pictures are, and the command reads such."""
    _readers.POOL.end()
    app._prepare_reader(arguments)
    assert is_started == bool(_readers.POOL._all)
    app._prepare_reader(arguments)
    assert len(_readers.POOL._all) == is_started
    _readers.POOL.end()


def test_what_is_stated_twice_is_the_same() -> None:
    """The command knows some names without loading what they belong to."""
    assert tuple(effort.value for effort in Effort) == inputs.EFFORTS
    assert MAX_BYTES == inputs.MAX_PICTURE_BYTES
    assert LANGUAGES == language.LANGUAGES
    assert set(app.group.list_commands(Context(app.group))) >= app._READING
    assert Path("valid.txt").exists()
