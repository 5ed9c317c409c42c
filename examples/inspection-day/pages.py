"""The page that leads through the day: one HTML file, which loads nothing but the pictures beside it."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

from book import Answer, Book, Chapter
from certcore import reasons

HEAD: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>An inspection day</title>
<style>
:root { color-scheme: light dark; --line: #8884; --good: #1a7f37; --bad: #c62828; --open: #9a6700; }
body { font: 16px/1.5 system-ui, "Noto Sans CJK SC", "WenQuanYi Micro Hei", sans-serif; max-width: 60rem;
  margin: auto; padding: 1rem; overflow-wrap: anywhere; }
h2 { border-top: 1px solid var(--line); padding-top: 1rem; margin-top: 2rem; }
time { font-weight: normal; opacity: .7; }
ul.contents { columns: 14rem; }
article { display: grid; grid-template-columns: 8rem 1fr; gap: .25rem 1rem; padding: .75rem 0;
  border-top: 1px dotted var(--line); }
article > a { grid-row: span 9; } article img { width: 8rem; max-height: 8rem; object-fit: contain; }
article > :not(a) { grid-column: 2; margin: 0; }
.valid { color: var(--good); } .invalid, .error { color: var(--bad); } .undetermined, .degraded { color: var(--open); }
b.badge { font-size: .9rem; }
code { font-size: .85em; opacity: .8; }
details p { margin: .25rem 0; white-space: pre-line; }
a { color: inherit; }
@media (max-width: 36rem) { article { grid-template-columns: 1fr; } article > :not(a) { grid-column: 1; } }
</style>
"""
NOTE: Final = "test-environment"
"""Stands on every answer of this run, and decides none."""

WORDS: Final = {
    "valid": ("Valid", "有效"),
    "degraded": ("Valid, status not known", "有效，登记情况未知"),
    "invalid": ("Not valid", "无效"),
    "undetermined": ("Cannot be said", "无法判定"),
    "error": ("Could not be asked", "无法核验"),
}


def index(book: Book) -> str:
    """The page."""
    return HEAD + "\n".join(_parts(book)) + "\n</html>\n"


def _parts(book: Book) -> Iterator[str]:
    answers = book.answers
    right = sum(answer.is_expected for answer in answers)
    yield f"<h1>An inspection day</h1><p>{book.day:%-d %B %Y}, in Shanghai</p>"
    yield (
        "<p>One day with vehicle inspection certificates in QR codes: who issues them, who shows them, who asks. "
        f"{len(answers)} questions were asked; {right} answers are the expected ones. All keys are made for this run, "
        "and trusted for tests alone.</p>"
        '<p>Also here: <a href="audit.html">the audit of all evidence</a>, replayed offline '
        '(<a href="audit-zh.html">中文</a>); <a href="answers.txt">the answers as a table</a>; '
        '<a href="answers.json">as JSON</a>; <a href="register.txt">the register at the end of the day</a>.</p>'
    )
    chapters = [(f"chapter-{number}", chapter) for number, chapter in enumerate(book.chapters, start=1)]
    links = (f'<li><a href="#{anchor}">{_heading(chapter)}</a></li>' for anchor, chapter in chapters)
    yield f"<ul class=contents>{''.join(links)}</ul>"
    for anchor, chapter in chapters:
        yield from _chapter(anchor, chapter)


def _heading(chapter: Chapter) -> str:
    return f"<time>{escape(chapter.time)}</time> {escape(chapter.title)}"


def _chapter(anchor: str, chapter: Chapter) -> Iterator[str]:
    yield f'<h2 id="{anchor}">{_heading(chapter)}</h2><p>{escape(chapter.text)}</p>'
    if chapter.figures:
        links = (f'<li><a href="{escape(file)}">{escape(words)}</a></li>' for file, words in chapter.figures)
        yield f"<ul>{''.join(links)}</ul>"
    for answer in chapter.answers:
        yield _article(answer)


def _because(answer: Answer) -> Iterator[str]:
    """What decides, in words."""
    for lang in ("en", "zh"):
        words = reasons.explain(answer.expected[1], lang=lang)
        yield ("" if lang == "zh" else " ").join((words.line, words.next_step))


def _article(answer: Answer) -> str:
    kind = "degraded" if answer.degraded else answer.outcome
    english, chinese = WORDS[kind]
    picture = evidence = ""
    if answer.picture is not None:
        link = escape(answer.picture)
        picture = f'<a href="{link}"><img loading="lazy" src="{link}" alt="what was shown"></a>'
    if answer.evidence is not None:
        evidence = f'<p><a href="{escape(answer.evidence)}">evidence</a></p>'
    because = "" if answer.expected[1] == NOTE else "".join(f"<p>{escape(text)}</p>" for text in _because(answer))
    words = "".join(f"<p>{escape(text)}</p>" for text in (answer.en, answer.zh) if text)
    wrong = "" if answer.is_expected else "<p><b>This is not the expected answer.</b></p>"
    return (
        f'<article>{picture}<p>{escape(answer.question)}</p><p><b class="badge {kind}">{english} {chinese}</b> '
        f"<code>{escape(', '.join(answer.codes))}</code></p>{because}{wrong}"
        f"<details><summary>in words</summary>{words}{evidence}</details></article>"
    )
