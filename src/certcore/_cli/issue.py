"""``certcore issue``: a certificate from options or a JSON file, as text, PNG and SVG."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from certcore import payload, qr
from certcore._cli import certificate_draft, exit_codes, files, keygen, modes, terminal
from certcore._clock import utc_now
from certcore.certificate._claims import TABLE, Claim
from certcore.errors import IssuingError
from certcore.issue import Issuer
from certcore.payload import Basis, InspectionCertificate, Profile, Result
from certcore.vocabulary._vins import is_vin, vin_check_digit_ok

_FILE = click.Path(path_type=Path)
_F = TypeVar("_F", bound=Callable[..., Any])

_PAIR: Final = re.compile(r"(?P<list>\d{1,10})/(?P<index>\d{1,10})", re.ASCII)
_ENTRY: Final = re.compile(r"(?P<uri>[^#]+)#(?P<index>\d{1,10})", re.ASCII)

_NEARLY_A_VIN: Final = range(15, 20)
"""Lengths of a chassis number that may be meant to be a VIN of 17 characters."""

DEFAULT_SCALE: Final = 8
"""Pixels to a module of a PNG: 8 reads well off a screen and off paper."""


def _reference(text: str) -> object:
    """``12/524287`` or ``https://...#7`` as the members of a status reference; anything else as it is."""
    if entry := _ENTRY.fullmatch(text):
        return {"uri": entry["uri"], "index": int(entry["index"])}
    if pair := _PAIR.fullmatch(text):
        return {"list": int(pair["list"]), "index": int(pair["index"])}
    return text


def _as_status(_ctx: click.Context, _param: click.Parameter, value: str | None) -> object:
    reference = None if value is None else _reference(value)
    if isinstance(reference, str):
        msg = "a status reference is written like 12/524287, or https://host/list#7"
        raise click.BadParameter(msg)
    return reference


def _as_previous(_ctx: click.Context, _param: click.Parameter, value: str | None) -> object:
    return None if value is None else _reference(value)


def _as_deficiencies(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> object:
    """``CODE=SEVERITY``, repeated, as a list; nothing where none was given."""
    found: list[dict[str, str]] = []
    for value in values:
        code, sign, severity = value.rpartition("=")
        if not sign:
            msg = "a deficiency is written like '1.1.13 (a) (ii)=minor'"
            raise click.BadParameter(msg)
        found.append({"code": code.strip(), "severity": severity.strip()})
    return found or None


def _as_counts(_ctx: click.Context, _param: click.Parameter, value: tuple[int, int, int] | None) -> object:
    return None if value is None else dict(zip(("minor", "major", "dangerous"), value, strict=True))


KINDS: Final[Mapping[str, dict[str, Any]]] = {
    "text": {},
    "day": {"metavar": "DATE"},
    "instant": {"metavar": "INSTANT"},
    "number": {"type": int},
    "hexadecimal": {"metavar": "HEX"},
    "basis": {"type": click.Choice([basis.value for basis in Basis])},
    "result": {"type": click.Choice([result.value for result in Result])},
    "status": {"callback": _as_status, "metavar": "LIST/INDEX"},
    "previous": {"callback": _as_previous, "metavar": "HEX|LIST/INDEX"},
    "deficiencies": {"multiple": True, "callback": _as_deficiencies, "metavar": "CODE=SEVERITY"},
    "deficiency-counts": {"nargs": 3, "type": int, "callback": _as_counts, "metavar": "MINOR MAJOR DANGEROUS"},
}
"""How each kind of value is given on the command line."""


def _option(row: Claim) -> Callable[[_F], _F]:
    name = row.option or row.name.replace("_", "-")
    parameter = name.replace("-", "_") if row.name == "deficiencies" else row.name  # two options fill one attribute
    return click.option(f"--{name}", parameter, help=row.help, **KINDS[row.form.json])


def _field_options(command: _F) -> _F:
    """An option for every field of a certificate."""
    for row in reversed(TABLE):
        if row.help:
            command = _option(row)(command)
    return command


@click.command()
@click.option("--key", "key_file", type=_FILE, required=True, help="The issuer's private key, PEM.")
@click.option("--password-file", type=_FILE, help="Its first line opens the private key.")
@modes.ALLOW_LOOSE_KEY
@click.option("--json-file", type=_FILE, help="The fields as JSON; options beside it win.")
@_field_options
@click.option("--issuer-country", help="The issuer's own country, if it is not --country: stated in the code, then.")
@click.option(
    "--profile", type=click.Choice([profile.value for profile in Profile]), help="Refuse what lacks its fields."
)
@click.option("--text", "text_file", type=_FILE, help="Write the text to this file.")
@click.option("--png", "png_file", type=_FILE, help="Write a PNG picture to this file.")
@click.option("--svg", "svg_file", type=_FILE, help="Write an SVG drawing to this file.")
@click.option("--scale", type=click.IntRange(1), default=DEFAULT_SCALE, show_default=True, help="Pixels to a module.")
@click.option(
    "--level", type=click.Choice(["L", "M", "Q", "H"]), default="M", show_default=True, help="Error correction."
)
@click.option("--force", is_flag=True, help="Overwrite files.")
@modes.MODE
def issue(key_file: Path, password_file: Path | None, **given: Any) -> int:  # noqa: ANN401  one for each option
    """Issue a certificate. Without --text, --png or --svg its text is printed."""
    outputs = {name: given.pop(f"{name}_file") for name in ("text", "png", "svg")}
    force, scale, level, mode = (given.pop(name) for name in ("force", "scale", "level", "mode"))
    files.refuse_existing(outputs.values(), force=force)
    issuer_country, profile = given.pop("issuer_country"), given.pop("profile")
    certificate = _read_certificate(given)
    if profile is not None:
        _require_profile(certificate, Profile(profile))
    signer = keygen.read_signer(key_file, password_file)
    try:
        issuer = Issuer(signer=signer, country=issuer_country or certificate.country)
    except ValueError as cause:
        raise click.UsageError(str(cause)) from cause
    for doubt in _doubts(certificate, utc_now().date()):
        terminal.say(f"certcore: {doubt}", err=True)
    text = issuer.issue(certificate)
    if not any(outputs.values()):
        terminal.say(text)
        return exit_codes.DONE
    contents = {path: _draw(kind, text, scale=scale, level=level) for kind, path in outputs.items() if path is not None}
    files.write_all(contents, force=force, mode=mode)
    size = qr.size(text, level=level)
    for path, data in contents.items():
        terminal.say(f"{terminal.escaped(str(path))}: {len(data)} bytes")
    terminal.say(f"QR version {size.version}-{size.level}, {size.modules} modules a side")
    return exit_codes.DONE


def _read_certificate(given: dict[str, Any]) -> InspectionCertificate:
    """The certificate that the options and the JSON file state."""
    json_file, counts, listed = given.pop("json_file"), given.pop("deficiency_counts"), given.pop("deficiency")
    if counts is not None and listed is not None:
        msg = "either --deficiency or --deficiency-counts"
        raise click.UsageError(msg)
    options = {name: value for name, value in given.items() if value is not None}
    if counts is not None or listed is not None:
        options["deficiencies"] = listed if counts is None else counts
    members = {} if json_file is None else certificate_draft.from_json(files.read_text(json_file), str(json_file))
    return certificate_draft.from_members({**members, **options})


def _doubts(certificate: InspectionCertificate, today: date) -> Iterator[str]:
    """What is allowed and is probably a slip of the pen, which would be printed."""
    day = certificate.issued_at.date() if certificate.issued_at else today
    if certificate.valid_until is not None and certificate.valid_until < day - timedelta(days=1):
        yield "the last day of validity is before the day of issue"
    vin = certificate.vin
    if vin is not None and not is_vin(vin) and len(vin) in _NEARLY_A_VIN and vin.isalnum():
        yield f"the chassis number has {len(vin)} characters and is no VIN: is it complete?"
    elif certificate.country == "CN" and vin is not None and is_vin(vin) and not vin_check_digit_ok(vin):
        yield "the VIN's check digit is wrong"


def _require_profile(certificate: InspectionCertificate, profile: Profile) -> None:
    missing = payload.missing_fields(certificate, profile)
    if missing:
        raise IssuingError(
            "certificate-incomplete",
            f"The {profile.name} profile also needs {', '.join(missing)}",
            profile=profile.value,
            missing=", ".join(missing),
        )


def _draw(kind: str, text: str, *, scale: int, level: str) -> bytes:
    if kind == "text":
        return f"{text}\n".encode("ascii")
    try:
        if kind == "png":
            return qr.to_png(text, scale=scale, level=level)
        return qr.to_svg(text, scale=scale, level=level).encode()
    except ValueError as cause:
        raise click.UsageError(str(cause)) from cause
