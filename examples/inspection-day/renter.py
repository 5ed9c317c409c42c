"""The renter asks at the counter; the rental company's new cars were registered this morning, from a table."""

from __future__ import annotations

import csv
from datetime import timedelta
from typing import Final

from certcore import Expected, Policy, Verifier
from certcore.status.http import HTTPStatusBackend
from world import PATIENCE, World, now

FLEET: Final = {
    "闽C·A2001": "LSVAA4180E2300112",
    "闽C·A2002": "LSVAA4182E2300113",
    "闽C·A2003": "LSVAA4184E2300114",
}


def register_fleet(world: World) -> None:
    """A certificate for each row of a table, and the lists, with the command alone."""
    until = (now().date() + timedelta(days=700)).isoformat()
    with (world.folder / "fleet.csv").open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["号牌号码", "号牌种类", "车辆识别代号", "有效期止"])
        rows.writerows([plate.replace("·", ""), 2, vin, until] for plate, vin in FLEET.items())
    trust = ("--trust", "trust.cbor", "--root", "keys/root.pub.pem", "--environment", "test")
    stated = ("--basis", "registration", "--result", "exempt", "--authority", "闽C", "--usage", "G")
    drawn = ("--each", "png", "--sheets", "fleet.pdf", "--lang", "zh")
    register = ("--register", "register/register.db", "--key", "keys/issuer.key.pem", "--country", "CN")
    world.command("issue", *register, "--vehicles", "fleet.csv", "--out", "fleet", *stated, *drawn, *trust)
    lists = ("--folder", "register/published", "--key", "keys/fresh.key.pem", "--uri-template", world.lists)
    world.command("status", "publish", "--db", "register/register.db", *lists, *trust)


def play(world: World) -> None:
    """Today. The customer scans the code in the car, and sees at once whether the register has something against it."""
    register_fleet(world)
    world.clock.at = now()
    world.book.begin(
        "today",
        "The renter",
        "A rental company registers three new cars: one table, one command, marks and a sheet to print for each. A "
        "customer scans the code in the car, with a connection.",
    )
    world.book.show(world.folder / "fleet.pdf", "The sheets of the new cars")
    with (world.folder / "fleet" / "issued.csv").open(encoding="utf-8-sig", newline="") as file:
        issued = list(csv.DictReader(file))
    with HTTPStatusBackend(deadline=PATIENCE) as register:
        renter = Verifier(trust=world.trust, status=register, policy=Policy.counterparty(), clock=world.clock)
        for row, plate, question, expected in (
            (issued[0], "闽C·A2001", "The car at the counter", ("valid", "test-environment")),
            (issued[1], "闽C·A2003", "The code of the car beside it", ("invalid", "plate-mismatch")),
        ):
            picture = world.folder / "fleet" / row["files"]
            seen = Expected(registration_number=plate, country="CN", plate_type=2)
            verdict = renter.verify_image(picture, as_of=world.clock(), expect=seen, deadline=PATIENCE)
            assert not verdict.degraded
            world.book.answer(f"{question}: is it in force?", verdict, expected, picture=picture)
