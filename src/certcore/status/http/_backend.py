"""What both HTTP backends share: settings, a store, the flows over it, and threads for slow work.

The drivers (`backends`) decide who waits, and for how long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from certcore import _extras
from certcore.status.http._budget import Budget, DiskPatience
from certcore.status.http._failures import LookupFailure
from certcore.status.http._flows import Flow, Flows
from certcore.status.http._intake import Intake
from certcore.status.http._prefetch import Prefetch, PrefetchReport
from certcore.status.http._settings import DEFAULT_DEADLINE, HTTPTuning, Settings, VehicleEndpoint
from certcore.status.http._store import Store, bytes_on_their_way
from certcore.status.http._workers import Workers
from certcore.status.snapshot import SnapshotStatusBackend
from certcore.trust import TrustList

if TYPE_CHECKING:
    from certcore.status.http._wire import ConnectionSettings

_OPENERS: Final = 4
"""Threads that open long documents: no more than cores are well used."""

_DISK_WORKERS: Final = 2


class Backend:
    """What both backends are: settings, a store, and the flows over it."""

    def __init__(  # noqa: PLR0913  a setting each, all of them optional
        self,
        *,
        cache_dir: Path | str | None = None,
        deadline: timedelta = DEFAULT_DEADLINE,
        allow_private: bool = False,
        trust_env: bool = False,
        ca_file: Path | str | None = None,
        proxy: str | None = None,
        vehicles: Mapping[str, VehicleEndpoint] = MappingProxyType({}),
        on_failure: Callable[[LookupFailure], object] | None = None,
        transport: Any = None,  # noqa: ANN401  a third party's type
        tuning: HTTPTuning | None = None,
    ) -> None:
        settings = Settings(
            cache_dir=None if cache_dir is None else Path(cache_dir),
            deadline=deadline,
            allow_private=allow_private,
            trust_env=trust_env,
            ca_file=None if ca_file is None else Path(ca_file),
            proxy=proxy,
            vehicles=dict(vehicles),
            on_failure=on_failure,
            tuning=HTTPTuning() if tuning is None else tuning,
        )
        self._set_up(settings, transport)

    def _set_up(self, settings: Settings, transport: Any) -> None:  # noqa: ANN401  as above
        _extras.require("http", "httpx2", "httpcore2")

        tuning = settings.tuning
        self._settings = settings
        self._transport = transport
        self._store = Store(
            folder=settings.cache_dir, max_documents=tuning.max_documents, max_list_bytes=tuning.max_list_bytes
        )
        self._flows = Flows(settings, self._store)
        self._intake = Intake(bytes_on_their_way())
        self._openers = Workers("certcore-open", most=_OPENERS)
        self._disk = Workers("certcore-disk", most=_DISK_WORKERS)
        self._patience = DiskPatience(tuning.monotonic)

    def snapshot(self) -> SnapshotStatusBackend:
        """Everything that is held, as a backend without a network: for workers, terminals and archives."""
        return SnapshotStatusBackend(self._store.documents(), max_list_bytes=self._settings.tuning.max_list_bytes)

    def _connection(self, channel: str | None) -> ConnectionSettings:
        """How the connections of a channel are made: of a country's vehicle endpoint, or of all else."""
        from certcore.status.http._wire import ConnectionSettings  # noqa: PLC0415  the extra `http`

        settings = self._settings
        return ConnectionSettings(
            allow_private=settings.allow_private,
            trust_env=settings.trust_env,
            ca_file=settings.ca_file,
            proxy=settings.proxy,
            client_certificate=None if channel is None else settings.vehicles[channel].client_certificate,
        )

    def __getstate__(self) -> Settings:
        if self._transport is not None:
            msg = "a backend with an injected transport does not pickle"
            raise TypeError(msg)
        return self._settings

    def __setstate__(self, settings: Settings) -> None:
        self._set_up(settings, None)

    def __repr__(self) -> str:
        folder = self._settings.cache_dir
        return f"{type(self).__name__}(cache_dir={None if folder is None else str(folder)!r})"

    def _budget(self, deadline: timedelta | None = None) -> Budget:
        return Budget(self._settings.tuning.monotonic, (deadline or self._settings.deadline).total_seconds())

    def _prefetch_flow(
        self, trust: TrustList, lists: Mapping[str, Iterable[int]] | None, deadline: timedelta
    ) -> Flow[PrefetchReport]:
        given = None if lists is None else {issuer: tuple(numbers) for issuer, numbers in lists.items()}
        prefetch = Prefetch(
            self._flows, self._store, now=self._settings.tuning.clock(), seconds=deadline.total_seconds()
        )
        return prefetch.run(trust.issuers, given)
