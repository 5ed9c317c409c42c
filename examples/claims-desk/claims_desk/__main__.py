"""Start the desk: ``python -m claims_desk --help``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import uvicorn

from certcore import LocalSigner, Policy, PublicKey, TrustList, TrustRoot, Verifier
from certcore.status import SnapshotStatusBackend
from certcore.trust import Environment
from claims_desk import log
from claims_desk.app import create_app
from claims_desk.judge import Judge
from claims_desk.limits import PatientProtocol
from claims_desk.report import Reporter
from claims_desk.store import Store


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until stopped."""
    given = _parser().parse_args(arguments)
    environment = Environment(given.environment)
    root = TrustRoot(keys=[PublicKey.from_pem(given.root.read_bytes())], environments=[environment])
    verifier = Verifier(
        trust=TrustList.open(given.trust.read_bytes(), root=root),
        status=None if given.snapshot is None else SnapshotStatusBackend.from_folder(given.snapshot),
        policy=Policy.claims(),
    )
    seal = None if given.seal is None else LocalSigner.from_pem(given.seal.read_bytes())
    reporter = Reporter(root=("--root", str(given.root.resolve()), "--environment", environment.value))
    log.begin(given.log_level, given.log_format)
    with closing(Store.open(given.folder.resolve())) as store:
        app = create_app(Judge(verifier=verifier, seal=seal), store, reporter, hosts=tuple(given.allow_host))
        uvicorn.run(
            app,
            host=given.host,
            port=given.port,
            http=PatientProtocol,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="claims_desk", description="Answer questions about certificates over HTTP.")
    parser.add_argument("--trust", type=Path, required=True, help="the trust list")
    parser.add_argument("--root", type=Path, required=True, help="the public key that signs it, PEM")
    parser.add_argument("--environment", choices=[one.value for one in Environment], default="production")
    parser.add_argument("--snapshot", type=Path, help="a folder with the registers' published lists")
    parser.add_argument("--seal", type=Path, help="the private key that seals the evidence, PEM")
    parser.add_argument("--folder", type=Path, default=Path("desk-records"), help="where records are kept")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--allow-host", nargs="+", default=["localhost", "127.0.0.1"], help="names it is called by")
    parser.add_argument("--log-level", choices=log.LEVELS, default="info", help="'warning' is quiet")
    parser.add_argument("--log-format", choices=log.FORMATS, default="text", help="a line, or a JSON document")
    return parser


if __name__ == "__main__":
    main()
