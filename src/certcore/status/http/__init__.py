"""Status over HTTP: the only network code of the package. It needs the extra ``http``.

- `backends`: `HTTPStatusBackend` and `AsyncHTTPStatusBackend`, which drive the steps below. `_trust_list`: the same for
  a trust list.
- `_settings`: what a backend is made with, and where an issuer's register answers about vehicles.
- `_flows`, `_prefetch`: the steps of a look-up. `_fetch`: the rules of fetching, pure. `_store`: what was fetched.
- `_failures`: what went wrong, logged and told. `_wire`: connections.
"""

from certcore.status.http._failures import LookupFailure
from certcore.status.http._prefetch import PrefetchReport
from certcore.status.http._settings import HTTPTuning, VehicleEndpoint
from certcore.status.http._trust_list import fetch_trust_list
from certcore.status.http.backends import AsyncHTTPStatusBackend, HTTPStatusBackend

__all__ = [
    "AsyncHTTPStatusBackend",
    "HTTPStatusBackend",
    "HTTPTuning",
    "LookupFailure",
    "PrefetchReport",
    "VehicleEndpoint",
    "fetch_trust_list",
]
