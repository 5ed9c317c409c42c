"""Which index comes next: each once, none to be named in advance."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certcore.register._store import _indices

KEY = bytes(range(32))


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 8, 9, 100, 1000, 4095, 4096, 4097])
def test_every_index_is_given_out_once(size: int) -> None:
    """A list's positions and its indices are one to one."""
    assert list(range(size)) == sorted(_indices.index_at(n, size=size, key=KEY) for n in range(size))


@given(
    size=st.integers(1, _indices.MAX_SIZE),
    place=st.floats(0, 1, exclude_max=True),
    key=st.binary(min_size=32, max_size=32),
)
def test_a_position_is_found_again(size: int, place: float, key: bytes) -> None:
    """From an index its position follows, for any size and key."""
    position = int(place * size)
    index = _indices.index_at(position, size=size, key=key)
    assert 0 <= index < size
    assert position == _indices.position_of(index, size=size, key=key)


def test_keys_decide() -> None:
    """Another key is another order."""
    size = 1 << 17
    orders = [[_indices.index_at(n, size=size, key=_indices.new_key()) for n in range(50)] for _ in range(2)]
    assert orders[0] != orders[1]
    assert orders[0] != sorted(orders[0])


def test_neighbours_are_not_neighbours() -> None:
    """The steps from one index to the next are as good as all different."""
    size = 1 << 17
    found = [_indices.index_at(n, size=size, key=KEY) for n in range(1000)]
    steps = {later - earlier for earlier, later in pairwise(found)}
    assert len(steps) > 980


def test_the_first_indices_spread_over_the_list() -> None:
    """Each sixteenth of a list gets about its share of the first thousand."""
    size = 1 << 17
    counts = [0] * 16
    for position in range(1600):
        counts[_indices.index_at(position, size=size, key=KEY) * 16 // size] += 1
    assert 60 < min(counts)
    assert 145 > max(counts)
