"""A process to be killed: records, revokes and allocates for ever, and says on standard output what was acknowledged.

Run as ``python writer.py URL NUMBER``. A line is written once the call has returned, and flushed before the next call.
"""

from __future__ import annotations

import sys
from functools import partial

from certcore.payload import StatusRef
from certcore.register.log import StatusRegistry
from tests.register.cast import SetClock, prepared


def main(url: str, number: int) -> None:
    """Write until killed. Each round records two certificates and revokes the first."""
    clock = SetClock()
    say = partial(print, flush=True)
    registry = StatusRegistry(url, clock=clock, list_size=1 << 16)
    say("ready")
    first = number * 1_000_000
    while True:
        batch = prepared(registry, clock, 2, first=first)
        refs = [ready.status for ready, _ in batch if isinstance(ready.status, StatusRef)]
        say(*("allocated", *(f"{ref.list}/{ref.index}" for ref in refs)))
        registry.record_many(batch)
        say(*("recorded", *(f"{ref.list}/{ref.index}" for ref in refs)))
        registry.revoke(refs[0], effective_at=None, actor="writer", reason="killed soon")
        say("revoked", f"{refs[0].list}/{refs[0].index}")
        first += 2


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
