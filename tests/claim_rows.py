"""Rows of claims for the engines, with every kind of bad one among them; and the plain loop's answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, Final

from certcore import Expected, LocalSigner, Policy, StatusRef, Verifier
from certcore.bulk import Columns
from certcore.status import SnapshotStatusBackend, StatusEvent, StatusEventKind
from certcore.status.tokenlist import StatusList, issue_events, issue_token
from certcore.testing import FixedClock
from certcore.trust import KeyUsage, ListTemplate
from tests.verify_cases import LONG_AGO, NOW, SIGNER, VIN, certificate, seal, trust_list, trusted_issuer, trusted_key

COLUMNS: Final = Columns(registration_number="plate", vin="vin", keep=("claim",))
BASE: Final = "https://status.example"
SINCE: Final = datetime(2026, 9, 1, 2, 30, tzinfo=UTC)
REVOKED: Final = 7
"""Every certificate whose index leaves this rest, by `CERTIFICATES`, was revoked."""

CERTIFICATES: Final = 500
"""How many different ones there are; each row has a date of its own, or another vehicle."""

_STATUS_SIGNER: Final = LocalSigner.generate()
_ERRORS: Final = ("row-not-text", "row-moment", "row-vehicle")


def schema() -> Any:  # noqa: ANN401  pyarrow ships no types
    """The rows' columns as Arrow has them."""
    import pyarrow as pa

    texts = ("claim", "text", "plate", "vin")
    return pa.schema([*((name, pa.string()) for name in texts), ("as_of", pa.date32())])


def documents(base: str = BASE) -> tuple[bytes, bytes]:
    """What the register published: its list, and the events beside it."""
    revoked = StatusEvent(kind=StatusEventKind.REVOKED, effective_at=SINCE, recorded_at=SINCE, reason="stolen")
    uri = f"{base}/lists/12"
    times: dict[str, Any] = {"issued_at": NOW - timedelta(minutes=1), "expires_at": NOW + timedelta(days=1)}
    statuses = StatusList.from_values({REVOKED: 1}, size=CERTIFICATES + 4)
    return (
        issue_token(statuses, uri=uri, signer=_STATUS_SIGNER, ttl=timedelta(days=1), **times),
        issue_events({REVOKED: [revoked]}, uri=uri, signer=_STATUS_SIGNER, history_from=LONG_AGO, **times),
    )


def verifier(*, base: str = BASE, **changes: Any) -> Verifier:  # noqa: ANN401  any argument of a verifier
    """A claims desk's, on a snapshot; it pickles."""
    keys = trusted_key(SIGNER), trusted_key(_STATUS_SIGNER, usage=KeyUsage.STATUS)
    template = ListTemplate(uri=f"{base}/lists/{{list}}", not_before=LONG_AGO)
    usual: dict[str, Any] = {
        "trust": trust_list(trusted_issuer(*keys, list_templates=[template])),
        "status": SnapshotStatusBackend(documents()),
        "policy": Policy.claims(),
        "clock": FixedClock(NOW),
    }
    return Verifier(**(usual | changes))


def plate(place: int) -> str:
    """Of the certificate with this index."""
    return f"闽C{place:05}"


def rows(count: int, *, longest: int = 10_000_000) -> Iterator[dict[str, Any]]:
    """So many rows, the same ones each time; two of them have texts of the greatest length."""
    texts, bad = _texts(), _bad()
    for row in range(count):
        place = row % CERTIFICATES
        day = date(2026, 1, 1) + timedelta(days=row % 270)
        good = {"claim": f"K-{row}", "text": texts[place], "as_of": day, "plate": plate(place), "vin": VIN}
        odd = bad[row // 10 % len(bad)] if row % 10 == REVOKED else {}
        yield good | odd | ({"text": "A" * longest} if row in {count // 3, count // 2} else {})


@cache
def _texts() -> list[str]:
    return [
        seal(certificate(registration_number=plate(place), status=StatusRef(list=12, index=place)))
        for place in range(CERTIFICATES)
    ]


@cache
def _bad() -> list[dict[str, Any]]:
    """What is wrong with a row, by kind."""
    texts = _texts()
    return [
        {"text": None},
        {"text": ""},
        {"text": "https://example.org/claim?id=1"},
        {"text": "HC1:6BFOXN%TSMAHN-H"},
        {"text": texts[0][:-3]},
        {"text": texts[1].replace("VIC1:", "VIC1:A", 1)},
        {"text": texts[2] + "\r\n"},
        {"text": seal(certificate(), LocalSigner.generate())},
        {"as_of": None},
        {"as_of": date(1969, 12, 31)},
        {"as_of": date(1, 1, 1)},
        {"as_of": date(9999, 12, 31)},
        {"as_of": date(2030, 1, 1)},
        {"plate": None},
        {"plate": ""},
        {"plate": "闽C·54321"},
        {"vin": None},
        {"vin": "LSVAA4181E2184212"},
        {"text": None, "as_of": None, "plate": None, "vin": None},
    ]


def answer(judging: Verifier, row: dict[str, Any]) -> dict[str, Any]:
    """What the plain loop says to a row: the columns of a result that identify it; one code of an error."""
    verdict = None
    try:
        expect = Expected(registration_number=row["plate"] or "", vin=row["vin"] or "")
        verdict = judging.verify(row["text"], as_of=row["as_of"], expect=expect)
    except (TypeError, ValueError):
        return {"claim": row["claim"], "outcome": None, "codes": _ERRORS, "verdict_id": None, "valid_until": None}
    return {
        "claim": row["claim"],
        "outcome": verdict.outcome.value,
        "codes": list(dict.fromkeys(reason.code for reason in verdict.reasons)),
        "verdict_id": verdict.id,
        "valid_until": None if verdict.certificate is None else verdict.certificate.valid_until,
        "status_observed_at": verdict.status_observed_at,
    }


def differing(judging: Verifier, given: Iterator[dict[str, Any]], found: dict[str, dict[str, Any]]) -> list[str]:
    """The claims whose answer is another than the plain loop's; every row has one."""
    wrong = []
    for row in given:
        expected, told = answer(judging, row), found.pop(row["claim"])
        if expected["outcome"] is None:
            is_right = told["outcome"] is None and told["codes"][0] in _ERRORS
        else:
            is_right = expected == {name: told[name] for name in expected} | {"codes": list(told["codes"])}
        if not is_right:
            wrong.append(row["claim"])
    assert {} == found, "no row is doubled"
    return wrong
