"""The holder: shows a certificate live on the telephone, as a picture that was kept or sent on, and on paper."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import httpx2

import photos
from certcore import Policy, Verifier, qr
from issuer import Mark
from world import PATIENCE, World


def fetch_live(origin: str, token: str, text: str) -> str:
    """The holder's app asks the issuer for a code that lasts five minutes; it knows who the holder is, by the token."""
    headers = {"Authorization": f"Bearer {token}"}
    answer = httpx2.post(f"{origin}/live", content=text, headers=headers, timeout=60, trust_env=False)
    return answer.raise_for_status().text


def play(world: World, mark: Mark) -> dict[str, Path]:
    """Ms Lin shows hers in every way; whoever looks has the trust list and no connection."""
    world.set_clock(9)
    book, folder = world.book, world.folder / "holder"
    folder.mkdir()
    book.begin(
        "09:00",
        "The holder",
        "Ms Lin shows her certificate: live on the telephone, as a picture that she kept and sent on, and on paper. "
        "Whoever looks has the trust list and no connection. A live code says that nothing was against it minutes ago; "
        "a picture cannot say so.",
    )
    live = fetch_live(world.origin, world.tokens["holder"], mark.text)
    shown = {name: folder / name for name in ("live.png", "kept.png", "sent-on.jpg", "paper.jpg")}
    shown["live.png"].write_bytes(qr.to_png(live, scale=6))
    shown["kept.png"].write_bytes(qr.to_png(mark.text, scale=6))
    photos.sent_on(mark.text, shown["sent-on.jpg"])
    photos.of_page(world.folder / "marks" / "lin-zh.pdf", shown["paper.jpg"])
    looker = Verifier(trust=world.trust, status=None, policy=Policy.counterparty(), clock=world.clock)
    for name, words, code in (
        ("live.png", "Online: a live code, fetched just now", "binding-not-checked"),
        ("kept.png", "Offline: the picture that she kept", "checked-offline"),
        ("sent-on.jpg", "Sent on by a messenger, small and compressed", "checked-offline"),
        ("paper.jpg", "On paper, photographed", "checked-offline"),
    ):
        verdict = looker.verify_image(shown[name], as_of=world.clock(), deadline=PATIENCE)
        assert verdict.degraded == (name != "live.png")
        book.answer(f"{words}: is it in force?", verdict, ("valid", code), picture=shown[name])
    world.clock.at += timedelta(minutes=20)
    verdict = looker.verify_image(shown["live.png"], as_of=world.clock(), deadline=PATIENCE)
    book.answer(
        "A screenshot of the live code, twenty minutes later: is it in force?",
        verdict,
        ("undetermined", "presentation-expired"),
        picture=shown["live.png"],
    )
    return shown
