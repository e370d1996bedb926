"""One index letter for another, or one that does not belong there, whether or not the line makes sense as it is written."""

from collections.abc import Iterator

from verify.meaning.repairs import Around, Candidate, TextEdit
from verify.meaning.symbols import letter_of
from verify.mistakes._mistake import Mistake, indexed, letters_in, with_letters
from verify.reading.syntax import Juxtaposed, Node, Scripted
from verify.reading.traversal import replaced, walk


def another_letter(side: Node, around: Around) -> Iterator[Candidate]:
    """One letter at one place replaced by another letter of the line; then wherever its symbol stands with it; then left out."""
    letters = list(dict.fromkeys([*letters_in(side, around), *sorted(around.letters)]))
    places = [term for terms in indexed(side, around) for term in terms]
    for place in places:
        yield from (with_letters(side, [(place, new)], "index-slip", around) for new in letters if new != letter_of(place))
    alike: dict[str, list[tuple[Node, ...]]] = {}
    for terms in indexed(side, around):
        symbol = next(n for n in walk(side) if isinstance(n, Scripted) and any(m is terms[0] for m in walk(n)))
        alike.setdefault(around.source(symbol.span), []).append(terms)
    for every in alike.values():
        for column in zip(*every, strict=False) if len(every) > 1 else ():
            for new in letters:
                if new != letter_of(column[0]):
                    yield with_letters(side, [(place, new) for place in column], "index-slip", around)
    for place in places:
        yield from left_out(side, place, around)


def left_out(side: Node, place: Node, around: Around) -> Iterator[Candidate]:
    """The side without one of the letters of a subscript."""
    for script in walk(side):
        if isinstance(script, Juxtaposed) and len(script.items) > 1 and any(item is place for item in script.items):
            rest = tuple(item for item in script.items if item is not place)
            edit = TextEdit(place.span.start, place.span.end, "")
            new = rest[0] if len(rest) == 1 else Juxtaposed(script.span, rest)
            was = around.source(script.span)
            becomes = "".join(around.source(item.span) for item in rest)
            yield Candidate(replaced(side, script, new), (edit,), "index-slip", was, becomes)


def for_one_entry(left: Node, right: Node, around: Around) -> Iterator[tuple[Candidate, Candidate]]:
    """Both sides with a letter replaced by an entry that the definitions name, ``p_{y_i}`` for ``p_k``: true for this one alone."""
    for entry in (e for e in sorted(around.letters) if len(e) > 1):
        for letter in dict.fromkeys(letters_in(left, around)):
            sides = []
            for side in (left, right):
                places = [term for terms in indexed(side, around) for term in terms if letter_of(term) == letter]
                if places and len(letter) == 1:
                    sides.append(with_letters(side, [(place, entry) for place in places], "index-slip", around))
            if len(sides) == 2:
                yield sides[0], sides[1]


def slip(side: Node, around: Around) -> Iterator[Candidate]:
    """One letter of the side for another, at one place."""
    for terms in indexed(side, around):
        for place in terms:
            for new in letters_in(side, around):
                if new != letter_of(place):
                    yield with_letters(side, [(place, new)], "index-slip", around)


MISTAKE = Mistake(
    name="index-slip",
    kind="notation",
    order=33,
    undo=another_letter,
    apply=slip,
    says="{becomes} is meant where {was} stands",
    example=(r"\frac{\partial L}{\partial w_{ij}} = \delta_j x_i", r"\frac{\partial L}{\partial w_{ij}} = \delta_k x_i"),
)
