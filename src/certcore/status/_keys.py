"""Whether a signed status document counts by the dates of the key that signed it. Pure.

One function, `check`, for lists, events documents and vehicle answers: the backends call it for each document that they
use, and the engine calls it again for each proof of an answer, from every backend. The rule itself is
`TrustedKey.standing`, which certificates, live presentations and receipts are held to as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from certcore.errors import StatusError
from certcore.keys._trusted import ExistingDocument, Standing, VerifyingKey, proved_at, standing_of
from certcore.status import _signed
from certcore.status.protocol import StatusProof

_WORST_FIRST: Final = (Standing.COMPROMISED, Standing.UNPROVEN, Standing.OUTSIDE_WINDOW)


def check(
    proof: StatusProof,
    keys: Sequence[VerifyingKey],
    /,
    *,
    existing: Iterable[ExistingDocument] = (),
    observed_at: datetime,
) -> None:
    """Return when the document counts by the dates of the key that signed it.

    Args:
        proof: the document.
        keys: the keys that may sign it; a plain public key has no dates, and so counts.
        existing: the documents that are proved to have existed.
        observed_at: when it is taken to be signed where it does not say so in a form that is known here.

    Raises:
        StatusError: ``status-key-compromised``, also for a document that is dated before the compromise and proved by
            nothing else; ``status-key-window``; ``status-backend-error`` where none of the keys signed it.
    """
    signers = _signers(proof, keys)
    if not signers:
        raise StatusError("status-backend-error", "A document is signed by a key that may not", proof="foreign-key")
    signed_at = proof.signed_at or _signed.stated_issue(proof.data) or observed_at
    found = [standing_of(key, signed_at, lambda: proved_at(proof.data, existing)) for key in signers]
    if found.count(Standing.COUNTS) == len(found):
        return
    worst = next((standing for standing in _WORST_FIRST if standing in found), None)
    if worst is Standing.OUTSIDE_WINDOW:
        raise StatusError("status-key-window", "A document is dated outside the window of its key")
    if worst is not None:
        raise StatusError("status-key-compromised", "A document's key is compromised, and nothing proves it is older")


def _signers(proof: StatusProof, keys: Sequence[VerifyingKey]) -> list[VerifyingKey]:
    """The key that signed; several only where they share an id, and the document does not tell which of them it was."""
    named = [key for key in keys if proof.key_id in key.key_ids or proof.key_id == key.key_id]
    if len(named) <= 1:
        return named
    return [key for key in named if _signed.is_signed_by(proof.data, key)] or named
