"""A process that shows one certificate in many claims: ``python seer.py PATH NUMBER CLAIMS``.

It waits for a line on standard input before it begins, and writes for each claim how many others it was told of.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from functools import partial

from certcore.signals import SQLiteSeenStore
from certcore.signals._sightings import Sighting

AT = datetime(2026, 10, 1, tzinfo=UTC)

say = partial(print, flush=True)


def main(path: str, number: int, claims: int) -> None:
    """Show it, claim after claim."""
    say("ready")
    sys.stdin.readline()
    with SQLiteSeenStore(path, key=bytes(range(32))) as store:
        for claim in range(claims):
            sighting = Sighting(subject=b"one", companion=b"")
            (told,) = store.remember([sighting], claim=b"%d/%d" % (number, claim), at=AT)
            say(0 if told.same is None else told.same.claims)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
