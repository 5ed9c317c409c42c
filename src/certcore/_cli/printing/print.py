"""``certcore print``: a certificate as a page to be printed, HTML or PDF, and only if it is authentic.

Only certificates that a trusted issuer has signed are printed; no option changes that. A certificate that is not in
force is printed too, with a message, because a page may be needed before its first day or for the records.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from certcore._cli import exit_codes, options
from certcore._cli.input import files, inputs
from certcore._cli.keys import modes
from certcore._cli.output import terminal
from certcore._cli.output.formats import LANG, Output
from certcore._cli.output.verdicts import VerdictAnswer
from certcore._cli.printing import pages
from certcore._cli.settings import language
from certcore.errors import RejectedInputError
from certcore.payload import Profile


@click.command("print")
@click.argument("what", metavar="TEXT|FILE|-")
@click.option("--to", "target", type=options.FILE, required=True, metavar="FILE", help="Where to: a .pdf or an .html.")
@LANG
@pages.TRUST
@pages.PAPER
@click.option(
    "--level", "page_level", type=click.Choice(["L", "M", "Q", "H"]), help="Error correction; Q where it fits well."
)
@click.option(
    "--profile", type=click.Choice([profile.value for profile in Profile]), help="Whose form; by the country."
)
@click.option("--force", is_flag=True, help="Overwrite the file.")
@modes.MODE
def print_page(what: str, *, target: Path, **given: Any) -> int:  # noqa: ANN401  one for each option
    """Print one certificate on a page: TEXT begins with VIC1:, FILE is a picture or a text, - is standard input.

    It is verified first, and not printed unless it is authentic; no register is asked. The trust list and the roots'
    keys come from --trust and --root, or from CERTCORE_TRUST and CERTCORE_ROOT.

    Exits with 0 when the page is written; with 1 or 3, and no page, when it is not authentic or that is not known.
    """
    printer = pages.Printer.of(target, given, lang=given["lang"])
    files.refuse_existing([target], force=given["force"])
    text = _only_text(what)
    verdict = printer.verify(text)
    Output(lang=given["lang"]).tell(VerdictAnswer(language.translated("the certificate", given["lang"]), verdict))
    if verdict.certificate is None:
        return exit_codes.OF_OUTCOME[verdict.outcome.value]
    files.write(target, printer.page(text, verdict), force=given["force"], mode=given["mode"])
    terminal.say(f"{terminal.escaped(str(target))}: one page, {given['page']}")
    return exit_codes.DONE


def _only_text(what: str) -> str:
    """The text of the one certificate in the argument."""
    texts = set(inputs.certificate_texts(what))
    if len(texts) > 1:
        raise RejectedInputError("several-certificates", "There are several certificates in it: print them one by one")
    return texts.pop()
