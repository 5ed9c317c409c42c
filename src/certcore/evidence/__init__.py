"""`Evidence`: all sources of one verdict in one file, which gives the same verdict years later and offline.

A file holds a *statement* (the question, the policy, the answers, the outcome) and, beside it, the long documents that
the statement names by their SHA-256: the trust list, the root sets that lead to it, the status lists. They may be left
out and kept once for many files (``detached``). A seal is a COSE_Sign1 around the statement; a time-stamp (RFC 3161) is
over the statement or its seal. The format is in `docs/reference/evidence.md`.

`Evidence.replay` gives the original verdict: it checks signatures, trust list and documents again, from the caller's
root, under the original rules, policy and time zone. `Evidence.reassess` asks today's verifier the same question. Every
reader notices changed documents, and an outcome changed alone. **A changed question is not noticed**: if the moment,
the vehicle or the policy of an unsealed file is changed together with the outcome, the file is good evidence about
another question. A seal under a key that the reader knows, or the digest kept elsewhere (`Evidence.to_log`), protects
the question. Without one of them or a time-stamp, the time of asking is only a claim.
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
