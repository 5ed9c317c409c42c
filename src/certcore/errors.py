"""Every exception certcore raises, with its stable code.

The classes are split by who has to act: the person who took the photo (`RejectedInputError`), the fraud desk
(`UntrustedError`), operations (`StatusError`), the claims handler (`NotValidError`) and the issuer (`IssuingError`).
Misuse by the caller, such as a naive datetime or bytes instead of text, raises `ValueError` or `TypeError`.

Codes are append-only, lower case, and share one namespace with the reasons of a verdict (`certcore.reasons`). Messages
are for people and may change; they never hold a registration number, a VIN, a key or the bytes of a certificate.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "CertcoreError",
    "IssuingError",
    "NotValidError",
    "RejectedInputError",
    "StatusError",
    "UntrustedError",
]

Detail = tuple[tuple[str, str | int], ...]
"""Small facts about an error or a reason, as sorted pairs: safe to log."""


class CertcoreError(Exception):
    """The root of everything certcore raises on purpose.

    Attributes:
        code: what happened, stable from the first release.
        message: one sentence for a person.
        detail: small facts, such as the layer or the position; safe to log.
    """

    code: str
    message: str
    detail: Detail

    def __init__(self, code: str, message: str = "", /, **detail: str | int) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.detail = tuple(sorted(detail.items()))

    def __str__(self) -> str:
        return f"{self.message} [{self.code}]" if self.message else self.code


class RejectedInputError(CertcoreError):
    """The input cannot be read, or is not a certcore document. It is not a sign of fraud."""


class UntrustedError(CertcoreError):
    """The input is well formed, but cannot be trusted: a signature, a key or a trust list is not good."""


class StatusError(CertcoreError):
    """A register gave no usable answer. It means neither revoked nor valid.

    Attributes:
        retry_after_s: seconds after which asking again may help, where the register said so.
    """

    retry_after_s: float | None

    def __init__(
        self, code: str, message: str = "", /, *, retry_after_s: float | None = None, **detail: str | int
    ) -> None:
        super().__init__(code, message, **detail)
        self.retry_after_s = retry_after_s


class IssuingError(CertcoreError):
    """The issuer's side could not produce what was asked for. Nothing was signed."""


class NotValidError(CertcoreError):
    """Raised by `Verdict.require_valid` alone: the outcome was not VALID.

    Attributes:
        verdict: the whole `certcore.Verdict`, reasons included. Verdicts stand on errors, so no type is imported here.
    """

    verdict: Any

    def __init__(self, verdict: Any, /) -> None:  # noqa: ANN401  a verdict, as above
        code = verdict.reasons[0].code if verdict.reasons else "not-valid"
        super().__init__(code, f"the certificate is not valid for that moment: {verdict.outcome.value}")
        self.verdict = verdict

    def __reduce__(self) -> tuple[type[NotValidError], tuple[Any]]:
        return type(self), (self.verdict,)
