"""The options of a question: whom to trust, whom to ask, which policy, and where to keep evidence.

Several commands share them. What is asked about, and how a verdict is shown, is elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import attrs
import click
from click.core import ParameterSource

from certcore._cli.decorators import together
from certcore._cli.input import files
from certcore._cli.keys import keygen, modes
from certcore._cli.keys.root_files import read_root
from certcore._cli.network import Network
from certcore._cli.settings.configuration import Setting
from certcore.errors import CertcoreError, IssuingError, RejectedInputError
from certcore.keys import GroupKey
from certcore.policy import PRESETS, Policy
from certcore.proofs import timestamps
from certcore.proofs.existence import MAX_PROOF_BYTES
from certcore.status.protocol import StatusBackend
from certcore.trust import Environment, TrustList, TrustRoot
from certcore.trust._lists import MAX_TRUST_LIST_BYTES
from certcore.verdict import VehicleVerdict, Verdict
from certcore.verify import Verifier

_F = TypeVar("_F", bound=Callable[..., Any])

FILE: Final = click.Path(path_type=Path)

TRUST: Final = click.option(
    "--trust",
    "trust_file",
    cls=Setting,
    setting="trust",
    type=FILE,
    envvar="CERTCORE_TRUST",
    help="The signed trust list; or CERTCORE_TRUST.",
)
ROOT: Final = click.option(
    "--root",
    "roots",
    cls=Setting,
    setting="root",
    type=FILE,
    multiple=True,
    envvar="CERTCORE_ROOT",
    help="A root's key, repeatable, or a file of root sets; or CERTCORE_ROOT.",
)
THRESHOLD: Final = click.option(
    "--threshold",
    cls=Setting,
    setting="threshold",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="How many roots must sign.",
)
ENVIRONMENT: Final = click.option(
    "--environment",
    cls=Setting,
    setting="environment",
    type=click.Choice([environment.value for environment in Environment]),
    envvar="CERTCORE_ENVIRONMENT",
    help="What the trust list must be for: production, unless given; or CERTCORE_ENVIRONMENT.",
)
SNAPSHOT: Final = click.option(
    "--snapshot", type=FILE, help="Status documents kept in a file or a folder, to be asked."
)


def _several_files(flag: str, name: str, what: str) -> Callable[[_F], _F]:
    return click.option(flag, name, type=FILE, multiple=True, help=f"{what}; repeatable.")


OF_ROOT: Final = frozenset({"trust-list-malformed", "trust-list-threshold"})
"""Errors that are as likely about the wrong file as about a bad list."""

GROUP_KEYS: Final = _several_files(
    "--group-key", "group_key_files", "A group's key, by which confidential fields are read"
)
AUTHORITIES: Final = _several_files(
    "--tsa",
    "authority_files",
    "The root certificate of an authority whose time-stamps prove that a certificate existed",
)
SEAL_KEYS: Final = _several_files(
    "--seal-key", "seal_key_files", "A public key, PEM, whose seals on evidence prove that a certificate existed"
)


trust_options = together(TRUST, ROOT, THRESHOLD, ENVIRONMENT)
"""The options that say whom to trust; `verifier` is what they come to."""


def policy(default: str) -> Callable[[_F], _F]:
    """The option that names a policy."""
    return click.option(
        "--policy",
        "policy_name",
        cls=Setting,
        setting="policy",
        type=click.Choice(list(PRESETS)),
        envvar="CERTCORE_POLICY",
        default=default,
        show_default=True,
        help="What is required; or CERTCORE_POLICY.",
    )


evidence_options = together(
    click.option("--evidence", "evidence_folder", type=FILE, help="Keep the evidence of each verdict here."),
    click.option("--seal", "seal_file", type=FILE, help="Seal the evidence with this private key, PEM."),
    click.option("--password-file", type=FILE, help="Its first line opens the key of --seal."),
    modes.ALLOW_LOOSE_KEY,
    modes.MODE,
)
"""The options by which evidence is kept; `evidence_writer` is what they come to."""


def root(given: Mapping[str, Any]) -> TrustRoot:
    """The root that is trusted.

    Raises:
        CertcoreError: for a file that cannot be used.
        click.UsageError: for none, or a threshold that the keys cannot meet.
    """
    if not given["roots"]:
        msg = "whom do you trust? Give --root, or set CERTCORE_ROOT"
        raise click.UsageError(msg)
    return read_root(given["roots"], given["threshold"], given["environment"])


def verifier(given: Mapping[str, Any], *, status: StatusBackend | None) -> Verifier:
    """The verifier that the options come to.

    Raises:
        CertcoreError: for a file that cannot be used.
        click.UsageError: for options that are missing, or that do not go together.
    """
    if given["trust_file"] is None or not given["roots"]:
        msg = "whom do you trust? Give --trust and --root, or set CERTCORE_TRUST and CERTCORE_ROOT"
        raise click.UsageError(msg)
    known_root = root(given)
    return Verifier(
        trust=trust_list(given["trust_file"], known_root),
        status=status,
        policy=_policy(given),
        group_keys=group_keys(given.get("group_key_files", ())),
    )


def trust_list(path: Path, root: TrustRoot) -> TrustList:
    """The trust list in a file; an error names the file, and says what to do about this one.

    Raises:
        CertcoreError: for a file that cannot be used.
    """
    data = signed_list(path)
    try:
        return TrustList.open(data, root=root)
    except CertcoreError as cause:
        own = {"advice": "own-list"} if cause.code in OF_ROOT else {}
        raise type(cause)(cause.code, f"{path}: {cause.message}", **dict(cause.detail), **own) from cause


def signed_list(path: Path) -> bytes:
    """What a file holds that should be a signed trust list, of which nothing is checked but that it is no draft.

    Raises:
        RejectedInputError: ``trust-list-malformed``; ``file-unreadable``, ``file-too-large``.
    """
    data = files.read_bytes(path, limit=MAX_TRUST_LIST_BYTES)
    if data.lstrip().startswith((b"{", b"\xef\xbb\xbf{")):
        what = "it is JSON, such as the draft of a list, and not a signed list"
        raise RejectedInputError("trust-list-malformed", f"{path}: {what}", advice="sign-the-draft")
    return data


def status_backend(given: Mapping[str, Any]) -> StatusBackend | None:
    """Whom to ask for status, if anybody: ``--snapshot``, or ``--online`` as `network` has it.

    Raises:
        RejectedInputError: for documents that cannot be read.
        StatusError: ``cache-folder-unsafe``.
        click.UsageError: for both at once; what the environment or the file says gives way to the command line.
        click.ClickException: without the library that HTTPS needs.
    """
    snapshot: Path | None = given["snapshot"]
    if given["online"] and snapshot is not None and _is_typed("online"):
        msg = "either --online or --snapshot"
        raise click.UsageError(msg)
    if snapshot is not None:
        from certcore.status.snapshot import SnapshotStatusBackend  # noqa: PLC0415  only where one is asked

        read = SnapshotStatusBackend.from_folder if snapshot.is_dir() else SnapshotStatusBackend.from_file
        try:
            return files.name_errors(snapshot, lambda: read(snapshot))
        except RejectedInputError as cause:
            if cause.code != "malformed":
                raise
            what = "it is not a snapshot of status documents"
            raise RejectedInputError("input-malformed", f"{snapshot}: {what}", advice="own-snapshot") from cause
    return Network.of(given).backend() if given["online"] else None


def _is_typed(name: str) -> bool:
    return click.get_current_context().get_parameter_source(name) is ParameterSource.COMMANDLINE


def group_keys(paths: Sequence[Path]) -> tuple[GroupKey, ...]:
    """The group keys in these files.

    Raises:
        RejectedInputError: ``file-unreadable``, ``key-malformed`` or ``key-unsupported``.
        UntrustedError: ``key-file-loose``.
    """
    allow_loose = modes.is_loose_key_allowed()
    return tuple(files.name_errors(path, partial(GroupKey.from_file, path, allow_loose=allow_loose)) for path in paths)


def authorities(paths: Sequence[Path]) -> tuple[bytes, ...]:
    """The root certificates of time-stamp authorities in these files.

    Raises:
        RejectedInputError: ``file-unreadable`` or ``file-too-large``.
        click.UsageError: for anything but a self-signed certificate.
    """
    found = []
    for path in paths:
        data = files.read_bytes(path, limit=files.MAX_KEY_FILE_BYTES)
        try:
            found.append(timestamps.read_authority(data))
        except ValueError as cause:
            msg = f"{path}: {cause}"
            raise click.UsageError(msg) from cause
    return tuple(found)


def proof(path: Path) -> bytes:
    """A proof of existence as a verifier takes it: evidence that is too large for one without its documents.

    Raises:
        RejectedInputError: ``file-unreadable`` or ``file-too-large``; as `Evidence.from_bytes`.
    """
    from certcore.evidence import Evidence  # noqa: PLC0415  few questions bring proofs
    from certcore.evidence._file import MAX_EVIDENCE_BYTES  # noqa: PLC0415  likewise

    data = files.read_bytes(path, limit=MAX_EVIDENCE_BYTES)
    return data if len(data) <= MAX_PROOF_BYTES else Evidence.from_bytes(data).to_bytes(detached=True)


def evidence_writer(given: Mapping[str, Any]) -> Callable[[Verdict | VehicleVerdict], Path | None]:
    """What keeps the evidence of a verdict; it gives the file.

    Raises:
        CertcoreError: for a folder that is not there, or a key that cannot be used.
        click.UsageError: for a seal and nothing to be sealed.
    """
    folder: Path | None = given["evidence_folder"]
    if folder is None:
        if given["seal_file"] is not None:
            msg = "--seal seals what --evidence keeps: give both"
            raise click.UsageError(msg)
        return lambda _: None
    if not folder.is_dir():
        raise IssuingError("file-unwritable", f"{folder}: there is no such folder")
    signer = None if given["seal_file"] is None else keygen.read_signer(given["seal_file"], given["password_file"])

    def keep(verdict: Verdict | VehicleVerdict) -> Path:
        evidence = verdict.evidence if signer is None else verdict.evidence.sealed(signer)
        path = folder / f"{verdict.id[:16]}-{evidence.digest.hex()[:16]}.vice"
        files.write(
            path, evidence.to_bytes(), force=True, mode=given["mode"]
        )  # named by its content: what is there is the same
        return path

    return keep


def _policy(given: Mapping[str, Any]) -> Policy:
    """The policy that is named, and whose proofs count under it."""
    found = PRESETS[given["policy_name"]]()
    pinned: dict[str, Any] = {}
    if given.get("authority_files"):
        pinned["time_stamp_authorities"] = authorities(given["authority_files"])
    if given.get("seal_key_files"):
        pinned["seal_keys"] = [keygen.read_public_key(path) for path in given["seal_key_files"]]
    return attrs.evolve(found, **pinned) if pinned else found
