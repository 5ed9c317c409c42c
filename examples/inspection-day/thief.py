"""A status key is stolen: what a thief reaches, what readers see, and how the answers come right again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import attrs

from certcore import Evidence, Policy, TrustList, Verdict, Verifier
from certcore.status import SnapshotStatusBackend
from certcore.status.tokenlist import StatusList, issue_token
from issuer import Mark
from world import World


def ask(world: World, trust: TrustList, lists: SnapshotStatusBackend, mark: Mark) -> Verdict:
    """Is it in force now? By these lists, under this trust list."""
    verifier = Verifier(trust=trust, status=lists, policy=Policy.claims(), clock=world.clock)
    return verifier.verify(mark.text, as_of=world.clock(), expect=mark.seen)


def forge(world: World) -> SnapshotStatusBackend:
    """The thief signs a list on which every certificate is good, and puts it where readers find it."""
    good = StatusList.from_values({}, size=1 << 17)
    uri = world.lists.replace("{list}", "0")
    end = world.clock() + timedelta(days=30)
    return SnapshotStatusBackend(
        [issue_token(good, uri=uri, signer=world.keys["status"], issued_at=world.clock(), expires_at=end)]
    )


def play(world: World, marks: Mapping[str, Mark], sealed: bytes) -> None:
    """From half past five on. The evidence that an insurer sealed at noon proves that its lists are older."""
    book, wu, lin = world.book, marks["wu"], marks["lin"]
    world.set_clock(17)
    before, genuine = world.trust, SnapshotStatusBackend.from_folder(world.published)
    world.clock.at = world.moment(17, 30)
    forged = forge(world)
    book.begin(
        "17:30",
        "The thief",
        "The server that signs the status lists is broken into. The thief signs a list on which nothing is revoked. "
        "Cryptography does not help against a stolen key: the issuer says in its trust list since when, and publishes "
        "everything anew under a fresh key. In between readers learn nothing false: the answer stays open.",
    )
    fooled = ask(world, before, forged, wu)
    book.answer(
        "Before it is known, with the thief's list: Mr Wu's certificate?", fooled, ("valid", "test-environment")
    )
    world.clock.at = world.moment(18, 30)
    stolen = world.trusted("status", compromised_since=world.moment(17, 10), compromise="server broken into")
    keys = [world.trusted(name) for name in ("issuer", "live", "register", "fresh")]
    after = world.write_trust_list(2, *keys, stolen)
    open_ = ("undetermined", "status-key-compromised")
    book.answer("It is known, with the thief's list: Mr Wu's?", ask(world, after, forged, wu), open_)
    book.answer("It is known, with the list from before: Mr Wu's?", ask(world, after, genuine, wu), open_)
    world.clock.at = world.moment(18, 40)
    world.publish("fresh")
    cured = SnapshotStatusBackend.from_folder(world.published)
    book.answer("Published anew: Mr Wu's?", ask(world, after, cured, wu), ("invalid", "revoked-before-event"))
    book.answer("Published anew: Ms Lin's?", ask(world, after, cured, lin), ("valid", "test-environment"))
    today = Verifier(trust=after, status=cured, policy=Policy.claims(), clock=world.clock)
    again = Evidence.from_bytes(fooled.evidence.to_bytes()).reassess(today)
    book.answer(
        "The verdict that the thief got, asked anew from its evidence?", again, ("invalid", "revoked-before-event")
    )
    offline = Verifier(
        trust=after,
        status=SnapshotStatusBackend(Evidence.from_bytes(sealed).materials.values()),
        policy=attrs.evolve(Policy.claims(), name="claims, own seals", seal_keys=[world.keys["seal"].public_key]),
        clock=world.clock,
    )
    kept = offline.verify(lin.text, as_of=world.moment(11, 30), expect=lin.seen, existed_by=[sealed])
    book.answer(
        "An insurer offline: evidence that it sealed at noon proves that its lists are older. Ms Lin's at 11:30?",
        kept,
        ("valid", "test-environment"),
    )
