"""What the names in code say: which quantity's gradient one is, and which axes it usually has."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

Template = tuple[Literal["n", "1"], ...]


# Names

LOSSES = (
    "total_loss",
    "totalloss",
    "loss",
    "cost",
    "total_cost",
    "l",
    "j",
    "e",
    "c",
    "objective",
    "obj",
    "nll",
    "ce",
    "mse",
    "xent",
    "bce",
    "error",
)
SCALARS = frozenset({
    "lr", "learning_rate", "learningrate", "alpha", "eta", "eps", "epsilon", "lam", "lamb", "lambda_", "lambd", "lmbda", "reg",
    "reg_lambda", "reg_strength", "regularization", "weight_decay", "l2", "l2_reg", "m", "n", "N", "M", "batch_size", "n_samples",
    "num_samples", "num_examples", "num_train", "keep_prob", "keep", "dropout", "p", "rate", "step_size", "stepsize", "momentum",
    "beta1", "beta2", "decay", "t_step", "sigma2", "tau", "temperature", "slope", "leak", "negative_slope",
})  # fmt: skip
RATES = frozenset({
    "lr", "learning_rate", "learningrate", "alpha", "eta", "step_size", "stepsize", "rate", "epsilon", "mu",
})  # fmt: skip
_OF_LOSS = r"(?:L|l|J|E|C|loss|Loss|cost|Cost|err)"
_GRADIENT = (
    re.compile(rf"^d_?{_OF_LOSS}_?(?:by_?|wrt_?|_)?d_?(?P<q>.+)$"),
    re.compile(r"^(?:grad|gradient|grads|nabla|g|d|D|del|delta|bar|J)_(?:wrt_)?(?P<q>.+)$"),
    re.compile(r"^(?:d|grad|nabla|g|D(?=[A-Za-z])|J|delta|del)(?P<q>.+)$"),
    re.compile(r"^(?P<q>.+?)_?(?:grad|gradient|bar|_g|Grad)$"),
)
_DELTA = re.compile(
    r"^(?:delta|error_signal|err|error|d(?=_?\d))_?(?P<q>[A-Za-z]*\d*(?:\[-?\d+\])?)$|^(?P<p>[A-Za-z0-9]+)_(?:delta|error|err)$"
)


def stem_of(key: str) -> str:
    """The key without its item: ``dW`` of ``dW[1]``."""
    return key.partition("[")[0]


class Names:
    """The names of a file's quantities, for finding which of them a gradient's name means."""

    def __init__(self, known: Iterable[str]) -> None:
        self.known = frozenset(known)
        self._folded: dict[str, list[str]] = {}
        self._longer: dict[str, list[str]] = {}
        self._found: dict[str, str | None] = {}
        for name in sorted(self.known):
            self._folded.setdefault(name.lower().replace("_", ""), []).append(name)
            for n, letter in enumerate(name):
                if letter == "_" and n > 2:
                    self._longer.setdefault(name[:n], []).append(name)

    def base_of(self, key: str) -> str | None:
        """The name that a key names the gradient of: ``W2`` for ``dW2``, ``grad_W2``, ``dL_dW2``, ``W2_grad``; None if it names none."""
        if key not in self._found:
            self._found[key] = None  # a name is never its own gradient's
            self._found[key] = self._base(key)
        return self._found[key]

    def _base(self, key: str) -> str | None:
        stem, bracket, rest = key.partition("[")
        for pattern in _GRADIENT:
            found = pattern.match(stem)
            if found is None or (pattern is _GRADIENT[-1] and {f"d{stem}", f"grad_{stem}"} & self.known):
                continue  # what has a gradient of its own is none: the z_g of a gate beside dz_g
            for q in (found["q"], *PLURALS.get(found["q"], ())):
                wanted = q + bracket + rest
                if wanted in self.known and wanted != key:
                    return wanted
                near = [n for n in self._folded.get(wanted.lower().replace("_", ""), ()) if n != key]
                if len(near) == 1:
                    return near[0]
                longer = [n for n in self._longer.get(wanted, ()) if n != key and self.base_of(n) is None]
                if len(longer) == 1:
                    return longer[0]
        signal = _DELTA.match(key)
        if signal is None:
            return None
        tag = signal["q"] if signal["q"] is not None else signal["p"]
        return _signal(tag or "", self.known - {key})


PLURALS = {"w": ("weights", "ws"), "W": ("weights", "Ws"), "b": ("biases", "bs"), "a": ("activations",), "z": ("zs",)}
"""Lists that a gradient's letter may mean."""


def _signal(tag: str, names: frozenset[str]) -> str | None:
    """The pre-activation that an error signal with that tag belongs to; else the activation."""
    tags = {"o": ("o", "out", "output"), "out": ("out", "o", "output"), "output": ("output", "out", "o"), "h": ("h", "hidden"),
            "hidden": ("hidden", "h")}.get(tag, (tag,))  # fmt: skip
    for letter in ("z", "Z", "s", "net", "in", "a", "A", "h", "H", "l", "layer", "o", "O", "y", "y_hat"):
        for t in tags:
            for wanted in (letter + t, f"{letter}_{t}"):
                if wanted in names:
                    return wanted
    return next((t for t in tags if t in names), None)


def preferences(key: str) -> tuple[Template, ...]:
    """The shapes that an input or parameter of that name may have, the likeliest first."""
    stem = stem_of(key).lstrip("_")
    low = stem.lower()
    if stem in SCALARS or low in RATES:
        return ((),)
    if re.match(r"^(b|bias)(_?[a-z]{0,3}_?\d*|_.*)$", low) and low not in ("bn", "batch"):
        return (("n",), ("1", "n"), ("n", "1"), ())
    if re.match(r"^(gamma|beta)\d*$", low):
        return (("n",), ("1", "n"), ("n", "1"), ())
    if stem[:1].isupper():
        return (("n", "n"), ("n",), ("1", "n"), ("n", "1"), ())
    if re.match(r"^[a-z]\w{0,2}$", stem) and not stem.startswith("w"):
        return (("n",), ("n", "n"), ("n", "1"), ("1", "n"), ())
    if stem.startswith("w") and len(stem) < 4:
        return (("n", "n"), ("n",), ("n", "1"), ())
    return (("n", "n"), ("n",), ("1", "n"), ("n", "1"), ())


def is_bias(key: str) -> bool:
    """Whether a parameter is called like a bias."""
    return preferences(key)[0] == ("n",) and stem_of(key).lower().startswith("b")
