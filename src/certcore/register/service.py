"""An ASGI app over a register and its published folder: lists for everybody, the rest for those who may ask.

This module builds the app. Its routes are in `_documents` and `_look_ups`. Lists and events are handed out as they were
published, byte for byte: nothing is signed on request but answers about vehicles, receipts and live presentations.
There is no TLS, no redirection, and no log of questions: a request's body is never logged. Put a proxy that ends TLS in
front; certcore's own server listens on loopback unless told otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request

from certcore._live import TextRegistry
from certcore.errors import CertcoreError
from certcore.issue import Issuer
from certcore.keys import Signer
from certcore.register._publication import _layout
from certcore.register._publication._published import PublishedFolder
from certcore.register._routes._documents import routes_of_documents
from certcore.register._routes._http import Settings, TellDefects, http_problem, problem
from certcore.register._routes._look_ups import live_route, receipts_route, vehicles_route
from certcore.register.access import DailyQuota, Principal, RateLimit
from certcore.register.audit import AuditTrail
from certcore.register.log import StatusRegistry
from certcore.register.openapi import describe

__all__ = [
    "create_app",
]

Authorize = Callable[[Request], Principal | None]
"""Who is asking; None for nobody who may."""

PER_SECOND: Final = 5.0
BURST: Final = 20
"""What one principal may ask for in the long run, and at once."""

PER_DAY: Final = 10_000
"""What one principal may ask for in a day."""

BODY_TIMEOUT: Final = timedelta(seconds=10)
"""How long a request's body may be on its way."""

DEFAULT_LIST_PATH: Final = "/lists/{list}"


def create_app(  # noqa: PLR0913  an app is put together once, of parts that all have names
    registry: StatusRegistry,
    *,
    signer: Signer | None,
    trust_list: Path | bytes,
    folder: Path,
    authorize: Authorize | None,
    list_path: str = DEFAULT_LIST_PATH,
    answer_lifetime: timedelta = timedelta(minutes=5),
    limit: RateLimit | None = None,
    per_day: int = PER_DAY,
    audit: AuditTrail | None = None,
    body_timeout: timedelta = BODY_TIMEOUT,
    issuer: Issuer | None = None,
    live_lifetime: timedelta = timedelta(minutes=5),
) -> Starlette:
    """The app. Without a signer, or without somebody to say who may ask, it looks no vehicles up and gives no receipts.

    Receipts name the issuer, so that a register that was made without one gives none either.

    Args:
        registry: what vehicles and certificates are looked up in.
        signer: whose key signs answers about vehicles and receipts; its usage in the trust list must be ``register``.
        trust_list: the signed list, or the file that it is read from at each request.
        folder: what `StatusRegistry.publish` writes.
        authorize: who is asking; `certcore.register.access.BearerTokens` is one.
        list_path: the path of the lists' URI template, with ``{list}`` as its last segment.
        answer_lifetime: how long an answer about a vehicle speaks for the present; at most a day.
        limit: how often each principal may ask; five times a second and twenty at once, unless given.
        per_day: how many requests each principal has in a day, UTC, where its own row says nothing else.
        audit: where it is written down who asked; without it nothing is, and each process counts its own day.
        body_timeout: how long a request's body may be on its way.
        issuer: who presents certificates live; without one, or one without a live signer, nobody does.
        live_lifetime: for how long such a presentation is made.

    Raises:
        ValueError: for a path that no template of lists has, and for an issuer whose register cannot vouch for texts.
    """
    if not list_path.startswith("/") or not list_path.endswith("/{list}") or list_path.count("{") != 1:
        msg = "the path of lists is like /lists/{list}"
        raise ValueError(msg)
    _layout.check_place(f"https://host{list_path.replace('{list}', '0')}")
    if issuer is not None and issuer.live_signer is not None and not isinstance(issuer.registry, TextRegistry):
        msg = "certificates are presented live from a register that answers look-ups and shows recorded texts"
        raise ValueError(msg)
    clock = registry.read_clock
    settings = Settings(
        registry=registry,
        signer=signer,
        trust_list=trust_list,
        folder=PublishedFolder(folder),
        authorize=authorize,
        list_path=list_path,
        answer_lifetime=answer_lifetime,
        limit=limit or RateLimit(per_second=PER_SECOND, burst=BURST, clock=clock),
        quota=DailyQuota(per_day=per_day, clock=clock, count=None if audit is None else audit.count),
        audit=audit,
        body_timeout=body_timeout,
        issuer=issuer,
        live_lifetime=live_lifetime,
    )
    return _put_together(settings)


def _put_together(settings: Settings) -> Starlette:
    """The routes that these settings have answers for."""
    may_ask, issuer = settings.authorize is not None, settings.issuer
    has_vehicles = settings.signer is not None and may_ask
    has_live = issuer is not None and issuer.live_signer is not None and may_ask
    has_receipts = has_vehicles and settings.registry.issuer is not None
    description = describe(
        list_path=settings.list_path, has_vehicles=has_vehicles, has_live=has_live, has_receipts=has_receipts
    )
    routes = routes_of_documents(settings, description)
    routes += [vehicles_route(settings)] * has_vehicles
    routes += [receipts_route(settings)] * has_receipts
    routes += [live_route(settings)] * has_live
    app = Starlette(
        routes=routes,
        middleware=[Middleware(TellDefects)],
        exception_handlers={HTTPException: http_problem, CertcoreError: problem},
    )
    app.router.redirect_slashes = False  # a redirection would name whatever host the request says
    return app
