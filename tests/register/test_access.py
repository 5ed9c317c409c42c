"""Who may ask and how often."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request

from certcore.errors import RejectedInputError
from certcore.register.access import BY_PLATE, BY_VIN, BearerTokens, Principal, RateLimit
from tests.register.cast import SetClock

TOKEN = "x" * 43


def table(path: Path, *rows: Any) -> Path:  # noqa: ANN401  whatever a file may hold
    """A file with these rows."""
    path.write_text(json.dumps(rows))
    return path


def row(token: str = TOKEN, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  a row's members
    """A row for a token."""
    digest = hashlib.sha256(token.encode()).hexdigest()
    return {"name": "police", "sha256": digest, "scopes": [BY_PLATE]} | changes


def request(header: str | None) -> Request:
    """A request with this Authorization header."""
    headers = [] if header is None else [(b"authorization", header.encode())]
    return Request({"type": "http", "headers": headers})


def test_a_token_leads_to_its_principal(tmp_path: Path) -> None:
    """The one whose token it is, with its scopes."""
    token, digest = BearerTokens.new_token()
    rows = (row(), row(name="insurer", sha256=digest, scopes=[BY_PLATE, BY_VIN]))
    tokens = BearerTokens.from_file(table(tmp_path / "tokens.json", *rows))
    assert Principal("police", {BY_PLATE}) == tokens(request(f"Bearer {TOKEN}"))
    assert Principal("insurer", {BY_PLATE, BY_VIN}) == tokens(request(f"bearer {token}"))
    assert "BearerTokens(2 principals)" == repr(tokens)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        f"Basic {TOKEN}",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN} ",
        f"Bearer {'x' * 5000}",
        TOKEN,
        f"Bearer {hashlib.sha256(TOKEN.encode()).hexdigest()}",
    ],
)
def test_nobody_else_gets_in(tmp_path: Path, header: str | None) -> None:
    """No token, another scheme, another token, and the digest in its place are nobody's."""
    tokens = BearerTokens.from_file(table(tmp_path / "tokens.json", row()))
    assert None is tokens(request(header))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[1]",
        "[" * 100_000,
        json.dumps([row(sha256="00")]),
        json.dumps([row(sha256=row()["sha256"].upper())]),
        json.dumps([row(scopes=["everything"])]),
        json.dumps([row(scopes="vehicles:plate")]),
        json.dumps([row(scopes=[1])]),
        json.dumps([row(name="")]),
        json.dumps([row(more=1)]),
    ],
    ids=range(11),
)
def test_a_table_is_read_strictly(tmp_path: Path, text: str) -> None:
    """Whatever is not a list of whole rows is refused as a whole."""
    (tmp_path / "tokens.json").write_text(text)
    with pytest.raises(RejectedInputError) as caught:
        BearerTokens.from_file(tmp_path / "tokens.json")
    assert "input-malformed" == caught.value.code


def test_a_table_has_its_limits(tmp_path: Path) -> None:
    """One that is missing or too large is told as such."""
    with pytest.raises(RejectedInputError) as missing:
        BearerTokens.from_file(tmp_path / "tokens.json")
    (tmp_path / "tokens.json").write_bytes(b" " * ((1 << 20) + 1))
    with pytest.raises(RejectedInputError) as large:
        BearerTokens.from_file(str(tmp_path / "tokens.json"))
    assert ("file-unreadable", "file-too-large") == (missing.value.code, large.value.code)


def test_a_bucket_empties_and_fills(clock: SetClock) -> None:
    """A burst at once, then one for each part of a second; others have buckets of their own."""
    limit = RateLimit(per_second=2, burst=3, clock=clock)
    assert [0, 0, 0, 0.5] == [limit.wait_s("a") for _ in range(4)]
    assert 0 == limit.wait_s("b")
    clock.pass_by(timedelta(milliseconds=500))
    assert [0, 0.5] == [limit.wait_s("a") for _ in range(2)]
    clock.pass_by(timedelta(hours=1))
    assert [0, 0, 0, 0.5] == [limit.wait_s("a") for _ in range(4)]


def test_a_clock_set_back_gives_nothing_away(clock: SetClock) -> None:
    """Time that runs backwards fills no bucket."""
    limit = RateLimit(per_second=1, burst=1, clock=clock)
    assert 0 == limit.wait_s("a")
    clock.pass_by(-timedelta(hours=1))
    assert 1 == limit.wait_s("a")


def test_buckets_are_bounded(clock: SetClock) -> None:
    """However many principals there are, so many are remembered: those of late."""
    limit = RateLimit(per_second=1, burst=1, clock=clock)
    for number in range(10_500):
        limit.wait_s(str(number))
    assert 10_000 == len(limit._buckets)


@pytest.mark.parametrize(("per_second", "burst"), [(0, 1), (-1, 1), (1, 0), (float("nan"), 1)])
def test_a_rate_is_a_rate(clock: SetClock, per_second: float, burst: int) -> None:
    """None at all, or less, is misuse."""
    with pytest.raises(ValueError, match="rate"):
        RateLimit(per_second=per_second, burst=burst, clock=clock)
