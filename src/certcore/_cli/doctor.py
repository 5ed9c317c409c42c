"""``certcore doctor``: what of certcore works on this machine, and what to do about the rest.

Each check is a function that gives findings. It changes nothing, and asks registers only with ``--online``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import attrs
import click

import certcore
from certcore import _extras, _files
from certcore._cli import exit_codes, network, options
from certcore._cli.network import Network
from certcore._cli.output import explain, terminal
from certcore._cli.output.formats import Line, Output, choose
from certcore._cli.settings import configuration, language
from certcore._clock import utc_now
from certcore.errors import CertcoreError

OK, NOTE, WRONG = "ok", "note", "wrong"

EXTRAS: Final[Mapping[str, tuple[str, ...]]] = {
    "scan": ("zxingcpp", "pyzbar", "PIL", "numpy"),
    "pdf": ("pypdfium2",),
    "heic": ("pillow_heif",),
    "cli": ("click", "rich"),
    "http": ("httpx2", "httpcore2"),
    "register": ("sqlalchemy", "starlette", "uvicorn", "anyio", "h11"),
    "postgres": ("psycopg",),
    "timestamp": ("rfc3161_client",),
    "print": ("fpdf", "fontTools"),
    "arrow": ("pyarrow",),
    "spark": ("pyspark", "pandas"),
    "otel": ("opentelemetry",),
}
"""Every extra with the libraries that it brings."""

_FONT_ADVICE: Final = "install a Chinese font, such as Debian's fonts-noto-cjk or fonts-wqy-microhei"
_SETTINGS_ADVICE: Final = (
    "certcore.toml, in this folder or your own, can hold whom to trust, the policy and the language"
)
_SOME_CHINESE: Final = frozenset("闽京机动车检验合格凭证0123456789")
_ZONES_AGE: Final = timedelta(days=2 * 365)
_STYLES: Final = {OK: "green", NOTE: None, WRONG: "bold red"}
_WORDS: Final = {"en": {OK: "ok", NOTE: "note", WRONG: "WRONG"}, "zh": {OK: "正常", NOTE: "提示", WRONG: "有误"}}


@attrs.frozen
class Finding:
    """One thing that was looked at.

    Attributes:
        name: of the check.
        state: ``ok``; ``note``, where something is not there that not everybody needs; ``wrong``.
        found: what was found.
        advice: what to do.
    """

    name: str
    state: str
    found: str
    advice: str = ""


@attrs.frozen
class _Findings:
    found: tuple[Finding, ...]

    @property
    def is_well(self) -> bool:
        return all(one.state != WRONG for one in self.found)

    def members(self) -> Mapping[str, Any]:
        """All of them."""
        return {"ok": self.is_well, "checks": [attrs.asdict(one) for one in self.found]}

    def lines(self, lang: str) -> Iterator[Line]:
        """A line each, and one for what to do."""
        for one in self.found:
            name, found = (language.translated(text, lang) for text in (one.name, one.found))
            yield Line(f"{_WORDS[lang][one.state]:<6} {name}: {terminal.escaped(found)}", _STYLES[one.state])
            if one.advice:
                yield Line(f"       {terminal.escaped(language.translated(one.advice, lang))}")


@click.command()
@options.trust_options
@network.options
@choose
def doctor(*, output: Output, **given: Any) -> int:  # noqa: ANN401  one for each option
    """Say what of certcore works on this machine, and what to do about the rest.

    It looks at the decoders, the extras, fonts, zone data, the file of settings, the trust list and its age, and who
    may write or read these files and the keys in this folder. With --online it asks each register for a list.

    Exits with 0 if nothing is wrong, else with 1; what is not installed and not everybody needs is no fault.
    """
    found = _Findings(tuple(one for check in CHECKS for one in _guarded(check, given)))
    output.tell(found)
    return exit_codes.DONE if found.is_well else exit_codes.NOT_VALID


def _guarded(check: Callable[[Mapping[str, Any]], Iterator[Finding]], given: Mapping[str, Any]) -> list[Finding]:
    """A check's findings; what cannot even be looked at is one."""
    try:
        return list(check(given))
    except (CertcoreError, click.ClickException) as error:
        return [Finding(check.__name__.strip("_"), WRONG, error.message)]


def _versions(_: Mapping[str, Any]) -> Iterator[Finding]:
    python = ".".join(map(str, sys.version_info[:3]))
    yield Finding("version", OK, f"certcore {certcore.__version__}, Python {python}")


def _decoders(_: Mapping[str, Any]) -> Iterator[Finding]:
    from certcore import qr  # noqa: PLC0415  loads what reads pictures

    decoders = qr.decoders()
    for decoder in decoders:
        if decoder.available:
            yield Finding("decoder", OK, f"{decoder.name} {decoder.version}")
        else:
            yield Finding("decoder", NOTE, f"{decoder.name} is not used", decoder.note)
    if not any(decoder.available for decoder in decoders):
        yield Finding("decoder", WRONG, "no picture can be read", "pip install 'certcore[scan]'")


def _extras_there(_: Mapping[str, Any]) -> Iterator[Finding]:
    for extra, libraries in EXTRAS.items():
        missing = [library for library in libraries if not _extras.is_there(library)]
        if missing:
            yield Finding(
                "extra", NOTE, f"{extra} is not there: {', '.join(missing)}", f"pip install 'certcore[{extra}]'"
            )
        else:
            yield Finding("extra", OK, extra)


def _fonts(_: Mapping[str, Any]) -> Iterator[Finding]:
    from certcore.printing import _fonts as fonts  # noqa: PLC0415  loads what reads fonts

    try:
        fonts.require_libraries()
        chosen = fonts.choose(_SOME_CHINESE, lang="zh", font=None)
    except CertcoreError as error:
        what = f"no Chinese page can be printed as PDF: {error.code} ({explain.command(error.code)})"
        advice = "pip install 'certcore[print]'" if error.code == "library-missing" else _FONT_ADVICE
        yield Finding("fonts", NOTE, what, advice)
        return
    yield Finding("fonts", OK, ", ".join(sorted({face.path.name for face in chosen})))


def _zones(_: Mapping[str, Any]) -> Iterator[Finding]:
    from certcore._instants import ZONE_EDITION  # noqa: PLC0415  reads zone data

    year = int(ZONE_EDITION[:4])
    is_old = utc_now().year - year > _ZONES_AGE.days // 365
    advice = "pip install --upgrade tzdata" if is_old else ""
    yield Finding("zone data", WRONG if is_old else OK, f"edition {ZONE_EDITION}", advice)


def _settings(_: Mapping[str, Any]) -> Iterator[Finding]:
    known = configuration.of(click.get_current_context())
    if known.path is None:
        yield Finding("settings", NOTE, "there is no file of settings", _SETTINGS_ADVICE)
    else:
        yield Finding("settings", OK, f"{known.path}: {', '.join(known.values)}")


def _trust_list(given: Mapping[str, Any]) -> Iterator[Finding]:
    if given["trust_file"] is None or not given["roots"]:
        advice = "give --trust and --root, or set them in certcore.toml"
        yield Finding("trust list", NOTE, "nobody is trusted", advice)
        return
    found = options.trust_list(given["trust_file"], options.root(given))
    now, contents = utc_now(), found.contents
    until = terminal.moment(contents.next_update_at)
    age = (now - contents.issued_at).days
    told = f"version {contents.version}, {contents.environment.value}, {age} days old, next update by {until}"
    if contents.issued_at - now > timedelta(minutes=5):
        yield Finding("trust list", WRONG, told, "it is from the future: set this machine's clock")
    elif now > contents.next_update_at:
        yield Finding("trust list", WRONG, told, "it is past its next update: certcore trust fetch URL")
    else:
        yield Finding("trust list", OK, told)


def _registers(given: Mapping[str, Any]) -> Iterator[Finding]:
    if given["trust_file"] is None or not given["roots"]:
        return
    if not given["online"]:
        yield Finding("registers", NOTE, "they were not asked", "certcore doctor --online asks them")
        return
    trust = options.trust_list(given["trust_file"], options.root(given))
    chosen = Network.of(given)
    backend = chosen.backend()
    for issuer in trust.issuers:
        if not issuer.list_templates:
            continue
        one = attrs.evolve(trust.contents, issuers=(issuer,))
        report = backend.prefetch(attrs.evolve(trust, contents=one), lists={issuer.id: (0,)}, deadline=chosen.timeout)
        why = dict(report.failed).values()
        bad = next((one for one in why if one not in _REACHED), None)
        if bad is None:
            yield Finding("registers", OK, f"{issuer.id} answers")
        else:
            yield Finding("registers", WRONG, f"{issuer.id} does not answer: {bad}", _words_of(bad))


_REACHED: Final = frozenset({"http-404", "http-410"})
"""A list that is not there says that its server is."""


def _words_of(cause: str) -> str:
    from certcore.reasons._meaning import causes  # noqa: PLC0415  words are loaded only where something is wrong

    row = causes().get(cause)
    return str(row[language.current()][1]) if row else ""


def _modes(given: Mapping[str, Any]) -> Iterator[Finding]:
    known = configuration.of(click.get_current_context())
    found = False
    for path in filter(None, (known.path, given["trust_file"], *given["roots"])):
        if path.exists() and path.stat().st_mode & 0o022:
            found = True
            yield Finding("file modes", WRONG, f"{path}: others can write it", "chmod go-w")
    for path in sorted({*Path().glob("*.key.pem"), *Path().glob("*.key")}):
        if path.is_file() and (mode := _files.loose_mode(path)) is not None:
            found = True
            yield Finding("file modes", WRONG, f"{path}: others can read this key, mode {mode}", "chmod 600")
    if not found:
        yield Finding("file modes", OK, "no others can write these files, or read the keys in this folder")


CHECKS: Final = (
    _versions,
    _decoders,
    _extras_there,
    _fonts,
    _zones,
    _settings,
    _trust_list,
    _registers,
    _modes,
)
"""Every check, in the order in which it is told."""
