"""Base45 on the vectors of eight other implementations."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import pytest

from certcore import armor
from certcore.errors import RejectedInputError
from tests.conftest import vector_rows
from tests.outside.cases import read_json, result_of

pytestmark = [pytest.mark.vectors, pytest.mark.usefixtures("vectors")]

FILE = "base45/base45_vectors.json"
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


def refused(text: str) -> bool:
    """Whether the text is refused as malformed."""
    return "malformed" == result_of(armor.base45_decode, text)


@pytest.mark.parametrize("row", vector_rows(FILE, "good"))
def test_good_pair(row: dict[str, Any]) -> None:
    """A stated pair of bytes and text is encoded and decoded as stated."""
    data = bytes.fromhex(row["hex"])
    assert row["base45"] == armor.base45_encode(data)
    assert data == armor.base45_decode(row["base45"])


@pytest.mark.parametrize("row", vector_rows(FILE, "bad"))
def test_bad_text(row: dict[str, Any]) -> None:
    """A text stated as bad is refused as malformed."""
    with pytest.raises(RejectedInputError) as caught:
        armor.base45_decode(row["base45"])
    assert "malformed" == caught.value.code


@pytest.mark.parametrize("row", vector_rows(FILE, "urlsafe_trap"))
def test_url_escaped_text(row: dict[str, Any]) -> None:
    """A text that was escaped for a URL is refused, though each of its characters is in the alphabet."""
    assert set(row["percent_encoded"]) <= set(ALPHABET)
    assert refused(row["percent_encoded"])
    assert row["base45"] == armor.base45_encode(armor.base45_decode(row["base45"]))


@pytest.mark.slow
def test_exhaustive_rule(vectors: Path) -> None:
    """Every input of one or two bytes comes back, and as many triples and pairs are refused as the rule states."""
    rule = read_json(vectors / FILE)["exhaustive_rule"]
    for data in itertools.chain.from_iterable(map(bytes, itertools.product(range(256), repeat=n)) for n in (1, 2)):
        assert data == armor.base45_decode(armor.base45_encode(data))
    triples, pairs = (sum(refused("".join(t)) for t in itertools.product(ALPHABET, repeat=n)) for n in (3, 2))
    assert ["25589", "1769"] == re.findall(r"=(\d+)", rule)
    assert (25589, 1769) == (triples, pairs)


def test_number_of_cases(vectors: Path) -> None:
    """As many cases are there as when this was written: good, bad and escaped."""
    data = read_json(vectors / FILE)
    assert (30, 26, 1) == tuple(len(data[kind]) for kind in ("good", "bad", "urlsafe_trap"))
