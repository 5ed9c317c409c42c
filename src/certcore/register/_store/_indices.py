"""Which index of a list is given out next: a secret permutation of 0, 1, 2, ... below the list's size. Pure.

Everybody can read the index in a certificate. If indices were given out in order, two certificates would show how many
were issued between them, and the next index could be guessed. So the n-th certificate of a list gets the n-th number of
a permutation, and each list has its own key for it.

Why a permutation and not a random number with a uniqueness constraint: only a counter must be kept, no number is tried
twice even if the list is nearly full, and two certificates cannot get one index because a permutation has no
collisions. The cost: a reader of the key in the database can compute the next index, and a database restored from a
backup gives out the same indices again (`StatusRegistry.begin_list` solves this).

It is a balanced Feistel network over the next even number of bits with BLAKE2s as the round function, walked until the
number falls below the size (Black and Rogaway, "Ciphers with arbitrary finite domains", 2002).
"""

from __future__ import annotations

import secrets
from hashlib import blake2s
from typing import Final

KEY_BYTES: Final = 32

MAX_SIZE: Final = 1 << 26
"""Entries of one list: at two bits what inflates to `certcore`'s cap of 16 MiB for a list of unknown size."""

_ROUNDS: Final = 10  # four make it a permutation nobody can tell from random; small halves deserve more


def new_key() -> bytes:
    """A fresh key for one list."""
    return secrets.token_bytes(KEY_BYTES)


def index_at(position: int, /, *, size: int, key: bytes) -> int:
    """The index that the certificate at a position gets: different for every position."""
    half = _half_bits(size)
    value = position
    while True:
        left, right = divmod(value, 1 << half)
        for number in range(_ROUNDS):
            left, right = right, left ^ _scramble(right, number, half, key)
        value = left << half | right
        if value < size:
            return value


def position_of(index: int, /, *, size: int, key: bytes) -> int:
    """The position at which an index is given out: the inverse of `index_at`."""
    half = _half_bits(size)
    value = index
    while True:
        left, right = divmod(value, 1 << half)
        for number in reversed(range(_ROUNDS)):
            left, right = right ^ _scramble(left, number, half, key), left
        value = left << half | right
        if value < size:
            return value


def _half_bits(size: int) -> int:
    """Half of the bits, rounded up to a whole number, that the numbers below the size need."""
    return max(1, ((size - 1).bit_length() + 1) // 2)


def _scramble(value: int, number: int, bits: int, key: bytes) -> int:
    digest = blake2s(bytes((number,)) + value.to_bytes(4, "big"), key=key, digest_size=4).digest()
    return int.from_bytes(digest, "big") >> (32 - bits)
