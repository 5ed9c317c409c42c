"""Whom to trust: trust lists, the issuers and keys in them, and the root sets that sign them.

- `TrustList`, which the members of a `TrustRoot` sign; its rules are at the top of `certcore.trust._lists`.
- `issuers`: one issuer, where its register is, and what each of its keys may sign.
- `roots`: root sets, and how one succeeds another.
- `signer_lists`: signers from other lists (X.509, JWKS, the EU's lists), read as keys.
"""

from __future__ import annotations

from certcore.keys._trusted import KeyUsage, TrustedKey
from certcore.trust._lists import TrustList, TrustListContents, read_unverified
from certcore.trust.issuers import ListTemplate, TrustedIssuer
from certcore.trust.roots import Environment, RootSetContents, TrustRoot

__all__ = [
    "Environment",
    "KeyUsage",
    "ListTemplate",
    "RootSetContents",
    "TrustList",
    "TrustListContents",
    "TrustRoot",
    "TrustedIssuer",
    "TrustedKey",
    "read_unverified",
]
