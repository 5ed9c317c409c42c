"""Keys: who signs, whose signature it is, and the secrets that groups of readers share.

- `_algorithms`: which algorithms and kinds of keys there are: the one table.
- `_signing`: `PublicKey`, `Signer`, `LocalSigner`.
- `_forms`: the forms a public key comes in: PEM, X.509, JWK, COSE_Key.
- `_trusted`: `TrustedKey`, a key with its dates, and the rule for what it signed.
- `_group`: `GroupKey`, and AES under it.
"""

from __future__ import annotations

from certcore.keys._algorithms import (
    ALGORITHM_NAMES,
    ED25519,
    EDDSA,
    ES256,
    ES384,
    ESP256,
    ESP384,
    ML_DSA_44,
    ML_DSA_65,
    PS256,
)
from certcore.keys._group import A128GCM, A256GCM, AES_CCM_16_64_128, AES_CCM_16_64_256, GroupKey, group_key_tuple
from certcore.keys._signing import KEY_ID_BYTES, MAX_KEY_ID_BYTES, LocalSigner, PublicKey, Signer, key_tuple

__all__ = [
    "A128GCM",
    "A256GCM",
    "AES_CCM_16_64_128",
    "AES_CCM_16_64_256",
    "ALGORITHM_NAMES",
    "ED25519",
    "EDDSA",
    "ES256",
    "ES384",
    "ESP256",
    "ESP384",
    "KEY_ID_BYTES",
    "MAX_KEY_ID_BYTES",
    "ML_DSA_44",
    "ML_DSA_65",
    "PS256",
    "GroupKey",
    "LocalSigner",
    "PublicKey",
    "Signer",
    "group_key_tuple",
    "key_tuple",
]
