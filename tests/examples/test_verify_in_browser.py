"""examples/verify-in-browser: the same answers as certcore in Node and in Chromium; its size; its page, offline too.

What needs only Node runs where Node 20 is; the rest installs the example's npm packages (`npm ci`) and needs Chromium.
Each skips with its reason. More questions, or others:

    CERTCORE_DIFFERENCES=3000 CERTCORE_DIFFERENCES_SEED=7 python -m pytest tests/examples/test_verify_in_browser.py
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, Final

import attrs
import cbor2
import pytest
from PIL import Image

from certcore import InspectionCertificate, LocalSigner, Policy, StatusRef, TrustList, cose, payload, qr
from certcore.errors import RejectedInputError
from certcore.keys import EDDSA, ES256, ES384, ML_DSA_65
from certcore.status import StatusEvent, StatusEventKind
from certcore.status.tokenlist import StatusList, issue_events, issue_token
from certcore.trust import Environment, KeyUsage, ListTemplate, TrustListContents
from certcore.vocabulary import _codes
from tests.examples import differences
from tests.examples.browsers import PATIENT_S, filmed, found_chromium, found_node
from tests.examples.differences import CLAIMS, EXAMPLE, KINDS, LEFT_OUT, VECTOR_ROOTS, file_of, is_claimed
from tests.keys.sample_keys import ED25519_PRIME
from tests.keys.test_refused_keys import ORDER_8_Y
from tests.model import doors
from tests.verify_cases import (
    ISSUED,
    NOW,
    ROOT_SIGNER,
    SIGNER,
    TRUST_ROOT,
    certificate,
    seal,
    trust_bytes,
    trusted_issuer,
    trusted_key,
    verifier,
)
from tests.verify_vectors import VECTORS, Vector

MODULE_BYTES: Final = 10_000
"""What the module may have, gzipped, without the decoder of pictures."""

CASES: Final = int(os.environ.get("CERTCORE_DIFFERENCES", "250"))
SEED: Final = os.environ.get("CERTCORE_DIFFERENCES_SEED", "1")

TABLES: Final = {
    "plate_type": [*map(str, _codes.PLATE_TYPES)],
    "usage": [*_codes.USAGES],
    "vehicle_category": [*_codes.VEHICLE_CATEGORIES],
}


def _node(script: str, *args: str, given: str = "") -> str:
    """What a script prints, run by Node in the example's folder."""
    done = subprocess.run(
        [found_node(), script, *args],
        cwd=EXAMPLE,
        input=given,
        capture_output=True,
        text=True,
        timeout=PATIENT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


def _vectors() -> dict[str, Any]:
    """Every claimed vector as it is in its file, and what it is judged with."""
    return {
        "cases": [file for vector in VECTORS if is_claimed(file := file_of(vector))],
        "root": [key.to_cose_key().hex() for key in VECTOR_ROOTS],
        "tables": TABLES,
    }


def _expected(vector: Vector) -> str:
    pairs = sorted(f"{effect} {code}" for code, effect in vector.reasons)
    return "|".join([vector.outcome, str(vector.degraded).lower(), *pairs])


EXPECTED: Final = {vector.name: _expected(vector) for vector in VECTORS if is_claimed(file_of(vector))}


def test_what_is_claimed() -> None:
    """Nearly every vector is claimed, and what is left out is left out for a reason that stands there."""
    assert len(EXPECTED) >= 270
    assert all(rule["why"] for rule in CLAIMS)
    assert {name for rule in CLAIMS for name in rule.get("names", [])} <= {vector.name for vector in VECTORS}


def test_vectors_in_node() -> None:
    """Every claimed vector comes to its outcome by exactly its reasons."""
    assert json.loads(_node("test/node.mjs", given=json.dumps(_vectors()))) == EXPECTED


def test_what_is_left_out_is_never_passed_over() -> None:
    """What the module cannot read makes it say less than certcore, and never VALID where certcore does not."""
    left = {vector.name: vector for vector in VECTORS if vector.name not in EXPECTED}
    given = _vectors() | {"cases": [file_of(vector) for vector in left.values()]}
    found = json.loads(_node("test/node.mjs", given=json.dumps(given)))
    outcomes = {name: said.partition("|")[0] for name, said in found.items()}

    assert left.keys() == found.keys()
    differ = {name for name, vector in left.items() if outcomes[name] != vector.outcome}
    assert {"undetermined"} == {outcomes[name] for name in differ}
    unread = ("key-compromised-unproven", "status-key-compromised", "binding-not-readable", "status-not-checked")
    assert [] == [name for name in differ if not any(f"blocks {code}" in found[name] for code in unread)]
    kept = {name for name in left.keys() - differ if outcomes[name] == "valid"}
    assert {"chassis-check-digit", "valid-vehicle-not-used"} == kept


@pytest.mark.parametrize("kind", KINDS)
def test_no_difference(kind: str) -> None:
    """Python and JavaScript say the same of changed vectors, certificates and documents, of plates and of moments."""
    made = list(islice(KINDS[kind](Random(SEED + kind)), CASES))
    cases = [{**case, "name": str(number)} for number, (case, _) in enumerate(made)]
    given = {
        "cases": cases,
        "root": [key.to_cose_key().hex() for key in differences.ROOTS],
        "tables": TABLES,
        "context": differences.CONTEXT,
    }

    found = json.loads(_node("test/node.mjs", given=json.dumps(given)))

    differ = [
        (case, said, found[case["name"]])
        for case, (_, said) in zip(cases, made, strict=True)
        if said != found[case["name"]]
    ]
    assert [] == differ[:3]
    assert len({said for _, said in made}) > 3


OPENED: Final = "opened 3 production 1"


def _signed(*signers: LocalSigner, environment: Environment = Environment.PRODUCTION) -> str:
    return base64.b64encode(trust_list_contents(environment).sign(*signers)).decode()


def trust_list_contents(environment: Environment) -> TrustListContents:
    """A trust list of one issuer."""
    now = datetime.now(UTC)
    return TrustListContents(
        version=3,
        issued_at=now,
        next_update_at=now + timedelta(days=1),
        environment=environment,
        issuers=[trusted_issuer()],
    )


def _key(signer: LocalSigner) -> str:
    return signer.public_key.to_cose_key().hex()


def test_root() -> None:
    """As many members as the threshold says must have signed, each with every one of its keys."""
    a, b, c = (LocalSigner.generate(algorithm) for algorithm in (ES256, ES384, EDDSA))
    quantum = LocalSigner.generate(ML_DSA_65)
    members = [[_key(a)], [_key(b)], [_key(c)]]
    two: dict[str, Any] = {"members": members, "threshold": 2}
    asked: dict[str, tuple[dict[str, Any], str]] = {
        "two of three": ({"data": _signed(a, c), **two}, OPENED),
        "one of three": ({"data": _signed(b), **two}, "trust-list-threshold"),
        "one of three, twice": ({"data": _signed(b, b), **two}, "trust-list-threshold"),
        "all keys of a member": ({"data": _signed(a, b), "members": [[_key(a), _key(b)]]}, OPENED),
        "one key of a member": ({"data": _signed(a), "members": [[_key(a), _key(b)]]}, "trust-list-threshold"),
        "ML-DSA": ({"data": _signed(a, quantum), "members": [[_key(a), _key(quantum)]]}, "trust-list-threshold"),
        "ML-DSA beside": (
            {"data": _signed(a, quantum), "members": [[_key(quantum)], [_key(a)]]},
            "opened 3 production 1",
        ),
        "a stranger": ({"data": _signed(LocalSigner.generate()), **two}, "trust-list-threshold"),
        "for tests": (
            {
                "data": _signed(a, environment=Environment.TEST),
                "members": members,
                "environments": ["production"],
            },
            "trust-list-environment",
        ),
    }
    cases = [{"name": name, "document": "trust", **case} for name, (case, _) in asked.items()]
    given = {"cases": cases, "root": [], "tables": TABLES, "context": differences.CONTEXT}

    assert json.loads(_node("test/node.mjs", given=json.dumps(given))) == {n: said for n, (_, said) in asked.items()}


def _this_hour() -> dict[str, Any]:
    return {"issued_at": NOW - timedelta(hours=1), "expires_at": NOW + timedelta(hours=1)}


def _asked(cases: dict[str, dict[str, Any]], **context: Any) -> dict[str, str]:  # noqa: ANN401  what documents are opened with
    """What the module says of each case."""
    given = {
        "cases": [{"name": name, **case} for name, case in cases.items()],
        "root": [key.to_cose_key().hex() for key in differences.ROOTS],
        "tables": TABLES,
        "context": differences.CONTEXT | context,
    }
    found: dict[str, str] = json.loads(_node("test/node.mjs", given=json.dumps(given)))
    return found


@pytest.mark.parametrize("index", [8, 1 << 29, 1 << 30, 1 << 31, (1 << 32) - 1])
@pytest.mark.parametrize("bits", [1, 2, 8])
def test_index_beyond_a_list(index: int, bits: int) -> None:
    """An entry that a list does not have is unknown, however large its index."""
    entries = StatusList.from_packed(bytes(bits), bits=bits)
    uri, times = differences.STATUS_URI, _this_hour()
    data = base64.b64encode(issue_token(entries, uri=uri, signer=doors.STATUS_SIGNER, **times)).decode()
    case = {"list": {"document": "list", "data": data}}

    assert {"list": "status-unknown-reference"} == _asked(case, index=index)
    assert {"list": "opened valid"} == _asked(case, index=7)


def test_headers_of_others() -> None:
    """A label in both headers, the kid's aside, makes a status document malformed; further ones are passed over."""
    uri, times = differences.STATUS_URI, _this_hour()
    entries = StatusList.from_packed(bytes(8), bits=2)
    header, _, claims, _ = cbor2.loads(issue_token(entries, uri=uri, signer=doors.STATUS_SIGNER, **times)).value
    protected = cbor2.loads(header)
    unprotected: dict[str, tuple[dict[Any, Any], dict[Any, Any]]] = {
        "kid in both": ({}, {4: protected[4]}),
        "another in both": ({99: 1}, {99: 1}),
        "typ in both": ({}, {16: protected[16]}),
        "critical": ({}, {2: [16]}),
        "others": ({15: {6: 1.5}}, {33: b"x", "x": [None]}),
    }
    cases = {}
    for name, (more, free) in unprotected.items():
        signed = cbor2.dumps(protected | more)
        signature = doors.STATUS_SIGNER.sign(cbor2.dumps(["Signature1", signed, b"", claims]))
        data = b"\xd2" + cbor2.dumps([signed, free, claims, signature])
        cases[name] = {"document": "list", "data": base64.b64encode(data).decode()}
    expected = dict.fromkeys(cases, "status-list-malformed") | dict.fromkeys(("kid in both", "others"), "opened valid")

    said = {name: differences.said(base64.b64decode(case["data"]), is_list=True) for name, case in cases.items()}
    assert expected == said
    assert expected == _asked(cases)


def test_key_with_stated_ids() -> None:
    """A register's key counts by the ids that the trust list states for it, and by its own."""
    status = LocalSigner.generate()
    key_ids = [b"another id"]
    issuer = trusted_issuer(trusted_key(SIGNER), trusted_key(status, usage=KeyUsage.STATUS, key_ids=key_ids))
    answer = {
        "events": [{"kind": "issued", "effective_at": ISSUED.isoformat(), "recorded_at": ISSUED.isoformat()}],
        "observations": [],
        "observed_at": NOW.isoformat(),
        "history_from": ISSUED.isoformat(),
    }
    key_of = {"stated": key_ids[0], "own": status.public_key.key_id, "stranger": b"nobody"}
    cases = {
        name: differences.question(
            seal(certificate()), trust_bytes(issuer), status=answer | {"proofs": [{"key_id": key_id.hex()}]}
        )
        for name, key_id in key_of.items()
    }

    found = _asked(cases)
    valid = "valid|false|notes binding-not-checked"
    refused = "undetermined|false|blocks status-backend-error|notes binding-not-checked"
    assert {"stated": valid, "own": valid, "stranger": refused} == found


@pytest.mark.parametrize("key", [True, False, None])
def test_keys_are_integers(key: bool | None) -> None:  # noqa: FBT001  what stands where an integer belongs
    """A map with true, false or null among its keys is malformed, though they follow the integers in order."""
    stated = payload.encode(certificate())
    claims = bytes([stated[0] + 1]) + stated[1:] + cbor2.dumps(key) + b"\x00"
    text = seal(claims)
    expected = "invalid|false|fails malformed"

    assert {"asked": expected} == _asked({"asked": differences.question(text)})
    assert expected == differences.line(verifier(policy=Policy.counterparty()).verify(text, as_of=differences.AS_OF))


@pytest.mark.parametrize("as_of", ["2026-13-01", "1969-12-31", "0026-09-01", "0026-09-01T00:00:00+00:00"])
def test_no_moment(as_of: str) -> None:
    """What is no moment, or one before 1970, has no verdict: it is misuse, as in certcore."""
    found = _asked({"asked": differences.question(seal(certificate()), as_of=as_of)})
    assert found["asked"].startswith("raised RangeError")


@pytest.mark.parametrize(
    "y", [0, 1, ED25519_PRIME - 1, ED25519_PRIME, ED25519_PRIME + 1, ORDER_8_Y, ED25519_PRIME - ORDER_8_Y]
)
def test_weak_key(y: int) -> None:
    """A trust list with a key under which anybody can sign is refused."""
    contents = cbor2.loads(cbor2.loads(differences.TRUST_BYTES).value[2])
    contents[6][0][11][0][1] = cbor2.dumps({1: 1, 2: b"weak", -1: 6, -2: (y | 1 << 255).to_bytes(32, "little")})
    data = cose.sign(cbor2.dumps(contents), signers=[ROOT_SIGNER], content_type="application/vnd.certcore.trust+cbor")
    with pytest.raises(RejectedInputError) as caught:
        TrustList.open(data, root=TRUST_ROOT)
    found = _asked({"list": {"document": "trust", "data": base64.b64encode(data).decode()}})

    assert ("trust-list-malformed", {"list": "trust-list-malformed"}) == (caught.value.code, found)


def test_size(packages: Path) -> None:
    """The module is small."""
    assert packages.is_dir()
    module = _node(
        "--input-type=module", "-e", "import('./build.mjs').then(async (b) => console.log(await b.smallModule()))"
    )

    assert len(gzip.compress(module.rstrip("\n").encode(), 9)) <= MODULE_BYTES


def test_lockfile_names_no_registry() -> None:
    """The packages come from whichever registry npm is set up with."""
    lock = json.loads((EXAMPLE / "package-lock.json").read_text("utf-8"))

    assert all("resolved" not in package for package in lock["packages"].values())
    assert all("integrity" in package for name, package in lock["packages"].items() if name)


def test_left_out_codes_are_left_out() -> None:
    """What the comparison leaves out is what the manifest leaves out."""
    module = (EXAMPLE / "verify.js").read_text("utf-8")

    assert not any(code in module for code in LEFT_OUT)
    assert {name for rule in CLAIMS for name in rule.get("names", [])} >= LEFT_OUT


# --- the page ---------------------------------------------------------------------------------------------------------


def _usual(days_ago: int, days_left: int, signer: LocalSigner, index: int = 7) -> str:
    now = datetime.now(UTC)
    stated: InspectionCertificate = certificate(
        issued_at=now - timedelta(days=days_ago),
        inspected_on=(now - timedelta(days=days_ago)).date(),
        valid_until=(now + timedelta(days=days_left)).date(),
        status=StatusRef(list=12, index=index),
    )
    return seal(stated, signer)


def _publish(folder: Path, uri: str, signer: LocalSigner) -> None:
    """List 12 as the register publishes it: entry 8 was revoked ten days ago."""
    now = datetime.now(UTC)
    times: dict[str, Any] = {"issued_at": now - timedelta(hours=1), "expires_at": now + timedelta(days=1)}
    revoked = StatusEvent(
        kind=StatusEventKind.REVOKED,
        effective_at=now - timedelta(days=10),
        recorded_at=now - timedelta(days=9),
        reason="withdrawn",
    )
    folder.mkdir()
    entries = StatusList.from_values({8: 1}, size=1 << 20)
    (folder / "12").write_bytes(issue_token(entries, uri=uri, signer=signer, **times))
    history_from = now - timedelta(days=1000)
    (folder / "12.events").write_bytes(
        issue_events({8: [revoked]}, uri=uri, signer=signer, history_from=history_from, **times)
    )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _photo(path: Path, *texts: str) -> str:
    """A photo of codes: turned a little, on a table."""
    table = Image.new("RGB", (900 * len(texts), 900), (210, 205, 200))
    for place, text in enumerate(texts):
        code = Image.open(io.BytesIO(qr.to_png(text, scale=5))).convert("RGB")
        table.paste(code.rotate(7, expand=True, fillcolor=(210, 205, 200)), (900 * place + 150, 120))
    table.save(path, quality=85)
    return str(path)


@pytest.fixture(scope="module")
def driven(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the page said in Chromium: built, opened, asked, reloaded with its server stopped."""
    assert packages.is_dir()
    chromium = found_chromium()
    folder = tmp_path_factory.mktemp("page")
    signer, root, register = (LocalSigner.generate() for _ in range(3))
    now, port = datetime.now(UTC), _free_port()
    lists = f"http://localhost:{port}/lists/{{list}}"
    issuer = trusted_issuer(
        trusted_key(signer),
        trusted_key(register, usage=KeyUsage.STATUS),
        name="Example issuer",
        list_templates=[ListTemplate(uri=lists, not_before=now - timedelta(days=1000))],
    )
    _publish(folder / "lists", lists.replace("{list}", "12"), register)
    contents = TrustListContents(
        version=1,
        issued_at=now - timedelta(hours=3),
        next_update_at=now + timedelta(days=30),
        issuers=[issuer],
    )
    (folder / "trust.cbor").write_bytes(contents.sign(root))
    (folder / "root.pem").write_bytes(root.public_key.to_pem())
    built = _node(
        "build.mjs",
        *("--trust", str(folder / "trust.cbor"), "--root", str(folder / "root.pem"), "--out", str(folder / "dist")),
    )
    newer = attrs.evolve(contents, version=2, issued_at=now - timedelta(days=2))
    _edition(folder / "dist", folder / "newer", newer.sign(root))
    shutil.copytree(EXAMPLE / "test", folder / "small" / "test")
    shutil.copy(folder / "dist" / "verify.js", folder / "small" / "verify.js")
    (folder / "empty").mkdir()
    (folder / "empty" / "index.html").write_text("<!doctype html><title>vectors</title>", "utf-8")
    today, text = now.date().isoformat(), _usual(40, 300, signer)
    photo = _photo(folder / "photo.jpg", text)
    plan = {
        "chromium": chromium,
        "port": port,
        "folders": {
            "page": str(folder / "dist"),
            "small": str(folder / "small"),
            "empty": str(folder / "empty"),
            "lists": str(folder / "lists"),
            "newer": str(folder / "newer"),
        },
        "vectors": _vectors(),
        "video": filmed(text, folder / "camera.y4m", width=960, scale=4, ground=180),
        "shots": os.environ.get("CERTCORE_SHOTS"),
        "page": {
            "questions": {
                "photo": {"photo": photo, "plate": "闽c12345", "vin": "184211", "day": today},
                "two cars": {
                    "photo": _photo(folder / "two.jpg", text, _usual(30, 200, signer)),
                    "plate": "闽C12345",
                    "day": today,
                },
                "wrapped": {"text": f"{text[:50]}\n{text[50:]}\n", "vin": "184211", "day": today},
                "another plate": {"photo": photo, "plate": "闽C98765", "day": today},
                "revoked": {"text": _usual(40, 300, signer, index=8), "plate": "闽C12345", "day": today},
                "before it was revoked": {
                    "text": _usual(40, 300, signer, index=8),
                    "day": (now - timedelta(days=20)).date().isoformat(),
                },
                "beyond the list": {"text": _usual(40, 300, signer, index=1 << 30), "day": today},
                "expired": {"text": _usual(400, -30, signer), "plate": "闽C12345", "day": today},
                "early": {"text": text, "day": (now - timedelta(days=500)).date().isoformat()},
                "forged": {"text": _usual(40, 300, LocalSigner.generate()), "day": today},
                "changed": {"text": text[:-8] + "00000000", "day": today},
                "foreign": {"text": "https://example.org", "day": today},
                "no picture": {"photo": _blank(folder / "blank.png"), "day": today},
            },
            "unasked": [
                {"text": text, "day": "0026-11-29"},
                {"text": text, "vin": "84211", "day": today},
            ],
            "camera": {"plate": "闽C12345", "day": today},
            "offline": {"text": text, "plate": "闽C12345", "day": today},
            "photoOffline": photo,
        },
    }
    found: dict[str, Any] = json.loads(_node("test/browser.mjs", given=json.dumps(plan)))
    return found | {"built": built, "issued": [one.issued_at.date().isoformat() for one in (contents, newer)]}


def _edition(built: Path, folder: Path, trust_list: bytes) -> None:
    """The page as it is built for another trust list."""
    shutil.copytree(built, folder)
    (folder / "trust-list.cbor").write_bytes(trust_list)
    worker = folder / "sw.js"
    worker.write_text(worker.read_text("utf-8").replace('"version":"', '"version":"newer-', 1), "utf-8")


def _blank(path: Path) -> str:
    Image.new("RGB", (300, 300), (255, 255, 255)).save(path)
    return str(path)


def test_vectors_in_chromium(driven: dict[str, Any]) -> None:
    """Every claimed vector comes to the same in Chromium, by the module as it is made small for the page."""
    assert driven["vectors"] == EXPECTED


@pytest.mark.parametrize(
    ("asked", "outcome", "code"),
    [
        ("photo", "valid", ""),
        ("revoked", "invalid", "revoked-before-event"),
        ("before it was revoked", "valid", "revoked-after-event"),
        ("beyond the list", "undetermined", "status-unknown-reference"),
        ("two cars", "undetermined", "several-certificates"),
        ("wrapped", "valid", ""),
        ("another plate", "invalid", "plate-mismatch"),
        ("expired", "invalid", "expired-on-date"),
        ("early", "invalid", "not-yet-valid-on-date"),
        ("forged", "invalid", "key-unknown"),
        ("changed", "invalid", "signature-invalid"),
        ("foreign", "undetermined", "foreign-format"),
        ("camera", "valid", "plate-type-not-compared"),
        ("zh", "valid", "plate-type-not-compared"),
        ("offline", "degraded", "checked-offline"),
        ("photoOffline", "degraded", "checked-offline"),
    ],
)
def test_page(driven: dict[str, Any], asked: str, outcome: str, code: str) -> None:
    """What a driver sees: the outcome, its reasons in words, and what was not checked; offline as well."""
    said = driven["outcomes"][asked]

    assert outcome == said["outcome"]
    assert (code in said["codes"]) if code else [] == said["codes"]
    is_told = {"signature-invalid", "key-unknown", "foreign-format", "several-certificates"}.isdisjoint(said["codes"])
    assert is_told == bool(re.search("What was not checked|未核验的内容", said["text"]))


def test_a_newer_edition(driven: dict[str, Any]) -> None:
    """An open page keeps the edition it began with; opened again, without a network, it is the newer one alone."""
    old, new = driven["issued"]
    assert [True, True, False] == [old in edition for edition in driven["editions"]]
    assert new in driven["editions"][2]
    assert driven["kept"] == 1
    assert driven["outcomes"]["newer"]["outcome"] == "degraded"


def test_page_without_a_code(driven: dict[str, Any]) -> None:
    """A picture that holds no code is said to hold none."""
    assert "no code" in driven["outcomes"]["no picture"]["text"]


def test_page_asks_for_what_is_missing(driven: dict[str, Any]) -> None:
    """A slip in the day or in the VIN is told, and nothing is said against the certificate."""
    words = ["Say on which day it happened.", "Give the whole VIN, or at least its last 6 characters."]
    assert [[sentence, False] for sentence in words] == driven["unasked"]


def test_page_keeps_to_itself(driven: dict[str, Any]) -> None:
    """Nothing was asked for outside the page, and no script failed."""
    assert [] == driven["outside"]
    assert [] == driven["errors"]
    assert "bytes gzipped" in driven["built"]


def _fetched(address: str) -> str:
    """What a server gives that is about to start."""
    until = time.monotonic() + PATIENT_S
    while True:
        try:
            with urllib.request.urlopen(address, timeout=PATIENT_S) as answer:  # noqa: S310  on loopback
                found: str = answer.read().decode()
                return found
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.05)


def test_readme(packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands of the example's README build the page, in such a folder, and its script gives a verdict."""
    folder = tmp_path / "examples" / "verify-in-browser"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("node_modules", "dist", "demo"))
    (folder / "node_modules").symlink_to(packages)
    (tmp_path / "docs").symlink_to(EXAMPLE.parents[1] / "docs")
    page = (EXAMPLE / "README.md").read_text("utf-8")
    commands, (serve,) = (
        re.findall(r"^\$ (.*)$", block, re.MULTILINE) for block in re.findall(r"```console\n(.*?)```", page, re.DOTALL)
    )
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(folder)

    for command in commands:
        if command != "npm ci":
            subprocess.run(shlex.split(command), check=True, capture_output=True, timeout=PATIENT_S)

    port = _free_port()
    command = shlex.split(serve.replace("8000", f"{port} --bind 127.0.0.1"))
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            assert "settings.json" in _fetched(f"http://127.0.0.1:{port}/sw.js")
        finally:
            server.terminate()
    texts = [seen.text for seen in qr.read(folder / "demo" / "car.png")]
    (script,) = re.findall(r"```js\n(.*?)```", page, re.DOTALL)
    given = f"""
import {{ readFileSync }} from "node:fs";
const text = {json.dumps(texts[0])};
const listBytes = readFileSync("demo/trust.cbor");
const rootKeyBytes = Buffer.from(JSON.parse(readFileSync("dist/settings.json")).root[0][0], "hex");
"""
    (folder / "usage.mjs").write_text(given + script, "utf-8")
    said = subprocess.run([found_node(), "usage.mjs"], check=True, capture_output=True, text=True, timeout=PATIENT_S)

    assert said.stdout.startswith("valid true")
