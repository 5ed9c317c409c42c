"""Publishing never loses a revocation: restored copies, rebuilt registers, wrong clocks, keys that nobody trusts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certcore import LocalSigner
from certcore.errors import IssuingError, StatusError
from certcore.payload import StatusRef
from certcore.register._publication._folder import LOCK
from certcore.register._publication._layout import STATE
from certcore.register.log import StatusRegistry
from certcore.register.publish import Publication
from certcore.status import StatusState
from certcore.status.tokenlist import open_events, open_token
from certcore.testing import ROOT_SIGNER, TRUST_ROOT
from certcore.trust import KeyUsage, ListTemplate, TrustedIssuer, TrustedKey, TrustList, TrustListContents
from tests.register.cast import BEGIN, DAY, NOW, STATUS_SIGNER, SetClock, issue, look_up

TEMPLATE = "https://status.example/cn/lists/{list}"
SAID: dict[str, Any] = {"actor": "clerk-7", "reason": "entered in error"}
HOUR = timedelta(hours=1)
KEYS = [STATUS_SIGNER.public_key]
YEARS = 1500 * DAY


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where to publish to."""
    return tmp_path / "published"


def published(registry: StatusRegistry, folder: Path, **changes: Any) -> Publication:  # noqa: ANN401  publish's own
    """Publish, by the register's clock."""
    given: dict[str, Any] = {"signer": STATUS_SIGNER, "uri_template": TEMPLATE} | changes
    return registry.publish(folder, **given)


def refused(registry: StatusRegistry, folder: Path, **changes: Any) -> str:  # noqa: ANN401  as above
    """The code with which publishing is refused; the folder stays as it was, byte for byte."""
    before = files_in(folder)
    with pytest.raises(IssuingError) as caught:
        published(registry, folder, **changes)
    assert before == files_in(folder)
    return caught.value.code


def files_in(folder: Path) -> dict[str, bytes]:
    """Every file that is not the publisher's own affair."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != LOCK)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def state(folder: Path, ref: StatusRef) -> StatusState:
    """What the list in the folder says of an entry."""
    data = (folder / f"cn/lists/{ref.list}").read_bytes()
    return open_token(data, uri=TEMPLATE.format(list=ref.list), keys=KEYS, now=None).status_list.state(ref.index)


def told(folder: Path, ref: StatusRef) -> list[str]:
    """What the events document in the folder says of an entry."""
    data = (folder / f"cn/lists/{ref.list}.events").read_bytes()
    found = open_events(data, uri=TEMPLATE.format(list=ref.list), keys=KEYS, now=None)
    return [event.kind.value for event in found.events.get(ref.index, ())]


def copied(registry: StatusRegistry, place: Path, clock: SetClock) -> StatusRegistry:
    """The register as a backup made now would bring it back."""
    registry._database.forget_the_log()
    assert registry._database.url.database is not None
    shutil.copy(registry._database.url.database, place)
    return StatusRegistry(f"sqlite:///{place}", clock=clock, create=False)


STOPS: dict[str, Callable[[StatusRegistry, StatusRef], None]] = {
    "revoked": lambda registry, ref: registry.revoke(ref, effective_at=NOW, **SAID),
    "void": lambda registry, ref: registry.revoke(ref, effective_at=None, **SAID),
    "suspended": lambda registry, ref: registry.suspend(ref, **SAID),
    "superseded": lambda registry, ref: registry.supersede(ref, **SAID),
    "to be revoked": lambda registry, ref: registry.revoke(ref, effective_at=NOW + 28 * DAY, **SAID),
}
"""What may have happened to a certificate after a backup."""


# --- what the folder knows and the register does not


@pytest.mark.parametrize("stop", STOPS.values(), ids=STOPS)
def test_equal_numbers_of_two_copies_are_not_the_same_change(
    lite: StatusRegistry, clock: SetClock, folder: Path, tmp_path: Path, stop: Callable[..., None]
) -> None:
    """One stop after the backup, published, and another in the copy: neither is taken for the other, none is lost."""
    first, second = (issue(lite, clock, number)[0] for number in (1, 2))
    published(lite, folder)
    copy = copied(lite, tmp_path / "copy.db", clock)
    clock.pass_by()
    stop(lite, first)
    published(lite, folder)
    clock.pass_by()
    copy.begin_list()
    stop(copy, second)
    assert "register-behind" == refused(copy, folder)
    assert 1 == copy.recover(folder, uri_template=TEMPLATE, keys=KEYS)
    clock.pass_by()
    assert 0 in published(copy, folder).published
    assert told(folder, first) == told(folder, second)
    assert 1 == len(told(folder, first))
    assert state(folder, first) is state(folder, second)


def test_a_restored_copy_withdraws_nothing_unless_told_to(
    lite: StatusRegistry, clock: SetClock, folder: Path, tmp_path: Path
) -> None:
    """It is refused while it knows less; told to go on, it says what it withdraws."""
    ref, _ = issue(lite, clock)
    published(lite, folder)
    copy = copied(lite, tmp_path / "copy.db", clock)
    clock.pass_by()
    lite.revoke(ref, effective_at=None, **SAID)
    published(lite, folder)
    clock.pass_by()
    assert "register-behind" == refused(copy, folder)
    found = published(copy, folder, withdraw=True)
    assert ((0,), (0,)) == (found.published, found.withdrawn)
    clock.pass_by(DAY)
    again = published(copy, folder)
    assert ((0,), ()) == (again.published, again.withdrawn)


def test_a_statement_made_again_is_as_good_as_recovered(
    lite: StatusRegistry, clock: SetClock, folder: Path, tmp_path: Path
) -> None:
    """Who makes every statement of the folder anew in the copy may publish: it says as much."""
    ref, _ = issue(lite, clock)
    copy = copied(lite, tmp_path / "copy.db", clock)
    lite.revoke(ref, effective_at=NOW, **SAID)
    published(lite, folder)
    clock.pass_by(HOUR)
    copy.revoke(ref, effective_at=NOW + HOUR, **SAID)
    assert "register-behind" == refused(copy, folder)
    copy.revoke(ref, effective_at=NOW, **SAID)
    assert (0,) == published(copy, folder).published


@pytest.mark.parametrize("lost", ["nothing", "state", "state, lists", "state, events", "state, archive"])
def test_a_rebuilt_register_does_not_replace_another(
    lite: StatusRegistry, clock: SetClock, folder: Path, tmp_path: Path, lost: str
) -> None:
    """A new database with as many events, in the folder of the one before: refused, whatever of the folder is lost."""
    victim, _ = issue(lite, clock)
    lite.revoke(victim, effective_at=None, **SAID)
    published(lite, folder)
    clock.pass_by()
    rebuilt = StatusRegistry(f"sqlite:///{tmp_path / 'rebuilt.db'}", clock=clock, list_size=256)
    other = next(ref for number in range(2, 99) if (ref := issue(rebuilt, clock, number)[0]) != victim)
    rebuilt.revoke(other, effective_at=None, **SAID)
    for name, places in {"state": [STATE], "lists": ["cn/lists/0"], "events": ["cn/lists/0.events"]}.items():
        if name in lost:
            for place in places:
                (folder / place).unlink()
    if "archive" in lost:
        shutil.rmtree(folder / "archive")
    assert ("register-mismatch" if lost == "nothing" else "register-behind") == refused(rebuilt, folder)
    if lost == "nothing":
        with pytest.raises(IssuingError) as caught:
            rebuilt.recover(folder, uri_template=TEMPLATE, keys=KEYS)
        assert "register-mismatch" == caught.value.code


def test_the_list_alone_says_that_an_entry_was_stopped(
    lite: StatusRegistry, clock: SetClock, folder: Path, tmp_path: Path
) -> None:
    """Where neither state nor any events document is left, the list in place is compared."""
    ref, _ = issue(lite, clock)
    copy = copied(lite, tmp_path / "copy.db", clock)
    lite.suspend(ref, **SAID)
    published(lite, folder)
    clock.pass_by()
    shutil.rmtree(folder / "archive")
    for name in (STATE, "cn/lists/0.events"):
        (folder / name).unlink()
    assert "register-behind" == refused(copy, folder)


@pytest.mark.parametrize("has_state", [True, False])
def test_a_list_that_the_register_does_not_know_is_told(
    lite: StatusRegistry,
    clock: SetClock,
    folder: Path,
    tmp_path: Path,
    has_state: bool,  # noqa: FBT001  a column
) -> None:
    """A list begun after the backup is in the folder: the copy would give its number out again."""
    issue(lite, clock)
    copy = copied(lite, tmp_path / "copy.db", clock)
    lite.begin_list()
    ref, _ = issue(lite, clock, 2)
    lite.revoke(ref, effective_at=None, **SAID)
    published(lite, folder)
    clock.pass_by()
    if not has_state:
        (folder / STATE).unlink()
    assert "register-behind" == refused(copy, folder)
    assert 1 == copy.recover(folder, uri_template=TEMPLATE, keys=KEYS)
    assert {2} == {copy.allocate().list}
    clock.pass_by()
    assert {1, 2} <= set(published(copy, folder).published)
    assert StatusState.REVOKED is state(folder, ref)


def test_nothing_is_half_published(lite: StatusRegistry, clock: SetClock, folder: Path, tmp_path: Path) -> None:
    """Of several lists the last is refused: the ones before it stay as they were, and nothing is left over."""
    lite.allocate_many(256)
    late, _ = issue(lite, clock, 1)
    copy = copied(lite, tmp_path / "copy.db", clock)
    lite.revoke(late, effective_at=None, **SAID)
    assert 1 == late.list
    published(lite, folder)
    clock.pass_by(DAY)
    assert "register-behind" == refused(copy, folder)
    assert [] == list((folder / ".partial").iterdir())


def test_another_registers_lists_are_replaced_loudly_alone(
    lite: StatusRegistry, clock: SetClock, folder: Path, tmp_path: Path
) -> None:
    """Though nothing happened in either: a register that is told to withdraw says that it replaced the list."""
    published(lite, folder)
    clock.pass_by()
    other = StatusRegistry(f"sqlite:///{tmp_path / 'other.db'}", clock=clock, list_size=256)
    assert "register-mismatch" == refused(other, folder)
    found = published(other, folder, withdraw=True)
    assert ((0,), (0,)) == (found.published, found.withdrawn)
    clock.pass_by()
    assert "register-mismatch" == refused(lite, folder)


def test_a_list_of_this_second_is_not_made_twice(lite: StatusRegistry, folder: Path) -> None:
    """One whose state was lost within the second is postponed, and what is in place is not known."""
    published(lite, folder)
    (folder / STATE).unlink()
    found = published(lite, folder)
    assert ((0,), ()) == (found.postponed, found.in_place)


def test_two_registers_share_a_folder_under_two_templates(
    lite: StatusRegistry, clock: SetClock, folder: Path, tmp_path: Path
) -> None:
    """Each is told apart by its own lists."""
    other = StatusRegistry(f"sqlite:///{tmp_path / 'other.db'}", clock=clock, list_size=256)
    for _ in range(2):
        assert (0,) == published(lite, folder).published
        assert (0,) == published(other, folder, uri_template="https://status.example/de/{list}").published
        clock.pass_by(DAY)


# --- recovering


def test_what_is_recovered_is_what_was_recorded(
    lite: StatusRegistry, clock: SetClock, folder: Path, tmp_path: Path
) -> None:
    """Events keep their times; of a certificate issued after the backup it is known that it was revoked."""
    held, _ = issue(lite, clock, 1)
    copy = copied(lite, tmp_path / "copy.db", clock)
    clock.pass_by(HOUR)
    unheld, _ = issue(lite, clock, 2)
    lite.suspend(held, **SAID)
    lite.revoke(unheld, effective_at=None, **SAID)
    clock.pass_by(HOUR)
    lite.resume(held, **SAID)
    published(lite, folder)
    clock.pass_by(HOUR)
    assert 3 == copy.recover(folder, uri_template=TEMPLATE, keys=KEYS)
    assert 0 == copy.recover(folder, uri_template=TEMPLATE, keys=KEYS)
    assert look_up(lite, held).events == look_up(copy, held).events
    assert look_up(lite, unheld).events[1:] == look_up(copy, unheld).events[1:]
    with pytest.raises(StatusError):
        copy.text(unheld)
    assert copy.allocate().list > held.list
    assert "superseded" == told_after_issue(copy, clock, held)


def told_after_issue(registry: StatusRegistry, clock: SetClock, ref: StatusRef) -> str:
    """The last event of a certificate once the next of its vehicle is issued."""
    issue(registry, clock, 1)
    return look_up(registry, ref).events[-1].kind.value


def test_a_new_register_takes_over_a_folder(
    lite: StatusRegistry, clock: SetClock, folder: Path, tmp_path: Path
) -> None:
    """Where no backup is left at all: an empty register goes on with the folder, and nothing is withdrawn."""
    ref, _ = issue(lite, clock)
    lite.revoke(ref, effective_at=None, **SAID)
    published(lite, folder)
    clock.pass_by(DAY)
    fresh = StatusRegistry(f"sqlite:///{tmp_path / 'fresh.db'}", clock=clock, list_size=256)
    assert 1 == fresh.recover(folder, uri_template=TEMPLATE, keys=KEYS)
    assert (lite.identity, BEGIN) == (fresh.identity, fresh.history_from)
    assert (0, 1) == published(fresh, folder).published
    assert (StatusState.REVOKED, ["revoked"]) == (state(folder, ref), told(folder, ref))


def test_documents_are_recovered_under_the_right_keys_alone(
    lite: StatusRegistry, clock: SetClock, folder: Path, tmp_path: Path
) -> None:
    """A folder that somebody else signed, and one without lists, teach nothing."""
    ref, _ = issue(lite, clock)
    copy = copied(lite, tmp_path / "copy.db", clock)
    with pytest.raises(IssuingError) as caught:
        copy.recover(folder, uri_template=TEMPLATE, keys=KEYS)
    assert "register-failed" == caught.value.code
    lite.revoke(ref, effective_at=None, **SAID)
    published(lite, folder)
    with pytest.raises(StatusError) as wrong:
        copy.recover(folder, uri_template=TEMPLATE, keys=[LocalSigner.generate().public_key])
    assert "status-list-signature" == wrong.value.code
    for change, code in (({"not_after": NOW - DAY}, "window"), ({"compromised_since": NOW + DAY}, "compromised")):
        with pytest.raises(StatusError) as ended:
            copy.recover(folder, uri_template=TEMPLATE, keys=trust(key=change).issuers[0].keys)
        assert f"status-key-{code}" == ended.value.code
    assert ["issued"] == [event.kind.value for event in look_up(copy, ref).events]


def test_the_latest_key_has_to_be_named(lite: StatusRegistry, clock: SetClock, folder: Path, tmp_path: Path) -> None:
    """After the status key was changed, the former one opens the archive alone: that is no recovery."""
    ref, _ = issue(lite, clock)
    published(lite, folder)
    copy = copied(lite, tmp_path / "copy.db", clock)
    lite.revoke(ref, effective_at=None, **SAID)
    clock.pass_by()
    later = LocalSigner.generate()
    published(lite, folder, signer=later)
    with pytest.raises(StatusError) as caught:
        copy.recover(folder, uri_template=TEMPLATE, keys=KEYS)
    assert "status-list-signature" == caught.value.code
    assert ["issued"] == [event.kind.value for event in look_up(copy, ref).events]
    assert 1 == copy.recover(folder, uri_template=TEMPLATE, keys=[later.public_key])


def test_a_damaged_document_is_recovered_from_the_archive(
    lite: StatusRegistry, clock: SetClock, folder: Path, tmp_path: Path
) -> None:
    """What is in place may be damaged; the archive holds it too."""
    ref, _ = issue(lite, clock)
    copy = copied(lite, tmp_path / "copy.db", clock)
    lite.revoke(ref, effective_at=None, **SAID)
    published(lite, folder)
    (folder / "cn/lists/0.events").unlink()
    (folder / "cn/lists/0.events").write_bytes(b"damaged")
    clock.pass_by()
    assert "register-behind" == refused(copy, folder)
    assert 1 == copy.recover(folder, uri_template=TEMPLATE, keys=KEYS)


# --- clocks


def test_a_clock_that_was_ahead_is_told(lite: StatusRegistry, clock: SetClock, folder: Path) -> None:
    """Published once with a time in the future: what waits is told with what readers see, until it is set back."""
    ref, _ = issue(lite, clock)
    published(lite, folder, now=NOW + YEARS)
    assert (0,) == published(lite, folder).postponed  # though nothing changed: readers refuse what is there
    lite.revoke(ref, effective_at=None, **SAID)
    clock.pass_by(HOUR)
    found = published(lite, folder)
    (seen,) = found.in_place
    assert ((0,), 0, NOW + YEARS, NOW + YEARS + DAY) == (
        found.postponed,
        seen.number,
        seen.issued_at,
        seen.expires_at,
    )
    assert (0,) == published(lite, folder, set_back=True).published
    assert StatusState.REVOKED is state(folder, ref)
    clock.pass_by()
    assert (0,) == published(lite, folder).unchanged
    assert not list((folder / "archive").rglob(f"{int((NOW + YEARS).timestamp())}-*"))


def test_setting_back_changes_nothing_where_no_clock_was_ahead(
    lite: StatusRegistry, clock: SetClock, folder: Path
) -> None:
    """It is for lists of the future alone; even a list of this very second is not replaced."""
    ref, _ = issue(lite, clock)
    published(lite, folder)
    assert (0,) == published(lite, folder, set_back=True).unchanged
    lite.revoke(ref, effective_at=None, **SAID)
    assert (0,) == published(lite, folder, set_back=True).postponed


def test_what_a_clock_ahead_recorded_is_told(lite: StatusRegistry, clock: SetClock, folder: Path) -> None:
    """A revocation whose time of recording has not come is not published, and that is said each time."""
    ref, _ = issue(lite, clock)
    clock.at = NOW + YEARS
    lite.revoke(ref, effective_at=NOW, **SAID)
    clock.at = NOW + HOUR
    for _ in range(2):
        assert (0,) == published(lite, folder).waiting
    lite.revoke(ref, effective_at=NOW, **SAID)
    clock.pass_by()
    assert (0,) == published(lite, folder).published
    assert StatusState.REVOKED is state(folder, ref)


# --- whom readers believe


def trust(*, key: dict[str, Any] | None = None, **changes: Any) -> TrustList:  # noqa: ANN401  an issuer's fields
    """A trust list with one issuer, whose status key is the publisher's, with these changes."""
    status_key: dict[str, Any] = {
        "public_key": STATUS_SIGNER.public_key,
        "usage": KeyUsage.STATUS,
        "not_before": BEGIN,
        "not_after": NOW + YEARS,
    }
    fields: dict[str, Any] = {
        "id": "CN",
        "name": "Test",
        "country": "CN",
        "time_zone": "Asia/Shanghai",
        "list_templates": [ListTemplate(uri=TEMPLATE, not_before=BEGIN)],
        "keys": [TrustedKey(**(status_key | (key or {})))],
    }
    issuer = TrustedIssuer(**(fields | changes))
    contents = TrustListContents(version=1, issued_at=NOW, next_update_at=NOW + DAY, issuers=[issuer])
    return TrustList.open(contents.sign(ROOT_SIGNER), root=TRUST_ROOT)


UNTRUSTED: dict[str, dict[str, Any]] = {
    "another key": {"key": {"public_key": LocalSigner.generate().public_key}},
    "a certificate key": {"key": {"usage": KeyUsage.CERTIFICATE}},
    "a register key": {"key": {"usage": KeyUsage.REGISTER}},
    "a key whose window ended": {"key": {"not_after": NOW - DAY}},
    "a key whose window begins later": {"key": {"not_before": NOW + DAY}},
    "a stolen key": {"key": {"compromised_since": NOW - DAY}},
    "another template": {"list_templates": [ListTemplate(uri="https://status.example/{list}", not_before=BEGIN)]},
    "no template": {"list_templates": []},
}


@pytest.mark.parametrize("changes", UNTRUSTED.values(), ids=UNTRUSTED)
def test_a_key_that_readers_refuse_does_not_publish(
    lite: StatusRegistry, folder: Path, changes: dict[str, Any]
) -> None:
    """Where the trust list is given: readers would say that no register could be reached."""
    assert "status-key-untrusted" == refused(lite, folder, trust=trust(**changes))
    assert (0,) == published(lite, folder, trust=trust()).published


@pytest.mark.parametrize(
    ("flags", "stop", "is_denied"),
    [
        ({"suspends": False}, "suspended", True),
        ({"suspends": False}, "revoked", False),
        ({"retroactive": False}, "void", True),
        ({"retroactive": False}, "suspended", False),
        ({"retroactive": False}, "to be revoked", False),
        ({}, "void", False),
        ({}, "suspended", False),
    ],
)
def test_what_the_flags_of_the_lists_deny_is_not_published(
    lite: StatusRegistry,
    clock: SetClock,
    folder: Path,
    flags: dict[str, Any],
    stop: str,
    is_denied: bool,  # noqa: FBT001  a column
) -> None:
    """Readers of lists alone rest on the flags: that nothing returns, that nothing reaches back."""
    ref, _ = issue(lite, clock)
    STOPS[stop](lite, ref)
    if is_denied:
        assert "status-flags-denied" == refused(lite, folder, trust=trust(**flags))
    else:
        assert (0,) == published(lite, folder, trust=trust(**flags)).published


def test_a_supersession_that_reaches_back_is_denied_too(lite: StatusRegistry, clock: SetClock, folder: Path) -> None:
    """A transfer that is dated a fortnight ago reaches back as a revocation does."""
    issue(lite, clock)
    issue(lite, clock, supersedes_from=NOW - 14 * DAY)
    assert "status-flags-denied" == refused(lite, folder, trust=trust(retroactive=False))
    assert (0,) == published(lite, folder, trust=trust()).published


def test_a_list_that_readers_take_for_too_large_is_not_published(lite: StatusRegistry, folder: Path) -> None:
    """A list of more entries than the trust list states counts for nothing, whatever is in it."""
    assert "status-list-too-large" == refused(lite, folder, trust=trust(max_entries=255))
    assert (0,) == published(lite, folder, trust=trust(max_entries=256)).published


def test_the_state_names_its_register(lite: StatusRegistry, folder: Path) -> None:
    """Whoever looks into the folder can tell which database it belongs to."""
    published(lite, folder)
    (one,) = json.loads((folder / STATE).read_bytes())["lists"].values()
    assert lite.identity == one["register"]


STEPS = st.lists(st.sampled_from(["revoke", "suspend", "publish", "back up", "restore", "recover"]), max_size=14)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_what_was_published_stays_published(tmp_path_factory: pytest.TempPathFactory, steps: list[str]) -> None:
    """Whatever is lost, restored and recovered in between: what readers were told of an entry is never untold."""
    place, clock = tmp_path_factory.mktemp("world"), SetClock(BEGIN)
    folder, known = place / "published", dict[StatusRef, set[str]]()
    registry = StatusRegistry(f"sqlite:///{place / '0.db'}", clock=clock, list_size=256)
    backup, refs = place / "backup.db", []
    for number, step in enumerate(["back up", *steps, "publish"], 1):
        clock.pass_by(HOUR)
        if step in {"revoke", "suspend"}:
            refs.append(issue(registry, clock, number)[0])
            STOPS["void" if step == "revoke" else "suspended"](registry, refs[-1])
        elif step == "back up":
            copied(registry, backup, clock).close()
        elif step == "restore":
            registry.close()
            shutil.copy(backup, place / f"{number}.db")
            registry = StatusRegistry(f"sqlite:///{place / f'{number}.db'}", clock=clock, create=False)
        elif step == "recover" and folder.exists():
            registry.recover(folder, uri_template=TEMPLATE, keys=KEYS)
        elif step == "publish":
            with suppress(IssuingError):
                published(registry, folder)
            for ref in refs:
                if (folder / f"cn/lists/{ref.list}.events").exists():
                    now = set(told(folder, ref))
                    assert known.get(ref, set()) <= now
                    known[ref] = now
    registry.close()
