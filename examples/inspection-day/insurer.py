"""The insurer: judges a date of loss from a photo, and files a report on a table of claims with one command."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import photos
from book import Answer
from certcore import Policy, Verifier
from certcore.status import SnapshotStatusBackend
from issuer import Mark
from police import alter
from world import PATIENCE, World


def notice(world: World, mark: Mark, paper: Path) -> bytes:
    """The first call: one photo, one moment of loss. Gives the sealed evidence, which goes into the file."""
    world.set_clock(12, 30)
    world.book.begin(
        "12:30",
        "The insurer",
        "Ms Lin calls her insurer. The desk has a photo of her paper, the time of the loss, and a copy of the "
        "published lists. The verdict's evidence is sealed with the insurer's own key and kept.",
    )
    lists = SnapshotStatusBackend.from_folder(world.published)
    desk = Verifier(trust=world.trust, status=lists, policy=Policy.claims(), clock=world.clock)
    loss = world.moment(11, 30)
    verdict = desk.verify_image(paper, as_of=loss, expect=mark.seen, deadline=PATIENCE)
    world.book.answer(
        "Ms Lin's car: was it in force at the loss?", verdict, ("valid", "test-environment"), picture=paper
    )
    return verdict.evidence.sealed(world.keys["seal"]).to_bytes()


def write_claims(world: World, marks: Mapping[str, Mark], paper: Path) -> dict[str, tuple[str, str]]:
    """The table of claims and its photos; gives what each has to come to."""
    folder = world.folder / "claims" / "photos"
    folder.mkdir(parents=True)
    (folder / "K-01.jpg").write_bytes(paper.read_bytes())
    accident = world.moment(11, 30)
    rows: list[tuple[str, str, datetime | date | str, str, str]] = [
        ("K-01", "lin", accident, "valid", "test-environment"),
        ("K-02", "wu", accident, "valid", "revoked-after-event"),
        ("K-03", "xu", world.moment(20), "invalid", "revoked-before-event"),
        ("K-04", "chen", world.day - timedelta(40), "valid", "superseded-after-event"),
        ("K-05", "old", world.day - timedelta(9), "invalid", "expired-on-date"),
        ("K-06", "truck", world.day - timedelta(3), "invalid", "result-not-pass"),
        ("K-07", "zheng", world.day - timedelta(9), "invalid", "cloned-plate"),
        ("K-08", "altered", world.day - timedelta(50), "invalid", "signature-invalid"),
        ("K-09", "spoilt", world.day - timedelta(9), "undetermined", "no-certificate"),
        ("K-10", "new", "2026-13-01", "error", "row-moment"),
    ]
    with (world.folder / "claims" / "claims.csv").open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file)
        table.writerow(["claim", "picture", "date-of-loss", "plate", "vin", "country", "plate-type"])
        for number, (claim, name, loss, _, _) in enumerate(rows):
            mark = marks[{"altered": "old", "spoilt": "wang"}.get(name, name)]
            text = alter(mark.text) if name == "altered" else mark.text
            if name != "lin":
                draw = photos.spoilt if name == "spoilt" else photos.of_code
                draw(text, folder / f"{claim}.jpg", **({} if name == "spoilt" else {"turned": 5 * number - 24}))
            stated = mark.certificate
            vin = marks["lin"].certificate.vin if name == "zheng" else stated.vin
            when = loss if isinstance(loss, str) else loss.isoformat()
            table.writerow([claim, f"{claim}.jpg", when, stated.registration_number, vin, "CN", stated.plate_type])
    return {claim: (outcome, code) for claim, _, _, outcome, code in rows}


def file_report(world: World, marks: Mapping[str, Mark], paper: Path) -> None:
    """Today. Every row has its answer, and the report is for people."""
    expected = write_claims(world, marks, paper)
    trust = ("--trust", "trust.cbor", "--root", "keys/root.pub.pem", "--environment", "test")
    table = (
        "--policy",
        "claims",
        "--claims",
        "claims/claims.csv",
        "--pictures",
        "claims/photos",
        "--deadline",
        300,
        "--workers",
        1,
    )
    lists = ("--policy", "claims", "--snapshot", "register/published", "--seal", "keys/seal.key.pem")
    for lang, out in (("en", "claims/report"), ("zh", "claims/report-zh")):
        world.command("verify", *table, *lists, *trust, "--out", out, "--lang", lang, code=2)
    book, report = world.book, world.folder / "claims" / "report"
    book.begin(
        "today",
        "The claims desk",
        "The insurer's desk has ten claims, each with a photo and its own date of loss. One command answers every row, "
        "whatever is wrong with it, keeps the evidence, and writes a report for people.",
    )
    book.show(report / "report.html", "The report, in English")
    book.show(world.folder / "claims" / "report-zh" / "report.html", "The report, in Chinese")
    english, chinese = (_rows(world.folder / "claims" / name) for name in ("report", "report-zh"))
    for row, its_chinese in zip(english, chinese, strict=True):
        book.add(_answer(row, its_chinese, expected[row["claim"]]))


def _rows(report: Path) -> list[dict[str, Any]]:
    """What the command wrote for programs: a line for each document."""
    return [json.loads(line) for line in (report / "results.jsonl").read_text("utf-8").splitlines()]


def _answer(row: Mapping[str, Any], chinese: Mapping[str, Any], expected: tuple[str, str]) -> Answer:
    asked = row["cells"]
    return Answer(
        who="The claims desk",
        question=f"{row['claim']}: loss {asked['date-of-loss']}, {asked['plate']}. Was it in force?",
        outcome=row["outcome"],
        codes=tuple(row["codes"]),
        en="\n".join(row["words"]),
        zh="\n".join(chinese["words"]),
        picture=f"claims/photos/{row['document']}",
        expected=expected,
    )
