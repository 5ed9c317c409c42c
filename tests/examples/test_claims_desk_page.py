"""The page of examples/claims-desk in headless Chromium: dropped, chosen, photographed; by keyboard; in both languages.

`CERTCORE_SHOTS=folder` keeps pictures of it, narrow and wide, light and dark.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.examples.browsers import PATIENT_S, filmed, found_chromium, found_node

pytest.importorskip("fastapi", reason="the claims desk needs its requirements.txt, and certcore[scan]")

from tests.examples.test_claims_desk import DAY, photo, served
from tests.verify_cases import PLATE, TEXT, VIN

MARKUP = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def driven(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the page said."""
    node, chromium, folder = found_node(), found_chromium(), tmp_path_factory.mktemp("desk-page")
    for name, content in {
        "photo.jpg": photo(),
        "paper.pdf": photo(form="PDF"),
        "page.jpg": b"<html><script>alert(1)</script>",
    }.items():
        (folder / name).write_bytes(content)
    Image.new("RGB", (300, 300), (255, 255, 255)).save(folder / "blank.png")
    asked = {"plate": PLATE, "vin": VIN, "day": DAY, "claim": "K-1"}
    photo_path = str(folder / "photo.jpg")
    with served(folder / "records") as desk:
        plan = {
            "packages": str(packages),
            "chromium": chromium,
            "video": filmed(TEXT, folder / "camera.y4m", width=1280, scale=6, ground=200),
            "shots": os.environ.get("CERTCORE_SHOTS"),
            "origin": f"http://localhost:{desk.port}",
            "chinese": "photo",
            "questions": {
                "photo": {**asked, "file": photo_path},
                "dropped PDF": {**asked, "dropped": str(folder / "paper.pdf")},
                "camera": asked,
                "another car": {**asked, "plate": "闽C98765", "file": photo_path},
                "no code": {**asked, "file": str(folder / "blank.png")},
                "no picture": {**asked, "file": str(folder / "page.jpg")},
                "markup": {"plate": MARKUP, "claim": MARKUP, "day": DAY, "text": MARKUP},
                "text": {**asked, "text": TEXT},
            },
            "lost": {**asked, "claim": "K-2", "file": photo_path},
        }
        done = subprocess.run(
            [node, str(Path(__file__).with_name("claims_desk.mjs"))],
            input=json.dumps(plan),
            capture_output=True,
            text=True,
            timeout=PATIENT_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        found: dict[str, Any] = json.loads(done.stdout)
        claims = list((folder / "records" / "files").glob("*.vice"))
        return found | {"records": len(claims)}


@pytest.mark.parametrize(
    ("asked", "outcome", "outlines"),
    [
        ("photo", "valid", 1),
        ("dropped PDF", "valid", 1),
        ("camera", "valid", 1),
        ("another car", "invalid", 1),
        ("no code", "undetermined", 0),
        ("text", "valid", 0),
        ("zh", "valid", 1),
        ("asked again", "valid", 1),
    ],
)
def test_answers(driven: dict[str, Any], asked: str, outcome: str, outlines: int) -> None:
    """What a handler sees: the outcome, the picture its code outlined, no wider than the window."""
    said = driven["answers"][asked]

    assert said["shown"]
    assert (said["outcome"], said["outlines"] if asked != "text" else 0) == (outcome, outlines)
    assert not said["wide"]
    assert asked == "text" or said["picture"] > 0
    assert said["text"].split("\n")[0]


def test_words(driven: dict[str, Any]) -> None:
    """Each language has its own headline, fields and evidence; the report can be had."""
    assert "VALID" in driven["answers"]["photo"]["text"]
    assert "What the certificate states" in driven["answers"]["photo"]["text"]
    assert "有效" in driven["answers"]["zh"]["text"]
    assert "下载报告" in driven["answers"]["zh"]["text"]
    assert driven["report"] > 1000


def test_refusals_are_said(driven: dict[str, Any]) -> None:
    """What is missing, or no picture, is said in the live region, and the focus is where it can be mended."""
    assert driven["answers"]["no day"]["focus"] == "day"
    assert "day of the loss" in driven["answers"]["no day"]["state"]
    assert "PNG" in driven["answers"]["no picture"]["state"]
    assert not driven["answers"]["no picture"]["shown"]
    assert "expected vehicle" in driven["answers"]["no VIN"]["state"]
    assert driven["answers"]["no VIN"]["focus"] == "ask"


def test_lost_answer(driven: dict[str, Any]) -> None:
    """A question whose answer was lost is asked again with its key: there is one record."""
    assert "nothing is recorded twice" in driven["answers"]["lost answer"]["state"]
    answered = [name for name, said in driven["answers"].items() if said["shown"] and name != "zh"]
    assert driven["records"] == len(answered)


def test_what_is_shown_is_what_is_asked(driven: dict[str, Any]) -> None:
    """Of a picture and a text, the later one, and the other is seen to be gone; a year has four digits."""
    assert driven["latest"] == ["", "A", "Chosen: photo.jpg", ""]
    assert driven["year"] == 4


def test_keyboard_and_screen_reader(driven: dict[str, Any]) -> None:
    """The focus goes through the page in its order and to the answer; everything that takes input has a name."""
    order = list(dict.fromkeys(driven["order"]))  # a day is three stops or four
    assert order[:8] == ["a", "en", "zh", "file", "camera", "day", "plate", "vin"]
    assert [] == driven["unnamed"]
    assert driven["answers"]["photo"]["focus"] == "answer"
    assert "status" in driven["tree"]


def test_keeps_to_itself(driven: dict[str, Any]) -> None:
    """Nothing comes from elsewhere, no script fails, the page's policy is kept, and no markup is run."""
    assert [] == driven["outside"]
    assert [] == driven["errors"]
    assert driven["alerts"] == 0
    assert all(said["elements"] == 0 for said in driven["answers"].values())
