"""`Evidence`: everything one verdict stood on, in one file, which comes to the same verdict years later and offline.

A file holds a *statement* (the question, the policy, the answers, the outcome) and, beside it, the long documents that
the statement names by their SHA-256: the trust list, the root sets that lead to it, the status lists. They may be left
out and kept once for many files (``detached``). A seal is a COSE_Sign1 around the statement; a time-stamp (RFC 3161) is
over the statement or its seal. The format is in `docs/reference/evidence.md`.

`Evidence.replay` comes to the verdict of then: signatures, trust list and documents are checked again, from the
caller's root up, under the rules, the policy and the time zone of then. `Evidence.reassess` asks the same question of
today's verifier. What changed documents, and a changed outcome alone, cannot hide is found by anybody. **A changed
question is not**: who edits the moment, the vehicle or the policy of an unsealed file, and the outcome with it, has a
sound file about another question. A seal under a key that the reader knows, or the digest kept elsewhere
(`Evidence.to_log`), is what protects the question; when it was asked is a mere claim without one or a time-stamp.
"""

from __future__ import annotations

from certcore.evidence._file import MEDIA_TYPE, Evidence
from certcore.evidence._report import Backing, ReplayReport, Unproved

__all__ = [
    "MEDIA_TYPE",
    "Backing",
    "Evidence",
    "ReplayReport",
    "Unproved",
]
