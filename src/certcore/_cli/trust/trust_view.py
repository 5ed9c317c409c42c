"""A trust list or a root set in words: its dates, its keys, and who signed it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from certcore._cli.output import terminal
from certcore._clock import utc_now
from certcore.keys import PublicKey
from certcore.keys._algorithms import ALGORITHM_NAMES
from certcore.trust import KeyUsage, TrustedIssuer, TrustedKey, TrustListContents, read_unverified
from certcore.trust.roots import RootSetContents

NOT_VERIFIED: Final = "NOT VERIFIED: anybody can write this; give the roots' public keys with --root"

ROOT_NOT_VERIFIED: Final = "NOT VERIFIED: anybody can write this; give the root that is trusted with --root"


def show_unverified(data: bytes) -> None:
    """Print a list whose signatures were not checked, and say so first and last."""
    contents = read_unverified(data)
    terminal.say(NOT_VERIFIED, style="bold red")
    show(contents)
    terminal.say(NOT_VERIFIED, style="bold red")


def show(contents: TrustListContents, *, signed_by: Sequence[PublicKey] = ()) -> None:
    """Print a list, and which roots signed it."""
    terminal.say(f"trust list   version {contents.version}, {contents.environment.value}")
    terminal.say(f"issued       {_instant(contents.issued_at)}, next update by {_instant(contents.next_update_at)}")
    overdue = utc_now() - contents.next_update_at
    if overdue > timedelta():
        terminal.say(
            f"OVERDUE      its next update was due {overdue.days} days ago: fetch the current list", style="bold yellow"
        )
    terminal.say(f"live         {int(contents.live_maximum.total_seconds())} s at most")
    for key in signed_by:
        terminal.say(f"signed by    {_key_line(key)}")
    for issuer in contents.issuers:
        _show_issuer(issuer)


def _show_issuer(issuer: TrustedIssuer) -> None:
    name = terminal.escaped(issuer.name)
    terminal.say(f"\n{terminal.escaped(issuer.id)}  {name}  ({issuer.country}, {issuer.time_zone})", style="bold")
    terminal.say(
        f"  an entry of its status lists may {'' if issuer.suspends else 'not '}become valid again,"
        f" a revocation may {'' if issuer.retroactive else 'not '}reach back, at most {issuer.max_entries} entries"
    )
    if issuer.countries:
        terminal.say(f"  also speaks for {', '.join(issuer.countries)}")
    if issuer.query_endpoint is not None:
        terminal.say(f"  vehicles are looked up at {terminal.escaped(issuer.query_endpoint)}")
    for template in issuer.list_templates:
        until = "" if template.not_after is None else f" until {_instant(template.not_after)}"
        terminal.say(f"  status lists at {terminal.escaped(template.uri)} from {_instant(template.not_before)}{until}")
    for prefix in issuer.uri_prefixes:
        terminal.say(f"  status URIs under {terminal.escaped(prefix)}")
    for key in issuer.keys:
        _show_key(key)


def _show_key(key: TrustedKey) -> None:
    ids = ", ".join(key_id.hex() for key_id in key.key_ids)
    authorities = ", ".join(map(terminal.escaped, key.authorities))
    signs = f" for {authorities}" if key.usage in {KeyUsage.CERTIFICATE, KeyUsage.LIVE} else ""
    terminal.say(f"  key {ids}  {ALGORITHM_NAMES[key.public_key.algorithm]}  signs {key.usage.value}{signs}")
    terminal.say(f"    from {_instant(key.not_before)} until {_instant(key.not_after)}")
    if key.compromised_since is not None:
        why = "" if key.compromise is None else f": {terminal.escaped(key.compromise)}"
        terminal.say(f"    COMPROMISED since {_instant(key.compromised_since)}{why}", style="bold red")


def _instant(value: datetime) -> str:
    return value.isoformat().replace("+00:00", "Z")


def show_root_set(contents: RootSetContents, *, signed_by: Sequence[PublicKey] = ()) -> None:
    """Print a root set: its members with their keys, and which keys signed it."""
    until = "" if contents.valid_until is None else f" until {_instant(contents.valid_until)}"
    terminal.say(f"root set     version {contents.version}, from {_instant(contents.valid_from)}{until}", style="bold")
    terminal.say(f"threshold    {contents.threshold} of {len(contents.members)} members")
    for number, member in enumerate(contents.members, start=1):
        for key in member:
            terminal.say(f"member {number}     {_key_line(key)}")
    for key in signed_by:
        terminal.say(f"signed by    {_key_line(key)}")


def _key_line(key: PublicKey) -> str:
    return f"{key.key_id.hex()}  {ALGORITHM_NAMES[key.algorithm]}  {key.thumbprint.hex()}"
