"""A certificate as text, PNG, SVG or a printed page, and live. For `issue`, `print` and `register show`.

A page is printed only if the certificate is authentic under the trust list, which also names the issuer and its zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs
import click

from certcore import _live, qr
from certcore._cli import options
from certcore._cli.decorators import together
from certcore._cli.input import files
from certcore._cli.keys import keygen, modes
from certcore._cli.output import terminal
from certcore._clock import utc_now
from certcore.errors import UntrustedError
from certcore.keys import PublicKey
from certcore.payload import InspectionCertificate, Profile
from certcore.printing import _fonts, document
from certcore.trust import KeyUsage, TrustList
from certcore.trust.issuers import TrustedIssuer
from certcore.verdict import Verdict
from certcore.verify import Verifier

if TYPE_CHECKING:
    from certcore.register import StatusRegistry

DEFAULT_SCALE: Final = 8
"""Pixels to a module of a PNG: 8 reads well off a screen and off paper."""

VERIFIER: Final = "https://github.com/certcore/certcore"
"""Where a program that verifies is to be had, unless the issuer names another."""

_HTML: Final = frozenset({".html", ".htm"})
_PDF: Final = ".pdf"
_MAX_WORDS: Final = 200


DRAWINGS: Final = together(
    click.option("--text", "text_file", type=options.FILE, help="Write the text to this file."),
    click.option("--png", "png_file", type=options.FILE, help="Write a PNG picture to this file."),
    click.option("--svg", "svg_file", type=options.FILE, help="Write an SVG drawing to this file."),
    click.option(
        "--scale", type=click.IntRange(1), default=DEFAULT_SCALE, show_default=True, help="Pixels to a module."
    ),
    click.option(
        "--level", type=click.Choice(["L", "M", "Q", "H"]), default="M", show_default=True, help="Error correction."
    ),
    click.option("--force", is_flag=True, help="Overwrite files."),
    modes.MODE,
)
"""The options that draw a certificate."""


def _as_words(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    if not 0 < len(value) <= _MAX_WORDS or not value.isprintable():
        raise click.BadParameter(f"an address, or words: up to {_MAX_WORDS} printable characters")
    return value


PAPER: Final = together(
    click.option("--page", type=click.Choice(document.PAGES), default="A4", show_default=True),
    click.option(
        "--font", type=options.FILE, help="A TrueType or OpenType font for a PDF; found by itself, unless given."
    ),
    click.option(
        "--verifier",
        callback=_as_words,
        default=VERIFIER,
        show_default=True,
        help="Where a program that verifies is to be had, as the page says it.",
    ),
)
"""The options of a page."""

TRUST: Final = options.trust_options
"""Whom a page's certificate, and a live presentation's, must be of."""

LIVE: Final = together(
    click.option("--live-key", type=options.FILE, help="Show it live, signed with this private key, PEM."),
    click.option(
        "--live-seconds", type=click.IntRange(1, 900), default=300, show_default=True, help="How long it lasts."
    ),
    click.option("--password-file", type=options.FILE, help="Its first line opens --live-key."),
    modes.ALLOW_LOOSE_KEY,
)
"""The options of a live presentation."""

TO: Final = click.option("--to", "target", type=options.FILE, metavar="FILE", help="Print a page: a .pdf or an .html.")
OUTPUTS: Final = together(DRAWINGS, TO, PAPER, TRUST)
"""All of them."""


def draw(kind: str, text: str, *, scale: int, level: str) -> bytes:
    """A certificate as ``text``, ``png`` or ``svg``.

    Raises:
        click.UsageError: for a picture that would be too large.
    """
    if kind == "text":
        return f"{text}\n".encode("ascii")
    try:
        if kind == "png":
            return qr.to_png(text, scale=scale, level=level)
        return qr.to_svg(text, scale=scale, level=level).encode()
    except ValueError as cause:
        raise click.UsageError(str(cause)) from cause


@attrs.frozen(kw_only=True)
class Printer:
    """Prints pages of one size in one language, of what is authentic.

    Attributes:
        verifier: by which trust.
        kind: how the name of a page ends: .pdf or .html.
        lang: of the page.
        how: size, font, level, form and where a verifier is to be had.
    """

    verifier: Verifier
    kind: str
    lang: str
    how: Mapping[str, Any]

    @classmethod
    def of(cls, target: Path, given: Mapping[str, Any], *, lang: str) -> Printer:
        """The printer that the options come to.

        Raises:
            CertcoreError: for a trust list that cannot be used.
            click.UsageError: for a page of another kind, or without a trust list.
        """
        kind = target.suffix.lower()
        if kind != _PDF and kind not in _HTML:
            msg = "a page ends in .pdf or .html"
            raise click.UsageError(msg)
        if given["font"] is not None and kind != _PDF:
            msg = "--font is for a PDF: an HTML page takes the fonts of whoever looks at it"
            raise click.UsageError(msg)
        if kind == _PDF:
            _fonts.require_libraries()
        how = {name: given[name] for name in ("page", "verifier", "font")} | {"level": given.get("page_level")}
        how["profile"] = None if given.get("profile") is None else Profile(given["profile"])
        verifier = options.verifier({**given, "policy_name": "counterparty"}, status=None)
        return cls(verifier=verifier, kind=kind, lang=lang, how=how)

    def verify(self, text: str) -> Verdict:
        """Whether a certificate is authentic: then the verdict has it."""
        return self.verifier.verify(text, as_of=self.verifier.clock().replace(microsecond=0))

    def require_trusted(self, key: PublicKey) -> None:
        """Return where certificates of this key can be printed, before any is issued.

        Raises:
            UntrustedError: ``key-unknown``.
        """
        keys = (known for issuer in self.verifier.trust.issuers for known in issuer.keys)
        if not any(
            known.usage is KeyUsage.CERTIFICATE and known.public_key.thumbprint == key.thumbprint for known in keys
        ):
            raise UntrustedError("key-unknown", "The trust list has no such key for certificates; nothing was issued")

    def page(self, text: str, verdict: Verdict) -> bytes:
        """The page of an authentic certificate.

        Raises:
            CertcoreError: for one that does not fit, or without a font or a library.
            UntrustedError: for one that is not authentic by the trust list.
        """
        mark = self._mark(text, verdict)
        if self.kind == _PDF:
            return document.sheets([mark], lang=self.lang, **self.how)
        how = {name: value for name, value in self.how.items() if name != "font"}
        _, certificate, issuer = mark
        return document.to_html(text, certificate, lang=self.lang, issuer=issuer, **how).encode()

    def sheets(self, texts: Iterable[str]) -> bytes:
        """Several in one PDF, a page each; errors as `page`."""
        return document.sheets((self._mark(text, self.verify(text)) for text in texts), lang=self.lang, **self.how)

    def _mark(self, text: str, verdict: Verdict) -> tuple[str, InspectionCertificate, TrustedIssuer | None]:
        """An authentic certificate with its issuer."""
        if verdict.certificate is None:
            code = verdict.reasons[0].code if verdict.reasons else "key-unknown"
            raise UntrustedError(code, "It is not authentic by this trust list, so no page is printed")
        return text, verdict.certificate, _issuer(self.verifier.trust, verdict.issuer)


@attrs.frozen(kw_only=True)
class Wanted:
    """The files that are asked for.

    Attributes:
        drawings: kind to file.
        page: where a page goes; None where none is asked for.
        printer: what prints it.
        given: scale, level, force and mode.
    """

    drawings: Mapping[str, Path]
    page: Path | None
    printer: Printer | None
    given: Mapping[str, Any]

    @classmethod
    def of(cls, given: Mapping[str, Any], *, lang: str) -> Wanted:
        """What the options ask for; whatever is wrong with them is said before anything is done."""
        named = {kind: given[f"{kind}_file"] for kind in ("text", "png", "svg")}
        drawings = {kind: path for kind, path in named.items() if path is not None}
        page: Path | None = given.get("target")
        files.refuse_existing([*drawings.values(), page], force=given["force"])
        printer = None if page is None else Printer.of(page, given, lang=lang)
        return cls(drawings=drawings, page=page, printer=printer, given=given)

    def __bool__(self) -> bool:
        return bool(self.drawings) or self.page is not None

    def write(self, text: str) -> Iterator[str]:
        """Write all of them, or none; a line for each."""
        scale, level = self.given["scale"], self.given["level"]
        contents: dict[Path, bytes | str] = {
            path: draw(kind, text, scale=scale, level=level) for kind, path in self.drawings.items()
        }
        if self.page is not None and self.printer is not None:
            contents[self.page] = self.printer.page(text, self.printer.verify(text))
        files.write_all(contents, force=self.given["force"], mode=self.given["mode"])
        for path, data in contents.items():
            yield f"{terminal.escaped(str(path))}: {len(data)} bytes"
        if self.drawings:
            size = qr.size(text, level=level)
            yield f"QR version {size.version}-{size.level}, {size.modules} modules a side"


def live(text: str, registry: StatusRegistry, given: Mapping[str, Any]) -> str:
    """A live presentation of a certificate that the register holds and the trust list's issuer signed.

    Raises:
        CertcoreError: for one that is not in force now, or a key or a trust list that cannot be used.
        click.UsageError: without a trust list, or with another issuer's.
    """
    signer = keygen.read_signer(given["live_key"], given["password_file"])
    trust = options.verifier({**given, "policy_name": "counterparty"}, status=None).trust
    found = [
        issuer
        for issuer in trust.issuers
        for key in issuer.keys
        if key.usage is KeyUsage.LIVE and key.public_key.thumbprint == signer.public_key.thumbprint
    ]
    if not found:
        msg = "the trust list has no such key for live presentations"
        raise click.UsageError(msg)
    issuer = found[0]
    return _live.present(
        text,
        keys=[key for key in issuer.keys if key.usage is KeyUsage.CERTIFICATE],
        registry=registry,
        signer=signer,
        issuer=registry.issuer or issuer.id,
        zone=issuer.zone,
        now=utc_now(),
        lifetime=timedelta(seconds=given["live_seconds"]),
    )


def _issuer(trust: TrustList, issuer_id: str | None) -> TrustedIssuer | None:
    return next((issuer for issuer in trust.issuers if issuer.id == issuer_id), None)
