"""What security/vex.openvex.json says about published weaknesses is true, and the tests that it names are there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import certcore
from tests.strategies import CERTIFICATE_ALGORITHMS

WITHOUT_ECDSA: Final = """
import importlib.abc, importlib.machinery, sys, types

class Dead:  # what every name of this ecdsa leads to: nothing can be made of it, called on it or read from it
    def __new__(cls, *of, **more):
        raise AssertionError("ecdsa was called")

class Empty(types.ModuleType):
    __path__ = []
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Dead

class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        return importlib.machinery.ModuleSpec(name, self) if name.partition(".")[0] == "ecdsa" else None
    def create_module(self, spec):
        return Empty(spec.name)
    def exec_module(self, module):
        pass

sys.meta_path.insert(0, Finder())
"""

EVERYTHING: Final = """
from datetime import UTC, date, datetime, timedelta

from certcore import Basis, InspectionCertificate, Issuer, LocalSigner, Policy, Result, StatusRef, Verifier, cose
from certcore.keys import GroupKey
from certcore.status import MemoryStatusBackend
from certcore.testing import make_trust

now = datetime.now(UTC)
for algorithm in ALGORITHMS:
    signer = LocalSigner.generate(algorithm)
    certificate = InspectionCertificate(registration_number="闽C12345", country="CN", vin="LSVAA4181E2184211",
        valid_until=date(2099, 9, 30), basis=Basis.INSPECTED, result=Result.PASS, authority="闽C",
        inspected_on=date(2020, 1, 1), status=StatusRef(list=1, index=2))
    text = Issuer(signer=signer, country="CN").issue(certificate)
    status = MemoryStatusBackend()
    status.register(certificate.status, at=now - timedelta(days=1))
    verifier = Verifier(trust=make_trust(signer), status=status, policy=Policy.counterparty())
    verdict = verifier.verify(text, as_of=datetime.now(UTC))
    assert verdict, verdict.reasons
    group = GroupKey.generate()
    sealed = cose.seal(b"claims", key=group, external_aad=b"place")
    assert cose.unseal(sealed, keys=[group], external_aad=b"place") == b"claims"
assert "pycose" in sys.modules and "ecdsa" in sys.modules, "the stand-in was not in use"
assert type(sys.modules["ecdsa"]) is Empty
print("as it must be")
"""


def test_everything_works_with_an_ecdsa_that_does_nothing() -> None:
    """Issuing, verifying, sealing and opening need nothing of ecdsa but that its names can be imported."""
    code = f"{WITHOUT_ECDSA}\nALGORITHMS = {sorted(CERTIFICATE_ALGORITHMS)}\n{EVERYTHING}"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        cwd=Path(certcore.__file__).parents[1],
    )

    assert (0, "as it must be\n") == (done.returncode, done.stdout), done.stderr
