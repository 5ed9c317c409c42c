"""``certcore vehicle``: what the register says about a vehicle without a certificate."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import attrs
import click

from certcore._cli import exit_codes, network, options
from certcore._cli.input import datetimes, files
from certcore._cli.keys import modes
from certcore._cli.network import Network
from certcore._cli.options import FILE
from certcore._cli.output import terminal
from certcore._cli.output.formats import Output, choose
from certcore._cli.output.verdicts import Remark, VerdictAnswer
from certcore.errors import RejectedInputError
from certcore.trust import TrustList
from certcore.trust.issuers import TrustedIssuer
from certcore.verdict import VehicleVerdict

TOKEN: Final = "CERTCORE_TOKEN"  # noqa: S105  the name of a variable
"""The environment variable with the bearer token."""


@click.command()
@click.option(
    "--as-of",
    required=True,
    callback=datetimes.read_question,
    metavar="MOMENT",
    help="What the question is about: a day in the register's zone, a moment with its zone, 'now', or 'today'.",
)
@click.option("--plate", "registration_number", help="The plate that was seen, written in any way.")
@click.option("--country", help="The plate's country, two letters.")
@click.option("--plate-type", type=click.IntRange(0), help="号牌种类, e.g. 2 or 52.")
@click.option("--vin", help="The whole VIN, or any other chassis number.")
@options.policy("claims")
@options.trust_options
@click.option("--issuer", "issuer_id", help="Whose register, if the trust list has several of that country.")
@click.option("--token-file", type=FILE, help=f"Its first line is the bearer token; or {TOKEN}.")
@network.connection_options
@options.evidence_options
@choose
def vehicle(*, output: Output, **given: Any) -> int:  # noqa: ANN401  one for each option
    """Ask the register about a vehicle, by its plate or its VIN, where nobody shows a certificate.

    Who is asked is the endpoint that the trust list gives for the vehicle's country; plate and VIN go nowhere else.
    That nobody showed a certificate weighs nothing.

    Exits with 0 if by the register the inspection was in force, 1 if not, 3 if the register does not say; 2 for errors.
    """
    verifier = options.verifier(given, status=None)
    keep = options.evidence_writer(given)
    asked = {name: given[name] for name in ("registration_number", "country", "plate_type", "vin")}
    register = _register(verifier.trust, given["country"], given["issuer_id"])
    token = _token(given["token_file"])
    if register is not None:
        from certcore.status.http import VehicleEndpoint  # noqa: PLC0415  only where somebody is asked

        endpoint = VehicleEndpoint.of(register, token=token)
        verifier = attrs.evolve(verifier, vehicles=Network.of(given).backend({register.country: endpoint}))
    try:
        verdict = verifier.check_vehicle(as_of=given["as_of"], **asked)
    except ValueError as cause:
        raise click.UsageError(str(cause)) from cause
    kept = keep(verdict)
    remarks = [] if kept is None else [Remark("evidence", str(kept))]
    name = given["registration_number"] or given["vin"]
    output.tell(VerdictAnswer(name, verdict, remarks, is_named=False))
    if register is not None and token is None and _is_refused(verdict):
        terminal.say(f"certcore: there was no token to ask with; give --token-file, or set {TOKEN}", err=True)
    return exit_codes.of_verdict(verdict)


def _is_refused(verdict: VehicleVerdict) -> bool:
    """Whether the register's server did not accept who asked."""
    return any(dict(reason.detail).get("cause") in {"http-401", "http-403"} for reason in verdict.reasons)


def _register(trust: TrustList, country: str | None, issuer_id: str | None) -> TrustedIssuer | None:
    """The issuer that answers about vehicles of a country; None where the trust list names none."""
    code = None if country is None else country.strip().upper()
    found = [
        issuer
        for issuer in trust.issuers
        if issuer.query_endpoint is not None
        and issuer.register_keys
        and code in {None, issuer.country}
        and issuer_id in {None, issuer.id}
    ]
    if len(found) > 1:
        msg = f"several registers can be asked: name one with --issuer ({', '.join(issuer.id for issuer in found)})"
        raise click.UsageError(msg)
    if issuer_id is not None and not found:
        msg = "the trust list has no register of this id for that country"
        raise click.UsageError(msg)
    return found[0] if found else None


def _token(file: Path | None) -> str | None:
    """The bearer token, if there is one."""
    if file is None:
        return os.environ.get(TOKEN) or None
    line = files.read_text(file).partition("\n")[0].strip()
    if not line:
        raise RejectedInputError("input-malformed", f"{file}: the first line holds no token")
    modes.warn_if_loose(file, "this token")
    return line
