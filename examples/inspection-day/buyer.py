"""Who buys a used car compares plate and VIN, and asks the register: the seller may hold a paper that has ended."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from certcore import Need, Policy, Verifier
from certcore.status.http import HTTPStatusBackend
from issuer import Mark
from world import PATIENCE, World

BUYER = attrs.evolve(Policy.counterparty(), name="buyer", status=Need.REQUIRED, binding=["plate", "vin"])
"""As for everybody who meets a stranger, but the register must answer, and both numbers are compared."""


def play(world: World, marks: Mapping[str, Mark]) -> None:
    """The car was sold this morning; the owner before still has his paper."""
    world.set_clock(13)
    world.book.begin(
        "13:00",
        "The buyer of a used car",
        "Chen's old car is offered for sale again. The seller shows Chen's paper; the buyer asks for the present one.",
    )
    with HTTPStatusBackend(deadline=PATIENCE) as register:
        buyer = Verifier(trust=world.trust, status=register, policy=BUYER, clock=world.clock)
        for name, question, expected in (
            ("chen", "The paper of the owner before", ("invalid", "superseded-by-then")),
            ("sold", "The paper of the present owner", ("valid", "test-environment")),
        ):
            seen = attrs.evolve(marks["sold"].seen, registration_number=marks[name].certificate.registration_number)
            picture = world.folder / "marks" / f"{name}.png"
            verdict = buyer.verify_image(picture, as_of=world.clock(), expect=seen, deadline=PATIENCE)
            world.book.answer(f"{question}: is it in force?", verdict, expected, picture=picture)
