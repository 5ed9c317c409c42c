"""What both HTTP backends are made with, and what they have in common beside the flows: a store, and how they pickle.

Public names of `certcore.status.http`, which re-exports them. What never lives here: sending, and waiting.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import attrs

from certcore._clock import utc_now
from certcore._instants import CLOCK_SKEW
from certcore.errors import StatusError
from certcore.status._url_policy import unavailable
from certcore.status.http._endpoint import VehicleEndpoint
from certcore.status.http._failures import LookupFailure
from certcore.status.http._flows import Flow, Flows, Settings
from certcore.status.http._prefetch import Prefetch, PrefetchReport
from certcore.status.http._store import Store
from certcore.status.snapshot import SnapshotStatusBackend
from certcore.status.tokenlist import DEFAULT_MAX_LIST_BYTES
from certcore.trust import TrustList

if TYPE_CHECKING:
    from certcore.status.http._wire import Reach

DEFAULT_DEADLINE: Final = timedelta(milliseconds=800)
"""For one look-up, everything included."""


@attrs.frozen(kw_only=True)
class HTTPTuning:
    """Bounds, clocks and chance of an HTTP backend.

    Attributes:
        max_documents: how many documents are kept, in memory and on disk.
        max_list_bytes: the most bytes that a list may inflate to.
        clock_skew: how far two right clocks may be apart.
        failure_pause: how long a document is not asked for again after a failure; twice as long after each in a row, up
            to 32 times.
        clock: what time it is, for `prefetch`; look-ups bring their own.
        monotonic: seconds on a clock that only goes forward.
        jitter: gives numbers from 0 to 1.
        sleep: how to pause between attempts; the async backend awaits what it gives. None: as the driver does.
    """

    max_documents: int = attrs.field(default=1024, validator=attrs.validators.ge(1))
    max_list_bytes: int = attrs.field(default=DEFAULT_MAX_LIST_BYTES, validator=attrs.validators.ge(1))
    clock_skew: timedelta = attrs.field(default=CLOCK_SKEW, validator=attrs.validators.ge(timedelta()))
    failure_pause: timedelta = attrs.field(default=timedelta(seconds=1), validator=attrs.validators.ge(timedelta()))
    clock: Callable[[], datetime] = utc_now
    monotonic: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random
    sleep: Callable[[float], object] | None = None


@attrs.frozen(kw_only=True)
class Options:
    """What a backend was made with: all that a pickle keeps."""

    cache_dir: Path | None
    deadline: timedelta = attrs.field(validator=attrs.validators.gt(timedelta()))
    allow_private: bool
    trust_env: bool
    ca_file: Path | None
    vehicles: Mapping[str, VehicleEndpoint]
    on_failure: Callable[[LookupFailure], object] | None
    tuning: HTTPTuning

    def reach(self, channel: str | None, /) -> Reach:
        """How the connections of a channel are made: of a country's vehicle endpoint, or of all else."""
        from certcore.status.http._wire import Reach  # noqa: PLC0415  the extra `http`

        return Reach(
            allow_private=self.allow_private,
            trust_env=self.trust_env,
            ca_file=self.ca_file,
            client_certificate=None if channel is None else self.vehicles[channel].client_certificate,
        )


class Budget:
    """What is left of a deadline."""

    def __init__(self, monotonic: Callable[[], float], seconds: float) -> None:
        self._monotonic = monotonic
        self.begin(seconds)

    def begin(self, seconds: float) -> None:
        """Count from now."""
        self._end = self._monotonic() + seconds

    def left(self) -> float:
        """Seconds, more than none.

        Raises:
            StatusError: ``status-unavailable`` with the cause ``timeout``.
        """
        left = self._end - self._monotonic()
        if left <= 0:
            raise out_of_time()
        return left

    def allows(self, seconds: float) -> bool:
        """Whether so many seconds are left, and some."""
        return self._monotonic() + seconds < self._end


def out_of_time() -> StatusError:
    """The deadline is over."""
    return unavailable("timeout", "There was no answer in time")


class OverHTTP:
    """What both backends are: options, a store, and the flows over it."""

    def __init__(  # noqa: PLR0913  a setting each, all of them optional
        self,
        *,
        cache_dir: Path | str | None = None,
        deadline: timedelta = DEFAULT_DEADLINE,
        allow_private: bool = False,
        trust_env: bool = False,
        ca_file: Path | str | None = None,
        vehicles: Mapping[str, VehicleEndpoint] = MappingProxyType({}),
        on_failure: Callable[[LookupFailure], object] | None = None,
        transport: Any = None,  # noqa: ANN401  a third party's type
        tuning: HTTPTuning | None = None,
    ) -> None:
        options = Options(
            cache_dir=None if cache_dir is None else Path(cache_dir),
            deadline=deadline,
            allow_private=allow_private,
            trust_env=trust_env,
            ca_file=None if ca_file is None else Path(ca_file),
            vehicles=dict(vehicles),
            on_failure=on_failure,
            tuning=HTTPTuning() if tuning is None else tuning,
        )
        self._set_up(options, transport)

    def _set_up(self, options: Options, transport: Any) -> None:  # noqa: ANN401  as above
        from certcore.status.http import _wire  # noqa: F401, PLC0415  the extra `http`: its absence is found out here

        tuning = options.tuning
        self._options = options
        self._transport = transport
        self._store = Store(
            folder=options.cache_dir, max_documents=tuning.max_documents, max_list_bytes=tuning.max_list_bytes
        )
        settings = Settings(
            max_list_bytes=tuning.max_list_bytes,
            clock_skew=tuning.clock_skew,
            failure_pause=tuning.failure_pause,
            vehicles=options.vehicles,
            monotonic=tuning.monotonic,
            jitter=tuning.jitter,
            nonce=os.urandom,
            on_failure=options.on_failure,
        )
        self._flows = Flows(settings, self._store)

    def snapshot(self) -> SnapshotStatusBackend:
        """Everything that is held, as a backend without a network: for workers, terminals and archives."""
        return SnapshotStatusBackend(self._store.documents(), max_list_bytes=self._options.tuning.max_list_bytes)

    def __getstate__(self) -> Options:
        if self._transport is not None:
            msg = "a backend with an injected transport does not pickle"
            raise TypeError(msg)
        return self._options

    def __setstate__(self, options: Options) -> None:
        self._set_up(options, None)

    def __repr__(self) -> str:
        folder = self._options.cache_dir
        return f"{type(self).__name__}(cache_dir={None if folder is None else str(folder)!r})"

    def _budget(self, deadline: timedelta | None = None) -> Budget:
        return Budget(self._options.tuning.monotonic, (deadline or self._options.deadline).total_seconds())

    def _prefetching(
        self, trust: TrustList, lists: Mapping[str, Iterable[int]] | None, deadline: timedelta
    ) -> Flow[PrefetchReport]:
        given = None if lists is None else {issuer: tuple(numbers) for issuer, numbers in lists.items()}
        prefetch = Prefetch(
            self._flows, self._store, now=self._options.tuning.clock(), seconds=deadline.total_seconds()
        )
        return prefetch.run(trust.issuers, given)
