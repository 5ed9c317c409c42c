"""A station loses its licence: everything that it issued since a day is revoked in one statement."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from issuer import Mark
from police import terminal
from world import PATIENCE, World


def play(world: World, marks: Mapping[str, Mark], photo: Path, third: Path) -> None:
    """From four o'clock on; what the station issued before the last two months stays in force."""
    now = world.clock.at = world.moment(16)
    revoked = world.registry.revoke_where(
        inspector="station-17",
        issued_from=world.moment(0, days_ago=60),
        effective_at=now,
        actor="supervisor-2",
        reason="licence withdrawn",
    )
    assert revoked == 2
    world.set_clock(16, 20)
    world.book.begin(
        "16:00",
        "The station",
        "Station 17 loses its licence. One statement revokes what it issued in the last sixty days: two certificates, "
        "from four o'clock on. What was true at 11:30 stays true.",
    )
    with terminal(world.trust, world.tokens["police"], world.clock) as verifier:
        for name, as_of, question, expected in (
            ("wu", world.clock(), "Mr Wu's certificate, now", ("invalid", "revoked-before-event")),
            ("wu", world.moment(11, 30), "Mr Wu's certificate, at the accident", ("valid", "revoked-after-event")),
            ("zheng", world.clock(), "One that the station issued earlier", ("valid", "test-environment")),
        ):
            picture = photo if name == "wu" else third
            verdict = verifier.verify_image(picture, as_of=as_of, expect=marks[name].seen, deadline=PATIENCE)
            world.book.answer(f"{question}: in force?", verdict, expected, picture=picture)
