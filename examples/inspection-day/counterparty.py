"""The other party of an accident, at the roadside: a telephone, the trust list, no connection."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import photos
from certcore import Expected, Policy, Verifier
from issuer import Mark
from world import PATIENCE, World


def play(world: World, marks: Mapping[str, Mark]) -> tuple[Path, Path]:
    """Mr Wu has run into Ms Lin; she scans his code, and types the plate that she sees. Gives her photos."""
    world.clock.at = world.moment(11, 40)
    folder = world.folder / "accident"
    folder.mkdir()
    world.book.begin(
        "11:40",
        "The other party",
        "Mr Wu has run into Ms Lin's car at 11:30. She photographs his code and types the plate she sees. There is no "
        "connection, so the answer says that nobody was asked whether the certificate was revoked. A third driver, who "
        "stopped behind them, shows the code of another car.",
    )
    hers = Verifier(trust=world.trust, status=None, policy=Policy.counterparty(), clock=world.clock)
    photo = photos.of_code(marks["wu"].text, folder / "wu.jpg", turned=11)
    other = photos.of_code(marks["zheng"].text, folder / "third.jpg", turned=-14)
    for picture, plate, question, expected in (
        (photo, "闽C·70007", "Mr Wu's code, offline", ("valid", "checked-offline")),
        (other, "闽C·50005", "The third driver's code, which is another car's", ("invalid", "plate-mismatch")),
    ):
        seen = Expected(registration_number=plate, country="CN", plate_type=2)
        verdict = hers.verify_image(picture, as_of=world.clock(), expect=seen, deadline=PATIENCE)
        world.book.answer(f"{question}: was his car inspected?", verdict, expected, picture=picture)
    return photo, other
