"""What the tests of the command share: a folder with keys, a trust list and a certificate, and a way to run it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from click.testing import Result as Run

from certcore import InspectionCertificate, Issuer, LocalSigner, StatusRef, qr
from certcore._cli.app import group
from certcore._cli.keys.keygen import write_keys
from certcore.payload import Basis, Result
from certcore.testing import ROOT_SIGNER, FixedClock, make_trust
from tests.status.fault_server import FaultServer

ISSUED_AT = datetime.fromisoformat("2026-09-25T15:20+08:00")
CERTIFICATE = InspectionCertificate(
    registration_number="闽C12345",
    country="CN",
    vin="LSVAA4181E2184211",
    valid_until=date(2027, 9, 30),
    basis=Basis.INSPECTED,
    result=Result.PASS,
    authority="闽C",
    plate_type=2,
    status=StatusRef(list=12, index=7),
    issued_at=ISSUED_AT,
)

Command = Callable[..., Run]


@pytest.fixture
def server() -> Iterator[FaultServer]:
    """A server on loopback that publishes nothing yet."""
    with FaultServer() as running:
        yield running


@pytest.fixture(autouse=True)
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with keys of an issuer, a root and a stranger, a trust list, and certificates."""
    monkeypatch.chdir(tmp_path)
    languages = ("LC_ALL", "LC_MESSAGES", "LANG")
    for name in ("NO_COLOR", "FORCE_COLOR", *languages, *(one for one in os.environ if one.startswith("CERTCORE_"))):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nobody"))
    signer, stranger = LocalSigner.generate(), LocalSigner.generate()
    write_keys(signer, Path("issuer"))
    write_keys(ROOT_SIGNER, Path("root"))
    write_keys(stranger, Path("stranger"))
    Path("trust.cbor").write_bytes(make_trust(signer).to_bytes())
    for name, who in (("valid", signer), ("forged", stranger)):
        text = Issuer(signer=who, country="CN", clock=FixedClock(ISSUED_AT)).issue(CERTIFICATE)
        Path(f"{name}.txt").write_text(text + "\n", encoding="ascii")
        Path(f"{name}.png").write_bytes(qr.to_png(text, scale=4))
    return tmp_path


@pytest.fixture
def certcore() -> Command:
    """Runs the command in this process, and fails on anything it does not foresee."""

    def run(*arguments: str | Path, stdin: str | bytes | None = None) -> Run:
        found = CliRunner().invoke(group, [str(argument) for argument in arguments], input=stdin)
        assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
        assert "Traceback" not in found.output
        assert "\x1b" not in found.output
        return found

    return run


@pytest.fixture
def ask(certcore: Command) -> Command:
    """Asks `certcore verify` about a day on which the certificate is in force, under the world's trust."""

    def run(*arguments: str | Path, stdin: str | bytes | None = None) -> Run:
        trust = ("--trust", "trust.cbor", "--root", "root.pub.pem", "--as-of", "2026-10-20")
        return certcore("verify", *trust, *arguments, stdin=stdin)

    return run
