"""A trust list opens only for the environment that its reader pinned, through whichever door it comes."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import attrs
import pytest

from certcore import AsyncVerifier, Policy, Verifier, cose
from certcore.errors import UntrustedError
from certcore.keys import ES256
from certcore.testing import ROOT_SIGNER, TRUST_ROOT, make_trust
from certcore.trust import Environment, RootSetContents, TrustList, TrustListContents, TrustRoot
from tests.strategies import fixed_signer

NOW = datetime(2026, 10, 1, tzinfo=UTC)
SIGNER, NEXT_SIGNER = fixed_signer(ES256, 21), fixed_signer(ES256, 22)
ROOT = TrustRoot(keys=[SIGNER.public_key])
TEST_ROOT = TrustRoot(keys=[SIGNER.public_key], environments=[Environment.TEST])
LARGEST = 2**32 - 1


def contents(**changes: Any) -> TrustListContents:  # noqa: ANN401  any field
    """A list of today without issuers."""
    fields: dict[str, Any] = {
        "version": 1,
        "issued_at": NOW,
        "next_update_at": NOW + timedelta(days=30),
        "issuers": (),
    }
    return TrustListContents(**{**fields, **changes})


def signed(environment: Environment, **changes: Any) -> bytes:  # noqa: ANN401  as above
    """A list for an environment, properly signed."""
    return contents(environment=environment, **changes).sign(SIGNER)


def code_of(opening: Callable[..., object], *arguments: object, **named: object) -> str | None:
    """The code with which a list is refused; None where it opens."""
    try:
        opening(*arguments, **named)
    except UntrustedError as error:
        return error.code
    return None


@pytest.mark.parametrize("dated_at", [NOW, datetime(2090, 1, 1, tzinfo=UTC)])
def test_the_root_pins_the_environment(dated_at: datetime) -> None:
    """Production unless the root says otherwise, however the list is dated, and also for lists kept with evidence."""
    dates = {"issued_at": dated_at, "next_update_at": dated_at + timedelta(days=1)}
    for environment, root in ((Environment.PRODUCTION, ROOT), (Environment.TEST, TEST_ROOT)):
        other = TEST_ROOT if root is ROOT else ROOT
        data = signed(environment, **dates)
        for opening in (TrustList.open, TrustList.open_archived):
            assert code_of(opening, data, root=root) is None
            assert "trust-list-environment" == code_of(opening, data, root=other)


def test_the_caller_pins_the_environment() -> None:
    """What is asked for at opening goes before what the root is for; a name does as well as a member."""
    test, production = signed(Environment.TEST), signed(Environment.PRODUCTION)

    assert "test" == TrustList.open(test, root=ROOT, environment=Environment.TEST).environment
    assert "trust-list-environment" == code_of(TrustList.open, production, root=ROOT, environment=Environment.TEST)
    assert "trust-list-environment" == code_of(TrustList.open, test, root=TEST_ROOT, environment=Environment.PRODUCTION)
    with pytest.raises(ValueError, match="staging"):
        TrustList.open(test, root=ROOT, environment="staging")  # type: ignore[arg-type]  # the mistake under test


@pytest.mark.parametrize(("held", "offered"), [*permutations(Environment)])
@pytest.mark.parametrize("root", [ROOT, TEST_ROOT, TrustRoot(keys=[SIGNER.public_key], environments=Environment)])
def test_no_environment_replaces_another(held: Environment, offered: Environment, root: TrustRoot) -> None:
    """Whatever the root and the caller say, a list is followed by one of its own environment, today or in 2090."""
    before = TrustList.open(signed(held), root=root, environment=held)
    later = datetime(2090, 1, 1, tzinfo=UTC)
    for dates in ({}, {"issued_at": later, "next_update_at": later + timedelta(days=1)}):
        data = signed(offered, version=2, **dates)
        for pinned in (None, *Environment):
            how = {"root": root, "previous": before, "environment": pinned}
            assert "trust-list-environment" == code_of(TrustList.open, data, **how)
    assert code_of(TrustList.open, signed(held, version=2), root=root, previous=before, environment=held) is None


def test_what_a_root_is_for_stays_with_it() -> None:
    """Through rotations, documents and pickles; and two roots that differ in it differ."""
    second = RootSetContents(version=2, members=[[NEXT_SIGNER.public_key]], threshold=1, valid_from=NOW)
    document = second.sign(SIGNER, NEXT_SIGNER)
    tried = TrustRoot.from_document(document, environments=[Environment.TEST])

    assert (Environment.TEST,) == TEST_ROOT.rotate(document).environments == tried.environments
    assert (
        (Environment.PRODUCTION,)
        == ROOT.rotate(document).environments
        == TrustRoot.from_document(document).environments
    )
    assert TEST_ROOT == pickle.loads(pickle.dumps(TEST_ROOT)) != ROOT  # noqa: S301  our own bytes


def test_the_published_key_opens_either() -> None:
    """First steps need no pin: what anybody can sign proves nothing, until a second member must sign, too."""
    test = make_trust(SIGNER)
    own = TrustRoot(keys=[ROOT_SIGNER.public_key])

    assert TRUST_ROOT == own
    assert test == TrustList.open(test.to_bytes(), root=own)
    assert code_of(TrustList.open, contents().sign(ROOT_SIGNER), root=own) is None
    both = TrustRoot(keys=[ROOT_SIGNER.public_key, SIGNER.public_key], threshold=2)
    data = cose.add_signature(test.to_bytes(), signer=SIGNER)
    assert "trust-list-environment" == code_of(TrustList.open, data, root=both)


# The largest version, and a root that rotates

LATER = NOW + timedelta(days=10)
SECOND = RootSetContents(
    version=2, members=[[SIGNER.public_key], [NEXT_SIGNER.public_key]], threshold=1, valid_from=LATER
)
ROTATED = ROOT.rotate(SECOND.sign(SIGNER))


def later(version: int, days: int = 10) -> bytes:
    """A list by the one who is a member before and after, issued some days from now."""
    at = NOW + timedelta(days=days)
    return signed(Environment.PRODUCTION, version=version, issued_at=at, next_update_at=at + timedelta(days=30))


def test_a_rotation_begins_a_new_count() -> None:
    """One slip of a version shuts nobody out for good: the first list of a new root set follows any before it."""
    slip = TrustList.open(signed(Environment.PRODUCTION, version=LARGEST), root=ROOT)

    assert "trust-list-rollback" == code_of(TrustList.open, later(2), root=ROOT, previous=slip)
    assert 1 == TrustList.open(later(1), root=ROTATED, previous=slip).version
    assert "trust-list-rollback" == code_of(TrustList.open, later(1, days=9), root=ROTATED, previous=slip)


def test_a_rotation_is_no_way_back() -> None:
    """What was issued before the new set began never follows what came after, even if a member of both signed it."""
    held = TrustList.open(later(2, days=11), root=ROTATED)

    for data in (later(1, days=12), later(LARGEST, days=9), signed(Environment.PRODUCTION, version=3)):
        assert "trust-list-rollback" == code_of(TrustList.open, data, root=ROTATED, previous=held)
    assert "trust-list-conflict" == code_of(TrustList.open, later(2, days=12), root=ROTATED, previous=held)
    assert code_of(TrustList.open, later(3, days=11), root=ROTATED, previous=held) is None


def test_a_rotation_forgets_nothing_else() -> None:
    """Issuers and environments keep their rules across it."""
    slip = TrustList.open(signed(Environment.PRODUCTION, version=LARGEST), root=ROOT)
    at = {"issued_at": LATER, "next_update_at": LATER + timedelta(days=1)}
    test = attrs.evolve(contents(**at), environment=Environment.TEST).sign(SIGNER)

    assert "trust-list-environment" == code_of(TrustList.open, test, root=ROTATED, previous=slip)


@pytest.mark.parametrize("kind", [Verifier, AsyncVerifier])
@pytest.mark.parametrize(("held", "offered"), [*permutations(Environment)])
def test_a_running_verifier_stays_in_its_environment(
    kind: type[Verifier | AsyncVerifier], held: Environment, offered: Environment
) -> None:
    """A verifier takes a newer list of its own environment alone."""
    before, after, other = (
        TrustList.open(signed(environment, version=version), root=ROOT, environment=environment)
        for environment, version in ((held, 1), (held, 2), (offered, 2))
    )
    running = kind(trust=before, status=None, policy=Policy.counterparty())

    assert after is running.with_trust(after).trust
    assert "trust-list-environment" == code_of(running.with_trust, other)
