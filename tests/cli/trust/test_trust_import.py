"""``certcore trust import``: signers of other people into a draft, and everything left out told."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from certcore._cli import exit_codes
from certcore._cli.trust.trust_draft import TrustDraft
from certcore.trust import TrustedIssuer
from tests.trust.test_signer_lists import CERTIFIES, DER_1, DER_2, ONE, entry, eu_id, jwk_of, jwk_set, pem, x509_of

if TYPE_CHECKING:
    from tests.cli.conftest import Command

ISSUER = (
    *("--issuer", "DE", "--name", "Test", "--country", "DE", "--time-zone", "Europe/Berlin"),
    *("--usage", "certificate", "--authority", "DE-*"),
)
WINDOW = ("--not-before", "2026-01-01", "--not-after", "2026-12-31")
CA = x509_of(ONE, usage=CERTIFIES)


@pytest.fixture(autouse=True)
def draft(certcore: Command) -> Path:
    """An empty draft, and a file in each form."""
    assert exit_codes.DONE == certcore("trust", "init", "draft.json", "--environment", "test").exit_code
    Path("two.pem").write_bytes(pem(DER_1) + pem(DER_2))
    Path("one.der").write_bytes(DER_1)
    Path("mixed.pem").write_bytes(pem(CA) + pem(DER_2))
    Path("jwks.json").write_bytes(jwk_set(jwk_of(ONE, kid="2026-a"), {"kty": "RSA", "use": "enc"}))
    Path("kids.json").write_bytes(jwk_set(jwk_of(ONE, kid=base64.urlsafe_b64encode(bytes(8)).decode())))
    Path("eu.json").write_text(json.dumps([entry(DER_1), entry(DER_2, "FR"), entry(CA, certificateType="CSCA")]))
    return Path("draft.json")


def issuer(draft: Path) -> TrustedIssuer:
    """The one issuer of the draft."""
    (found,) = TrustDraft.from_json(draft.read_text()).issuers
    return found


@pytest.mark.parametrize(
    ("arguments", "key_ids", "left_out"),
    [
        (("x509", "draft.json", "two.pem"), [eu_id(DER_1), eu_id(DER_2)], 0),
        (("x509", "draft.json", "one.der"), [eu_id(DER_1)], 0),
        (("x509", "draft.json", "mixed.pem", "--skip-unusable"), [eu_id(DER_2)], 1),
        (("jwks", "draft.json", "jwks.json", *WINDOW), [b"2026-a"], 1),
        (("jwks", "draft.json", "kids.json", *WINDOW, "--base64url-kids"), [bytes(8)], 0),
        (("eu", "draft.json", "eu.json"), [eu_id(DER_1)], 1),
        (("eu", "draft.json", "eu.json", "--from-country", "FR"), [eu_id(DER_2)], 0),
    ],
    ids=["x509 PEM", "x509 DER", "x509 in part", "jwks", "jwks kids", "eu", "eu FR"],
)
def test_an_import(
    certcore: Command, draft: Path, arguments: tuple[str, ...], key_ids: list[bytes], left_out: int
) -> None:
    """Each form's signers are in the draft, for what was said; what was left out is told with its place and code."""
    found = certcore("trust", "import", *arguments, *ISSUER)
    assert exit_codes.DONE == found.exit_code, found.output
    keys = issuer(draft).keys
    assert key_ids == [key.key_ids[0] for key in keys]
    assert {("DE-*",)} == {key.authorities for key in keys}
    assert left_out == found.stderr.count("certcore: left out ")
    assert f"{len(keys)} certificate keys more, {left_out} entries left out" in found.stdout


def test_days_of_a_window_are_the_issuers(certcore: Command, draft: Path) -> None:
    """From the first second of the first day to the last of the last, in the issuer's zone."""
    certcore("trust", "import", "jwks", "draft.json", "jwks.json", *WINDOW, *ISSUER)
    (key,) = issuer(draft).keys
    assert (datetime(2025, 12, 31, 23, tzinfo=UTC), datetime(2026, 12, 31, 22, 59, 59, tzinfo=UTC)) == (
        key.not_before,
        key.not_after,
    )
    narrowed = ("--usage", "certificate", "--issuer", "DE", "--not-after", "2026-06-30")
    certcore("trust", "import", "x509", "draft.json", "two.pem", *narrowed)
    assert datetime(2026, 6, 30, 21, 59, 59, tzinfo=UTC) == issuer(draft).keys[-1].not_after


def test_importing_again_adds_what_is_new(certcore: Command, draft: Path) -> None:
    """Keys that are there stay as they are, and are counted."""
    certcore("trust", "import", "x509", "draft.json", "one.der", *ISSUER)
    found = certcore("trust", "import", "x509", "draft.json", "two.pem", "--issuer", "DE", "--usage", "certificate")
    assert "1 certificate keys more, 1 there already, 0 entries left out" in found.stdout
    assert [("DE-*",), ("*",)] == [key.authorities for key in issuer(draft).keys]


def test_an_import_is_signed_like_any_list(certcore: Command) -> None:
    """From a foreign list to a signed one of ours, which shows the keys."""
    certcore("trust", "import", "eu", "draft.json", "eu.json", *ISSUER)
    certcore("trust", "sign", "draft.json", "--key", "root.key.pem", "--out", "new.cbor")
    assert eu_id(DER_1).hex() in certcore("trust", "show", "new.cbor", "--root", "root.pub.pem").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("x509", "draft.json", "mixed.pem"), "[signer-list-entry]"),
        (("x509", "draft.json", "issuer.key.pem"), "[signer-list-private]"),
        (("x509", "draft.json", "issuer.pub.pem"), "[signer-list-entry]"),
        (("x509", "draft.json", "eu.json"), "[signer-list-malformed]"),
        (("x509", "draft.json", "missing.pem"), "[file-unreadable]"),
        (("x509", "missing.json", "two.pem"), "[file-unreadable]"),
        (("x509", "draft.json", "two.pem", "--not-before", "2099-01-01"), "[signer-list-entry]"),
        (("x509", "draft.json", "two.pem", "--not-before", "2027-01-01", "--not-after", "2026-01-01"), "window"),
        (("x509", "draft.json", "two.pem", "--not-after", "9999-12-31"), "certcore: "),
        (("jwks", "draft.json", "jwks.json"), "--not-before"),
        (("jwks", "draft.json", "eu.json", *WINDOW), "[signer-list-malformed]"),
        (("eu", "draft.json", "jwks.json"), "[signer-list-malformed]"),
        (("eu", "draft.json", "eu.json", "--from-country", "IT"), "[signer-list-malformed]"),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, tuple) else "",
)
def test_imports_that_are_refused(certcore: Command, draft: Path, arguments: tuple[str, ...], words: str) -> None:
    """A file that is not in its form, or with an entry that cannot be used, leaves the draft as it was."""
    before = draft.read_text()
    found = certcore("trust", "import", *arguments, *ISSUER)
    assert (exit_codes.ERROR, before) == (found.exit_code, draft.read_text())
    assert words in found.stderr


def test_a_new_issuer_needs_its_particulars(certcore: Command) -> None:
    """As with a single key: name, country and time zone."""
    found = certcore("trust", "import", "x509", "draft.json", "two.pem", "--issuer", "DE", "--usage", "certificate")
    assert (exit_codes.ERROR, True) == (found.exit_code, "--name, --country, --time-zone" in found.stderr)


def test_help_is_shown_without_a_command(certcore: Command) -> None:
    """The group alone lists its forms."""
    found = certcore("trust", "import")
    assert (exit_codes.DONE, True) == (found.exit_code, "jwks" in found.stdout)
