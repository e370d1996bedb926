"""What the names, signs and letters of LaTeX look like: tables from the reading's names to Unicode."""

from __future__ import annotations

from verify.reading.tokens import UNICODE

LETTERS = {
    **{name: letter for letter, name in UNICODE.items() if len(letter) == 1 and letter.isalpha()},
    "sigma": "σ", "epsilon": "ϵ", "varepsilon": "ε", "phi": "ϕ", "varphi": "φ", "vartheta": "ϑ", "varsigma": "ς", "varrho": "ϱ",
    "varpi": "ϖ", "varkappa": "ϰ",
    "Sigma": "Σ", "Pi": "Π", "ell": "ℓ", "hbar": "ℏ", "imath": "ı", "jmath": "ȷ", "Re": "ℜ", "Im": "ℑ", "wp": "℘", "aleph": "ℵ",
    "digamma": "ϝ",
    "varGamma": "Γ", "varDelta": "Δ", "varTheta": "Θ", "varLambda": "Λ", "varSigma": "Σ", "varPhi": "Φ", "varPsi": "Ψ", "varOmega": "Ω",
}  # fmt: skip
"""Control words that are letters."""

SIGNS = {
    "infty": "∞", "top": "⊤", "bot": "⊥", "intercal": "⊺", "dagger": "†", "ddagger": "‡", "prime": "′", "ast": "∗", "star": "⋆",
    "bullet": "•",
    "emptyset": "∅", "varnothing": "∅", "neg": "¬", "lnot": "¬", "land": "∧", "wedge": "∧", "lor": "∨", "vee": "∨", "angle": "∠",
    "triangle": "△",
    "square": "□", "Box": "□", "blacksquare": "■", "checkmark": "✓", "forall": "∀", "exists": "∃", "nexists": "∄", "partial": "∂",
    "nabla": "∇",
    "diamond": "⋄", "oplus": "⊕", "ominus": "⊖", "oslash": "⊘", "cup": "∪", "cap": "∩", "setminus": "∖", "smallsetminus": "∖",
    "surd": "√", "perp": "⊥",
    "parallel": "∥", "mid": "∣", "vert": "|", "Vert": "‖", "backslash": "\\", "over": "/", "colon": ":", "degree": "°",
    "clubsuit": "♣", "dag": "†",
    "lVert": "‖", "rVert": "‖", "lvert": "|", "rvert": "|", "lbrace": "{", "rbrace": "}", "langle": "⟨", "rangle": "⟩", "lfloor": "⌊",
    "rfloor": "⌋",
    "lceil": "⌈", "rceil": "⌉", "lbrack": "[", "rbrack": "]", "{": "{", "}": "}", "|": "‖", "%": "%", "&": "&", "#": "#", "$": "$",
    "_": "_",
    "cdot": "⋅", "centerdot": "⋅", "times": "×", "*": "∗", "odot": "⊙", "bigodot": "⊙", "circ": "∘", "otimes": "⊗", "bigotimes": "⊗",
    "/": "/",
    "div": "÷", ".": ".", "pm": "±", "mp": "∓", "-": "−", "+": "+", "=": "=", "'": "′", "!": "!", "dots": "…", "ldots": "…",
    "cdots": "⋯", "vdots": "⋮",
    "ddots": "⋱", "dotsc": "…", "dotsb": "⋯", "dotsm": "⋯", "dotsi": "⋯", "sum": "∑", "prod": "∏", "int": "∫", "bigcup": "⋃",
    "bigcap": "⋂", "bigoplus": "⨁",
    "uparrow": "↑", "updownarrow": "↕", "Uparrow": "⇑",
}  # fmt: skip
"""Control words, operators and delimiters that are signs."""

FUNCTION_NAMES = frozenset(
    ("arccos", "arcsin", "arctan", "arg", "cos", "cosh", "cot", "coth", "csc", "deg", "det", "dim", "exp", "gcd", "inf", "ker", "lg", "lim",
     "ln", "log", "max", "min", "Pr", "sec", "sin", "sinh", "sup", "tan", "tanh")
)  # fmt: skip
"""Control words that are functions, set upright."""

RELATION_SIGNS = {
    "=": "=", "<": "<", ">": ">", "!=": "≠", "<=": "≤", ">=": "≥", "approx": "≈", "equiv": "≡", "sim": "∼", ":=": "≔", "<-": "←",
    "propto": "∝", "in": "∈",
    "notin": "∉", "subset": "⊂", "mapsto": "↦", "iff": "⇔",
}  # fmt: skip
"""The relations of the syntax tree."""

ARROW_SIGNS = {
    "Rightarrow": "⇒", "implies": "⟹", "rightarrow": "→", "to": "→", "Longrightarrow": "⟹", "longrightarrow": "⟶",
    "Leftrightarrow": "⇔", "iff": "⟺",
    "leftrightarrow": "↔", "Longleftrightarrow": "⟺", "hookrightarrow": "↪", "therefore": "∴", "because": "∵", "rightsquigarrow": "⇝",
    "leadsto": "⇝",
    "downarrow": "↓", "Downarrow": "⇓", "searrow": "↘", "nearrow": "↗", "leftarrow": "←", "gets": "←", "longleftarrow": "⟵",
    "Leftarrow": "⇐", "mapsto": "↦",
    "hookleftarrow": "↩", "swarrow": "↙", "nwarrow": "↖",
}  # fmt: skip
"""Arrows by their control words."""

ACCENTS = {"hat": "^", "tilde": "~", "bar": "‾", "vec": "→", "dot": "˙", "ddot": "¨", "check": "ˇ"}
"""What stands over a letter."""

_STARTS = {
    "bf": (0x1D400, 0x1D41A, 0x1D7CE),
    "it": (0x1D434, 0x1D44E, None),
    "cal": (0x1D49C, 0x1D4B6, None),
    "frak": (0x1D504, 0x1D51E, None),
    "bb": (0x1D538, 0x1D552, 0x1D7D8),
    "sf": (0x1D5A0, 0x1D5BA, 0x1D7E2),
    "tt": (0x1D670, 0x1D68A, 0x1D7F6),
}
_BOLD_GREEK = {**{chr(0x391 + n): chr(0x1D71C + n) for n in range(25)}, **{chr(0x3B1 + n): chr(0x1D736 + n) for n in range(25)}}
_BOLD_GREEK |= {"∇": "𝛁", "∂": "𝝏", "ϵ": "𝝐", "ϑ": "𝝑", "ϕ": "𝝓", "ϱ": "𝝔", "ϖ": "𝝕"}
_ELSEWHERE = {
    "it": {"h": "ℎ"},
    "cal": dict(zip("BEFHILMRego", "ℬℰℱℋℐℒℳℛℯℊℴ", strict=True)),
    "frak": dict(zip("CHIRZ", "ℭℌℑℜℨ", strict=True)),
    "bb": dict(zip("CHNPQRZ", "ℂℍℕℙℚℝℤ", strict=True)),
}


def in_font(text: str, font: str) -> str:
    """The text in a mathematical alphabet (bf, it, cal, frak, bb, sf, tt); letters that the alphabet lacks stay as they are."""
    if font not in _STARTS:
        return text
    return "".join(_letter(c, font) for c in text)


def _letter(c: str, font: str) -> str:
    if c in _ELSEWHERE.get(font, {}):
        return _ELSEWHERE[font][c]
    capital, small, digit = _STARTS[font]
    if "A" <= c <= "Z":
        return chr(capital + ord(c) - ord("A"))
    if "a" <= c <= "z":
        return chr(small + ord(c) - ord("a"))
    if digit is not None and "0" <= c <= "9":
        return chr(digit + ord(c) - ord("0"))
    return _BOLD_GREEK.get(c, c) if font == "bf" else c
