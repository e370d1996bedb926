"""Which declared quantity a symbol most likely is that is declared nowhere: by the looks of its glyphs."""

from __future__ import annotations

from verify.meaning.definitions import Line
from verify.meaning.glyphs import SAME_LETTERS, is_tagged, likeliest
from verify.meaning.leaves import SCALARS
from verify.meaning.losses import LOSSES
from verify.meaning.network import Network
from verify.meaning.symbols import Lexicon, keys_in, numbered_entry
from verify.reading.syntax import (
    Chain,
)

MISREADING_LIMIT = 2.5


def is_noise(key: str, words: Lexicon) -> bool:
    return key == "e" or key.lower().strip("\\") in ("ln", "log", "exp")


def likeliest_keys(network: Network, every: list[Line], heads: set[str]) -> dict[str, str]:
    """For each symbol that is nowhere declared, the declared one that it most likely is: by the looks of its glyphs."""
    declared = set(network.slots) | heads
    used: dict[str, None] = {}
    for line in every:
        content = line.statement.content
        if isinstance(content, Chain):
            for node in content.sides:
                if node is not None:
                    used.update(dict.fromkeys(keys_in(node, network.words)))
    aliases: dict[str, str] = {}
    for key in used:
        if key in declared or key in network.sizes or key in SCALARS or is_noise(key, network.words):
            continue
        if numbered_entry(key, network.slots) is not None:
            continue
        letter = key if len(key) == 1 else None
        if letter is not None and network.words.is_index(letter):
            continue
        tagged = [other for other in declared if key in LOSSES and other.startswith(f"{key}_{{")]
        if len(tagged) == 1 and tagged[0] in network.slots:
            aliases[key] = tagged[0]  # the one loss of the document, without its tag
            continue
        best = likeliest(key, network.slots)
        if best is not None and best[1] > SAME_LETTERS and any(is_tagged(name, key) for name in network.slots):
            continue  # the w of w_1 and w_2: a tag that was left out is likelier than a misread letter
        if best is not None and best[1] <= MISREADING_LIMIT:
            aliases[key] = best[0]
    return aliases
