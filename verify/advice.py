"""The choices that the kernel leaves open when it looks for a proof: an unlucky one costs the proof, and none can make a wrong one.

The kernel compares sums of products up to the names of their labels by numbering the labels. In which order is chosen here, by colour
refinement: labels that stand in different places get different colours, until nothing more can be told apart. Where labels stay tied,
each of them is given a colour of its own in turn, or tr(X⁴) and tr(X²)² would be one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Set
from typing import Any

from verify.kernel.normal_form import FIXED, Advice, Factors, Label, Monomial, Poly

Colours = dict[Label, int]


def orders(poly: Poly, bound: Set[Label], unordered: Set[str]) -> Iterator[list[Label]]:
    """Orders of the labels of a sum, the same ones whatever the labels are called: to each order of a renamed sum there is one here that
    names it alike, but for bound labels that can be exchanged. ``unordered`` keys say nothing by the order of their labels."""
    labels = bound | {p for mono in poly for (_, places), _ in mono for p in places if p[0] != FIXED}
    terms = [(abs(c), [(key, places, e, key in unordered or key == "δ") for (key, places), e in mono]) for mono, c in poly.items()]

    def refined(colours: Colours) -> Colours:
        classes = len({*colours.values()})
        while classes < len(colours):
            seen: dict[Label, list[Any]] = {p: [] for p in colours}
            for size, atoms in terms:
                codes = []
                for key, places, e, free in atoms:
                    at = [colours[p] if p in colours else -1 - p[1] for p in places]
                    codes.append((key, e, sorted(at) if free else at))
                code = (size, sorted(codes)) if len(terms) > 1 else size
                for (_, places, _, free), own in zip(atoms, codes, strict=True):
                    for n, p in enumerate(places):
                        if p in seen:
                            seen[p].append((code, own, 0 if free else n))
            colours = _ranked({p: (c, sorted(seen[p])) for p, c in colours.items()})
            if len({*colours.values()}) == classes:
                break
            classes = len({*colours.values()})
        return colours

    def leaves(colours: Colours) -> Iterator[list[Label]]:
        colours = refined(colours)
        held = [*colours.values()]
        tied = sorted(p for p, c in colours.items() if c == min((c for c in held if held.count(c) > 1), default=None))
        if not tied:
            yield sorted(colours, key=colours.__getitem__)
        tried: list[Label] = []
        for p in tied:
            if p not in bound or not any(_exchanged(poly, p, q, unordered) for q in tried):
                tried.append(p)
                yield from leaves({q: 2 * c + (q != p) for q, c in colours.items()})

    return leaves(_ranked({p: (p in bound, p[2]) for p in labels}))


def _ranked(marks: Mapping[Label, Any]) -> Colours:
    order = sorted(marks.values())
    return {p: bisect_left(order, mark) for p, mark in marks.items()}


def _exchanged(poly: Poly, one: Label, other: Label, unordered: Set[str]) -> bool:
    """Whether a sum stays the same when two of its labels are exchanged."""

    def moved(table: Mapping[Label, Label]) -> set[object]:
        named = []
        for mono, c in poly.items():
            places = [(key, tuple(table.get(p, p) for p in ps), e) for (key, ps), e in mono]
            named.append((c, frozenset((key, tuple(sorted(ps)) if key in unordered else ps, e) for key, ps, e in places)))
        return {*named}

    return moved({one: other, other: one}) == moved({})


def lead(poly: Poly, table: Mapping[Label, Label], factors: Factors, hot: Set[str]) -> Monomial | None:
    """The term of a denominator P to take apart in a product, so that the power of one entry p of P is from 0 to below its degree in P.

    It is the only term of P of highest degree in p, or the only one without p, beside p made of what is never 0."""
    entries = {b for mono in poly for b, _ in mono if b[0][0] not in "Σδs" and b[0] not in hot}
    for pivot, entry in sorted(((key, tuple(table.get(p, p) for p in places)), (key, places)) for key, places in entries)[::-1]:
        degrees = {mono: dict(mono).get(entry, 0) for mono in poly}
        degree, have = max(degrees.values()), factors.get(pivot, 0)
        ends = [[mono for mono, d in degrees.items() if d == end] for end in (degree, 0)]
        sure = [len(e) == 1 and all(b == entry or b[0][0] in "e#pπ" for b, _ in e[0]) for e in ends]
        if any(sure) and min(degrees.values()) == 0:
            high, low = sure[0] and have >= degree, sure[1] and have < 0
            return ends[0 if have >= degree else 1][0] if high or low else None
    return None


ADVICE = Advice(orders, lead)
