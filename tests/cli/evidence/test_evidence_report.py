"""`certcore evidence report` and the auditor's options of `show`: recorded beside replayed, offline, for people."""

from __future__ import annotations

import html
import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from certcore import Evidence
from certcore._cli import exit_codes
from certcore._cli.evidence import audit
from certcore.trust import read_unverified
from tests.cli.evidence.conftest import Keep
from tests.evidence.test_golden import CASES

if TYPE_CHECKING:
    from tests.cli.conftest import Command

ROOT = ("--root", "root.pub.pem")


def page(path: str = "page.html") -> str:
    """What was written."""
    return Path(path).read_text("utf-8")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_is_made_from_evidence_alone(lang: str, certcore: Command, keep: Keep) -> None:
    """Recorded and replayed, the question, the policy by name, the documents with times and digests; nothing loads."""
    path = keep(what="valid.png")
    evidence = Evidence.from_bytes(path.read_bytes())
    for gone in ("trust.cbor", "lists"):
        shutil.rmtree(gone) if Path(gone).is_dir() else Path(gone).unlink()

    run = certcore("evidence", "report", path, *ROOT, "--lang", lang, "--out", "page.html", "--picture", "valid.png")

    assert exit_codes.DONE == run.exit_code, run.output
    shown = page()
    for text in (path.name, evidence.digest.hex(), "闽C12345", "2026-10-20", "claims (", "polygon", "data:image/jpeg"):
        assert text in shown
    assert ("recorded" if lang == "en" else "原载") in shown
    assert ("shows this code" if lang == "en" else "图中为同一二维码") in shown
    assert [] == [document.hex() for document in evidence.materials if document.hex() not in shown]
    assert "<script" not in shown
    assert [] == re.findall(r'(?:src|href)="(?!data:image/jpeg)', shown)


def test_several_files_and_one_that_does_not_hold(certcore: Command, keep: Keep) -> None:
    """Each is on the page, in its order; the exit code says that one does not hold."""
    good = keep(what="valid.txt")
    changed = Path("kept", "a.vice")
    changed.write_bytes(good.read_bytes().replace(b"LSVAA4181E2184211", b"LSVAA4181E2184212"))
    Path("kept", "b.vice").write_bytes(b"nonsense <b>")

    run = certcore("evidence", "report", "kept", *ROOT, "--out", "page.html")

    assert exit_codes.ERROR == run.exit_code
    names = re.findall(r"<header><h2>([^<]*)", page())
    assert sorted(path.name for path in Path("kept").iterdir()) == names
    assert "evidence-outcome-differs" in page()
    assert "evidence-malformed" in page()
    assert 1 == page().count("(the same)")


def test_a_picture_is_compared_with_the_digest(certcore: Command, keep: Keep) -> None:
    """By file or folder, in `show` and in `report`; another picture, and evidence without one, are told apart."""
    of_picture, of_text = keep(what="valid.png"), keep(what="valid.txt")

    def asked(path: Path, *pictures: str) -> tuple[int, object]:
        options = [option for picture in pictures for option in ("--picture", picture)]
        run = certcore("evidence", "show", path, *options, "--json")
        report = certcore("evidence", "report", path, *ROOT, *options, "--out", "page.html", "--force")
        assert run.exit_code == report.exit_code
        return run.exit_code, json.loads(run.stdout)["picture_found"]

    assert (exit_codes.DONE, True) == asked(of_picture, "valid.png")
    assert (exit_codes.DONE, True) == asked(of_picture, "forged.png", ".")
    assert (exit_codes.NOT_VALID, False) == asked(of_picture, "forged.png")
    assert "none of the pictures" in page()
    assert (exit_codes.DONE, None) == asked(of_text, "forged.png")
    assert exit_codes.ERROR == certcore("evidence", "show", of_text, "--picture", "nothere.png").exit_code


def test_show_tells_the_documents(certcore: Command, keep: Keep) -> None:
    """Each with its kind, digest, size and times; a detached file finds them in a folder beside it."""
    path = keep(what="valid.png")
    evidence = Evidence.from_bytes(path.read_bytes())
    whole = json.loads(certcore("evidence", "show", path, "--json").stdout)["documents"]
    Path("claims/documents").mkdir(parents=True)
    detached = Path("claims/detached.vice")
    detached.write_bytes(evidence.to_bytes(detached=True))

    alone = json.loads(certcore("evidence", "show", detached, "--json").stdout)["documents"]
    for digest, document in evidence.materials.items():
        Path("claims/documents", digest.hex()).write_bytes(document)
    beside = json.loads(certcore("evidence", "show", detached, "--json").stdout)["documents"]

    contents = read_unverified(Path("trust.cbor").read_bytes())
    trust = next(document for document in whole if document["media_type"] == "application/vnd.certcore.trust+cbor")
    assert (contents.issued_at.isoformat(), contents.next_update_at.isoformat()) == (
        trust["issued_at"],
        trust["expires_at"],
    )
    assert {digest.hex() for digest in evidence.materials} == {document["sha256"] for document in whole}
    assert all(document["issued_at"] and document["expires_at"] and document["bytes"] for document in whole)
    assert whole == beside
    assert [document["sha256"] for document in whole] == [document["sha256"] for document in alone]
    assert {(None, None, None)} == {(one["bytes"], one["issued_at"], one["expires_at"]) for one in alone}
    assert exit_codes.DONE == certcore("evidence", "replay", detached, *ROOT).exit_code


def test_a_seal_is_told(certcore: Command, keep: Keep) -> None:
    """A seal is told among what is proved; what it protects is no longer on somebody's word."""
    path = keep("--seal", "seal.key.pem", what="valid.png")

    certcore("evidence", "report", path, *ROOT, "--seal-key", "seal.pub.pem", "--out", "page.html")

    assert "sealed by the key" in page()
    assert "<li>what was asked" not in page()


@pytest.mark.parametrize("suffix", ["html", "pdf"])
def test_the_page_is_not_overwritten(suffix: str, certcore: Command, keep: Keep) -> None:
    """Unless asked for; other endings are wrong usage."""
    if suffix == "pdf":
        pytest.importorskip("fpdf")
    path = keep(what="valid.txt")
    arguments = ("evidence", "report", path, *ROOT, "--out", f"page.{suffix}")

    assert exit_codes.DONE == certcore(*arguments).exit_code
    assert "[file-exists]" in certcore(*arguments).output
    assert exit_codes.DONE == certcore(*arguments, "--force").exit_code
    assert Path(f"page.{suffix}").read_bytes().startswith({"html": b"<!doctype", "pdf": b"%PDF-"}[suffix])
    assert exit_codes.ERROR == certcore(*arguments[:-1], "page.docx").exit_code


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_golden_file_is_told(lang: str) -> None:
    """Whatever a release has written, vehicles and refusals too: recorded and replayed are the same, in words."""
    auditor = audit.Auditor(pictures=audit.Pictures.of([]), lang=lang)
    records = []
    for case in CASES:
        evidence = case.evidence()
        records.append(auditor.replayed(Path(case.name), evidence, case.replay(case.roots[0], evidence)))

    summary = audit.write(Path("page.html"), json.loads(json.dumps(records)), lang=lang, mode=0o600)

    assert len(CASES) == summary.claims.total() == page().count("(一致)" if lang == "zh" else "(the same)")
    assert [html.escape(case.name) for case in CASES] == re.findall(r"<header><h2>([^<]*)", page())
    assert {exit_codes.DONE} == set(map(audit.exit_code, records))
