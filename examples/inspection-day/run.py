"""An inspection day, from the first mark in the morning to the claims report: everybody who meets a certificate.

    python examples/inspection-day/run.py --out day-out

Needs the extras cli, http, pdf, print, register and scan, and a Chinese font for the printed pages (`make demo` has all
of it). It leaves a folder: open its index.html. Each role is a file that can be read, and copied, alone.
"""

from __future__ import annotations

import argparse
import shlex
import shutil
import sys
from io import TextIOWrapper
from pathlib import Path

import buyer
import counterparty
import holder
import insurer
import issuer
import lender
import pages
import police
import renter
import station
import thief
from world import World, opened

MARKER = ".inspection-day"
"""The file that says that a folder was made here, and may be replaced."""


def main() -> int:
    """Play the day into a folder, and say what came of it; 1 if an answer is not the expected one."""
    arguments = argparse.ArgumentParser(description="An inspection day, into a folder that leads through it.")
    arguments.add_argument("--out", type=Path, default=Path("day-out"), help="the folder (day-out)")
    folder = arguments.parse_args().out.absolute()
    if folder.exists() and any(folder.iterdir()) and not (folder / MARKER).is_file():
        arguments.error(f"{folder} is not empty, and was not made here: name another with --out")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARKER).write_text("Made by examples/inspection-day, which replaces this folder.\n", "utf-8")
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # plates are Chinese, and a terminal may not be
    with opened(folder) as world:
        play(world)
        close(world)
        print(world.book.table())
        wrong = [answer for answer in world.book.answers if not answer.is_expected]
        total = len(world.book.answers)
    print(f"{total - len(wrong)} of {total} answers are as expected. Open {folder / 'index.html'}")
    print(f"Ask a question of your own:\n{question_of_your_own(folder, world)}")
    return 1 if wrong else 0


def question_of_your_own(folder: Path, world: World) -> str:
    """A command to paste: Ms Lin's paper once more, about the day of the story, by the lists that were published."""
    words = [sys.executable, "-m", "certcore.cli", "verify", str(folder / "holder" / "paper.jpg")]
    words += [
        "--as-of",
        world.day.isoformat(),
        "--plate",
        "闽C12345",
        "--vin",
        issuer.VINS["lin"],
        "--policy",
        "claims",
    ]
    words += ["--snapshot", str(world.published), "--trust", str(folder / "trust.cbor")]
    words += ["--root", str(folder / "keys" / "root.pub.pem"), "--environment", "test"]
    return shlex.join(words)


def play(world: World) -> None:
    """The day, in its order."""
    marks = issuer.play(world)
    shown = holder.play(world, marks["lin"])
    paper = shown["paper.jpg"]
    police.play(world, marks, paper)
    photo, third = counterparty.play(world, marks)
    sealed = insurer.notice(world, marks["lin"], paper)
    buyer.play(world, marks)
    lender.play(world, marks)
    station.play(world, marks, photo, third)
    thief.play(world, marks, sealed)
    renter.play(world)
    insurer.file_report(world, marks, paper)


def close(world: World) -> None:
    """What is left for people: the audit of all evidence, the register, the answers, and the page that leads there."""
    where = ("--root", "keys/root.pub.pem", "--environment", "test", "--seal-key", "keys/seal.pub.pem")
    pictures = [word for name in ("marks", "holder", "police", "accident", "fleet") for word in ("--picture", name)]
    for lang, out in (("en", "audit.html"), ("zh", "audit-zh.html")):
        world.command("evidence", "report", "evidence", *where, *pictures, "--out", out, "--lang", lang)
    held = world.command("register", "list", "--db", "register/register.db", "--time-zone", "Asia/Shanghai")
    files = {
        "register.txt": held,
        "answers.txt": world.book.table(),
        "answers.json": world.book.to_json(),
        "index.html": pages.index(world.book),
    }
    for name, text in files.items():
        (world.folder / name).write_text(text, "utf-8")


if __name__ == "__main__":
    sys.exit(main())
