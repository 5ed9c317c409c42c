"""``certcore issue``: certificates from options and JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from certcore import armor, cose, payload, qr
from certcore._cli import exit_codes
from certcore._cli.issue import certificate_draft
from certcore.errors import RejectedInputError
from certcore.payload import Deficiency, DeficiencyCounts, InspectionCertificate, Result, StatusListEntry, StatusRef

if TYPE_CHECKING:
    from tests.cli.conftest import Command

KEY = ("issue", "--key", "issuer.key.pem")
FIELDS = (
    *("--country", "CN", "--plate", "闽C12345", "--vin", "LSVAA4181E2184211", "--valid-until", "2027-09-30"),
    *("--basis", "inspected", "--result", "pass", "--authority", "闽C"),
)
EVERYTHING = {
    "registration_number": "B-AB 123",
    "country": "DE",
    "vin": "WVWZZZ1KZAW000123",
    "valid_from": "2026-10-01",
    "valid_until": "2028-10-31",
    "basis": "inspected",
    "result": "minor",
    "authority": "DE-BE",
    "inspected_on": "2026-09-30",
    "plate_type": 2,
    "vehicle_category": "M1",
    "usage": "A",
    "status": {"list": 3, "index": 7},
    "odometer_km": 84210,
    "deficiencies": [{"code": "1.1.13 (a) (ii)", "severity": "minor"}],
    "test_place": "Berlin",
    "inspector": "BE-1",
    "report_digest": "00112233445566778899aabbccddeeff",
    "next_test_due": "2028-09-30",
    "document_number": "HU-1",
    "previous": "0011223344556677",
    "confidential": "d0",
    "issuer": "DE",
    "issued_at": "2026-10-01T08:00:00Z",
    "expires_at": "2028-10-01T08:00:00Z",
}


def content(text: str) -> InspectionCertificate:
    """What a text says, unverified."""
    return payload.decode(cose.read_certificate(armor.decode(text.strip())).unverified_payload)


def test_a_text_is_printed_and_verifies(certcore: Command) -> None:
    """Without a file to write to the text alone is printed, and the command verifies it."""
    found = certcore(*KEY, *FIELDS)
    assert (exit_codes.DONE, "", 1) == (found.exit_code, found.stderr, found.stdout.count("\n"))
    trust = ("--trust", "trust.cbor", "--root", "root.pub.pem", "--as-of", "now")
    assert exit_codes.DEGRADED == certcore("verify", *trust, found.stdout.strip(), "--vin", "184211").exit_code


def test_files_are_written_with_the_same_certificate(certcore: Command) -> None:
    """Text, PNG and SVG hold one certificate; the PNG has the level and scale asked for."""
    outputs = ("--text", "out.txt", "--png", "out.png", "--svg", "out.svg", "--scale", "3", "--level", "Q")
    found = certcore(*KEY, *FIELDS, *outputs)
    text = Path("out.txt").read_text().strip()
    assert (exit_codes.DONE, [text]) == (found.exit_code, [symbol.text for symbol in qr.read("out.png")])
    assert qr.to_svg(text, level="Q", scale=3) == Path("out.svg").read_text()
    assert qr.to_png(text, level="Q", scale=3) == Path("out.png").read_bytes()


def test_the_issuers_own_country_is_left_out(certcore: Command) -> None:
    """``--country`` is taken for the issuer's own, unless that is stated."""
    assert content(certcore(*KEY, *FIELDS).stdout).country is None
    assert "CN" == content(certcore(*KEY, *FIELDS, "--issuer-country", "DE").stdout).country


def test_every_field_comes_from_json(certcore: Command) -> None:
    """A JSON file states every field there is, and all of them come out again."""
    Path("cert.json").write_text(json.dumps(EVERYTHING))
    found = certcore(*KEY, "--json-file", "cert.json", "--issuer-country", "CN", "--profile", "eu")
    assert (exit_codes.DONE, EVERYTHING) == (found.exit_code, certificate_draft.to_members(content(found.stdout)))


def test_options_win_over_the_json_file(certcore: Command) -> None:
    """An option beside a JSON file replaces that field alone."""
    Path("cert.json").write_text(json.dumps(EVERYTHING))
    found = content(
        certcore(*KEY, "--json-file", "cert.json", "--plate", "B-XY 9", "--deficiency-counts", "1", "0", "0").stdout
    )
    assert ("B-XY 9", DeficiencyCounts(minor=1)) == (found.registration_number, found.deficiencies)


@pytest.mark.parametrize(
    ("options", "name", "expected"),
    [
        (("--status", "12/524287"), "status", StatusRef(list=12, index=524287)),
        (("--status", "https://a.example/1#7"), "status", StatusListEntry(uri="https://a.example/1", index=7)),
        (("--previous", "0011223344556677"), "previous", bytes.fromhex("0011223344556677")),
        (("--previous", "12/7"), "previous", StatusRef(list=12, index=7)),
        (("--deficiency", "1.1 (a)=minor"), "deficiencies", (Deficiency(code="1.1 (a)", severity=Result.MINOR),)),
        (("--deficiency-counts", "1", "2", "3"), "deficiencies", DeficiencyCounts(minor=1, major=2, dangerous=3)),
        (("--odometer-km", "5"), "odometer_km", 5),
        (("--certificate-id", "00" * 8), "certificate_id", bytes(8)),
        (("--usage", "A"), "usage", "A"),
    ],
)
def test_options_state_fields(certcore: Command, options: tuple[str, ...], name: str, expected: object) -> None:
    """References, lists, counts and bytes have a form to type them in."""
    found = certcore(*KEY, *FIELDS, *options)
    assert expected == getattr(content(found.stdout), name), found.output


@pytest.mark.parametrize(
    "wrong",
    [
        ("--status", "12"),
        ("--status", "9" * 5000 + "/1"),
        ("--status", "12/99999999999"),
        ("--status", "12/9999999999"),
        ("--previous", "xyz"),
        ("--valid-until", "30.9.2027"),
        ("--valid-until", "9999-12-31"),
        ("--deficiency", "1.1"),
        ("--deficiency", "1.1=bad"),
        ("--deficiency", "1.1=pass"),
        ("--deficiency", "1.1=minor", "--deficiency-counts", "1", "0", "0"),
        ("--report-digest", "00"),
        ("--plate", "闽\u202eC12345"),
        ("--authority", "a\x1b[31m"),
        ("--issuer-country", "China"),
        ("--issued-at", "2026-01-01T00:00Z"),
        ("--expires-at", "2026-01-01T00:00"),
        ("--plate-type", "-1"),
        ("--scale", "5000", "--png", "big.png"),
        ("--json-file", "missing.json"),
        ("--key", "stranger.pub.pem"),
    ],
    ids=lambda wrong: " ".join(wrong)[:40].encode("unicode_escape").decode(),
)
def test_what_no_certificate_can_say_is_refused(certcore: Command, wrong: tuple[str, ...]) -> None:
    """Each is an error with exit code 2, and nothing is issued or written."""
    found = certcore(*KEY, *FIELDS, *wrong)
    assert (exit_codes.ERROR, "") == (found.exit_code, found.stdout)
    assert not Path("big.png").exists()


def test_a_profile_lists_what_is_missing(certcore: Command) -> None:
    """The Chinese profile wants the plate type, the European one more."""
    found = certcore(*KEY, *FIELDS, "--profile", "eu")
    assert exit_codes.ERROR == found.exit_code
    assert "inspected_on, deficiencies, test_place, inspector [certificate-incomplete]" in found.stderr
    assert exit_codes.DONE == certcore(*KEY, *FIELDS, "--profile", "cn", "--plate-type", "2").exit_code


def test_what_is_missing_is_named(certcore: Command) -> None:
    """A certificate without its mandatory fields is refused by their names."""
    found = certcore(*KEY, "--plate", "闽C12345")
    assert exit_codes.ERROR == found.exit_code
    assert "basis, result, authority: missing [input-malformed]" in found.stderr


def test_an_existing_file_is_kept_and_no_other_written(certcore: Command) -> None:
    """One output that is there stops all; ``--force`` writes them."""
    Path("out.png").write_text("mine")
    outputs = ("--text", "out.txt", "--png", "out.png")
    found = certcore(*KEY, *FIELDS, *outputs)
    assert (exit_codes.ERROR, "mine", False) == (found.exit_code, Path("out.png").read_text(), Path("out.txt").exists())
    assert exit_codes.DONE == certcore(*KEY, *FIELDS, *outputs, "--force").exit_code
    assert exit_codes.ERROR == certcore(*KEY, *FIELDS, "--text", ".", "--force").exit_code


def test_an_mldsa_key_issues_no_certificate(certcore: Command) -> None:
    """A key whose signatures no QR code holds is wrong for this."""
    certcore("keygen", "big", "--algorithm", "ML-DSA-44")
    assert exit_codes.ERROR == certcore("issue", "--key", "big.key.pem", *FIELDS).exit_code


@pytest.mark.parametrize(
    ("members", "place"),
    [
        ({"colour": "red"}, "colour"),
        ({"presented_at": "2026-10-01T08:00:00Z"}, "presented_at"),
        ({"valid_until": 20270930}, "valid_until"),
        ({"plate_type": "2"}, "plate_type"),
        ({"basis": "because"}, "basis"),
        ({"basis": True}, "basis"),
        ({"status": {"list": 1}}, "status.index"),
        ({"status": {"list": 1, "uri": "https://a/", "index": 2}}, "status"),
        ({"status": {"list": -1, "index": 2}}, "status"),
        ({"status": None, "issued_at": "2026-10-01T08:00:00Z"}, "issued_at"),
        ({"previous": {"uri": "https://a.example/", "index": 2}}, "previous"),
        ({"deficiencies": {"minor": 1, "cosmetic": 2}}, "deficiencies.cosmetic"),
        ({"deficiencies": [{"code": "1"}]}, "deficiencies[0].severity"),
        ({"deficiencies": [{"code": "1", "severity": "pass"}]}, "deficiencies[0]"),
        ({"deficiencies": []}, "the certificate"),
        ({"certificate_id": "0011223344556677", "report_digest": "0 1"}, "report_digest"),
        ({"registration_number": "\ud83d"}, "registration_number"),
        ({"vin": None, "confidential": None}, "the certificate"),
    ],
)
def test_json_is_read_strictly(members: dict[str, object], place: str) -> None:
    """Whatever is unknown, of another kind or not fit for a certificate is refused with its place."""
    with pytest.raises(RejectedInputError) as caught:
        certificate_draft.from_members({**EVERYTHING, **members})
    assert ("input-malformed", place) == (caught.value.code, dict(caught.value.detail)["place"])


@pytest.mark.parametrize("text", ["", "[]", "{", '{"basis":1,"basis":2}', "null", "x" * 70_000])
def test_a_file_that_is_no_json_object_is_refused(certcore: Command, text: str) -> None:
    """Broken or oversized JSON is an error with a code."""
    Path("cert.json").write_text(text)
    found = certcore(*KEY, "--json-file", "cert.json")
    assert exit_codes.ERROR == found.exit_code
    assert "[input-malformed]" in found.stderr or "[file-too-large]" in found.stderr


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        (("--valid-until", "2020-09-30"), "last day"),
        (("--vin", "LSVAA4181E218421"), "16 characters"),
        (("--vin", "LSVAA4181E21842111"), "18 characters"),
        (("--vin", "LSVAA4182E2184211"), "check digit"),
        (("--vin", "ZVW30-1234567"), ""),
        ((), ""),
    ],
)
def test_what_is_probably_a_slip_is_said_before_it_is_printed(
    certcore: Command, changed: tuple[str, ...], word: str
) -> None:
    """A last day that is over, or a VIN a character short, is issued as it was typed, and said on standard error."""
    found = certcore(*KEY, *FIELDS, *changed)
    assert exit_codes.DONE == found.exit_code
    assert word in found.stderr
    assert bool(word) == bool(found.stderr)
    assert "LSV" not in found.stderr
