"""The same answers under every way people start Python: strict about bytes, warnings as errors, no asserts, no home."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

SCRIPT: Final = """
import sys
from datetime import date
from certcore import Evidence, Expected, InspectionCertificate, Issuer, LocalSigner, Policy, Verifier, Basis, Result, qr
from certcore import testing

signer = LocalSigner.generate()
certificate = InspectionCertificate(registration_number="闽C12345", vin="LSVAA4181E2184211", country="CN",
    valid_until=date(2027, 9, 30), basis=Basis.INSPECTED, result=Result.PASS, authority="闽C",
    inspected_on=date(2020, 1, 1))
text = Issuer(signer=signer, country="CN").issue(certificate)
trust = testing.make_trust(signer)
verifier = Verifier(trust=trust, status=None, policy=Policy.counterparty())
seen = Expected(registration_number="闽C·12345")
as_of = date.today()
for verdict in (
    verifier.verify(text, as_of=as_of, expect=seen),
    verifier.verify_image(qr.to_png(text), as_of=as_of, expect=seen),
):
    if not verdict:
        sys.exit(f"not valid: {[reason.code for reason in verdict.reasons]}")
    again = Evidence.from_bytes(verdict.evidence.to_bytes()).replay(testing.TRUST_ROOT)
    if again != verdict:
        sys.exit("another verdict by replay")
for bad in (text[:-3], "VIC1:", "\\ud800", "闽C12345", "VIC1:" + "0" * 400):
    if verifier.verify(bad, as_of=as_of):
        sys.exit("a damaged text is valid")
print("as it must be")
"""

WAYS: Final[dict[str, tuple[list[str], dict[str, str]]]] = {
    "plain": ([], {}),
    "bytes": (["-bb"], {}),
    "warnings": (["-W", "error"], {}),
    "both": (["-bb", "-W", "error"], {}),
    "no-asserts": (["-O"], {}),
    "no-docstrings": (["-OO"], {}),
    "development": (["-X", "dev", "-W", "error"], {}),
    "isolated": (["-P", "-s"], {}),
    "ascii": ([], {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    "posix": ([], {"LANG": "POSIX", "LC_ALL": "POSIX", "PYTHONIOENCODING": "ascii"}),
    "no-home": ([], {"HOME": "/nowhere/at/all", "XDG_CACHE_HOME": "/nowhere/at/all"}),
    "no-bytecode": (["-B"], {}),
}


def run(way: str, code: str, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """A program in a fresh interpreter, started in that way."""
    options, environment = WAYS[way]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CERTCORE_", "LC_", "PYTHON"))}
    program = cwd / "program.py"
    program.write_text(code, encoding="utf-8")
    return subprocess.run(
        [sys.executable, *options, program],
        cwd=cwd,
        env=kept | environment | more,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


@pytest.mark.parametrize("way", WAYS)
def test_issue_and_verify(way: str, tmp_path: Path) -> None:
    """A certificate is issued, drawn, read, judged and replayed alike, and nothing is said on standard error."""
    found = run(way, SCRIPT, tmp_path)

    assert (0, "as it must be\n", "") == (found.returncode, found.stdout, found.stderr)


@pytest.mark.parametrize("way", ["bytes", "both", "no-docstrings", "ascii", "no-home"])
def test_the_demonstration(way: str, tmp_path: Path) -> None:
    """Every verdict of the demonstration is the expected one, and no traceback or defect is told."""
    found = run(way, "import sys; from certcore.cli import main; sys.exit(main(['demo', '--out', 'made']))", tmp_path)

    assert 0 == found.returncode, found.stderr
    assert "defect" not in found.stderr
    assert (tmp_path / "made" / "verdicts.json").is_file()


def test_a_home_that_cannot_be_written(tmp_path: Path) -> None:
    """Nothing is kept at home: one that is read only is as good as any, and stays as it was."""
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o500)
    found = run("plain", SCRIPT, tmp_path, HOME=str(home), TMPDIR=str(tmp_path))

    assert (0, "") == (found.returncode, found.stderr)
    assert [] == list(home.iterdir())
