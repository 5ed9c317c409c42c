"""The issuer: registers and inspects vehicles, on every basis there is; prints marks, and shows a lost one again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import attrs

from certcore import (
    Basis,
    DeficiencyCounts,
    Expected,
    InspectionCertificate,
    Issuer,
    Policy,
    Result,
    StatusRef,
    Verifier,
    qr,
)
from certcore.status import VehicleQuery
from world import PATIENCE, World

VINS: Final = {
    "old": "LSVAA4189E2300108",
    "chen": "LSVAA4183E2184212",
    "lin": "LSVAA4181E2184211",
    "stolen": "LSVAA4180E2300109",
    "wang": "LSVAA4188E2300102",
    "zheng": "LSVAA4187E2300107",
    "new": "LSVAA4186E2300101",
    "wu": "LSVAA4183E2300105",
    "xu": "LSVAA4185E2300106",
    "truck": "LSVAA4181E2300104",
    "zhao": "LSVAA418XE2300103",
}
USUAL: Final = {"basis": Basis.INSPECTED, "result": Result.PASS, "plate_type": 2, "inspector": "station-03"}


@attrs.frozen(kw_only=True)
class Mark:
    """A certificate that was issued, and the text of its code."""

    certificate: InspectionCertificate
    text: str = attrs.field(repr=False)

    @property
    def ref(self) -> StatusRef:
        """Its place in the register."""
        assert isinstance(self.certificate.status, StatusRef)
        return self.certificate.status

    @property
    def seen(self) -> Expected:
        """The vehicle as a person sees it who stands before it."""
        stated = self.certificate
        return Expected(
            registration_number=stated.registration_number,
            country="CN",
            plate_type=stated.plate_type,
            vin=stated.vin,
        )


def issue(issuer: Issuer, **stated: Any) -> Mark:  # noqa: ANN401  the fields of a certificate
    """Issue a certificate; the register records it, and ends the one that its vehicle had."""
    ready = issuer.complete(InspectionCertificate(authority="闽C", **{**USUAL, **stated}))
    return Mark(certificate=ready, text=issuer.issue(ready))


def cars(world: World) -> Mapping[str, tuple[int, dict[str, Any]]]:
    """Every car of the story: how many days ago it was at the office, and what its certificate states."""

    def until(days: int) -> date:
        return world.day + timedelta(days)

    exempt = {"basis": Basis.EXEMPT, "result": Result.EXEMPT, "inspector": None}
    new = {"basis": Basis.REGISTRATION, "result": Result.EXEMPT, "plate_type": 52, "inspector": None}
    failed = {"plate_type": 1, "result": Result.MAJOR, "deficiencies": DeficiencyCounts(minor=1, major=2)}
    return {
        "old": (400, {"registration_number": "闽C80008", "valid_until": until(-35)}),
        "chen": (250, {"registration_number": "闽C20002", "valid_until": until(115)}),
        "lin": (200, {"registration_number": "闽C12345", "valid_until": until(165), "odometer_km": 48_210}),
        "stolen": (120, {"registration_number": "闽C90009", "valid_until": until(245)}),
        "wang": (100, {"registration_number": "闽C30003", "valid_until": until(265), **exempt}),
        "zheng": (80, {"registration_number": "闽C70009", "valid_until": until(285), "inspector": "station-17"}),
        "new": (60, {"registration_number": "闽CD12345", "valid_until": until(670), **new}),
        "wu": (40, {"registration_number": "闽C70007", "valid_until": until(325), "inspector": "station-17"}),
        "xu": (30, {"registration_number": "闽C70008", "valid_until": until(335), "inspector": "station-17"}),
        "truck": (10, {"registration_number": "闽C60006", **failed}),
        "zhao": (5, {"registration_number": "闽C40004", "valid_until": until(120), "basis": Basis.WITHIN_VALIDITY}),
    }


def play(world: World) -> dict[str, Mark]:
    """A year at the office, and the morning of the day; gives every mark, by its car."""
    marks: dict[str, Mark] = {}
    for name, (days_ago, stated) in cars(world).items():
        world.clock.at = world.moment(10, days_ago=days_ago)
        day = {"inspected_on": world.clock.at.date()} if stated.get("inspector", True) else {}
        marks[name] = issue(world.issuer, vin=VINS[name], **day, **stated)
    world.clock.at = world.moment(7)
    marks["sold"] = sell(world, marks["chen"])
    flag(world, marks["stolen"], "C", "reported stolen")
    flag(world, marks["wang"], "G", "fines unpaid")
    world.write_trust_list(1, *map(world.trusted, ("issuer", "live", "status", "register")))
    world.set_clock(8, 30)
    world.book.begin(
        "08:30",
        "The issuer",
        "For a year the vehicle office has registered and inspected cars: new ones, sold ones, exempt ones, some that "
        "passed and one that failed. A vehicle has one certificate in force: a new one ends the one before it. Before "
        "the marks go out, the office asks its register about each.",
    )
    check(world, marks)
    show_again(world, marks["lin"])
    return marks


def sell(world: World, before: Mark) -> Mark:
    """The car has a new owner, a new plate, and so a new certificate, which names the one before it."""
    moved = attrs.evolve(
        before.certificate,
        registration_number="闽D88888",
        basis=Basis.TRANSFER_OR_CHANGE,
        previous=before.ref,
        status=None,  # a certificate without a reference is a new one
    )
    ready = world.issuer.complete(moved)
    return Mark(certificate=ready, text=world.issuer.issue(ready))


def flag(world: World, mark: Mark, code: str, reason: str) -> None:
    """Give a vehicle a state (机动车状态) in the register."""
    now = world.clock()
    vehicle = VehicleQuery(vin=mark.certificate.vin, as_of=now, asked_at=now)
    world.registry.set_flag(code, vehicle=vehicle, since=world.day, actor="clerk-7", reason=reason)


def check(world: World, marks: Mapping[str, Mark]) -> None:
    """The office's own look at what it hands out: a verifier in the same program may ask the register itself."""
    office = Verifier(trust=world.trust, status=world.registry, policy=Policy.claims(), clock=world.clock)
    questions = {
        "new": ("A new car, registered", "valid", "test-environment"),
        "sold": ("A car that was sold: the new owner's certificate", "valid", "test-environment"),
        "chen": ("The same car: the certificate of the owner before", "invalid", "superseded-by-then"),
        "wang": ("A car that need not be inspected yet", "valid", "test-environment"),
        "lin": ("A car that passed its inspection", "valid", "test-environment"),
        "zhao": ("A certificate issued anew within its validity", "valid", "test-environment"),
        "truck": ("A lorry that failed", "invalid", "result-not-pass"),
    }
    for name, (question, outcome, code) in questions.items():
        mark = marks[name]
        picture = draw(world, name, mark)
        verdict = office.verify_image(picture, as_of=world.clock(), expect=mark.seen, deadline=PATIENCE)
        world.book.answer(f"{question}: is it in force?", verdict, (outcome, code), picture=picture)


def draw(world: World, name: str, mark: Mark) -> Path:
    """The mark as a picture."""
    path = world.folder / "marks" / f"{name}.png"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(qr.to_png(mark.text, scale=6))
    return path


def show_again(world: World, mark: Mark) -> None:
    """The paper is lost: the register shows the same certificate again, and nothing is issued."""
    again = world.folder / "marks" / "lin-again.png"
    where = ("--db", "register/register.db", "--time-zone", "Asia/Shanghai")
    trust = ("--trust", "trust.cbor", "--root", "keys/root.pub.pem", "--environment", "test")
    ref = f"{mark.ref.list}/{mark.ref.index}"
    world.command("register", "show", ref, *where, *trust, "--to", "marks/lin-en.pdf", "--png", again)
    world.command("register", "show", ref, *where, *trust, "--to", "marks/lin-zh.pdf", "--lang", "zh")
    world.book.show(world.folder / "marks" / "lin-zh.pdf", "Ms Lin's certificate, printed again in Chinese")
    world.book.show(world.folder / "marks" / "lin-en.pdf", "The same in English")
    office = Verifier(trust=world.trust, status=world.registry, policy=Policy.claims(), clock=world.clock)
    verdict = office.verify_image(again, as_of=world.clock(), expect=mark.seen, deadline=PATIENCE)
    assert mark.text == verdict.text
    question = "A lost paper, shown again from the register: is it in force?"
    world.book.answer(question, verdict, ("valid", "test-environment"), picture=again)
