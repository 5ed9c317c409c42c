"""The lender: every car that its loans rest on, at once, from a copy of the published lists."""

from __future__ import annotations

from collections.abc import Mapping

from certcore import Policy, Verifier
from certcore.bulk import BulkQuestion, verify_many
from certcore.status import SnapshotStatusBackend
from issuer import Mark
from world import World


def play(world: World, marks: Mapping[str, Mark]) -> None:
    """Were they in force at the end of the day before? A row for each, whatever is wrong with one of them."""
    world.set_clock(14)
    world.book.begin(
        "14:00",
        "The lender",
        "A bank lends money on cars. It asks about all of them in one go: was each in force the evening "
        "before? It sends nothing about its customers: it has a copy of the lists.",
    )
    lists = SnapshotStatusBackend.from_folder(world.published)
    lender = Verifier(trust=world.trust, status=lists, policy=Policy.bulk(), clock=world.clock)
    evening = world.moment(18, days_ago=1)
    questions = [
        BulkQuestion(row=name, text=marks[name].text, as_of=evening, expect=marks[name].seen)
        for name in ("lin", "wang", "old", "truck", "new")
    ]
    expected = {"old": ("invalid", "expired-on-date"), "truck": ("invalid", "result-not-pass")}
    for result in verify_many(lender, questions):
        assert result.verdict is not None
        plate = marks[result.row].certificate.registration_number
        world.book.answer(
            f"{plate}: was it in force?", result.verdict, expected.get(result.row, ("valid", "test-environment"))
        )
