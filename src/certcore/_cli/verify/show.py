"""``certcore show``: the content of a certificate. It checks nothing, and says so."""

from __future__ import annotations

from typing import Final

import click

from certcore import armor, cose, payload
from certcore._cli import exit_codes
from certcore._cli.input import inputs
from certcore._cli.output import fields, terminal
from certcore.keys._algorithms import ALGORITHM_NAMES

NOT_VERIFIED: Final = "NOT VERIFIED: anybody can write this"


@click.command()
@click.argument("what", metavar="TEXT|FILE")
def show(what: str) -> int:
    """Show what a certificate says, without checking any of it. TEXT begins with VIC1:; FILE is a picture or a text."""
    for text in inputs.certificate_texts(what):
        _show(text)
    return exit_codes.DONE


def _show(text: str) -> None:
    """One certificate; it is decoded whole before anything is printed."""
    data = armor.decode(text.removesuffix("\n").removesuffix("\r"))
    envelope = cose.read_certificate(data)
    certificate = payload.decode(envelope.unverified_payload)
    algorithm = envelope.unverified_algorithm
    rows = [
        ("says it is signed with 自称签名算法", ALGORITHM_NAMES.get(algorithm, str(algorithm))),
        ("says it is signed by key 自称签名密钥", envelope.unverified_key_id.hex()),
        *fields.rows(certificate),
    ]
    terminal.say(NOT_VERIFIED, style="bold red")
    for label, value in rows:
        terminal.say(f"  {label}: {value}")
    terminal.say(NOT_VERIFIED, style="bold red")
