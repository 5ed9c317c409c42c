"""The public names: what importing them loads, that they are there, and that they are typed as users rely on."""

from __future__ import annotations

import importlib
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

import certcore

ROOT: Final = Path(__file__).parents[1]
VECTORS: Final = Path(os.environ.get("CERTCORE_VECTORS", ROOT.parent / "shared" / "vectors"))
TASKS: Final = VECTORS.resolve().parent / "api" / "tasks"

OPTIONAL: Final = (
    "zxingcpp",
    "pyzbar",
    "PIL",
    "click",
    "rich",
    "numpy",
    "httpx2",
    "sqlalchemy",
    "pyarrow",
    "pyspark",
    "fpdf",
    "fontTools",
    "opentelemetry",
)
HEAVY: Final = ("pycose", "cbor2", "cryptography", "segno", "attr")


def loaded(code: str) -> set[str]:
    """The top-level modules that a new process has loaded after running some code."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys\n{code}\nprint(*sorted({{name.partition('.')[0] for name in sys.modules}}))",
        ],
        capture_output=True,
        check=True,
        text=True,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    return set(done.stdout.splitlines()[-1].split())


# Names

MAX_NAMES: Final = 167
"""Public names in all; a name that several modules offer is one."""


def public_modules() -> list[str]:
    """Every module without a private part in its name. The rooms of the decision and of the command promise nothing."""
    source = Path(certcore.__file__).parent
    parts = [path.relative_to(source.parent).with_suffix("").parts for path in sorted(source.rglob("*.py"))]
    names = [".".join(part for part in module if part != "__init__") for module in parts]
    return [name for name in names if not any(part.startswith("_") for part in name.split("."))]


@pytest.mark.parametrize("name", public_modules())
def test_every_public_module_says_what_it_promises(name: str) -> None:
    """`__all__` names what is promised, each name is there, and a package without any says so by having none."""
    module = importlib.import_module(name)
    promised = getattr(module, "__all__", None)
    if promised is None:
        own = {key for key, value in vars(module).items() if not key.startswith("_") and not inspect.ismodule(value)}
        assert set() == own - {"annotations"}, "a module with names has __all__"
        return
    try:
        assert [] == [missing for missing in promised if not hasattr(module, missing)]
    except ModuleNotFoundError as cause:
        if cause.name not in OPTIONAL:
            raise
        pytest.skip(f"{cause.name} is an extra that is not installed")
    assert len(promised) == len(set(promised))


def test_few_names_are_promised() -> None:
    """What a user has to know is little; whatever is not promised may change from one version to the next."""
    names = {
        promised for name in public_modules() for promised in getattr(importlib.import_module(name), "__all__", ())
    }
    assert MAX_NAMES >= len(names), (
        f"{len(names)} public names: keep the new one out of __all__, or raise MAX_NAMES and say why"
    )


# Importing


def test_importing_loads_little() -> None:
    """`import certcore` loads no optional library, and none of the heavy ones either."""
    assert set() == loaded("import certcore") & {*OPTIONAL, *HEAVY}


def test_verifying_loads_no_optional_library() -> None:
    """Issuing and verifying a text takes neither a decoder nor a picture library, nor segno, which draws."""
    code = """
from datetime import UTC, date, datetime
from certcore import *
from certcore import testing
signer = LocalSigner.generate()
certificate = InspectionCertificate(registration_number="A1", vin="ZVW30-1", valid_until=date(2027, 9, 30),
    basis=Basis.INSPECTED, result=Result.PASS, authority="X", inspected_on=date(2020, 1, 1))
text = Issuer(signer=signer).issue(certificate)
verifier = Verifier(trust=testing.make_trust(signer), status=None, policy=Policy.counterparty())
assert verifier.verify(text, as_of=date(2024, 1, 1)), "valid"
"""
    assert set() == loaded(code) & {*OPTIONAL, "segno"}


def test_verifying_alone_never_loads_pycose() -> None:
    """The library that signs is nowhere on the way from a text to a verdict."""
    path = ROOT / "tests" / "vectors" / "valid" / "valid-es256.json"
    code = f"""
import base64, json
from datetime import datetime
from certcore import PublicKey, Policy, TrustList, TrustRoot, Verifier
found = json.load(open({str(path)!r}))
root = TrustRoot(keys=[PublicKey.from_pem(open({str(ROOT / "tests" / "vectors" / "root.pem")!r}, "rb").read())])
trust = TrustList.open(base64.b64decode(found["trust"]), root=root)
verifier = Verifier(trust=trust, status=None, policy=Policy.counterparty())
assert verifier.verify(found["text"], as_of=datetime.fromisoformat(found["as_of"])).certificate, "authentic"
"""
    assert set() == loaded(code) & {*OPTIONAL, "pycose", "ecdsa", "segno"}


# The names


def test_every_public_name_is_there() -> None:
    """Each name of `__all__` resolves, `dir` lists them, and no other attribute is made up."""
    for name in certcore.__all__:
        assert getattr(certcore, name) is not None
    assert sorted(certcore.__all__) == list(certcore.__all__) == dir(certcore)
    with pytest.raises(AttributeError, match="no attribute"):
        certcore.Nothing  # type: ignore[attr-defined]  # noqa: B018  the mistake under test


def test_star_import() -> None:
    """`from certcore import *` brings all of them."""
    names: dict[str, object] = {}

    exec("from certcore import *", names)  # noqa: S102  a star import is allowed at a module's top alone

    assert set(certcore.__all__) <= set(names)


OFFERED: Final[dict[str, str]] = {
    "certcore.testing.StatusBackendContract.make_backend": "(self)",
    "certcore.testing.StatusBackendContract.record": "(self, backend, query, event)",
    "certcore.printing.document.to_html": "(text, certificate, lang, page)",
    "certcore.printing.document.to_pdf": "(text, certificate, lang, page, font)",
    "certcore.Axis": "AUTHENTICITY PERIOD STATUS BINDING FRESHNESS",
    "certcore.AxisState": "PASSED FAILED UNDETERMINED NOT_CHECKED",
    "certcore.Basis": "REGISTRATION TRANSFER_OR_CHANGE EXEMPT INSPECTED WITHIN_VALIDITY TEMPORARY",
    "certcore.Outcome": "VALID INVALID UNDETERMINED",
    "certcore.Result": "EXEMPT PASS MINOR MAJOR DANGEROUS",
    "certcore.policy.Need": "REQUIRED IF_AVAILABLE NOT_USED",
    "certcore.status.StatusState": "VALID REVOKED SUSPENDED SUPERSEDED",
    "certcore.status.StatusEventKind": "ISSUED REVOKED SUSPENDED RESUMED SUPERSEDED",
    "certcore.verdict.Effect": "FAILS BLOCKS NOTES",
    "certcore.Interval": "(start_at, end_at)",
    "certcore.Reason": "(code, axis, effect, detail)",
    "certcore.Expected": "(registration_number, country, plate_type, vin)",
    "certcore.Policy": "(name, status, vehicle, binding, max_status_age, max_trust_age, clock_skew, "
    "live_replaces_status)",
    "certcore.Policy.claims": "()",
    "certcore.Policy.roadside": "()",
    "certcore.Policy.counterparty": "()",
    "certcore.Policy.bulk": "()",
    "certcore.TrustRoot": "(keys, threshold)",
    "certcore.TrustList.open": "(data, root, previous)",
    "certcore.Verifier": "(trust, status, policy, vehicles, clock)",
    "certcore.TrustRoot.rotate": "(self, document)",
    "certcore.Verifier.verify": "(self, text, as_of, expect, known_at, existed_by)",
    "certcore.Verifier.verify_image": "(self, image, as_of, expect, known_at, existed_by, effort)",
    "certcore.Verifier.verify_all": "(self, image, as_of, expect, effort)",
    "certcore.Verifier.check_vehicle": "(self, as_of, registration_number, country, plate_type, vin)",
    "certcore.AsyncVerifier": "(trust, status, policy, vehicles, clock)",
    "certcore.AsyncVerifier.verify": "(self, text, as_of, expect, known_at, existed_by)",
    "certcore.AsyncVerifier.verify_image": "(self, image, as_of, expect, known_at, existed_by, effort)",
    "certcore.AsyncVerifier.with_trust": "(self, trust)",
    "certcore.VehicleVerdict.explain": "(self, lang)",
    "certcore.Evidence.to_bytes": "(self, detached)",
    "certcore.Evidence.from_bytes": "(data, materials)",
    "certcore.Evidence.replay": "(self, root, seal_key)",
    "certcore.Evidence.reassess": "(self, verifier)",
    "certcore.Evidence.sealed": "(self, signer)",
    "certcore.Evidence.to_log": "(self)",
    "certcore.Verifier.with_trust": "(self, trust)",
    "certcore.Verdict.require_valid": "(self)",
    "certcore.Verdict.explain": "(self, lang)",
    "certcore.Verdict.to_dict": "(self)",
    "certcore.Verdict.to_json": "(self)",
    "certcore.Issuer": "(signer, country, registry, live_signer, clock)",
    "certcore.Issuer.present_live": "(self, text, lifetime)",
    "certcore.Issuer.complete": "(self, certificate)",
    "certcore.Issuer.issue": "(self, certificate, supersedes_from)",
    "certcore.issue.Register.allocate": "(self)",
    "certcore.issue.Register.record": "(self, certificate, text, supersedes_from)",
    "certcore.LocalSigner.generate": "(algorithm)",
    "certcore.LocalSigner.from_pem": "(data, password)",
    "certcore.LocalSigner.to_pem": "(self, password)",
    "certcore.LocalSigner.sign": "(self, data)",
    "certcore.Signer.sign": "(self, data)",
    "certcore.PublicKey.from_pem": "(data, algorithm, key_id)",
    "certcore.PublicKey.from_x509": "(data)",
    "certcore.PublicKey.verify": "(self, signature, data)",
    "certcore.InspectionCertificate": "(registration_number, valid_until, basis, result, authority, country, vin, "
    "valid_from, inspected_on, plate_type, vehicle_category, usage, status, odometer_km, deficiencies, test_place, "
    "inspector, report_digest, document_number, previous, confidential, issued_at, presented_at, expires_at, "
    "certificate_id)",
    "certcore.StatusRef": "(list, index)",
    "certcore.StatusListEntry": "(uri, index)",
    "certcore.payload.DeficiencyCounts": "(minor, major, dangerous)",
    "certcore.payload.Deficiency": "(code, severity)",
    "certcore.payload.encode": "(certificate)",
    "certcore.payload.decode": "(data)",
    "certcore.errors.StatusError": "(code, retry_after_s)",
    "certcore.status.MemoryStatusBackend": "()",
    "certcore.status.MemoryStatusBackend.register": "(self, ref, issuer, at)",
    "certcore.status.MemoryStatusBackend.record": "(self, ref, event, issuer)",
    "certcore.status.MemoryStatusBackend.lookup": "(self, query)",
    "certcore.status.MemoryStatusBackend.lookup_vehicle": "(self, query)",
    "certcore.status.StatusEvent": "(kind, recorded_at, effective_at, reason)",
    "certcore.status.StatusObservation": "(state, at)",
    "certcore.status.StatusProof": "(data, media_type, key_id)",
    "certcore.status.StatusQuery": "(issuer, ref, certificate_id, list_uri, keys, as_of, asked_at)",
    "certcore.status.StatusRecord": "(observed_at, events, observations, history_from, reliable_until, proofs)",
    "certcore.status.StatusBackend.lookup": "(self, query)",
    "certcore.status.AsyncStatusBackend.lookup": "(self, query)",
    "certcore.status.VehicleFlag": "(code, since, until)",
    "certcore.status.VehicleQuery": "(registration_number, country, plate_type, vin, as_of, asked_at)",
    "certcore.status.VehicleRecord": "(known, flags, valid_until, observed_at, history_from, reliable_until, proofs)",
    "certcore.status.VehicleStatusBackend.lookup_vehicle": "(self, query)",
    "certcore.status.AsyncVehicleStatusBackend.lookup_vehicle": "(self, query)",
    "certcore.qr.size": "(text, level)",
    "certcore.qr.to_svg": "(text, level, scale)",
    "certcore.qr.to_png": "(text, level, scale)",
    "certcore.qr.to_terminal": "(text, level)",
    "certcore.qr.read": "(image, effort)",
    "certcore.qr.watch": "(frames, effort)",
    "certcore.qr.Effort": "FAST NORMAL THOROUGH",
    "certcore.testing.make_trust": "(signers, issuer, time_zone)",
}
"""What the design's stubs promise and this version offers: an enum's members, or what a call may be given.

Not yet: bulk.
"""

ATTRIBUTES: Final[dict[str, str]] = {
    "certcore.Verdict": "outcome axes reasons certificate issuer as_of evaluated_at status_observed_at in_force "
    "degraded policy_id id evidence",
    "certcore.VehicleVerdict": "outcome reasons vehicle evidence",
    "certcore.Evidence": "materials",
    "certcore.Policy": "id",
    "certcore.PublicKey": "key_id algorithm",
    "certcore.LocalSigner": "public_key",
    "certcore.TrustList": "version issued_at next_update_at environment to_bytes",
    "certcore.InspectionCertificate": "unknown_claims",
    "certcore.status.StatusQuery": "key",
    "certcore.qr.Symbol": "text data kind corners decoder page",
    "certcore.qr.SymbolSize": "version level modules",
}


def resolve(path: str) -> object:
    """What a dotted path means, whatever of it is a module."""
    parts = path.split(".")
    found: object = importlib.import_module(parts[0])
    for number, part in enumerate(parts[1:], start=1):
        try:
            found = getattr(found, part)
        except AttributeError:
            found = importlib.import_module(".".join(parts[: number + 1]))
    return found


@pytest.mark.parametrize("path", OFFERED)
def test_what_the_stubs_promise(path: str) -> None:
    """A name of the stubs is there, and can be given what its stub says, in its order where that matters."""
    found, promised = resolve(path), OFFERED[path]
    if not promised.startswith("("):
        assert promised.split() == [member.name for member in found]  # type: ignore[attr-defined]  # an enum
        return
    assert callable(found)
    parameters = inspect.signature(found).parameters
    names = promised.strip("()").split(", ") if promised != "()" else []

    assert [] == [name for name in names if name not in parameters]
    positional = [
        name
        for name, parameter in parameters.items()
        if parameter.kind in {parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD}
    ]
    expected = [name for name in names if name in positional]
    assert expected == positional[: len(expected)]
    others = [parameter for name, parameter in parameters.items() if name not in names]
    assert [] == [
        parameter.name
        for parameter in others
        if parameter.default is parameter.empty
        and parameter.kind not in {parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL}
    ]


@pytest.mark.parametrize("path", ATTRIBUTES)
def test_attributes_that_the_stubs_promise(path: str) -> None:
    """A class has the attributes its stub says, on itself or among its fields."""
    found = resolve(path)
    fields = {field.name for field in getattr(found, "__attrs_attrs__", ())}

    assert [] == [name for name in ATTRIBUTES[path].split() if name not in fields and not hasattr(found, name)]


# Typing


@pytest.fixture(scope="module")
def check_types(tmp_path_factory: pytest.TempPathFactory) -> Checker:
    """A type checker with the project's own settings; skipped where mypy is not installed."""
    pytest.importorskip("mypy", reason="mypy is not installed: the dependency group lint has it")
    return Checker(tmp_path_factory.mktemp("mypy"))


class Checker:
    """Runs mypy strictly, in a process of its own."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache

    def __call__(self, *paths: Path, flags: tuple[str, ...] = ()) -> list[str]:
        """The errors, a line each, paths relative to nothing."""
        command = [sys.executable, "-m", "mypy", "--strict", "--config-file", str(ROOT / "pyproject.toml")]
        command += [
            "--cache-dir",
            str(self._cache),
            "--no-error-summary",
            "--hide-error-context",
            "--no-pretty",
            *flags,
        ]
        done = subprocess.run(
            [*command, *map(str, paths)], capture_output=True, check=False, text=True, cwd=ROOT, timeout=300
        )
        assert done.returncode in {0, 1}, done.stdout + done.stderr
        return [line for line in done.stdout.splitlines() if ": error: " in line]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["api.py", "mistakes.py"])
def test_the_public_api_is_typed(check_types: Checker, name: str) -> None:
    """The users' tasks, in this repository's words, are clean under mypy --strict; every mistake is an error."""
    assert [] == check_types(ROOT / "tests" / "typing" / name)


REACHED: Final[dict[str, frozenset[str]]] = {
    "t01_issue_registration": frozenset(),
    "t02_reissue_transfer": frozenset(),
    "t03_print": frozenset(),
    "t04_photo_date_of_loss": frozenset(),
    "t05_batch": frozenset(),
    "t06_redis_backend": frozenset(),
    "t07_fastapi": frozenset(),
    "t08_terminal": frozenset(),
    "t09_evidence": frozenset(),
    "t10_plate_lookup": frozenset(),
}
"""The design's ten tasks: clean, or the exact names that a later version brings."""

AT_ODDS: Final = {
    "t02_reissue_transfer": 'Argument "previous" to "evolve" of "InspectionCertificate" has incompatible type '
    '"StatusRef | StatusListEntry | None"; expected "StatusRef | bytes | None"  [arg-type]',
}
"""Where a task does not fit what is there: a certificate's status may be a URI, for which `previous` has no form."""

_MISSING: Final = re.compile(
    r'Module(?: "certcore[\w.]*")? has no attribute "(?P<name>\w+)"'
    r'|"[\w\[\]]+" has no attribute "(?P<attribute>\w+)"'
    r'|Cannot find implementation or library stub for module named "(?P<module>certcore[\w.]*)"'
)
_SOMEBODY_ELSES: Final = re.compile(r'module named "(redis|numpy|fastapi|pyspark)[\w.]*"')


@pytest.mark.slow
def test_the_designs_tasks(check_types: Checker) -> None:
    """The ten tasks of the design type-check against the package, save for names that are still to come."""
    if not TASKS.is_dir():
        pytest.skip(f"the design's tasks are not here: {TASKS.parent.name}/{TASKS.name} beside the outside vectors")
    paths = sorted(TASKS.glob("*.py"))
    # What a missing name or library leaves behind is Any: not an error of its own.
    flags = (
        "--allow-subclassing-any",
        "--allow-untyped-decorators",
        "--no-warn-return-any",
        "--no-warn-unused-ignores",
    )
    missing: dict[str, set[str]] = {path.stem: set() for path in paths}
    unexplained = {}
    for line in check_types(*paths, flags=flags):
        if _SOMEBODY_ELSES.search(line):
            continue
        found, task = _MISSING.search(line), Path(line.partition(":")[0]).stem
        if found is None or found.lastgroup is None:
            unexplained[task] = line.partition(": error: ")[2]
        else:
            missing[task].add(found[found.lastgroup])

    assert AT_ODDS == unexplained
    assert REACHED == {task: frozenset(names) for task, names in missing.items()}
