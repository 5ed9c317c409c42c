"""The configuration file ``certcore.toml``: where it is looked for, what it may say, and options that take from it.

Which value counts: the option, else the environment, else the file. One file is read, the first of these:

1. the one that ``--config`` or ``CERTCORE_CONFIG`` names;
2. ``certcore.toml`` in the working folder;
3. ``certcore.toml`` in the user's own folder for settings: ``~/.config/certcore``, or below ``XDG_CONFIG_HOME``.

Folders above the working folder are not searched, because anybody may write in some of them, such as the folder for
temporary files. The working folder may hold a stranger's files too, from an archive that was just unpacked. So a file
there must belong to the user or to root, and nobody else may be able to write to it. If the user's own file says whom
to trust, a file in the working folder cannot. If it does decide about trust, the command says so.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import attrs
import click
from click.core import ParameterSource

from certcore.errors import RejectedInputError

NAME: Final = "certcore.toml"
VARIABLE: Final = "CERTCORE_CONFIG"

MAX_BYTES: Final = 64 * 1024

_GIVEN: Final = "certcore.configuration.given"
_READ: Final = "certcore.configuration"

_TEXT, _PATH, _PATHS, _FLAG, _COUNT, _SECONDS = "text", "path", "paths", "flag", "count", "seconds"

SETTINGS: Final[Mapping[str, str]] = {
    "trust": _PATH,
    "root": _PATHS,
    "threshold": _COUNT,
    "environment": _TEXT,
    "policy": _TEXT,
    "language": _TEXT,
    "network.online": _FLAG,
    "network.ca-file": _PATH,
    "network.proxy": _TEXT,
    "network.allow-private": _FLAG,
    "network.timeout": _SECONDS,
    "network.cache": _PATH,
}
"""Every setting, and what it is."""

DECIDES_TRUST: Final = ("trust", "root", "threshold", "environment", "network.ca-file", "network.proxy")
"""Settings by which a stranger's file could have a forged certificate accepted, or somebody read what is asked."""

_SAID: Final = {
    _TEXT: "a text",
    _PATH: "the name of a file or folder",
    _PATHS: "the name of a file, or a list of such",
    _FLAG: "true or false",
    _COUNT: "a whole number from 1",
    _SECONDS: "a number of seconds above 0",
}


@attrs.frozen
class Configuration:
    """What a file says.

    Attributes:
        path: the file; None where there is none.
        values: setting to value, with the names of files made absolute.
        is_foreign: whether it was found in the working folder, and nobody named it.
    """

    path: Path | None = None
    values: Mapping[str, Any] = attrs.field(factory=dict)
    is_foreign: bool = False


class Setting(click.Option):
    """An option that the file can give, where neither the command line nor the environment does."""

    def __init__(self, *names: Any, setting: str, **how: Any) -> None:  # noqa: ANN401  click's own
        super().__init__(*names, **how)
        assert setting in SETTINGS  # noqa: S101  a slip in the code, not in a file
        self.setting = setting

    def consume_value(self, ctx: click.Context, opts: Mapping[str, Any]) -> tuple[Any, ParameterSource]:
        """As click does it, and then the file."""
        value, source = super().consume_value(ctx, opts)
        if source in {ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT} or ctx.resilient_parsing:
            return value, source
        known = of(ctx)
        if self.setting not in known.values:
            return value, source
        if known.is_foreign and self.setting in DECIDES_TRUST:
            _say_whom_to_trust(ctx)
        found = known.values[self.setting]
        return (found if self.multiple or isinstance(found, bool) else str(found)), ParameterSource.DEFAULT_MAP


def keep_given(ctx: click.Context, _: click.Parameter, value: Path | None) -> None:
    """Remember which file the command line names: the callback of ``--config``."""
    if value is not None:
        ctx.meta[_GIVEN] = value


def of(ctx: click.Context) -> Configuration:
    """The configuration of the command that runs, read once.

    Raises:
        RejectedInputError: for a file that cannot be used; it names the file, and what is wrong with it.
    """
    if _READ not in ctx.meta:
        ctx.meta[_READ] = find(ctx.meta.get(_GIVEN))
    found: Configuration = ctx.meta[_READ]
    return found


def find(given: Path | None) -> Configuration:
    """The configuration that counts here.

    Raises:
        RejectedInputError: as `of`.
    """
    named = given or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    if named is not None:
        return Configuration() if str(named) == os.devnull else read(named)
    here, own = Path.cwd() / NAME, own_file()
    if not os.path.lexists(here) or (own is not None and own.exists() and here.exists() and own.samefile(here)):
        return read(own) if own is not None and os.path.lexists(own) else Configuration()
    _require_mine(here)
    found = attrs.evolve(read(here), is_foreign=True)
    if own is not None and os.path.lexists(own):
        contested = sorted(set(DECIDES_TRUST) & found.values.keys() & read(own).values.keys())
        if contested:
            both = ", ".join(contested)
            raise _unusable(here, f"your own {own} says {both}, too; name the one that counts: --config")
    return found


def own_file() -> Path | None:
    """Where the user's own file is, if anywhere."""
    base = os.environ.get("XDG_CONFIG_HOME") or (os.environ.get("APPDATA") if os.name == "nt" else None)
    try:
        folder = Path(base) if base else Path.home() / ".config"
    except RuntimeError:  # nobody's home
        return None
    return folder / "certcore" / NAME if folder.is_absolute() else None


def read(path: Path) -> Configuration:
    """A file, with everything in it checked.

    Raises:
        RejectedInputError: ``file-unreadable``, ``file-too-large`` or ``input-malformed``.
    """
    import tomllib  # noqa: PLC0415  most commands read no such file

    from certcore._cli.input import files  # noqa: PLC0415  likewise

    text = files.read_text(path, limit=MAX_BYTES)
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as cause:
        raise _unusable(path, f"it is no TOML: {cause}") from cause
    values = {}
    for name, value in _flat(document).items():
        if name not in SETTINGS:
            known = ", ".join(SETTINGS)
            raise _unusable(path, f"there is no setting {name!r}; the settings are {known}")
        values[name] = _read_value(path, name, value)
    return Configuration(path, values)


def _flat(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document as one table; ``_`` in a name is as good as ``-``."""
    flat: dict[str, Any] = {}
    for name, value in document.items():
        if name == "network" and isinstance(value, dict):
            flat |= {f"network.{inner.replace('_', '-')}": one for inner, one in value.items()}
        else:
            flat[name.replace("_", "-")] = value
    return flat


def _read_value(path: Path, name: str, value: Any) -> Any:  # noqa: ANN401  of several types
    """A setting's value, if it is of its kind."""
    kind = SETTINGS[name]
    texts = value if kind == _PATHS and isinstance(value, list) else [value]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind == _FLAG and isinstance(value, bool):
        return value
    if is_number and ((kind == _COUNT and isinstance(value, int) and value >= 1) or (kind == _SECONDS and value > 0)):
        return value
    if kind in {_TEXT, _PATH, _PATHS} and texts and all(isinstance(text, str) and text for text in texts):
        paths = tuple(_beside(path, text) for text in texts)
        return value if kind == _TEXT else paths if kind == _PATHS else paths[0]
    raise _unusable(path, f"{name} must be {_SAID[kind]}")


def _beside(path: Path, name: str) -> str:
    """A name in the file is meant from the file's own folder; ``~`` is the user's home."""
    try:
        return str(path.absolute().parent / Path(name).expanduser())
    except RuntimeError as cause:
        raise _unusable(path, f"{name!r} begins with a home that is not there") from cause


def _require_mine(path: Path) -> None:
    """Refuse what somebody else may have put into the working folder."""
    try:
        facts = path.stat()
    except OSError as cause:
        raise RejectedInputError("file-unreadable", f"{path}: {cause.strerror}") from cause
    if not hasattr(os, "getuid"):
        return
    if facts.st_uid not in {os.getuid(), 0}:
        raise _unusable(path, "it belongs to another user; if you trust it all the same, name it: --config")
    if facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise _unusable(path, "others can write it; take that away (chmod go-w), or name it: --config")


def _say_whom_to_trust(ctx: click.Context) -> None:
    """Say once that a file which nobody named decides about trust."""
    if not ctx.meta.get(f"{_READ}.told"):
        ctx.meta[f"{_READ}.told"] = True
        from certcore._cli.output import terminal  # noqa: PLC0415  it reads its language from the configuration

        terminal.say(f"certcore: whom to trust is said by {NAME} in this folder", err=True)


def _unusable(path: Path, why: str) -> RejectedInputError:
    return RejectedInputError("input-malformed", f"{path}: {why}")
