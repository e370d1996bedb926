"""Translators: what the program says in English, in a reader's language.

The kernel, the reading and the judging speak English and know nothing of languages. Their sentences are translated where they are
shown, from gettext catalogues whose messages may have holes: ``the factor {becomes} is missing`` is the translation's pattern for every
sentence of that form. A language is a file: ``locale/<code>/LC_MESSAGES/backproof.po``, compiled by ``make translations``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from gettext import GNUTranslations
from importlib.resources import files
from importlib.resources.abc import Traversable

from verify.report import Report

DOMAIN = "backproof"
SOURCE = "en"
"""The language that the program is written in."""

_HOLE = re.compile(r"\{(\w+)\}")
_NESTED = frozenset({"reason", "expected"})
"""Holes that hold a sentence, which is translated too."""
_BETWEEN = re.compile(r"(?<!\\); ")
"""What stands between two clauses; a space of LaTeX, ``\\;``, does not."""
_LETTERS = re.compile(r"\w")


@dataclass(frozen=True)
class Pattern:
    """A message with holes: what matches it, and its translation."""

    message: re.Pattern[str]
    translation: str


@dataclass(frozen=True)
class Translator:
    """Translates sentences: ``translator("vi")("the sum {becomes} is missing")`` as a template, or with its holes filled."""

    lang: str
    known: Mapping[str, str]
    patterns: tuple[Pattern, ...]

    def __call__(self, text: str) -> str:
        """The text in this language; what the catalogue does not have stays as it is. Several clauses, joined by ``; ``, each."""
        if not self.known or not _LETTERS.search(text):
            return text
        found = self._whole(text)
        if found is not None:
            return found
        clauses = _BETWEEN.split(text)
        return "; ".join(c if (one := self._whole(c)) is None else one for c in clauses) if len(clauses) > 1 else text

    def _whole(self, text: str) -> str | None:
        if text in self.known:
            return self.known[text]
        for pattern in self.patterns:
            match = pattern.message.fullmatch(text)
            if match is not None:
                return self._filled(pattern.translation, match.groupdict())
        return None

    def _filled(self, translation: str, values: Mapping[str, str]) -> str:
        inner = {name: self(value) if name in _NESTED else value for name, value in values.items()}
        return _HOLE.sub(lambda hole: inner[hole[1]], translation)


def languages() -> tuple[str, ...]:
    """The codes of the languages that there are, English first."""
    return (SOURCE, *sorted(folder.name for folder in _locale().iterdir() if _catalogue(folder.name).is_file()))


@cache
def translator(lang: str) -> Translator:
    """The translator into a language; raises ValueError where there is no catalogue for it."""
    if lang not in languages():
        raise ValueError(f"no catalogue for the language {lang}")
    if lang == SOURCE:
        return Translator(SOURCE, {}, ())
    with _catalogue(lang).open("rb") as file:
        # The standard library gives no other access to all messages of a catalogue than this attribute.
        table: dict[object, str] = GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    known = {message: text for message, text in table.items() if isinstance(message, str) and message and text}
    # Of two patterns that fit, the one that leaves less open is meant.
    holed = sorted((m for m in known if _HOLE.search(m)), key=lambda m: -len(_HOLE.sub("", m)))
    return Translator(lang, known, tuple(Pattern(_pattern(m), known[m]) for m in holed))


def translated(report: Report, translate: Translator) -> Report:
    """The report with its sentences in the translator's language; formulas, names and numbers stay as they are."""
    if translate.lang == SOURCE:
        return report
    network = {
        name: {**value, "not_understood": translate(value["not_understood"])}
        if isinstance(value, dict) and "not_understood" in value
        else value
        for name, value in report.network.items()
    }
    relations = tuple(
        replace(
            r,
            message=translate(r.message),
            scope=translate(r.scope) if r.scope else r.scope,
            assumptions=tuple(translate(a) for a in r.assumptions),
        )
        for r in report.relations
    )
    return replace(
        report,
        relations=relations,
        network=network,
        conventions=tuple(replace(c, says=translate(c.says)) for c in report.conventions),
        readings=tuple(replace(r, why=translate(r.why)) for r in report.readings),
        diagnostics=tuple(replace(d, message=translate(d.message)) for d in report.diagnostics),
    )


def holes(message: str) -> list[str]:
    """The names of a message's holes, in order."""
    return _HOLE.findall(message)


def _pattern(message: str) -> re.Pattern[str]:
    parts = _HOLE.split(message)
    names: set[str] = set()
    out = []
    for n, part in enumerate(parts):
        if n % 2 == 0:
            out.append(re.escape(part))
        elif part in names:
            out.append(f"(?P={part})")
        else:
            names.add(part)
            out.append(f"(?P<{part}>(?:(?!{_BETWEEN.pattern}).)*?)")
    return re.compile("".join(out), re.DOTALL)


def _locale() -> Traversable:
    return files("verify").joinpath("locale")


def _catalogue(lang: str) -> Traversable:
    return _locale().joinpath(lang, "LC_MESSAGES", f"{DOMAIN}.mo")
