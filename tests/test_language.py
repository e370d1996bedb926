"""Translations: complete, with the same holes, compiled; translators are plain functions."""

from __future__ import annotations

import json
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po
from click.testing import CliRunner
from messages import messages, open_holes

import verify
from derivations import catalogue
from verify import language
from verify.checking import check
from verify.cli import main
from verify.language import holes, languages, translated, translator
from verify.mistakes import all_mistakes
from verify.rendering.html import MARKS, STATUS_MARKS, html_report
from verify.rendering.text import as_plain_text, report_parts

LOCALE = Path(verify.__file__).parent / "locale"
FOREIGN = [lang for lang in languages() if lang != language.SOURCE]

WRONG = r"""
$$ z = \sum_j w_j x_j + b $$
$$ L = \frac{1}{2} (z - y)^2 $$
$$ \frac{\partial L}{\partial z} = y - z $$
$$ \frac{\partial L}{\partial q} = 1 $$
"""


def po_of(lang: str):
    """The catalogue of a language as it is written."""
    with (LOCALE / lang / "LC_MESSAGES" / "backproof.po").open("rb") as file:
        return read_po(file, locale=lang)


@pytest.mark.parametrize("lang", FOREIGN)
def test_no_message_is_missing(lang: str) -> None:
    """Every sentence and label of the source, every verdict and every mistake's name has a translation."""
    translations = {open_holes(str(m.id)) for m in po_of(lang) if m.id and m.string}
    names = {m.name for m in all_mistakes()} | MARKS.keys() | STATUS_MARKS.keys()
    missing = {text: place for text, place in messages().items() if text not in translations} | dict.fromkeys(names - translations, "")
    assert not missing


@pytest.mark.parametrize("lang", FOREIGN)
def test_the_catalogue_has_titles(lang: str) -> None:
    """Every entry's title, which stands above its proof, has a translation."""
    say = translator(lang)
    assert [entry.title for entry in catalogue().values() if say(entry.title) == entry.title] == []


@pytest.mark.parametrize("lang", FOREIGN)
def test_translations_have_the_holes_of_their_messages(lang: str) -> None:
    """A translation may move what a message puts in, but neither lose it nor ask for more."""
    wrong = [m.id for m in po_of(lang) if set(holes(str(m.id))) != set(holes(str(m.string)))]
    assert not wrong


@pytest.mark.parametrize("lang", FOREIGN)
def test_catalogues_are_compiled(lang: str) -> None:
    """What is shipped is what is written: after a change of a .po file, ``make translations``."""
    with (LOCALE / lang / "LC_MESSAGES" / "backproof.mo").open("rb") as file:
        compiled = {str(m.id): str(m.string) for m in read_mo(file) if m.id}
    assert compiled == {str(m.id): str(m.string) for m in po_of(lang) if m.id and m.string}


def test_sentences_with_their_holes_filled_are_translated() -> None:
    """A sentence is known by its form, whatever stands in it; several clauses, and reasons inside reasons, are translated each."""
    vi = translator("vi")
    assert vi(r"the factor \frac{1}{o_i} is missing") == r"thiếu thừa số \frac{1}{o_i}"
    assert vi("a sign is wrong: there should be + for -; the sum \\sum_k is missing") == (
        "sai dấu: phải là + thay cho -; thiếu tổng \\sum_k"
    )
    assert vi("a definition that was not understood: no loss is declared (for l = 2)") == (
        "một định nghĩa không hiểu được: chưa khai báo hàm mất mát (với l = 2)"
    )
    assert vi("line {line}").format(line=3) == "dòng 3"


def test_what_no_catalogue_has_stays_as_it_is() -> None:
    """Formulas and unknown sentences are left alone; English leaves everything alone."""
    assert translator("vi")(r"\frac{\partial L}{\partial z}") == r"\frac{\partial L}{\partial z}"
    assert translator("vi")("no such sentence") == "no such sentence"
    assert translator("en")("the sum \\sum_k is missing") == "the sum \\sum_k is missing"
    with pytest.raises(ValueError, match="tlh"):
        translator("tlh")


def test_translators_of_different_languages_work_side_by_side() -> None:
    """No language is in force anywhere: threads with different ones do not meet."""
    report = check(WRONG, fast=True)

    def shown(lang: str) -> str:
        translate = translator(lang)
        return as_plain_text(report_parts(translated(report, translate), 100, translate=translate))

    alone = {lang: shown(lang) for lang in languages()}
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(shown, [*languages()] * 4))
    assert together == [alone[lang] for lang in languages()] * 4
    assert len(set(alone.values())) == len(alone)


def test_a_report_in_vietnamese_has_no_english_sentence() -> None:
    """The terminal report of a wrong answer: labels, verdicts, mistakes and reasons in Vietnamese."""
    translate = translator("vi")
    report = translated(check(WRONG, fast=True), translate)
    text = as_plain_text(report_parts(report, 100, translate=translate))
    assert "sai dấu" in text and "vế trái là" in text and "chưa đọc được" in text
    assert not re.search(r"\b(the|is|are|lines|relations|why)\b", text)
    page = html_report(report, None, lang="vi", translate=translate)
    assert '<html lang="vi">' in page and "Các dòng cần xem lại" in page and "phải là" in page


def test_the_command_speaks_the_language_asked_for(tmp_path: Path) -> None:
    """``--lang vi`` for the terminal and for JSON; an unknown language is a usage error that names those there are."""
    answer = tmp_path / "answer.md"
    answer.write_text(WRONG, encoding="utf-8")
    run = CliRunner().invoke
    assert "phản ví dụ" in run(main, ["check", "--fast", "--lang", "vi", str(answer)]).output
    report = json.loads(run(main, ["check", "--fast", "--json", "--lang", "vi", str(answer)]).output)
    assert [r["message"].split(":")[0] for r in report["relations"]] == ["một định nghĩa"] * 2 + ["sai dấu", "q chưa được khai báo"]
    failed = run(main, ["check", "--lang", "xx", str(answer)])
    assert failed.exit_code == 2 and "en, vi" in failed.output


def test_the_catalogue_in_another_language() -> None:
    """``list --lang vi`` shows titles and headings in Vietnamese and finds words of either language; what is not there is said."""
    run = CliRunner().invoke
    found = run(main, ["list", "tiêu", "softmax", "--lang", "vi"])
    assert found.exit_code == 0 and "nội dung" in found.output and "mục tiêu" in " ".join(found.output.split())
    assert run(main, ["list", "error signal", "softmax", "--lang", "vi"]).exit_code == 0
    missing = run(main, ["list", "nothing like that", "--lang", "vi"])
    assert missing.exit_code == 1 and "không mục nào" in missing.output
    assert run(main, ["list", "--lang", "xx"]).exit_code == 2


def test_a_third_language_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a compiled catalogue is all that a language needs."""
    shutil.copytree(LOCALE, tmp_path / "locale")
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    source = f'{head}msgid "the sum {{becomes}} is missing"\nmsgstr "il manque la somme {{becomes}}"\n'.encode()
    folder = tmp_path / "locale" / "fr" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "backproof.mo").open("wb") as file:
        write_mo(file, read_po(BytesIO(source)))
    monkeypatch.setattr(language, "_locale", lambda: tmp_path / "locale")
    assert languages() == ("en", "fr", "vi")
    assert translator.__wrapped__("fr")("the sum \\sum_k is missing") == "il manque la somme \\sum_k"
