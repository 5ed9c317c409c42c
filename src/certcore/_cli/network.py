"""The options of every command that asks a register or fetches a document, and the settings they give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import attrs
import click

from certcore._cli.decorators import together
from certcore._cli.input import files
from certcore._cli.settings.configuration import Setting

if TYPE_CHECKING:
    from certcore.status.http import HTTPStatusBackend, VehicleEndpoint


DEADLINE_S: Final = 10.0
"""For one look-up over HTTPS: a person at a terminal waits for it."""

ENVIRONMENT: Final = "env"
"""What ``--proxy`` takes for the proxies that the environment names."""

ONLINE: Final = click.option(
    "--online/--offline",
    cls=Setting,
    setting="network.online",
    default=False,
    envvar="CERTCORE_ONLINE",
    help="Ask the issuers' registers over HTTPS.",
)

_MAX_CA_FILE_BYTES: Final = 16 << 20
"""The authorities of a whole system are 300 kB."""

_NAMES: Final = ("ca_file", "proxy", "allow_private", "timeout", "cache")


def _read_proxy(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    if value is None or value == ENVIRONMENT:
        return value
    try:
        parts = urlsplit(value)
        is_usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_usable = False
    if not is_usable:  # it may hold a password, so it is not repeated
        raise click.BadParameter("a proxy is written like http://proxy.example:3128; or 'env' for the environment's")
    return value


connection_options = together(
    click.option(
        "--ca-file",
        cls=Setting,
        setting="network.ca-file",
        type=click.Path(path_type=Path),
        envvar="CERTCORE_CA_FILE",
        help="Authorities trusted for TLS instead of the system's, PEM; or CERTCORE_CA_FILE.",
    ),
    click.option(
        "--proxy",
        cls=Setting,
        setting="network.proxy",
        callback=_read_proxy,
        metavar="URL",
        envvar="CERTCORE_PROXY",
        help="Connect through this proxy; 'env' takes what HTTPS_PROXY and NO_PROXY say. Or CERTCORE_PROXY.",
    ),
    click.option(
        "--allow-private/--no-allow-private",
        cls=Setting,
        setting="network.allow-private",
        default=False,
        envvar="CERTCORE_ALLOW_PRIVATE",
        help="Registers may be in a private network, such as a company's; or CERTCORE_ALLOW_PRIVATE=1.",
    ),
    click.option(
        "--timeout",
        cls=Setting,
        setting="network.timeout",
        type=click.FloatRange(0, min_open=True, max=3600),
        default=DEADLINE_S,
        show_default=True,
        metavar="SECONDS",
        envvar="CERTCORE_TIMEOUT",
        help="How long one document is waited for; or CERTCORE_TIMEOUT.",
    ),
    click.option(
        "--cache",
        cls=Setting,
        setting="network.cache",
        type=click.Path(path_type=Path),
        envvar="CERTCORE_CACHE",
        help="Keep what is fetched in this folder, for the next time; or CERTCORE_CACHE.",
    ),
)
"""The options that say how to connect; `Network.of` is what they come to."""


options = together(ONLINE, connection_options)
"""``--online``, and how."""


@attrs.frozen(kw_only=True)
class Network:
    """How registers are reached.

    Attributes:
        ca_file: the authorities that are trusted for TLS instead of the system's.
        proxy: through which proxy; ``env`` for those of the environment.
        allow_private: whether names may lead into private networks.
        timeout: for one document.
        cache: the folder in which copies are kept.
    """

    ca_file: Path | None = None
    proxy: str | None = attrs.field(default=None, repr=False)
    allow_private: bool = False
    timeout: timedelta = timedelta(seconds=DEADLINE_S)
    cache: Path | None = None

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Network:
        """What the options come to.

        Raises:
            RejectedInputError: ``file-unreadable`` or ``file-too-large``, for the authorities.
        """
        found = {name: given[name] for name in _NAMES}
        if found["ca_file"] is not None:  # found out before anybody is asked
            files.read_bytes(found["ca_file"], limit=_MAX_CA_FILE_BYTES)
        return cls(**{**found, "timeout": timedelta(seconds=given["timeout"])})

    @property
    def connection(self) -> dict[str, Any]:
        """How connections are made, as `HTTPStatusBackend` and `fetch_trust_list` take it."""
        is_environment = self.proxy == ENVIRONMENT
        return {
            "ca_file": self.ca_file,
            "allow_private": self.allow_private,
            "trust_env": is_environment,
            "proxy": None if is_environment else self.proxy,
            "deadline": self.timeout,
        }

    def backend(self, vehicles: Mapping[str, VehicleEndpoint] | None = None) -> HTTPStatusBackend:
        """The registers over HTTPS, until the command ends.

        Raises:
            StatusError: ``cache-folder-unsafe``.
            click.ClickException: without the library it needs.
        """
        from certcore.status.http import HTTPStatusBackend  # noqa: PLC0415  only where it is asked for

        with needing_http():
            backend = HTTPStatusBackend(vehicles=vehicles or {}, cache_dir=self.cache, **self.connection)
        click.get_current_context().call_on_close(backend.close)
        return backend


@contextmanager
def needing_http() -> Iterator[None]:
    """Around what goes over HTTPS: without the extra, one sentence says what to install.

    Raises:
        click.ClickException: likewise.
    """
    try:
        yield
    except ModuleNotFoundError as cause:
        msg = f"asking over HTTPS needs {cause.name}, which is not installed: pip install 'certcore[http]'"
        raise click.ClickException(msg) from cause
