"""The documents that a statement names, as JSON, for people and programs: kind, digest, size, and the times they state.

Nothing is checked: what a document proves, a replay finds out. One that cannot be read states no times.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from certcore import trust
from certcore.errors import CertcoreError
from certcore.evidence._statement import Statement
from certcore.evidence._values import AttestedRecord, ProvedRecord, SignedAnswer
from certcore.status._signed import stated_times
from certcore.status.vehicledoc import VEHICLE_ANSWER_TYPE
from certcore.trust import _lists, roots

_Times = tuple[datetime | None, datetime | None]
_NO_TIMES: Final[_Times] = (None, None)


def document_dicts(statement: Statement, materials: Mapping[bytes, bytes]) -> Iterator[dict[str, Any]]:
    """Each document once, in the order in which a replay needs them; one that is kept elsewhere has no size."""
    kinds = {statement.trust: _lists.MEDIA_TYPE} | dict.fromkeys(statement.chain or (), roots.MEDIA_TYPE)
    for answer in (statement.status, statement.vehicle):
        if isinstance(answer, ProvedRecord | AttestedRecord):
            kinds |= {document[0]: document[1] for document in answer.documents}
    found = {digest: (kind, materials.get(digest)) for digest, kind in kinds.items()}
    if isinstance(statement.vehicle, SignedAnswer):
        reply = statement.vehicle.answer
        found[hashlib.sha256(reply).digest()] = (VEHICLE_ANSWER_TYPE, reply)
    for digest, (kind, data) in found.items():
        issued_at, expires_at = _NO_TIMES if data is None else _times(kind, data)
        yield {
            "media_type": kind,
            "sha256": digest.hex(),
            "bytes": None if data is None else len(data),
            "issued_at": None if issued_at is None else issued_at.isoformat(),
            "expires_at": None if expires_at is None else expires_at.isoformat(),
        }


def _times(kind: str, data: bytes) -> _Times:
    """When a document says that it was made, and until when it speaks."""
    if kind == roots.MEDIA_TYPE:
        return _NO_TIMES
    if kind != _lists.MEDIA_TYPE:
        return stated_times(data)
    try:
        contents = trust.read_unverified(data)
    except CertcoreError:
        return _NO_TIMES
    return contents.issued_at, contents.next_update_at
