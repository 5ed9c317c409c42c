"""Status over HTTP: the only network code of the package. It needs the extra ``http``.

- `backends`: `HTTPStatusBackend`, `AsyncHTTPStatusBackend` and `fetch_trust_list`; they drive the steps below.
- `_flows`, `_prefetch`: the steps of a look-up. `_fetch`: the rules of fetching, pure. `_store`: what was fetched.
  `_failures`: what went wrong, remembered and told.
- `_wire`: connections. `_options`: settings. `_endpoint`: where an issuer's register answers about vehicles.
"""

from certcore.status.http.backends import (
    AsyncHTTPStatusBackend,
    HTTPStatusBackend,
    HTTPTuning,
    LookupFailure,
    PrefetchReport,
    VehicleEndpoint,
    fetch_trust_list,
)

__all__ = [
    "AsyncHTTPStatusBackend",
    "HTTPStatusBackend",
    "HTTPTuning",
    "LookupFailure",
    "PrefetchReport",
    "VehicleEndpoint",
    "fetch_trust_list",
]
