"""``certcore issue``: a certificate from options or a JSON file, as text, picture and page; or many from a table.

This module has the options. `issuing` issues one certificate, and `issue_many` one for each row of a table.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import attrs
import click

from certcore._cli import exit_codes
from certcore._cli.input import datetimes, files
from certcore._cli.issue import certificate_draft, issue_many, issuing
from certcore._cli.keys import keygen, modes
from certcore._cli.output import terminal
from certcore._cli.output.formats import Output, choose
from certcore._cli.printing import pages
from certcore._cli.register import registers
from certcore._clock import utc_now
from certcore.certificate._claims import TABLE, Claim
from certcore.issue import Issuer
from certcore.payload import Basis, InspectionCertificate, Profile, Result

_FILE = click.Path(path_type=Path)
_F = TypeVar("_F", bound=Callable[..., Any])


def _as_status(_ctx: click.Context, _param: click.Parameter, value: str | None) -> object:
    reference = None if value is None else certificate_draft.typed_reference(value)
    if isinstance(reference, str):
        msg = "a status reference is written like 12/524287, or https://host/list#7"
        raise click.BadParameter(msg)
    return reference


def _as_previous(_ctx: click.Context, _param: click.Parameter, value: str | None) -> object:
    return None if value is None else certificate_draft.typed_reference(value)


def _as_deficiencies(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> object:
    """``CODE=SEVERITY``, repeated, as a list; nothing where none was given."""
    try:
        return certificate_draft.typed_deficiencies(values) or None
    except ValueError as cause:
        raise click.BadParameter(str(cause)) from cause


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


_STATED: Final = (
    *dict.fromkeys(row.name for row in TABLE if row.help and row.name != "deficiencies"),
    *("deficiency", "deficiency_counts", "json_file"),
)
"""The options that state what the certificate says."""


@click.command()
@click.option("--key", "key_file", type=_FILE, required=True, help="The issuer's private key, PEM.")
@click.option("--password-file", type=_FILE, help="Its first line opens the private key.")
@modes.ALLOW_LOOSE_KEY
@registers.option("--register", "--db", is_required=False)
@click.option(
    "--supersedes-from",
    callback=datetimes.read_instant,
    metavar="INSTANT",
    help="From when the vehicle's certificate before it is superseded; its time of issue, unless given.",
)
@click.option("--json-file", type=_FILE, help="The fields as JSON; options beside it win.")
@_field_options
@click.option("--issuer-country", help="The issuer's own country, if it is not --country: stated in the code, then.")
@click.option(
    "--profile", type=click.Choice([profile.value for profile in Profile]), help="Refuse what lacks its fields."
)
@pages.OUTPUTS
@issue_many.OPTIONS
@choose
def issue(*, key_file: Path, password_file: Path | None, output: Output, **given: Any) -> int:  # noqa: ANN401  one for each option
    """Issue a certificate. Without --text, --png, --svg or --to its text is printed.

    --register issues it into a register, which gives it its reference, records it, and can revoke it.

    --vehicles issues one for each row of a table: CSV, JSON Lines or Parquet. Its columns are called as the options
    and the JSON members are, or as the fields in Chinese; options beside it state what all rows have in common. A row
    that this register and key have issued already is not issued again, so a run that was interrupted is run again.
    """
    stated = {name: given.pop(name) for name in _STATED}
    if given["vehicles"] is not None:
        return issue_many.run(_ready(key_file, password_file, stated, given), stated, given, output)
    issue_many.refuse_options(given)
    wanted = pages.Wanted.of(given, lang=output.lang)
    certificate = read_certificate(stated)
    if given["profile"] is not None:
        issuing.require_profile(certificate, Profile(given["profile"]))
    issuer = _ready(key_file, password_file, {"country": certificate.country}, given)
    for doubt in issuing.doubts(certificate, utc_now().date()):
        terminal.say(f"certcore: {doubt}", err=True)
    if wanted.printer is not None:
        wanted.printer.require_trusted(issuer.signer.public_key)
    found = issuing.issue(issuer, certificate, supersedes_from=given["supersedes_from"])
    if wanted:
        found = attrs.evolve(found, written=tuple(issuing.write(found, wanted)))
    if issuer.registry is None and (wanted or certificate.status is not None or sys.stderr.isatty()):
        terminal.say(f"certcore: {issuing.unrecorded(certificate, output.lang)}", err=True)
    output.tell(found)
    return exit_codes.DONE


def _ready(key_file: Path, password_file: Path | None, stated: Mapping[str, Any], given: Mapping[str, Any]) -> Issuer:
    """The issuer that the options come to.

    Raises:
        CertcoreError: for a key or a register that cannot be used.
        click.UsageError: for a key of another kind, or options that do not go together.
    """
    registry = None if given["database"] is None else registers.open_register(given["database"])
    if registry is None and given["supersedes_from"] is not None:
        msg = "--supersedes-from is kept by a register: give --register"
        raise click.UsageError(msg)
    signer = keygen.read_signer(key_file, password_file)
    own = given["issuer_country"] or (registry and registry.country) or stated.get("country")
    issuer_id = None if registry is None else registry.issuer
    try:
        return Issuer(signer=signer, country=own, registry=registry, issuer_id=issuer_id)
    except ValueError as cause:
        raise click.UsageError(str(cause)) from cause


def read_certificate(stated: dict[str, Any]) -> InspectionCertificate:
    """The certificate that the options and the JSON file state."""
    json_file, counts, listed = (stated.pop(name) for name in ("json_file", "deficiency_counts", "deficiency"))
    if counts is not None and listed is not None:
        msg = "either --deficiency or --deficiency-counts"
        raise click.UsageError(msg)
    options = {name: value for name, value in stated.items() if value is not None}
    if counts is not None or listed is not None:
        options["deficiencies"] = listed if counts is None else counts
    members = {} if json_file is None else certificate_draft.from_json(files.read_text(json_file), str(json_file))
    return certificate_draft.from_members({**members, **options})
