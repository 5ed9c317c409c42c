"""How a command opens the issuer's register: the option that names it, references, and errors in one line.

The register needs an extra of its own, so its libraries are imported only when a command runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from certcore import armor
from certcore._cli.input import files, inputs, rows
from certcore.certificate._values import text as short_text
from certcore.errors import IssuingError, RejectedInputError, StatusError
from certcore.payload import StatusRef

if TYPE_CHECKING:
    from certcore.register import StatusRegistry

_F = TypeVar("_F", bound=Callable[..., Any])

VARIABLE: Final = "CERTCORE_REGISTER"

NAMED: Final = "LIST/INDEX|FILE"
"""How a certificate of a register is named."""

_COMPARED: Final = "certcore.register.compared"

WAIT: Final = timedelta(seconds=30)
"""For another writer: a long batch of the issuer's own may hold the register."""

_EXTRA: Final = frozenset({"sqlalchemy", "starlette", "uvicorn", "psycopg", "anyio", "h11"})
_REFERENCE: Final = re.compile(r"(?P<list>\d{1,10})/(?P<index>\d{1,10})", re.ASCII)


def option(*names: str, is_required: bool = True) -> Callable[[_F], _F]:
    """The option that names a register."""
    return click.option(
        *names,
        "database",
        required=is_required,
        envvar=VARIABLE,
        show_envvar=True,
        help="The register: a file, or a URL such as postgresql://user@host/name.",
    )


DATABASE: Final = option("--db", "--register")


def reference_option(*, is_required: bool = True) -> Callable[[_F], _F]:
    """The option that names a certificate of a register."""
    return click.option(
        "--ref",
        callback=as_reference,
        required=is_required,
        metavar=NAMED,
        help="Which: its reference, e.g. 12/524287, or its text, or a file with its text or picture.",
    )


def as_reference(ctx: click.Context, _param: click.Parameter, value: str | None) -> StatusRef | None:
    """A reference as it is typed, 12/524287; or that of a certificate, which `open_register` then compares."""
    if value is None:
        return None
    found = _REFERENCE.fullmatch(value)
    try:
        if found is not None:
            return StatusRef(list=int(found["list"]), index=int(found["index"]))
        is_certificate = value.startswith(armor.PREFIX) or Path(value).is_file()
    except (ValueError, OSError) as cause:
        raise click.BadParameter(str(cause)) from cause
    if not is_certificate:
        msg = (
            "there is no such file; a certificate is named by its reference, written like 12/524287, or by its text"
            " or picture"
        )
        raise click.BadParameter(msg)
    text = inputs.one_certificate(value)
    ref = inputs.unverified(text).status
    if not isinstance(ref, StatusRef):
        raise IssuingError("not-recorded", "The certificate has no reference of a register")
    ctx.meta[_COMPARED] = (ref, text)
    return ref


def as_text(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    """A text that a register can be asked for: none that holds bytes of another encoding."""
    if value is not None and not rows.is_text(value):
        raise click.BadParameter("bytes that are no text in their encoding")
    return value


def as_words(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    """A word or two that a register keeps and publishes."""
    try:
        return short_text(value)
    except ValueError as cause:
        raise click.BadParameter(str(cause)) from cause


def written(ref: StatusRef) -> str:
    """A reference as it is typed."""
    return f"{ref.list}/{ref.index}"


def open_register(database: str) -> StatusRegistry:
    """The register that is there: none is made by a slip of the pen.

    Raises:
        CertcoreError: for one that is not there, or that cannot be opened.
        click.ClickException: for a URL that no register has, or without the libraries it needs.
    """
    if "://" not in database and not Path(database).is_file():
        raise RejectedInputError(
            "file-unreadable", f"{database}: there is no register; 'certcore status init' makes one"
        )
    registry = connect(database, create=False)
    if (named := click.get_current_context().meta.get(_COMPARED)) is not None:
        _require_held(registry, *named)
    return registry


def _require_held(registry: StatusRegistry, ref: StatusRef, text: str) -> None:
    """Return where the register holds this very text: whoever forged one may have copied a reference."""
    try:
        is_held = registry.text(ref) == text
    except StatusError as cause:
        if cause.code != "status-unknown-reference":
            raise
        is_held = False
    if not is_held:
        raise IssuingError("not-recorded", "The register does not hold this very certificate")


def make_register(database: str, **settings: Any) -> StatusRegistry:  # noqa: ANN401  StatusRegistry's own
    """A new register, where nothing is yet; errors as `open_register`."""
    if "://" not in database:
        path = Path(database)
        if path.exists():
            raise IssuingError("file-exists", f"{database}: it is there already, and a register is never overwritten")
        if not path.parent.is_dir():
            raise IssuingError("file-unwritable", f"{database}: there is no such folder")
    return connect(database, create=True, **settings)


def connect(database: str, **settings: Any) -> StatusRegistry:  # noqa: ANN401  StatusRegistry's own
    """A register until the command ends; errors as `open_register`."""
    log = module("certcore.register.log")
    url = database if "://" in database else f"sqlite:///{database}"

    def reach() -> StatusRegistry:
        found: StatusRegistry = log.StatusRegistry(url, timeout=WAIT, **settings)
        return found

    try:
        registry = reach() if "://" in database else files.name_errors(Path(database), reach)
    except ValueError as cause:
        raise click.UsageError(str(cause)) from cause
    except ModuleNotFoundError as cause:
        raise _not_installed(cause) from cause
    click.get_current_context().call_on_close(registry.close)
    return registry


def module(name: str) -> Any:  # noqa: ANN401  a module of an extra
    """A module of the register's, or one line that says what to install."""
    try:
        return import_module(name)
    except ModuleNotFoundError as cause:
        raise _not_installed(cause) from cause


def _not_installed(cause: ModuleNotFoundError) -> Exception:
    """The error for a library that is missing: one line; anything else is a defect and stays what it is."""
    library = (cause.name or "").partition(".")[0]
    if library not in _EXTRA:
        return cause
    if library == "psycopg":
        return click.ClickException("PostgreSQL needs psycopg, which is not installed: pip install 'psycopg[binary]'")
    return click.ClickException(
        f"the register needs {library}, which is not installed: pip install 'certcore[register]'"
    )
