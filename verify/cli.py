"""The command ``backproof``. What a subcommand needs is imported when it runs, so that it starts quickly."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn

import click

if TYPE_CHECKING:
    from verify.exporting import Platform
    from verify.grading.assignment import Assignment
    from verify.grading.assignment_problems import Problems
    from verify.language import Translator
    from verify.proving.proof import Proof
    from verify.rendering.proof_parts import Part
    from verify.report import Report

NOTHING_REFUTED, REFUTED, FAILED, INTERRUPTED = 0, 1, 2, 130
FORMATS = ("md", "tex", "ipynb", "py")
PLATFORMS = ("gradescope", "canvas", "moodle", "prairielearn")
PATH = click.Path(path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=True)
@click.version_option(package_name="backproof", prog_name="backproof")
def main() -> None:
    """The referee for hand-derived gradients: every line decided, with the reason, the repair and a counterexample."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


@main.command()
@click.argument("files", nargs=-1, required=True, type=PATH, metavar="FILE...")
@click.option("--assignment", "assignment_file", type=PATH, help="The assignment that the answers are to.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a file, each on one line.")
@click.option("--evidence", is_flag=True, help="Add to the JSON what `backproof recheck` decides again.")
@click.option("--html", "page", type=PATH, help="Write a page for a browser to this file; for several files, to this folder.")
@click.option("--strict", is_flag=True, help="Exit with 1 for slips and unread relations too.")
@click.option("--fast", is_flag=True, help="Leave out the second opinions of the numerical oracles.")
@click.option("--lang", default="en", show_default=True, help="The language of the report: en, vi, or of another catalogue.")
@click.option("--explain-reading", is_flag=True, help="Show every relation, and how it was read.")
@click.option("--format", "format_name", type=click.Choice(FORMATS), help="The format of the files; otherwise by their names.")
@click.option("-v", "--verbose", is_flag=True, help="Show every relation; show the traceback of an internal error.")
def check(
    files: tuple[Path, ...],
    assignment_file: Path | None,
    as_json: bool,
    evidence: bool,
    page: Path | None,
    strict: bool,
    fast: bool,
    lang: str,
    explain_reading: bool,
    format_name: str | None,
    verbose: bool,
) -> NoReturn:
    """Decide every relation of derivations; - reads standard input.

    Exit status: 0 nothing is refuted, 1 something is, 2 a file could not be read.
    """
    from verify.language import translated

    if evidence and not as_json:
        raise click.UsageError("--evidence goes with --json")
    translate = _translator(lang)
    assignment = _assignment(assignment_file) if assignment_file is not None else None
    status = NOTHING_REFUTED
    pages = _pages(files, page) if page is not None else []
    for n, path in enumerate(files):
        answer = _checked(path, format_name, assignment, fast, verbose, evidence)
        if answer is None:
            status = FAILED
            continue
        report = translated(answer.report, translate)
        if as_json:
            from verify.rendering.json_report import json_line

            click.echo(json_line(report))
        else:
            if n:
                click.echo()
            _show(report, verbose, explain_reading, translate)
        bad = {"refuted", "slip", "unread"} if strict else {"refuted"}
        if status == NOTHING_REFUTED and bad & report.summary.keys():
            status = REFUTED
        if pages and not _page_written(pages[n], replace(answer, report=report), explain_reading, translate):
            status = FAILED
    sys.exit(status)


@main.command()
@click.argument("answers", nargs=-1, type=PATH, metavar="ANSWERS...")
@click.option("--assignment", "assignment_file", required=True, type=PATH, help="The assignment that the answers are to.")
@click.option("--out", type=PATH, help="The folder for marks.csv, the report, grades.sqlite and overrules.toml.")
@click.option("--jobs", type=click.IntRange(min=1), help="How many processes work; otherwise as many as there are processors.")
@click.option("--cluster", metavar="URL", help="Let a cluster work instead: dask://HOST:PORT.")
@click.option("--format", "platform", type=click.Choice(PLATFORMS), help="Write the marks for a learning platform too.")
@click.option("--roster", type=PATH, help="The table that Canvas or Moodle gave out, to be filled in.")
@click.option("--title", help="Of Canvas' column; otherwise the assignment's first heading.")
@click.option("--seconds", type=click.FloatRange(min=1), default=60, show_default=True, help="An answer that takes longer is set aside.")
@click.option("--fast", is_flag=True, help="Leave out the second opinions of the numerical oracles.")
@click.option("--lang", default="en", show_default=True, help="The language of the pages: en, vi, or of another catalogue.")
@click.option("--check-assignment", is_flag=True, help="Only check the assignment: what it asks, and how its network is understood.")
def grade(
    answers: tuple[Path, ...],
    assignment_file: Path,
    out: Path | None,
    jobs: int | None,
    cluster: str | None,
    platform: Platform | None,
    roster: Path | None,
    title: str | None,
    seconds: float,
    fast: bool,
    lang: str,
    check_assignment: bool,
) -> NoReturn:
    """Mark a class: files, folders, or the zip archives of Canvas, Moodle and Gradescope.

    What is done already is not done again: after an interruption the same command goes on.

    Exit status: 0 every answer was read, 2 one was not (it is unread in the marks, never wrong) or the class could not be marked, 130
    interrupted.
    """
    from verify.exporting import export, nothing
    from verify.files import Unreadable
    from verify.grading.answers import answers_in
    from verify.grading.assignment import AssignmentError
    from verify.grading.guarded import Limits
    from verify.grading.overrules import Overrules
    from verify.grading.workers import Spread, processors
    from verify.marking import MARKS, OVERRULES, REPORT, Sheet, overrules_in
    from verify.marking import grade as grade_class
    from verify.rendering.marks_table import marks_table
    from verify.rendering.progress import progress
    from verify.rendering.text import write

    if check_assignment:
        _check_assignment(assignment_file)
    if not answers or out is None:
        raise click.UsageError("answers and --out are needed, or --check-assignment")
    if out.exists() and not out.is_dir():
        _fail(out, "not a folder")
    translate = _translator(lang)
    assignment, found = _read_assignment(assignment_file)
    how = Spread(jobs or processors(), cluster, Limits(seconds=seconds, processor=int(seconds) + 1))
    try:
        handed_in = answers_in(answers, leave_out=(assignment_file, out))
        for remark in handed_in.remarks:
            click.echo(f"backproof: {_visible(remark)}", err=True)
        if not handed_in.answers:
            nothing(out, platform, "no document was found here: hand in Markdown, TeX, a notebook or NumPy code")
            _fail(answers[0], "no answer here")
        sheet = Sheet(assignment, Overrules(), found.report.network, fast, lang)
        with progress(sys.stderr) as done:
            kept = grade_class(handed_in.answers, sheet, out, how, done)
        strangers = overrules_in(out, assignment).strangers(one.marked.answer for one in kept)
        said = list(export(kept, sheet, out, platform, title, roster)) if platform is not None else []
    except (Unreadable, ConnectionError) as reason:
        click.echo(f"backproof: {_visible(str(reason))}", err=True)
        sys.exit(FAILED)
    except AssignmentError as error:
        for line, message in error.problems:
            _complain(out / OVERRULES, message, line)
        sys.exit(FAILED)
    except KeyboardInterrupt:
        click.echo("backproof: interrupted; the same command goes on from here", err=True)
        sys.exit(INTERRUPTED)
    for one in kept:
        if one.marked.lost is not None:
            click.echo(f"backproof: {_visible(one.marked.answer)}: {_visible(one.marked.lost)}", err=True)
    for name in strangers:
        _complain(out / OVERRULES, f"no answer is called {name}")
    write(marks_table([one.marked for one in kept], assignment, translate), sys.stdout)
    click.echo(f"\n{translate('marks')}: {_visible(str(out / MARKS))}\n{translate('report')}: {_visible(str(out / REPORT / 'index.html'))}")
    for remark in said:
        click.echo(_visible(remark))
    if any(one.marked.unread for one in kept):
        click.echo(f"{translate('to decide')}: {_visible(str(out / OVERRULES))}")
    sys.exit(FAILED if any(one.marked.lost is not None for one in kept) else NOTHING_REFUTED)


@main.command()
@click.argument("assignment_file", type=PATH, metavar="ASSIGNMENT")
@click.option("-o", "--output", type=PATH, required=True, help="The archive to write, for Gradescope's page \"Configure Autograder\".")
@click.option("--wheels", type=PATH, help="A folder with the wheels of all that backproof depends on, to set it up without a network.")
def gradescope(assignment_file: Path, output: Path, wheels: Path | None) -> None:
    """Make the autograder of an assignment for Gradescope."""
    from verify.files import Unreadable, write_bytes
    from verify.rendering.gradescope import PackageNotFoundError, autograder

    assignment = _assignment(assignment_file)
    if wheels is not None and not wheels.is_dir():
        _fail(wheels, "not a folder")
    try:
        write_bytes(output, autograder(assignment, sorted(wheels.glob("*.whl")) if wheels is not None else ()))
    except (Unreadable, OSError, PackageNotFoundError) as error:
        _fail(output, str(error))
    click.echo(f"autograder: {_visible(str(output))}")


@main.command()
@click.argument("reports", nargs=-1, required=True, type=PATH, metavar="REPORT.json...")
def recheck(reports: tuple[Path, ...]) -> NoReturn:
    """Decide again what reports of `check --json --evidence` say, from their certificates and witnesses alone.

    Exit status: 0 everything is confirmed, 1 something is rejected, 2 a file is no such report.
    """
    import json

    from verify.evidence import Malformed
    from verify.files import Unreadable, read_bytes
    from verify.rechecking import rechecked

    status = NOTHING_REFUTED
    for path in reports:
        confirmed = without = rejected = 0
        try:
            data = sys.stdin.buffer.read() if str(path) == "-" else read_bytes(path)
            lines = [line for line in data.decode("utf-8").split("\n") if line.strip()]
            if not lines:
                raise Malformed("there is no report in it")
            for line in lines:
                for outcome in rechecked(json.loads(line)):
                    confirmed, without = confirmed + (outcome.confirmed is True), without + (outcome.confirmed is None)
                    rejected += outcome.confirmed is False
                    if outcome.confirmed is False:
                        click.echo(_visible(f"{path}: {outcome.relation}, line {outcome.line}, {outcome.verdict}: {outcome.reason}"))
        except json.JSONDecodeError as reason:
            _complain(path, f"no JSON: {reason.msg}")
            status = FAILED
            continue
        except UnicodeDecodeError:
            _complain(path, "not UTF-8 text")
            status = FAILED
            continue
        except (Unreadable, Malformed, ValueError, RecursionError) as reason:
            _complain(path, str(reason))
            status = FAILED
            continue
        click.echo(_visible(f"{path}: {confirmed} confirmed, {rejected} rejected, {without} without evidence"))
        if rejected and status == NOTHING_REFUTED:
            status = REFUTED
    sys.exit(status)


@main.command()
@click.argument("subject", metavar="NAME|FILE")
@click.option("--correct", is_flag=True, help="Mend the wrong lines of a document instead, and what depends on them.")
@click.option("--wrt", "wanted", multiple=True, metavar="NAME", help="By what to differentiate, as w_{h1}; may be repeated.")
@click.option("--to", "target", type=click.Choice(("md", "tex", "html", "pdf", "py")), default="md", show_default=True, help="The format.")
@click.option("--style", type=click.Choice(("index", "matrix", "loose")), default="index", show_default=True, help="The notation.")
@click.option("--detail", type=click.Choice(("brief", "full")), default="full", show_default=True, help="How small the steps are.")
@click.option("--lang", default="en", show_default=True, help="The language of the sentences: en, vi, or of another catalogue.")
@click.option("-o", "--output", type=PATH, help="The file to write; otherwise standard output.")
def prove(
    subject: str,
    correct: bool,
    wanted: tuple[str, ...],
    target: str,
    style: str,
    detail: Literal["brief", "full"],
    lang: str,
    output: Path | None,
) -> None:
    """Print the proof of the gradients of an entry of the catalogue, or of the network that a document or an assignment declares.

    Each step is decided before it is printed. What a file says beside its definitions is no part of the proof. With --to py it is a NumPy
    function of the forward pass and the gradients; lines that do not come out as proved when the code is read again go to standard error.

    With --correct the document itself is printed, its wrong lines mended in its own notation and marked; what was changed goes to standard
    error. Exit status: 0, or with --correct 1 where a wrong line is left; 2 nothing can be printed.
    """
    if correct:
        _correct(Path(subject), lang, output)
    from verify.files import Unreadable, write_bytes
    from verify.proving.proof import NotProved
    from verify.proving.subject import prove_subject
    from verify.rendering.proof_parts import parts

    if target == "pdf" and output is None:
        raise click.UsageError("a PDF goes to a file: -o OUT.pdf")
    translate = _translator(lang)
    try:
        if target == "py":
            data = _proof_code(Path(subject), prove_subject(subject, wanted, "brief", own_steps=False))
        else:
            data = _proof_document(parts(prove_subject(subject, wanted, detail), style, translate), target, lang)
        if output is None:
            click.echo(data, nl=False)
        else:
            write_bytes(output, data)
    except NotProved as error:
        _fail(Path(subject), str(error))
    except Unreadable as error:
        _fail(output or Path(subject), str(error))


def _proof_code(path: Path, proof: Proof) -> bytes:
    """A proof as NumPy code, read again as an answer in code would be; says which gradients do not come out as proved."""
    from verify.checking_code import check_code
    from verify.rendering.proof_code import proof_python

    source = proof_python(proof)
    for relation in check_code(source).relations:
        if relation.verdict not in ("given", "proved", "tested"):
            _complain(path, f"{relation.lhs}: {relation.verdict}, {relation.message}", relation.place.line)
    return source.encode()


def _proof_document(found: Sequence[Part], target: str, lang: str) -> bytes:
    """A proof as a file of that format; raises Unreadable for a PDF that cannot be made."""
    from verify.files import Unreadable

    match target:
        case "html":
            from verify.rendering.proof_html import proof_html

            return proof_html(found, lang).encode()
        case "pdf":
            from verify.rendering.proof import proof_latex
            from verify.rendering.typst import proof_typst
            from verify.typesetting import NoTypesetter, pdf

            try:
                return pdf(proof_typst(found, lang), proof_latex(found, lang))
            except NoTypesetter as reason:
                raise Unreadable(str(reason)) from None
        case "tex":
            from verify.rendering.proof import proof_latex

            return proof_latex(found, lang).encode()
    from verify.rendering.proof import proof_markdown

    return proof_markdown(found).encode()


def _correct(path: Path, lang: str, output: Path | None) -> NoReturn:
    """Print or write the corrected document, say what was changed, and end."""
    from verify.files import Unreadable, format_of, read_bytes, write_text
    from verify.proving.correcting import corrected

    translate = _translator(lang)
    try:
        found = corrected(read_bytes(path), format_of(path), translate("corrected"))
        if output is None:
            click.echo(found.marked, nl=False)
        else:
            write_text(output, found.marked)
    except (Unreadable, ValueError) as reason:
        _fail(path, str(reason))
    for change in found.changes:
        kind = f" ({translate(change.mistake)})" if change.mistake else ""
        _complain(path, f"{translate('corrected')}{kind}: {change.becomes}", change.line)
    for left in found.left:
        _complain(path, f"{translate('not corrected')}: {translate(left.reason)}", left.line)
    sys.exit(REFUTED if found.left else NOTHING_REFUTED)


@main.command(name="list")
@click.argument("words", nargs=-1, metavar="[WORD]...")
@click.option("--json", "as_json", is_flag=True, help="One JSON array instead of a table, in English.")
@click.option("--lang", default="en", show_default=True, help="The language of the table: en, vi, or of another catalogue.")
def list_catalogue(words: tuple[str, ...], as_json: bool, lang: str) -> None:
    """List the catalogue, or those entries that have every WORD in their name, title or source.

    Exit status: 0, or 1 where no entry matches.
    """
    import json

    from derivations import catalogue
    from verify.rendering.catalogue_table import catalogue_data, catalogue_table, matching
    from verify.rendering.text import write

    translate = _translator(lang)
    entries = matching(catalogue().values(), words, translate)
    if as_json:
        click.echo(json.dumps(catalogue_data(entries), ensure_ascii=False, indent=2))
    elif entries:
        write([catalogue_table(entries, translate)], sys.stdout)
    else:
        click.echo(translate("no entry of the catalogue matches"), err=True)
    sys.exit(0 if entries else 1)


@main.command()
def schema() -> None:
    """Print the JSON Schema of what `check --json` prints."""
    import json

    from verify.rendering.json_report import schema as json_schema

    click.echo(json.dumps(json_schema(), indent=2))


@dataclass(frozen=True)
class _Answer:
    """A checked file: the report on it, and what it was made from."""

    report: Report
    data: bytes
    format: str


def _pages(files: Sequence[Path], out: Path) -> list[Path]:
    """Where the page of each file is written: to ``out`` itself, or for several files each to its own file in that folder."""
    if len(files) == 1 and not out.is_dir():
        return [out]
    found: list[Path] = []
    for path in files:
        stem = "standard-input" if str(path) == "-" else path.name
        names = (f"{stem}{'' if n == 1 else f'-{n}'}.html" for n in range(1, len(files) + 1))
        found.append(next(out / name for name in names if out / name not in found))
    return found


def _page_written(path: Path, answer: _Answer, explain: bool, translate: Translator) -> bool:
    """Write the page of an answer; False, and a line on standard error, if that cannot be done."""
    from verify.files import Unreadable, write_text
    from verify.reading.document import read
    from verify.rendering.html import html_report

    try:
        document = None if answer.format == "py" else read(answer.data, answer.format)
        write_text(path, html_report(answer.report, document, lang=translate.lang, translate=translate, explain=explain))
    except Unreadable as reason:
        _complain(path, str(reason))
        return False
    except Exception as error:
        _complain(path, f"internal error, please report it: {type(error).__name__}: {error}")
        return False
    return True


def _checked(
    path: Path,
    format_name: str | None,
    assignment: Assignment | None,
    fast: bool,
    verbose: bool,
    evidence: bool = False,
) -> _Answer | None:
    """The report on a file, or with an assignment what that lets its author see; None, and a line on standard error, if it was not read."""
    from verify.checking import check as check_text
    from verify.files import MAX_BYTES, Unreadable, format_of, read_bytes, text_bytes

    try:
        if str(path) == "-":
            data, name, chosen = sys.stdin.buffer.read(MAX_BYTES + 1), "", format_name or "md"
            if len(data) > MAX_BYTES:
                raise Unreadable(f"larger than {MAX_BYTES / 1024 / 1024:g} MB")
        else:
            data, name, chosen = read_bytes(path), str(path), format_name or format_of(path)
        report = check_text(text_bytes(data), file=name, format=chosen, assignment=assignment, fast=fast, evidence=evidence)
    except Unreadable as reason:
        _complain(path, str(reason))
        return None
    except Exception as error:
        # A bug of ours must neither take the other answers with it nor be taken for a verdict.
        if verbose:
            traceback.print_exc()
        _complain(path, f"internal error, please report it: {type(error).__name__}: {error}")
        return None
    if assignment is not None:
        from verify.grading.hints import limited
        from verify.grading.marks import with_points

        report = limited(with_points(report, assignment), assignment.marks.hints)
    return _Answer(report, data, chosen)


def _assignment(path: Path) -> Assignment:
    """The assignment in a file; what is wrong with it goes to standard error and ends the command."""
    assignment, _ = _read_assignment(path)
    return assignment


def _read_assignment(path: Path) -> tuple[Assignment, Problems]:
    from verify.files import Unreadable, read_bytes
    from verify.grading.assignment import AssignmentError, parse_assignment
    from verify.grading.assignment_problems import problems

    errors: Sequence[tuple[int | None, str]]
    try:
        assignment = parse_assignment(read_bytes(path).decode("utf-8"))
        found = problems(assignment)
        errors = sorted((*found.errors, *found.doubts)) if found.errors else ()
    except UnicodeDecodeError:
        errors = [(None, "not UTF-8 text, which an assignment has to be")]
    except Unreadable as reason:
        errors = [(None, str(reason))]
    except AssignmentError as error:
        errors = error.problems
    if errors:
        for line, message in errors:
            _complain(path, message, line)
        sys.exit(FAILED)
    return assignment, found


def _check_assignment(path: Path) -> NoReturn:
    """Say what an assignment asks for and how its network is understood; status 2 where a line of it is not."""
    from verify.rendering.assignment import assignment_parts
    from verify.rendering.text import write

    assignment, found = _read_assignment(path)
    write(assignment_parts(assignment, found.report), sys.stdout)
    for line, message in found.doubts:
        _complain(path, message, line)
    sys.exit(FAILED if found.doubts else NOTHING_REFUTED)


def _show(report: Report, verbose: bool, explain: bool, translate: Translator) -> None:
    from verify.rendering.text import report_parts, width_of, write

    write(report_parts(report, width_of(sys.stdout), verbose=verbose, explain=explain, translate=translate), sys.stdout)


def _translator(lang: str) -> Translator:
    from verify.language import languages, translator

    if lang not in languages():
        raise click.BadParameter(f"there is no catalogue for {lang}; there are {', '.join(languages())}", param_hint="--lang")
    return translator(lang)


def _complain(path: Path, reason: str, line: int | None = None) -> None:
    place = "standard input" if str(path) == "-" else _visible(str(path))
    click.echo(f"backproof: {place}{'' if line is None else f':{line}'}: {_visible(' '.join(reason.split()))}", err=True)


def _fail(path: Path, reason: str, line: int | None = None) -> NoReturn:
    _complain(path, reason, line)
    sys.exit(FAILED)


def _visible(text: str) -> str:
    from verify.rendering.cells import visible

    return visible(text)


if __name__ == "__main__":
    main()
