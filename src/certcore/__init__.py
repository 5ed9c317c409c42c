"""Vehicle inspection certificates as signed QR codes: issue them, read them, and tell when one was in force.

The public names, and nothing else. They are imported when first used, so that importing certcore loads little.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from certcore import errors, qr, signals, status
    from certcore.evidence import Evidence
    from certcore.issue import Issuer
    from certcore.keys import GroupKey, LocalSigner, PublicKey, Signer
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
    from certcore.verdict import Axis, AxisState, Effect, Interval, Outcome, Reason, VehicleVerdict, Verdict
    from certcore.verify import AsyncVerifier, Verifier

__version__ = "0.1.0"

__all__ = [
    "AsyncVerifier",
    "Axis",
    "AxisState",
    "Basis",
    "Deficiency",
    "DeficiencyCounts",
    "Effect",
    "Evidence",
    "Expected",
    "GroupKey",
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
    "VehicleVerdict",
    "Verdict",
    "Verifier",
    "__version__",
    "errors",
    "qr",
    "signals",
    "status",
]

_NAMES = {
    "certcore.certificate.confidential": ("GroupKey",),
    "certcore.evidence": ("Evidence",),
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
    "certcore.verdict": ("Axis", "AxisState", "Effect", "Interval", "Outcome", "Reason", "VehicleVerdict", "Verdict"),
    "certcore.verify": ("AsyncVerifier", "Verifier"),
}
_MODULE_OF = {name: module for module, names in _NAMES.items() for name in names}
_SUBMODULES = ("errors", "qr", "signals", "status")


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
