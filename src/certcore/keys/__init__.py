"""Keys: who signs, whose signature it is, and the secrets that groups of readers share.

- `_algorithms`: which algorithms and kinds of keys there are: the one table.
- `_signing`: `PublicKey`, `Signer`, `LocalSigner`.
- `_forms`: the forms a public key comes in: PEM, X.509, JWK, COSE_Key.
- `_trusted`: `TrustedKey`, a key with its dates, and the rule for what it signed.
- `_group`: `GroupKey`, and AES under it.
"""

from __future__ import annotations

from certcore.keys._algorithms import EDDSA, ES256, ES384, ML_DSA_65
from certcore.keys._group import GroupKey
from certcore.keys._signing import LocalSigner, PublicKey, Signer

__all__ = [
    "EDDSA",
    "ES256",
    "ES384",
    "ML_DSA_65",
    "GroupKey",
    "LocalSigner",
    "PublicKey",
    "Signer",
]
