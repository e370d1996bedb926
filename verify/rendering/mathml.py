"""Syntax trees as MathML, in the part of it that browsers share (MathML Core).

Elements are those of ``xml.etree``, so whatever a document contains is escaped when they are written out. Nothing is left out: what the
reading did not understand is shown as its source.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from xml.etree.ElementTree import Element, tostring

from verify.reading.lexicon import BREAKS, COLOURED, FONTS, FRACTIONS, IGNORED, RELATIONS, SPACED, TEXTS
from verify.reading.macros import expanded
from verify.reading.parser import parse
from verify.reading.syntax import (
    Added,
    Big,
    Call,
    CaseRow,
    Cases,
    Chain,
    Derivative,
    Differential,
    Ellipsis,
    Evaluated,
    Fraction,
    Group,
    Juxtaposed,
    Link,
    Matrix,
    Nabla,
    Name,
    Node,
    Noted,
    Number,
    Operator,
    Product,
    Reference,
    Scripted,
    Span,
    Statement,
    Tuple,
    Words,
)
from verify.reading.tokens import NO_MACROS, Macro, Token, braced, tokenize
from verify.reading.traversal import walk
from verify.rendering.cells import visible
from verify.rendering.symbols import ACCENTS, ARROW_SIGNS, FUNCTION_NAMES, LETTERS, RELATION_SIGNS, SIGNS, in_font

DEEPEST = 80
"""What is nested deeper is shown as its source: browsers cut deep trees."""

LONGEST_ARGUMENTS = 2000
"""How far the arguments of a macro are looked for."""

SOURCE = "source"
"""The class of elements that show the source of what could not be read."""

THIN, MEDIUM, QUAD = "0.167em", "0.5em", "1em"

_FENCES = {"(": "()", "[": "[]", "{": "{}", "|": "||", "||": "‖‖", "<": "⟨⟩", "floor": "⌊⌋", "ceil": "⌈⌉", "": ""}
_CLOSING = {")": ")", "]": "]", "rangle": "⟩", "rbrace": "}", "rVert": "‖", "rvert": "|", "rfloor": "⌋", "rceil": "⌉", "}": "}", ">": "⟩"}
_BIG_WORDS = {"argmax": "arg max", "argmin": "arg min"}
_BESIDE = frozenset({"int"})
_UNDER = {"underbrace": "⏟", "underline": "_"}
_OVER = {"overbrace": "⏞", **ACCENTS}
_TEXT_COMMAND = re.compile(r"\\(?:text[a-z]*|mbox|hbox)\s*\{([^{}]*)\}")
_TEXT_ESCAPE = re.compile(r"\\([%&#$_{}, ])")
_SUBSCRIPTED_PARTIAL = re.compile(r"\s*(?:\\partial\s*|∂)(?:\^(?:\{[^{}]*\}|.))?\s*_")
_BEGIN = re.compile(r"\\begin\{([^{}]*)\}(?:\{[^{}]*\})?\s*&?\s*")
_END = re.compile(r"\s*(?:\\\\)?\s*\\end\{([^{}]*)\}$")
_TALL = frozenset({"mfrac", "mtable", "munder", "munderover", "msqrt", "mroot"})
_MACRO_NAME = re.compile(r"\\([A-Za-z]+)\Z")
_BRACES = re.compile(r"\s*\{|\}|\\.|\S", re.DOTALL)
_STACKED = re.compile(r"\\(?:overset|underset|stackrel)\s*\{([^{}]+)\}")
_QUOTE_MARKS = re.compile(r"(?<=\n)[ \t]*>[> \t]*")


@dataclass(frozen=True, slots=True)
class Source:
    """The text that a tree's spans count in, the parts of it to mark as faulty, and the document's macros."""

    text: str
    faults: tuple[Span, ...] = ()
    macros: Mapping[str, Macro] = field(default_factory=lambda: NO_MACROS)

    def of(self, span: Span) -> str:
        """The stretch of the text, on one line."""
        return " ".join(self.text[span.start : span.end].split())

    def marks(self, span: Span) -> bool:
        """Whether the stretch is not empty and lies within a part that is marked."""
        return span.end > span.start and any(fault.start <= span.start and span.end <= fault.end for fault in self.faults)


@dataclass(frozen=True, slots=True)
class Loose:
    """A stretch between the sides and signs of a formula: words, arrows, labels, spacing."""

    span: Span


@dataclass(frozen=True, slots=True)
class Side:
    """A side of a chain, a lone expression or a condition. ``opens`` says that a statement begins with it."""

    node: Node
    opens: bool = False
    first_sign: int | None = None
    """Where the first sign of the statement that begins here stands."""


@dataclass(frozen=True, slots=True)
class Sign:
    """A relation sign: the first of a chain, one that goes on with a chain, or one within a condition."""

    link: Link
    role: Literal["first", "next", "condition"]


Atom = Side | Sign


# Documents' formulas in pieces


def atoms(statement: Statement) -> list[tuple[int, Atom]]:
    """The sides, signs and conditions of a statement, each with the offset where it is to stand, in order.

    Offsets grow along a chain even where a macro has put a sign and its sides at one place.
    """
    content = statement.content
    found: list[tuple[int, Atom]] = []
    if isinstance(content, Chain):
        found += _chain_atoms(content)
    elif not isinstance(content, Words) or content.span.end > content.span.start:
        found.append((content.span.start, Side(content, True)))
    for condition in statement.conditions:
        found += _chain_atoms(condition, condition=True) if isinstance(condition, Chain) else [(condition.span.start, Side(condition))]
    return sorted(found, key=lambda item: item[0])


def _chain_atoms(chain: Chain, *, condition: bool = False) -> Iterator[tuple[int, Atom]]:
    at = 0
    if chain.first is not None:
        at = chain.first.span.start
        yield at, Side(chain.first, not condition, chain.links[0].span.start if chain.links and not condition else None)
        at = max(at, chain.first.span.end)
    for k, link in enumerate(chain.links):
        at = max(at, link.span.start)
        yield at, Sign(link, "condition" if condition else "first" if k == 0 and chain.first is not None else "next")
        if link.right is not None:
            at = max(at, link.right.span.start)
            yield at, Side(link.right)
            at = max(at, link.right.span.end)


def pieces(inside: Span, here: Iterable[tuple[int, Atom]], source: Source) -> Iterator[Atom | Loose]:
    """The atoms of a formula with what stands between them."""
    at = inside.start
    for _, atom in here:
        span = atom.link.span if isinstance(atom, Sign) else _extent(atom.node)
        if span.start > at:
            yield Loose(Span(at, span.start))
        yield atom
        at = max(at, _past_call(span.end, inside.end, source) if source.macros else span.end)
    if at < inside.end:
        yield Loose(Span(at, inside.end))


def _extent(node: Node) -> Span:
    """Where a tree stands. What a macro puts in has the macro's place, its arguments have their own, which may be further on."""
    return Span(node.span.start, max(part.span.end for part in walk(node)))


def _past_call(at: int, limit: int, source: Source) -> int:
    """The offset behind the arguments of the macro whose name ends at ``at``; ``at`` itself if none does."""
    name = _MACRO_NAME.search(source.text, max(0, at - 80), at)
    macro = source.macros.get(name.group(1)) if name is not None else None
    limit = min(limit, at + LONGEST_ARGUMENTS)
    for _ in range(macro.arguments if macro is not None else 0):
        depth = 0
        for brace in _BRACES.finditer(source.text, at, limit):
            depth += {"{": 1, "}": -1}.get(brace.group().lstrip(), 0)
            if depth <= 0:
                break
        else:
            return at
        if depth < 0 or brace.group() != "}":
            return at
        at = brace.end()
    return at


# Whole formulas


def math(children: Sequence[Element], alttext: str, *, display: bool = False) -> Element:
    """A ``math`` element with its source as the alternative text. ``display`` sets it like a formula on a line of its own."""
    attributes = {"alttext": shown(_whole(" ".join(alttext.split())))}
    if display:
        attributes["displaystyle"] = "true"
    found = Element("math", attributes)
    found.extend(children)
    return found


def _whole(latex: str) -> str:
    """A stretch of LaTeX without the ends of environments and rows that it cuts into."""
    while (m := _BEGIN.match(latex)) and f"\\end{{{m.group(1)}}}" not in latex:
        latex = latex[m.end() :]
    while (m := _END.search(latex)) and f"\\begin{{{m.group(1)}}}" not in latex:
        latex = latex[: m.start()]
    return latex.strip("& ")


def mathml(node: Node, text: str, *, display: bool = False, faults: tuple[Span, ...] = ()) -> Element:
    """A syntax tree as a ``math`` element; its spans are offsets into ``text``. What lies within a fault has the class ``fault``."""
    return math([element(node, Source(text, faults))], text[node.span.start : node.span.end], display=display)


def latex_as_mathml(latex: str, macros: Mapping[str, Macro] = NO_MACROS, *, display: bool = False) -> list[Element]:
    """A formula given as LaTeX, without delimiters, as ``math`` elements: one for each side, so that a line may break before a sign."""
    statements, _ = parse(latex, macros=macros)
    source = Source(latex, macros=macros)
    here = sorted((found for s in statements for found in atoms(s)), key=lambda item: item[0])
    found: list[Element] = []
    children: list[Element] = []
    start = 0
    for piece in pieces(Span(0, len(latex)), here, source):
        if isinstance(piece, Sign) and piece.role != "condition" and children:
            found.append(math(children, latex[start : piece.link.span.start], display=display))
            children, start = [], piece.link.span.start
        children += piece_elements(piece, source)
    return [*found, math(children, latex[start:], display=display)]


def piece_elements(piece: Atom | Loose, source: Source) -> list[Element]:
    """A piece of a formula as elements."""
    match piece:
        case Side():
            return [element(piece.node, source)]
        case Sign():
            return [sign_element(piece.link, source)]
        case Loose(span):
            return loose_elements(loose_tokens(span, source), source)


def written(found: Element) -> str:
    """An element as markup."""
    return tostring(found, encoding="unicode", short_empty_elements=True)


def sign_element(link: Link, source: Source) -> Element:
    """A relation sign."""
    found = _mo(RELATION_SIGNS.get(link.relation, link.relation))
    return _faulty(found) if source.marks(link.span) else found


# Trees


def element(node: Node, source: Source, depth: int = 0) -> Element:
    """A syntax tree as an element without ``math`` around it."""
    if depth > DEEPEST:
        return _as_source(node, source)
    if source.faults and source.marks(node.span):
        return _faulty(_element(node, Source(source.text, macros=source.macros), depth + 1))
    return _element(node, source, depth + 1)


def _element(node: Node, source: Source, depth: int) -> Element:
    match node:
        case Name():
            return _name(node, source)
        case Number():
            return _leaf("mn", node.text)
        case Scripted():
            return _scripted(node, source, depth)
        case Juxtaposed():
            return _juxtaposed(node.items, source, depth)
        case Product():
            return _product(node, source, depth)
        case Fraction():
            return _parent("mfrac", element(node.numerator, source, depth), element(node.denominator, source, depth))
        case Derivative():
            return _derivative(node, source, depth)
        case Added():
            return _added(node, source, depth)
        case Group():
            return _group(node, source, depth)
        case Big():
            return _big(node, source, depth)
        case Call():
            return _call(node, source, depth)
        case Tuple():
            return _row(_separated((element(item, source, depth) for item in node.items), ","))
        case Nabla():
            return _nabla(node, source, depth)
        case Differential():
            return _row([_partial("partial", node.order), *_maybe(node.body, source, depth)])
        case Cases():
            return _cases(node, source, depth)
        case Matrix():
            rows = ([element(cell, source, depth) for cell in row] for row in node.rows)
            return _row(_fenced(_table(rows), _FENCES.get(node.delimiter, "")))
        case Noted():
            return _noted(node, source, depth)
        case Evaluated():
            bar = _mo("|", stretchy="true", symmetric="true")
            at = node.at
            return _row([element(node.body, source, depth), bar if at is None else _parent("msub", bar, element(at, source, depth))])
        case Words():
            return _row(words(node.text, source.macros, depth))
        case Ellipsis():
            return _mo(SIGNS.get(node.kind, "…"))
        case Reference():
            return _leaf("mtext", node.label if node.label.startswith("(") else f"({node.label})")
        case Operator():
            return _operator(node, source, depth)
        case Chain():
            return _chain(node, source, depth)
        case CaseRow():
            return _row([element(node.value, source, depth), *_maybe(node.condition, source, depth)])
        case Link():
            return _row([sign_element(node, source), *_maybe(node.right, source, depth)])
    return _as_source(node, source)


def _as_source(node: Node, source: Source) -> Element:
    text = source.of(node.span)
    if text[:1] == "\\" and text[1:] in SIGNS:
        return _mo(SIGNS[text[1:]])
    return _leaf("mtext", text or "?", SOURCE)


def _name(node: Name, source: Source) -> Element:
    written_as = source.text[node.span.start : node.span.end]
    text = written_as if len(written_as) == 1 and written_as.isalpha() else node.text
    found: Element
    if not node.text or text in _SIZES:
        found = _row([])
    elif text in LETTERS and not node.font:
        found = _leaf("mi", LETTERS[text])
        if LETTERS[text].isupper():
            found.set("mathvariant", "normal")
    elif text in LETTERS and node.font != "text":
        found = _leaf("mi", in_font(LETTERS[text], node.font))
    elif text in SIGNS and node.font != "text":
        found = _leaf("mi", in_font(SIGNS[text], node.font))
        found.set("mathvariant", "normal")
    elif text in FUNCTION_NAMES:
        found = _leaf("mi", text)
    elif text.startswith("\\") or (not node.font and len(text) > 1 and written_as.startswith("\\")):
        found = _leaf("mtext", text if text.startswith("\\") else f"\\{text}", SOURCE)
    else:
        found = _leaf("mi", in_font(text, node.font))
        if len(text) == 1 and node.font in ("rm", "text"):
            found.set("mathvariant", "normal")
    for accent in node.accents:
        found = _accented(found, accent)
    return found


def _accented(body: Element, kind: str) -> Element:
    if kind in _UNDER:
        return _parent("munder", body, _mo(_UNDER[kind], stretchy="true"))
    over = _parent("mover", body, _mo(_OVER.get(kind, kind), stretchy="true" if kind in ("bar", "overbrace") or len(body) else "false"))
    over.set("accent", "true")
    return over


def _scripted(node: Scripted, source: Source, depth: int) -> Element:
    base = element(node.base, source, depth)
    above: list[Element] = []
    if node.primes:
        above.append(_mo("′" * node.primes, {"class": "prime"}))
    above += _maybe(node.sup, source, depth)
    return _with_scripts(base, _tight(_maybe(node.sub, source, depth)), _tight(above))


def _tight(parts: list[Element]) -> list[Element]:
    """Scripts with no space around their signs, as TeX sets them."""
    for part in parts:
        for sign in part.iter("mo"):
            if "separator" not in sign.attrib:
                sign.set("lspace", "0")
                sign.set("rspace", "0")
    return parts


def _with_scripts(base: Element, below: list[Element], above: list[Element]) -> Element:
    if below and above:
        return _parent("msubsup", base, _row(below), _row(above))
    if below:
        return _parent("msub", base, _row(below))
    return _parent("msup", base, _row(above)) if above else base


def _juxtaposed(items: Sequence[Node], source: Source, depth: int) -> Element:
    children: list[Element] = []
    for k, item in enumerate(items):
        before = items[k - 1] if k else None
        if before is not None and _apart(before, item):
            children.append(_space(THIN))
        children.append(element(item, source, depth))
    return _row(children)


def _apart(before: Node, after: Node) -> bool:
    """Whether two factors need a space between them."""
    words_meet = _is_word(after) or (_is_word(before) and not isinstance(after, Group))
    return words_meet or (isinstance(before, Number) and isinstance(after, Number))


def _is_word(node: Node) -> bool:
    """Whether a factor begins with a function's name or a word, which stands apart from its neighbours."""
    match node:
        case Call(_, Name(_, "sqrt"), _, _):
            return False
        case Call():
            return True
        case Scripted():
            return _is_word(node.base)
        case Name():
            named = len(node.text) > 1 and bool(node.font) and node.text not in LETTERS and node.text not in SIGNS
            return named or node.text in FUNCTION_NAMES
    return False


def _product(node: Product, source: Source, depth: int) -> Element:
    # A product of many factors leans to the left as deep as it is long.
    turned: list[Element] = []
    left: Node = node
    while isinstance(left, Product):
        turned.append(element(left.right, source, depth))
        mark = _mo(SIGNS.get(left.operator, left.operator))
        if left.operator == ".":
            mark.set("lspace", THIN)
            mark.set("rspace", THIN)
        turned.append(mark)
        left = left.left
    turned.append(element(left, source, depth))
    return _row(turned[::-1])


def _added(node: Added, source: Source, depth: int) -> Element:
    children: list[Element] = []
    for k, (sign, term) in enumerate(zip(node.signs, node.terms, strict=True)):
        if k or sign != "+" or source.text[node.span.start : node.span.start + 1] == "+":
            children.append(_mo(SIGNS.get(sign, sign)))
        children.append(element(term, source, depth))
    return _row(children)


def _group(node: Group, source: Source, depth: int) -> Element:
    body = element(node.body, source, depth)
    fenced = _fenced(body, _delimiters(node.delimiter))
    if not any(part.tag in _TALL for part in body.iter()):
        for sign in fenced[::2]:
            sign.set("stretchy", "false")
    return _row(fenced)


def _delimiters(delimiter: str) -> str:
    """The opening and the closing sign of a delimiter of the tree, of a mixed one such as ``[)`` too."""
    if delimiter in _FENCES:
        return _FENCES[delimiter]
    for opening in sorted(_FENCES, key=len, reverse=True):
        if opening and delimiter.startswith(opening):
            closing = delimiter[len(opening) :]
            return _FENCES[opening][0] + _CLOSING.get(closing, closing[:1])
    return "()"


def _fenced(body: Element, signs: str) -> list[Element]:
    if len(signs) != 2:
        return [body]
    return [_mo(signs[0], {"fence": "true", "form": "prefix"}), body, _mo(signs[1], {"fence": "true", "form": "postfix"})]


def _big(node: Big, source: Source, depth: int) -> Element:
    sign = SIGNS.get(node.operator)
    mark = _mo(sign or _BIG_WORDS.get(node.operator, node.operator), {"movablelimits": "true"})
    if sign is not None and sign.isascii():
        mark = _mo(node.operator)
    if sign is None:
        mark.set("lspace", "0")
        mark.set("rspace", THIN)
    below, above = _tight(_maybe(node.lower, source, depth)), _tight(_maybe(node.upper, source, depth))
    if node.operator in _BESIDE:
        head = _with_scripts(mark, below, above)
    elif below and above:
        head = _parent("munderover", mark, _row(below), _row(above))
    elif below:
        head = _parent("munder", mark, _row(below))
    else:
        head = _parent("mover", mark, _row(above)) if above else mark
    return head if node.body is None else _row([head, element(node.body, source, depth)])


def _call(node: Call, source: Source, depth: int) -> Element:
    argument = element(node.argument, source, depth)
    if isinstance(node.function, Name) and node.function.text == "sqrt":
        return _parent("msqrt", argument) if node.index is None else _parent("mroot", argument, element(node.index, source, depth))
    parts = [element(node.function, source, depth), _mo("\N{FUNCTION APPLICATION}")]
    if not isinstance(node.argument, Group):
        parts.append(_space(THIN))
    return _row([*parts, argument])


def _partial(symbol: str, order: int) -> Element:
    mark = _leaf("mi", "∂" if symbol == "partial" else "d")
    return mark if order == 1 else _parent("msup", mark, _leaf("mn", str(order)))


def _derivative(node: Derivative, source: Source, depth: int) -> Element:
    numerator = node.numerator
    if node.symbol == "partial" and not node.one_sided and _SUBSCRIPTED_PARTIAL.match(source.text, node.span.start, node.span.end):
        wrt = _separated((element(d, source, depth) for d in node.denominators), ",")
        mark = _leaf("mi", "∂")
        sup = [_leaf("mn", str(node.order))] if node.order > 1 else []
        return _row([_with_scripts(mark, wrt, sup), *_maybe(numerator, source, depth)])
    bottom: list[Element] = []
    at = 0
    while at < len(node.denominators):
        one = node.denominators[at]
        run = next((n for n in range(at, len(node.denominators)) if node.denominators[n] is not one), len(node.denominators)) - at
        below = element(one, source, depth)
        bottom += [_partial(node.symbol, 1), below if run == 1 else _parent("msup", below, _leaf("mn", str(run)))]
        at += run
    applied = numerator is not None and node.denominators and numerator.span.start >= node.denominators[-1].span.end
    if node.one_sided:
        top = _maybe(numerator, source, depth)
    else:
        top = [_partial(node.symbol, node.order), *([] if applied else _maybe(numerator, source, depth))]
    fraction = _parent("mfrac", _row(top), _row(bottom))
    return _row([fraction, *_maybe(numerator, source, depth)]) if applied else fraction


def _nabla(node: Nabla, source: Source, depth: int) -> Element:
    sup = [_leaf("mn", str(node.order))] if node.order > 1 else []
    return _row([_with_scripts(_normal("∇"), _maybe(node.wrt, source, depth), sup), *_maybe(node.body, source, depth)])


def _cases(node: Cases, source: Source, depth: int) -> Element:
    rows = []
    for row in node.rows:
        condition: list[Element] = []
        end = row.span.end if row.condition is None or isinstance(row.condition, Words) else row.condition.span.start
        said = " ".join(_TEXT_COMMAND.findall(source.text, row.value.span.end, max(end, row.value.span.end)))
        if said.strip() and not isinstance(row.condition, Words):
            condition += [*words(said.strip(), source.macros, depth), _space(MEDIUM)]
        condition += _maybe(row.condition, source, depth)
        if not condition and source.text.find("&", row.value.span.end, row.span.end) >= 0:
            condition.append(_leaf("mtext", "otherwise"))
        rows.append([element(row.value, source, depth), _row(condition)] if condition else [element(row.value, source, depth)])
    table = _table(rows)
    table.set("class", "cases")
    return _row([_mo("{", {"fence": "true", "form": "prefix", "stretchy": "true", "symmetric": "true"}), table])


def _table(rows: Iterable[Iterable[Element]]) -> Element:
    return _parent("mtable", *(_parent("mtr", *(_parent("mtd", cell) for cell in row)) for row in rows))


def _noted(node: Noted, source: Source, depth: int) -> Element:
    body = element(node.body, source, depth)
    note = _maybe(node.note, source, depth)
    if node.kind == "cancel":
        return _parent("mrow", body, kind="cancelled")
    if node.note is None and (unread := _STACKED.match(source.text, node.span.start, node.span.end)):
        note = [_leaf("mtext", unread.group(1), SOURCE)]
    if node.kind == "underset":
        return _parent("munder", body, _row(note))
    if node.kind == "overset":
        return _parent("mover", body, _row(note))
    braced_body = _accented(_row([body]), node.kind)
    if not note:
        return braced_body
    return _parent("munder" if node.kind == "underbrace" else "mover", braced_body, _row(_tight(note)))


def _operator(node: Operator, source: Source, depth: int) -> Element:
    sign = _mo(SIGNS.get(node.text, node.text))
    operands = [element(o, source, depth) for o in node.operands]
    if len(operands) == 1:
        return _row([operands[0], sign])
    return _row([p for k, part in enumerate(operands) for p in ([sign, part] if k else [part])]) if operands else sign


def _chain(node: Chain, source: Source, depth: int) -> Element:
    parts = _maybe(node.first, source, depth)
    for link in node.links:
        parts += [sign_element(link, source), *_maybe(link.right, source, depth)]
    return _row(parts)


# Words, and what stands between the sides of a formula


def words(text: str, macros: Mapping[str, Macro] = NO_MACROS, depth: int = 0) -> list[Element]:
    """Prose inside a formula; a formula between dollar signs in it is shown as one."""
    found: list[Element] = []
    for k, part in enumerate(re.split(r"(?<!\\)\$", text)):
        if k % 2 and part.strip() and depth < DEEPEST:
            statements, _ = parse(part, macros=macros)
            inner = Source(part, macros=macros)
            here = sorted((a for s in statements for a in atoms(s)), key=lambda item: item[0])
            for piece in pieces(Span(0, len(part)), here, inner):
                match piece:
                    case Side():
                        found.append(element(piece.node, inner, depth + 1))
                    case Sign():
                        found.append(sign_element(piece.link, inner))
        elif part:
            found.append(_words(part))
    return found


def _words(text: str) -> Element:
    plain = _TEXT_ESCAPE.sub(lambda m: " " if m.group(1) in ", " else m.group(1), text).replace("~", " ")
    plain = " ".join(plain.split("\n"))
    inner = plain.strip()
    # White space at the ends of a text element is dropped, no-break spaces are not.
    before, after = ("\N{NO-BREAK SPACE}" if edge.isspace() else "" for edge in (plain[:1], plain[-1:]))
    return _leaf("mtext", f"{before}{inner}{after}" if inner else "\N{NO-BREAK SPACE}")


def loose_tokens(span: Span, source: Source) -> list[Token]:
    """The tokens of a stretch between the sides of a formula, macros expanded; the marks of a quotation are left out.

    So is a macro whose arguments do not end in the stretch: what it stands for is in the sides.
    """
    tokens = tokenize(source.text, span.start, span.end)
    quoted = [m.span() for m in _QUOTE_MARKS.finditer(source.text, span.start, span.end)]
    if quoted:
        tokens = [t for t in tokens if not (t.kind == ">" and any(a <= t.start < b for a, b in quoted))]
    for n, token in enumerate(tokens):
        macro = source.macros.get(token.text) if token.kind == "command" else None
        if macro is not None and _cut_off(tokens, n + 1, macro.arguments):
            tokens = tokens[:n]
            break
    return expanded(tokens, source.macros)[0]


def _cut_off(tokens: list[Token], at: int, arguments: int) -> bool:
    """Whether the arguments that begin at ``at`` go on behind the tokens."""
    for _ in range(arguments):
        if at >= len(tokens) or tokens[at].kind not in ("{", "["):
            return at >= len(tokens)
        end = braced(tokens, at)
        if tokens[at].kind == "{" and tokens[end - 1].kind != "}":
            return True
        at = end
    return False


def loose_elements(tokens: list[Token], source: Source) -> list[Element]:
    """Tokens between the sides of a formula one by one: words, arrows, labels, spacing, punctuation."""
    found: list[Element] = []
    at = 0
    while at < len(tokens):
        if tokens[at].kind in "^_" or (tokens[at].kind == "command" and tokens[at].text in _STRUCTURED):
            return [_leaf("mtext", source.of(Span(tokens[0].start, tokens[-1].end)), SOURCE)]
        made, at = _loose(tokens, at, source) if tokens[at].kind == "command" else _loose_character(tokens, at)
        found += made
    return found


def _loose_character(tokens: list[Token], at: int) -> tuple[list[Element], int]:
    token = tokens[at]
    match token.kind:
        case "row" | "&" | "{" | "}" | "$":
            return [], at + 1
        case "~":
            return [_space(THIN)], at + 1
        case "letter":
            end = at + 1
            while end < len(tokens) and tokens[end].kind == "letter" and tokens[end].start == tokens[end - 1].end:
                end += 1
            word = "".join(t.text for t in tokens[at:end])
            return ([_leaf("mi", word)] if len(word) == 1 else [_leaf("mtext", f" {word} ".replace(" ", "\N{NO-BREAK SPACE}"))]), end
        case "number":
            return [_leaf("mn", token.text)], at + 1
        case "," | ";":
            return [_mo(token.text, {"rspace": QUAD if at + 1 < len(tokens) else THIN})], at + 1
    return [_mo(SIGNS.get(token.text, token.text), {"stretchy": "false"})], at + 1


def _loose(tokens: list[Token], at: int, source: Source) -> tuple[list[Element], int]:
    name = tokens[at].text
    after = braced(tokens, at + 1)
    if name in TEXTS:
        inner = [t for t in tokens[at + 1 : after] if t.kind not in "{}"]
        if not inner:
            return [], after
        braced_here = source.text[tokens[at + 1].start : tokens[at + 1].end] == "{"  # and not in a macro
        low = tokens[at + 1].end if braced_here else inner[0].start
        high = tokens[after - 1].start if braced_here else inner[-1].end
        return words(source.text[low:high] if high > low else " ".join(t.text for t in inner), source.macros), after
    if name in BREAKS:
        skip = after if name in ("hspace", "hskip") else at + 1
        return [_space("2em" if name == "qquad" else QUAD)], skip
    if name == "tag":
        label = "".join(t.text for t in tokens[at + 1 : after] if t.kind not in "{}")
        return [_space(QUAD), _leaf("mtext", label if label.startswith("(") else f"({label})")], after
    if name in ("eqref", "ref"):
        return [_leaf("mtext", f"({''.join(t.text for t in tokens[at + 1 : after] if t.kind not in '{}')})")], after
    if name in ("begin", "end"):
        return [], braced(tokens, after) if name == "begin" and after < len(tokens) and tokens[after].kind == "{" else after
    if name in SPACED or name in COLOURED or name == "color":
        return [], after
    if name in ("newcommand", "renewcommand", "providecommand", "def", "DeclareMathOperator"):
        while after < len(tokens) and tokens[after].kind in ("[", "]", "#", "number"):
            after += 1
        return [], braced(tokens, after)
    if name in _SILENT:
        invisible = name in ("left", "right") and at + 1 < len(tokens) and tokens[at + 1].kind == "."
        return [], at + (2 if invisible else 1)
    if name in ARROW_SIGNS:
        return [_mo(ARROW_SIGNS[name], {"lspace": THIN, "rspace": MEDIUM})], at + 1
    if name in RELATIONS:
        return [_mo(RELATION_SIGNS.get(RELATIONS[name], name))], at + 1
    if name in SIGNS:
        return [_mo(SIGNS[name], {"stretchy": "false"})], at + 1
    if name in LETTERS:
        return [_leaf("mi", LETTERS[name])], at + 1
    return [_leaf("mtext", f"\\{name}", SOURCE)], at + 1


_STRUCTURED = FRACTIONS | {"sqrt"}
_SIZES = frozenset({"tiny", "scriptsize", "footnotesize", "LARGE", "huge", "Huge"})
_SILENT = frozenset(
    IGNORED
    | _SIZES
    | FONTS.keys()
    | {" ", "boxed", "mathop", "mathrel", "mathbin", "mathord", "mathinner", "ensuremath", "smash", "rm", "bf", "it", "cal"}
)


# Elements


def shown(text: str) -> str:
    """The text with every letter that acts on a page made visible: controls, lone surrogates, marks of direction. Line breaks stay."""
    if text.isprintable() or text == "\N{FUNCTION APPLICATION}":
        return text
    return "\n".join(visible(line) for line in text.replace("\r\n", "\n").split("\n"))


def _leaf(tag: str, text: str, kind: str | None = None) -> Element:
    found = Element(tag, {} if kind is None else {"class": kind})
    found.text = shown(text)
    return found


def _normal(text: str) -> Element:
    found = _leaf("mi", text)
    found.set("mathvariant", "normal")
    return found


def _mo(text: str, attributes: Mapping[str, str] | None = None, **more: str) -> Element:
    found = _leaf("mo", text)
    for key, value in {**(attributes or {}), **more}.items():
        found.set(key, value)
    return found


def _space(width: str) -> Element:
    return Element("mspace", {"width": width})


def _parent(tag: str, *children: Element, kind: str | None = None) -> Element:
    found = Element(tag, {} if kind is None else {"class": kind})
    found.extend(children)
    return found


def _row(children: Sequence[Element]) -> Element:
    """Several elements as one."""
    return children[0] if len(children) == 1 else _parent("mrow", *children)


def _separated(items: Iterable[Element], mark: str) -> list[Element]:
    found: list[Element] = []
    for item in items:
        found += [_mo(mark, {"separator": "true"}), item] if found else [item]
    return found


def _maybe(node: Node | None, source: Source, depth: int) -> list[Element]:
    return [] if node is None else [element(node, source, depth)]


def _faulty(found: Element) -> Element:
    return _parent("mrow", found, kind="fault")


def array(value: object) -> Element:
    """Nested lists of numbers as a ``math`` element: a row, a matrix, or deeper down in brackets; anything else as a number."""
    return math([_array(value)], "")


def _array(value: object) -> Element:
    if not isinstance(value, (list, tuple)):
        text = str(value).replace("-", "−")
        return _leaf("mn", text)
    rows = value if any(isinstance(row, (list, tuple)) for row in value) else [value]
    cells = [row if isinstance(row, (list, tuple)) else [row] for row in rows]
    return _row(_fenced(_table([_array(cell) for cell in row] for row in cells), "[]"))
