"""Whatever extra is missing names itself, from Python as from the command, before anything else is complained of."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

import pytest
from packaging.requirements import Requirement

ROOT: Final = Path(__file__).resolve().parent.parent

BLOCK: Final = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
if {is_none}:
    sys.modules.update(dict.fromkeys({blocked}))
else:
    sys.meta_path.insert(0, Blocked())
"""
PAGE: Final = """
from tests.verify_cases import TEXT, certificate
from certcore.printing import document
document.to_pdf(TEXT, certificate(), lang="zh", page="A4")
"""
TRUST: Final = """
from certcore import TrustRoot
from certcore.testing import ROOT_SIGNER
from certcore.status.http import fetch_trust_list
fetch_trust_list("https://a.example/list", root=TrustRoot(keys=[ROOT_SIGNER.public_key]))
"""
HEIC: Final = r'from certcore import qr; qr.read(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))'
READ: Final = 'from certcore import qr; qr.read(qr.to_png("VIC1:AA"))'
SPARK: Final = """
from certcore.bulk import Columns, spark
spark.verify_dataframe(None, None, columns=Columns())
"""

CASES: Final = {
    "http": (["httpx2"], "from certcore.status.http import HTTPStatusBackend; HTTPStatusBackend()", "http"),
    "http-core": (["httpcore2"], "from certcore.status.http import HTTPStatusBackend; HTTPStatusBackend()", "http"),
    "http-async": (["httpx2"], "from certcore.status.http import AsyncHTTPStatusBackend as B; B()", "http"),
    "http-trust": (["httpx2"], TRUST, "http"),
    "register": (["sqlalchemy"], "from certcore.register import StatusRegistry", "register"),
    "register-log": (["sqlalchemy"], "import certcore.register.log", "register"),
    "register-publish": (["sqlalchemy"], "import certcore.register.publish", "register"),
    "service": (["starlette"], "from certcore.register import create_app", "register"),
    "service-module": (["starlette"], "import certcore.register.service", "register"),
    "service-anyio": (["anyio"], "import certcore.register.service", "register"),
    "postgres": (
        ["psycopg"],
        'from certcore.register import StatusRegistry; StatusRegistry("postgresql://a.example/b")',
        "postgres",
    ),
    "print": (["fpdf"], PAGE, "print"),
    "print-fonts": (["fontTools"], PAGE, "print"),
    "print-no-fonts-here": (["fpdf", "fontTools"], f"import os; os.environ['PATH'] = ''{PAGE}", "print"),
    "scan-pillow": (["PIL"], READ, "scan"),
    "scan-decoders": (["zxingcpp", "pyzbar"], READ, "scan"),
    "pdf": (["pypdfium2"], r'from certcore import qr; qr.read(b"%PDF-1.7\n" + bytes(100))', "pdf"),
    "heic": (["pillow_heif"], HEIC, "heic"),
    "timestamp": (
        ["rfc3161_client"],
        'from certcore.proofs import timestamps; timestamps.open_token(b"", data=b"", authorities=[])',
        "timestamp",
    ),
    "arrow": (["pyarrow"], "from certcore.bulk.arrow import RESULT_SCHEMA", "arrow"),
    "arrow-batch": (
        ["pyarrow"],
        "from certcore.bulk import arrow, Columns as C; arrow.verify_batch(None, None, columns=C(text='a', as_of='b'))",
        "arrow",
    ),
    "arrow-schema": (["pyarrow"], "from certcore.bulk.arrow import schema; schema()", "arrow"),
    "spark": (["pyspark"], SPARK, "spark"),
    "spark-arrow": (["pyarrow"], f"import sys; sys.modules['pyspark'] = sys{SPARK}", "spark"),
    "cli": (["click"], "import sys; from certcore.cli import main; sys.exit(main(['--help']))", "cli"),
    "cli-rich": (["rich"], "import sys; from certcore.cli import main; sys.exit(main(['--help']))", "cli"),
}


@pytest.mark.parametrize("is_none", [True, False], ids=["none", "raises"])
@pytest.mark.parametrize("case", CASES)
def test_what_is_missing_names_its_extra(case: str, is_none: bool) -> None:  # noqa: FBT001  a parameter of the test
    """The last line of what Python, or the command, says is where to get it, whatever way the package is missing."""
    blocked, code, extra = CASES[case]
    found = subprocess.run(
        [sys.executable, "-c", BLOCK.format(blocked=blocked, is_none=is_none) + code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert 0 != found.returncode
    assert f"certcore[{extra}]" in found.stderr.strip().splitlines()[-1], found.stderr[-500:]


def test_nothing_else_is_taken_for_a_missing_extra() -> None:
    """A library's own missing part is its own affair, and keeps its own words."""
    from certcore import _extras

    with pytest.raises(ModuleNotFoundError) as caught, _extras.naming("http", "httpx2"):
        raise ModuleNotFoundError("No module named 'else'", name="else")

    assert "No module named 'else'" == str(caught.value)
    assert not _extras.is_there("certcore_that_is_not_there")


EXTRAS: Final = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]


def needs(extra: str) -> set[str]:
    """What an extra installs besides certcore, those of the extras that it names included."""
    found = set()
    for need in map(Requirement, EXTRAS[extra]):
        more = f"{need.name}[{','.join(sorted(need.extras))}]" if need.extras else need.name
        found |= {other for name in need.extras for other in needs(name)} if need.name == "certcore" else {more}
    return found


def test_an_engine_extra_installs_what_it_needs_and_nothing_else() -> None:
    """PySpark's own `sql` is there because without its pandas there is no mapInArrow."""
    assert {"pyarrow"} == needs("arrow")
    assert {"pyarrow", "pyspark[sql]"} == needs("spark")


def test_all_leaves_spark_out() -> None:
    """Whoever runs Spark has it already; it is some 400 MB, and the engines of the recipes are nobody's extra."""
    assert "pyarrow" in needs("all")
    assert set() == {"pyspark[sql]", "pandas", "duckdb", "polars"} & needs("all")
