"""Vehicle inspection certificates as signed QR codes: issue them, read them, and tell when one was in force.

The public names, and nothing else. They are imported when first used, so that importing certcore loads little.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from certcore import errors, qr, status
    from certcore.issue import Issuer
    from certcore.keys import LocalSigner, PublicKey, Signer
    from certcore.payload import (
        Basis,
        Deficiency,
        DeficiencyCounts,
        InspectionCertificate,
        Result,
        StatusListEntry,
        StatusRef,
    )
    from certcore.policy import Expected, Need, Policy
    from certcore.trust import TrustList, TrustRoot
    from certcore.verdict import Axis, AxisState, Effect, Interval, Outcome, Reason, Verdict
    from certcore.verify import Verifier

__version__ = "0.1.0"

__all__ = [
    "Axis",
    "AxisState",
    "Basis",
    "Deficiency",
    "DeficiencyCounts",
    "Effect",
    "Expected",
    "InspectionCertificate",
    "Interval",
    "Issuer",
    "LocalSigner",
    "Need",
    "Outcome",
    "Policy",
    "PublicKey",
    "Reason",
    "Result",
    "Signer",
    "StatusListEntry",
    "StatusRef",
    "TrustList",
    "TrustRoot",
    "Verdict",
    "Verifier",
    "__version__",
    "errors",
    "qr",
    "status",
]

_NAMES = {
    "certcore.issue": ("Issuer",),
    "certcore.keys": ("LocalSigner", "PublicKey", "Signer"),
    "certcore.payload": (
        "Basis",
        "Deficiency",
        "DeficiencyCounts",
        "InspectionCertificate",
        "Result",
        "StatusListEntry",
        "StatusRef",
    ),
    "certcore.policy": ("Expected", "Need", "Policy"),
    "certcore.trust": ("TrustList", "TrustRoot"),
    "certcore.verdict": ("Axis", "AxisState", "Effect", "Interval", "Outcome", "Reason", "Verdict"),
    "certcore.verify": ("Verifier",),
}
_MODULE_OF = {name: module for module, names in _NAMES.items() for name in names}
_SUBMODULES = ("errors", "qr", "status")


if not TYPE_CHECKING:  # hidden from type checkers, which would take it to mean that every name exists

    def __getattr__(name: str) -> object:
        if name in _SUBMODULES:
            return import_module(f"certcore.{name}")
        if name not in _MODULE_OF:
            msg = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(msg)
        value = getattr(import_module(_MODULE_OF[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted(__all__)
