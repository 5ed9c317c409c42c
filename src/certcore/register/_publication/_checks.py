"""The checks before a list is published: no event is lost, and readers will accept the list. Pure.

Readers rely on what was published in a folder. So the published documents are compared with the new ones: each event
must still be there, or be covered by others. Signatures are not checked: the folder is the publisher's own, and an
attacker who can write to it can also delete documents.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from certcore._instants import CLOCK_SKEW
from certcore.errors import IssuingError, StatusError
from certcore.keys import PublicKey
from certcore.keys._trusted import Standing
from certcore.register._store import _statements
from certcore.status.eventlist import read_unverified_events
from certcore.status.protocol import StatusEvent, StatusEventKind
from certcore.status.tokenlist import read_unverified_list
from certcore.trust import KeyUsage, TrustList
from certcore.trust.issuers import TrustedIssuer

Events = Mapping[int, Sequence[StatusEvent]]


def require_trusted(trust: TrustList, uri_template: str, key: PublicKey, /, *, at: datetime) -> TrustedIssuer:
    """The issuer in a trust list whose lists these are, and whose status key it is at that time.

    Raises:
        IssuingError: ``status-key-untrusted``.
    """
    for issuer in trust.issuers:
        if any(template.uri == uri_template for template in issuer.list_templates) and any(
            known.usage is KeyUsage.STATUS
            and known.public_key.thumbprint == key.thumbprint
            and known.standing(at, lambda: None) is Standing.COUNTS
            for known in issuer.keys
        ):
            return issuer
    raise IssuingError("status-key-untrusted", "No issuer has this key and this template in the trust list")


def require_size(issuer: TrustedIssuer | None, size: int, /, *, number: int) -> None:
    """Return where a list has no more entries than the issuer's entry in the trust list states: readers take no more.

    Raises:
        IssuingError: ``status-list-too-large``.
    """
    if issuer is not None and size > issuer.max_entries:
        raise IssuingError(
            "status-list-too-large",
            "The list has more entries than the trust list states",
            list=number,
            max_entries=issuer.max_entries,
        )


def require_flags(issuer: TrustedIssuer | None, events: Events, /, *, number: int) -> None:
    """Return where no event says what the issuer's entry in the trust list rules out: readers rest on that.

    Raises:
        IssuingError: ``status-flags-denied``.
    """
    if issuer is None:
        return
    every = [event for happened in events.values() for event in happened]
    returns = any(event.kind in {StatusEventKind.SUSPENDED, StatusEventKind.RESUMED} for event in every)
    for flag, is_denied in (
        ("suspends", not issuer.suspends and returns),
        ("retroactive", not issuer.retroactive and any(map(_reaches_back, every))),
    ):
        if is_denied:
            raise IssuingError(
                "status-flags-denied", "The trust list rules out what the register says", list=number, flag=flag
            )


def lost_entries(uri: str, listed: bytes | None, published: Iterable[bytes | None], events: Events, /) -> set[int]:
    """The entries of which the published documents say something that the events do not.

    Args:
        uri: the list.
        listed: the list in place.
        published: events documents, the latest first: the first that can be read speaks.
        events: what will be said instead.
    """
    for data in published:
        try:
            known = read_unverified_events(data or b"", uri=uri).events
        except StatusError:
            continue
        return {
            index
            for index, happened in known.items()
            if not all(_statements.says(events.get(index, ()), event) for event in happened)
        }
    try:
        entries = read_unverified_list(listed or b"", uri=uri)
    except StatusError:
        return set()
    return {index for index in range(len(entries)) if entries.get(index) and not events.get(index)}


def _reaches_back(event: StatusEvent) -> bool:
    return event.effective_at is None or event.effective_at < event.recorded_at - CLOCK_SKEW
