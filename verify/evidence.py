"""Claims with their certificates and witnesses as JSON data, and what a stored one is worth: it is decided again, or rejected.

Data are lists, strings, whole numbers and null; rationals are text (``"-3/2"``). Only what this module writes is read: another shape, a
node too many or a rational in another spelling is Malformed. Nothing of a decision is believed: the kernel makes it again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from hashlib import sha256
from typing import Any

from verify.advice import ADVICE
from verify.kernel.decision import Decision, IllTyped, Kernel, Proved, Refuted, Tested, Undecided, Witness
from verify.kernel.expr import (
    Add,
    Apply,
    Delta,
    Derivative,
    Expr,
    Index,
    Mul,
    Num,
    Pi,
    Position,
    Pow,
    Prod,
    Size,
    Step,
    Sum,
    Tensor,
)
from verify.kernel.normal_form import Proof
from verify.kernel.program import Assumption, Claim, Condition, Definition, Equal, OneHot, OutOfReach, Positive, Program, SumsToOne, Unequal

Data = Any
LEVELS = 200


class Malformed(ValueError):
    """Raised where data are not what this module writes; says what."""


class Rejected(ValueError):
    """Raised where evidence does not show what it is said to show; says why."""


# --- expressions ------------------------------------------------------------------------------------------------------------


def expr_to_data(expr: Expr) -> Data:
    """The expression as nested lists, each with the kind of its node first."""
    match expr:
        case Num(value):
            return ["num", str(value)]
        case Pi():
            return ["pi"]
        case Size(axis):
            return ["size", axis]
        case Tensor(name, positions):
            return ["tensor", name, [_place(p) for p in positions]]
        case Delta(left, right):
            return ["delta", _place(left), _place(right)]
        case Add(terms):
            return ["add", *map(expr_to_data, terms)]
        case Mul(factors):
            return ["mul", *map(expr_to_data, factors)]
        case Pow(base, exponent):
            return ["pow", expr_to_data(base), str(exponent)]
        case Sum(index, body):
            return ["sum", _place(index), expr_to_data(body)]
        case Prod(index, body):
            return ["prod", _place(index), expr_to_data(body)]
        case Step(argument):
            return ["step", expr_to_data(argument)]
        case Apply(function, argument, order):
            return ["apply", function, expr_to_data(argument), order]
        case Derivative(body, wrt):
            return ["derivative", expr_to_data(body), expr_to_data(wrt)]
    raise TypeError(type(expr).__name__)


def expr_from_data(data: Data, level: int = 0) -> Expr:
    """The expression that nested lists stand for, node for node. Raises Malformed."""
    if level > LEVELS:
        raise Malformed("an expression is nested too deeply")

    def inner(part: Data) -> Expr:
        return expr_from_data(part, level + 1)

    match data:
        case ["num", str() as value]:
            return Num(_rational(value))
        case ["pi"]:
            return Pi()
        case ["size", str() as axis]:
            return Size(axis)
        case ["tensor", str() as name, [*positions]]:
            return Tensor(name, tuple(map(_position, positions)))
        case ["delta", left, right]:
            return Delta(_position(left), _position(right))
        case ["add", _, _, *_]:
            return Add(tuple(map(inner, data[1:])))
        case ["mul", _, _, *_]:
            return Mul(tuple(map(inner, data[1:])))
        case ["pow", base, str() as exponent]:
            return Pow(inner(base), _rational(exponent))
        case ["sum", index, body]:
            return Sum(_index(index), inner(body))
        case ["prod", index, body]:
            return Prod(_index(index), inner(body))
        case ["step", argument]:
            return Step(inner(argument))
        case ["apply", str() as function, argument, order]:
            return Apply(function, inner(argument), _whole(order))
        case ["derivative", body, wrt]:
            by = inner(wrt)
            if isinstance(by, Tensor):
                return Derivative(inner(body), by)
    raise Malformed("an expression has a node that is not known")


def _place(position: Position) -> Data:
    return [position.name, position.axis] if isinstance(position, Index) else position


def _position(data: Data) -> Position:
    return _index(data) if isinstance(data, list) else _whole(data)


def _index(data: Data) -> Index:
    match data:
        case [str() as name, str() as axis]:
            return Index(name, axis)
    raise Malformed("an index is a name and an axis")


def _whole(data: Data) -> int:
    if type(data) is not int or data < 0:
        raise Malformed("a whole number is missing")
    return data


def _text(data: Data) -> str:
    if not isinstance(data, str):
        raise Malformed("text is missing")
    return data


def _rational(data: Data) -> Fraction:
    try:
        value = Fraction(_text(data))
    except (ValueError, ZeroDivisionError):
        raise Malformed("a number is not a rational") from None
    if str(value) != data:
        raise Malformed("a rational is not in lowest terms")
    return value


def _list(data: Data) -> list[Data]:
    if not isinstance(data, list):
        raise Malformed("a list is missing")
    return data


def _record(data: Data, *keys: str) -> list[Data]:
    """The values of a record that has exactly these keys."""
    if not isinstance(data, dict) or data.keys() != {*keys}:
        raise Malformed(f"a record has the keys {', '.join(keys)} and no others")
    return [data[key] for key in keys]


# --- claims -----------------------------------------------------------------------------------------------------------------


def claim_to_data(claim: Claim) -> Data:
    """The claim with its whole program."""
    program = claim.program
    return {
        "definitions": [
            [d.name, [_place(i) for i in d.indices], None if d.body is None else expr_to_data(d.body)] for d in program.definitions
        ],
        "assumptions": [_assumption_to_data(a) for a in sorted(program.assumptions, key=repr)],
        "sizes": [list(pair) for pair in program.sizes],
        "left": expr_to_data(claim.left),
        "right": expr_to_data(claim.right),
        "conditions": [["=" if isinstance(c, Equal) else "≠", _place(c.left), _place(c.right)] for c in claim.conditions],
    }


def claim_from_data(data: Data) -> Claim:
    """The claim that data stand for. Raises Malformed."""
    definitions, assumptions, sizes, left, right, conditions = _record(
        data, "definitions", "assumptions", "sizes", "left", "right", "conditions"
    )
    program = Program(
        tuple(map(_definition, _list(definitions))),
        frozenset(map(_assumption, _list(assumptions))),
        tuple(map(_size, _list(sizes))),
    )
    return Claim(program, expr_from_data(left), expr_from_data(right), tuple(map(_condition, _list(conditions))))


def _definition(data: Data) -> Definition:
    match data:
        case [str() as name, [*indices], body]:
            return Definition(name, tuple(map(_index, indices)), None if body is None else expr_from_data(body))
    raise Malformed("a definition is a name, indices and a body")


def _assumption_to_data(assumption: Assumption) -> Data:
    match assumption:
        case SumsToOne(name, position):
            return ["sums to 1", name, position]
        case OneHot(name, position):
            return ["one-hot", name, position]
        case Positive(name):
            return ["positive", name]


def _assumption(data: Data) -> Assumption:
    match data:
        case ["sums to 1", str() as name, position]:
            return SumsToOne(name, _whole(position))
        case ["one-hot", str() as name, position]:
            return OneHot(name, _whole(position))
        case ["positive", str() as name]:
            return Positive(name)
    raise Malformed("an assumption is not known")


def _condition(data: Data) -> Condition:
    match data:
        case ["=" | "≠" as kind, left, right]:
            return (Equal if kind == "=" else Unequal)(_position(left), _position(right))
    raise Malformed("a condition is not known")


def _size(data: Data) -> tuple[str, int]:
    match data:
        case [str() as axis, size]:
            return axis, _whole(size)
    raise Malformed("a size is an axis and a number")


# --- evidence ---------------------------------------------------------------------------------------------------------------


def evidence(claim: Claim, decision: Decision, witness: Witness | None = None) -> dict[str, Data] | None:
    """The claim and what its decision rests on, as data that ``replayed`` takes; None for what is undecided.

    Of the assumptions those are kept that the decision took; all of them for a refutation. ``witness`` is one that was shrunk.
    """
    program = claim.program
    match decision:
        case Proved(certificate=proof):
            program = Program(program.definitions, frozenset(decision.assumptions), program.sizes)
            shown: Data = {
                "kind": "proved",
                "level": proof.level,
                "normal_form": proof.normal_form,
                "assumptions": [_assumption_to_data(a) for a in proof.assumptions],
                "sizes_used": proof.sizes_used,
                "scope": decision.scope,
            }
        case Refuted():
            found = witness or decision.witness
            shown = {
                "kind": "refuted",
                "sizes": [list(pair) for pair in found.sizes],
                "values": [[name, _values_to_data(value)] for name, value in found.values],
                "entry": [[_place(index), position] for index, position in found.entry],
                "left": found.left,
                "right": found.right,
            }
        case Tested():
            program = Program(program.definitions, frozenset(decision.assumptions), program.sizes)
            shown = {"kind": "tested", "sizes": [list(pair) for pair in decision.sizes]}
        case Undecided():
            return None
    return {"claim": claim_to_data(Claim(program, claim.left, claim.right, claim.conditions)), "shown": shown}


def sealed(relation: dict[str, Data], evidence: dict[str, Data] | None) -> dict[str, Data] | None:
    """The evidence with a digest of itself and of its relation, as the JSON report has them, so that neither is altered alone."""
    return None if evidence is None else {**evidence, "digest": digest(relation, evidence)}


def digest(relation: dict[str, Data], evidence: dict[str, Data]) -> str:
    """The SHA-256 of a relation and its evidence. It binds them and proves nothing: whoever alters both can make it again."""
    fields = {key: value for key, value in relation.items() if key != "evidence"}
    return sha256(json.dumps([fields, evidence], sort_keys=True).encode()).hexdigest()


def _values_to_data(value: Any) -> Data:
    return list(map(_values_to_data, value)) if isinstance(value, tuple) else str(value)


def _values(data: Data) -> Any:
    return [_values(part) for part in data] if isinstance(data, list) else _rational(data)


def _nested(values: Any) -> Any:
    return tuple(map(_nested, values)) if isinstance(values, list) else values


def replayed(data: Data) -> tuple[Claim, Proved | Refuted | Tested]:
    """The claim of stored evidence and the decision on it, made again by a new kernel.

    Raises Malformed where the data are not evidence, Rejected where the kernel does not decide so, or comes to another certificate or to
    other values.
    """
    try:
        stated, shown = _record(data, "claim", "shown")
        claim = claim_from_data(stated)
        kind = shown.get("kind") if isinstance(shown, dict) else None
        again = REPLAYS.get(kind) if isinstance(kind, str) else None
        if again is None:
            raise Malformed("the evidence is of no kind that is known")
        return claim, again(Kernel(claim.program, ADVICE), claim, shown)
    except IllTyped as reason:
        raise Rejected(f"the claim has no meaning: {reason}") from None
    except (OutOfReach, RecursionError, MemoryError) as reason:
        raise Rejected(f"the claim is out of reach: {reason}") from None


def _proved(kernel: Kernel, claim: Claim, shown: Data) -> Proved:
    _, level, form, assumptions, sizes_used, scope = _record(
        shown, "kind", "level", "normal_form", "assumptions", "sizes_used", "scope"
    )
    stored = Proof(_whole(level), _text(form), tuple(map(_assumption, _list(assumptions))), sizes_used)
    found = kernel.prove(claim.left, claim.right, claim.conditions)
    if found is None:
        raise Rejected("the claim is not proved")
    if found.certificate != stored or type(sizes_used) is not bool or found.scope != scope:
        raise Rejected("the certificate is not the claim's")
    if frozenset(stored.assumptions) != claim.program.assumptions:
        raise Rejected("the assumptions are not those that the proof takes")
    return found


def _refuted(kernel: Kernel, claim: Claim, shown: Data) -> Refuted:
    _, sizes, values, entry, left, right = _record(shown, "kind", "sizes", "values", "entry", "left", "right")
    point = tuple(map(_size, _list(sizes)))
    leaves = tuple((_text(name), _values(value)) for name, value in map(_pair, _list(values)))
    at = tuple((_index(index), _whole(position)) for index, position in map(_pair, _list(entry)))
    try:
        found = kernel.refute(claim.left, claim.right, claim.conditions, dict(point), dict(leaves), dict(at))
    except ValueError:  # rows of different lengths
        found = None
    if found is None:
        raise Rejected("the witness does not refute the claim")
    if found.witness != Witness(point, tuple((name, _nested(value)) for name, value in leaves), at, left, right):
        raise Rejected("the witness is not the claim's")
    return found


def _tested(kernel: Kernel, claim: Claim, shown: Data) -> Tested:
    _, sizes = _record(shown, "kind", "sizes")
    point = tuple(map(_size, _list(sizes)))
    found = kernel.test(claim.left, claim.right, claim.conditions, dict(point))
    if not isinstance(found, Tested):
        raise Rejected(f"the claim is not confirmed: {found.reason}")
    if found.sizes != point or frozenset(found.assumptions) != claim.program.assumptions:
        raise Rejected("the sizes or the assumptions are not those of the test")
    return found


def _pair(data: Data) -> tuple[Data, Data]:
    if not isinstance(data, list) or len(data) != 2:
        raise Malformed("a pair is missing")
    return data[0], data[1]


REPLAYS: dict[str, Callable[[Kernel, Claim, Data], Proved | Refuted | Tested]] = {
    "proved": _proved,
    "refuted": _refuted,
    "tested": _tested,
}
