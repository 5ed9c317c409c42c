"""The table of algorithms: whatever depends on an algorithm follows from its row."""

from __future__ import annotations

import pytest

from certcore import cose
from certcore._cli.keys import keygen
from certcore.keys import LocalSigner, PublicKey
from certcore.keys._algorithms import (
    ALGORITHM_NAMES,
    ALGORITHMS,
    ALGORITHMS_OF,
    JOSE_ALGORITHMS,
    KIND_OF,
    KINDS,
    SIGNING_KINDS,
    USED,
    Algorithm,
)
from tests.strategies import SIGNING_ALGORITHMS

every_row = pytest.mark.parametrize("row", ALGORITHMS, ids=lambda row: row.name)


@every_row
def test_every_consumer_follows(row: Algorithm) -> None:
    """Names, numbers, JOSE, texts, and a signature that opens: nothing about an algorithm is said a second time."""
    assert row.name == ALGORITHM_NAMES[row.number]
    assert row.jose_name is None or row.number == JOSE_ALGORITHMS[row.jose_name]
    assert row.kind is KIND_OF[row.number]
    assert row.kind.name in USED
    if row.kind.generate is None:
        with pytest.raises(ValueError, match="does not sign"):
            LocalSigner.generate(row.number)
        return
    signer = LocalSigner.generate(row.number)
    assert b"x" == cose.open_sign1(cose.sign1(b"x", signer=signer), keys=[signer.public_key]).payload
    for again in (PublicKey.from_cose_key(signer.public_key.to_cose_key()), signer.public_key):
        assert (row.number, ALGORITHMS_OF[row.kind]) == (again.algorithm, again.algorithms)


def test_the_command_makes_a_key_of_every_kind() -> None:
    """Its choices are the algorithms that keys of each kind come back with from PEM."""
    for name, number in keygen.ALGORITHMS.items():
        pem = LocalSigner.generate(number).public_key.to_pem()
        assert (name, number) == (ALGORITHM_NAMES[number], PublicKey.from_pem(pem).algorithm)
    assert {KIND_OF[number] for number in keygen.ALGORITHMS.values()} == set(SIGNING_KINDS)


def test_rows_are_told_apart() -> None:
    """No number, name or JOSE name stands twice, and every kind of key has its own form."""
    for values in (
        [row.number for row in ALGORITHMS],
        [row.name for row in ALGORITHMS],
        [row.jose_name for row in ALGORITHMS if row.jose_name],
        [kind.name for kind in KINDS],
    ):
        assert len(values) == len(set(values))


def test_numbers_of_the_registry() -> None:
    """As IANA's registry of COSE algorithms has them."""
    assert {
        "ES256": -7,
        "EdDSA": -8,
        "ESP256": -9,
        "Ed25519": -19,
        "ES384": -35,
        "PS256": -37,
        "ML-DSA-44": -48,
        "ML-DSA-65": -49,
        "ESP384": -51,
    } == {row.name: row.number for row in ALGORITHMS}


def test_every_algorithm_that_signs_is_tried() -> None:
    """The tests' signers cover each algorithm that certcore signs with: add a maker to tests/strategies.py."""
    able = {row.number for row in ALGORITHMS if row.kind.generate is not None}
    assert able == set(SIGNING_ALGORITHMS)
