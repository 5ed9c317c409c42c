"""The police: scan a certificate with the vehicle's own state, and look up who shows nothing by the plate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import photos
from certcore import Expected, Policy, TrustList, Verifier, armor
from certcore.status.http import HTTPStatusBackend, VehicleEndpoint
from issuer import Mark
from world import PATIENCE, World


@contextmanager
def terminal(trust: TrustList, token: str, clock: Callable[[], datetime]) -> Iterator[Verifier]:
    """A terminal that asks the register over the network: for status lists, and for vehicles with its token."""
    issuer = trust.issuer("CN")
    assert issuer is not None
    endpoint = VehicleEndpoint.of(issuer, token=token)
    with HTTPStatusBackend(vehicles={"CN": endpoint}, deadline=PATIENCE) as register:
        yield Verifier(trust=trust, status=register, vehicles=register, policy=Policy.roadside(), clock=clock)


def play(world: World, marks: Mapping[str, Mark], paper: Path) -> None:
    """A check on the road."""
    now, book, folder = world.set_clock(10), world.book, world.folder / "police"
    folder.mkdir()
    book.begin(
        "10:00",
        "The police",
        "At a check on the road the terminal asks the register about the certificate and about the vehicle itself. "
        "Nobody has to show anything: a plate is enough to look a vehicle up.",
    )
    pictures = {
        "lin": paper,
        "wang": photos.of_code(marks["wang"].text, folder / "wang.jpg"),
        "stolen": photos.of_code(marks["stolen"].text, folder / "stolen.jpg", turned=-9),
        "altered": photos.of_code(alter(marks["old"].text), folder / "altered.jpg"),
    }
    with terminal(world.trust, world.tokens["police"], world.clock) as verifier:
        for name, question, seen, expected in (
            ("lin", "Ms Lin's paper", marks["lin"].seen, ("valid", "test-environment")),
            ("wang", "A car with unpaid fines", marks["wang"].seen, ("valid", "vehicle-caution")),
            ("stolen", "A car that was reported stolen", marks["stolen"].seen, ("invalid", "vehicle-stopped")),
            ("lin", "Ms Lin's code on another car with her plate", copied(marks), ("invalid", "cloned-plate")),
            ("altered", "A code whose plate was altered", marks["old"].seen, ("invalid", "signature-invalid")),
        ):
            verdict = verifier.verify_image(pictures[name], as_of=now, expect=seen, deadline=PATIENCE)
            book.answer(f"{question}: may it be on the road?", verdict, expected, picture=pictures[name])
        for plate, question, expected in (
            ("闽C·40004", "who shows nothing; the register knows the car", ("valid", "test-environment")),
            ("闽C·80008", "who shows nothing; its inspection has run out", ("invalid", "expired-on-date")),
            ("闽C·99999", "which no register knows", ("undetermined", "status-unknown-reference")),
        ):
            found = verifier.check_vehicle(as_of=now, registration_number=plate, country="CN", plate_type=2)
            book.answer(f"The plate {plate}, {question}: may it be on the road?", found, expected)


def copied(marks: Mapping[str, Mark]) -> Expected:
    """A car with Ms Lin's plate, and a chassis number of its own."""
    vin = marks["zheng"].certificate.vin
    return Expected(registration_number="闽C12345", country="CN", plate_type=2, vin=vin)


def alter(text: str) -> str:
    """What a forger does to a code: another plate in it, under the old signature."""
    return armor.encode(armor.decode(text).replace("闽C80008".encode(), "闽C80009".encode()))
