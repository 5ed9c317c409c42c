"""What the tests of evidence build with: an issuer with every kind of key, its signed lists, and a sealing insurer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import attrs

from certcore import LocalSigner, Policy, Verdict, Verifier
from certcore import TrustList as OpenedTrustList
from certcore.status import SnapshotStatusBackend, StatusEvent, VehicleFlag, VehicleQuery, VehicleRecord
from certcore.status.tokenlist import StatusList, issue_events, issue_token
from certcore.status.vehicledoc import encode_request, issue_answer, open_answer
from certcore.testing import FixedClock
from certcore.trust import KeyUsage, ListTemplate, TrustedIssuer, TrustedKey, TrustList
from tests.verify_cases import (
    FAR_OFF,
    LONG_AGO,
    NOW,
    REF,
    ROOT_SIGNER,
    SIGNER,
    TRUST_ROOT,
    trust_bytes,
    trusted_issuer,
)

STATUS_SIGNER: Final = LocalSigner.generate()
REGISTER_SIGNER: Final = LocalSigner.generate()
SEAL_SIGNER: Final = LocalSigner.generate()
LIST_URI: Final = f"https://status.example/lists/{REF.list}"
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)


def _key(signer: LocalSigner, usage: KeyUsage, **changes: Any) -> TrustedKey:  # noqa: ANN401  any field of a key
    return TrustedKey(public_key=signer.public_key, usage=usage, not_before=LONG_AGO, not_after=FAR_OFF, **changes)


def issuer(**changes: Any) -> TrustedIssuer:  # noqa: ANN401  any field of an issuer
    """The usual issuer, which publishes lists and answers about vehicles."""
    template = ListTemplate(uri="https://status.example/lists/{list}", not_before=LONG_AGO)
    usual = trusted_issuer()
    keys = (*usual.keys, _key(STATUS_SIGNER, KeyUsage.STATUS), _key(REGISTER_SIGNER, KeyUsage.REGISTER))
    return attrs.evolve(usual, **({"keys": keys, "list_templates": (template,)} | changes))


def trust(*, key: Mapping[str, Any] | None = None, **changes: Any) -> OpenedTrustList:  # noqa: ANN401  any field
    """A trust list with that issuer; ``key`` changes its certificate key."""
    usual = issuer()
    if key is not None:
        keys = [attrs.evolve(one, **key) if one.public_key == SIGNER.public_key else one for one in usual.keys]
        usual = attrs.evolve(usual, keys=keys)
    return TrustList.open(trust_bytes(usual, signer=ROOT_SIGNER, **changes), root=TRUST_ROOT)


def status_list(values: Mapping[int, int] | None = None, *, at: datetime = NOW - HOUR) -> bytes:
    """The signed list of the usual certificate."""
    entries = StatusList.from_values(values or {}, size=1 << 20)
    return issue_token(entries, uri=LIST_URI, signer=STATUS_SIGNER, issued_at=at, expires_at=at + 7 * DAY)


def status_events(events: Sequence[StatusEvent] = (), *, at: datetime = NOW - HOUR) -> bytes:
    """The events beside it."""
    return issue_events(
        {REF.index: events} if events else {},
        uri=LIST_URI,
        signer=STATUS_SIGNER,
        history_from=LONG_AGO,
        issued_at=at,
        expires_at=at + 7 * DAY,
    )


LISTS: Final = SnapshotStatusBackend([status_list(), status_events()])
"""A register in which the usual certificate is in force, and always was."""


@attrs.frozen
class Register:
    """Answers about vehicles, each signed and bound to its request, as a register does over HTTP."""

    valid_until: Any = None
    flags: tuple[VehicleFlag, ...] = ()

    def lookup_vehicle(self, query: VehicleQuery, /) -> VehicleRecord:
        """The signed answer, opened."""
        request = encode_request(query, nonce=bytes(16))
        record = VehicleRecord(
            known=True,
            flags=self.flags,
            valid_until=self.valid_until,
            observed_at=query.asked_at,
            history_from=LONG_AGO,
        )
        answer = issue_answer(
            record,
            request=request,
            signer=REGISTER_SIGNER,
            issued_at=query.asked_at,
            expires_at=query.asked_at + HOUR,
        )
        return open_answer(answer, request=request, keys=query.keys, now=query.asked_at)


def insurer(**changes: Any) -> Verifier:  # noqa: ANN401  any field of a verifier
    """A claims desk that asks signed lists."""
    fields: dict[str, Any] = {
        "trust": trust(),
        "status": LISTS,
        "policy": Policy.claims(),
        "clock": FixedClock(NOW),
    }
    return Verifier(**(fields | changes))


def same(one: Verdict, other: Verdict) -> bool:
    """Whether two verdicts are equal in every respect that is told."""
    return one == other and one.to_json() == other.to_json() and one.explain() == other.explain()
