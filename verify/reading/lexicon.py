r"""What the signs and commands of mathematical notation are: tables of their names, without the backslash."""

from __future__ import annotations


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


RELATIONS = {
    "=": "=", "<": "<", ">": ">", "equiv": "equiv", "approx": "approx", "simeq": "approx", "cong": "approx", "sim": "sim", "neq": "!=",
    "ne": "!=", "leq": "<=", "le": "<=", "geq": ">=", "ge": ">=", "lt": "<", "gt": ">", "leqslant": "<=", "geqslant": ">=", "ll": "<",
    "gg": ">", "coloneqq": ":=", "triangleq": ":=", "doteq": ":=", "propto": "propto", "in": "in", "notin": "notin", "subset": "subset",
    "subseteq": "subset", "mapsto": "mapsto", "leftarrow": "<-", "gets": "<-", "longleftarrow": "<-",
}  # fmt: skip
"""The relation signs, and what a Link calls them."""
DEFINING = ("def", "△", "triangle", "Delta")
"""What makes a definition of the equals sign that it stands over."""
TENDS = frozenset({"to", "rightarrow", "longrightarrow"})
r"""The arrows that are relations inside a group: ``\lim_{h \to 0}``."""
ARROWS = TENDS | _names(
    "Rightarrow implies Longrightarrow Leftrightarrow iff leftrightarrow Longleftrightarrow hookrightarrow therefore because"
    " rightsquigarrow leadsto downarrow Downarrow searrow nearrow"
)
BOTH_WAYS = frozenset({"Leftrightarrow", "iff", "Longleftrightarrow", "leftrightarrow"})
BREAKS = frozenset({"quad", "qquad", "hspace", "hskip", "hfill", "enspace"})
OPENING_SIZES = frozenset({"left", "big", "Big", "bigg", "Bigg", "bigl", "Bigl", "biggl", "Biggl"})
"""What sets the size of the delimiter behind it, and belongs to it."""
CLOSING_SIZES = frozenset({"right", "bigr", "Bigr", "biggr", "Biggr", "bigm", "Bigm", "middle"})
IGNORED = (
    OPENING_SIZES
    | CLOSING_SIZES
    | _names(
        "displaystyle textstyle scriptstyle scriptscriptstyle limits nolimits nonumber notag noindent centering hline thinspace medspace"
        " negthinspace mathstrut strut allowbreak hfil normalsize small footnotesize scriptsize tiny large Large LARGE huge Huge"
    )
    | frozenset(" ,;:!>")
)
"""Spacing and sizes, which mean nothing."""
SPACED = frozenset({"vspace", "mspace", "hphantom", "vphantom", "phantom", "require", "cline"})
"""Commands that mean nothing, with their argument."""
DEFINITIONS = frozenset({"renewcommand", "newcommand", "def", "DeclareMathOperator"})
FONTS = {
    "mathbf": "bf", "boldsymbol": "bf", "bm": "bf", "bold": "bf", "pmb": "bf", "mathbb": "bb", "mathcal": "cal", "mathscr": "cal",
    "mathrm": "rm", "mathit": "it", "mathsf": "sf", "mathfrak": "frak", "mathtt": "tt", "mathnormal": "", "boldmath": "bf",
}  # fmt: skip
SWITCHES = frozenset({"rm", "bf", "cal", "it"})
"""Fonts that hold to the end of their group."""
WORD_FONTS = frozenset({"mathrm", "mathit", "mathsf", "mathtt", "mathbf"})
"""The fonts in which several letters are one name."""
CODE_FONTS = frozenset({"mathtt", "texttt"})
"""The fonts of code, whose groups people cut through a call: ``\\mathtt{np.sum(} x \\mathtt{)}``."""
TEXTS = frozenset({"text", "textrm", "textbf", "textit", "mbox", "textnormal", "texttt", "textsf", "hbox", "operatorname", "fbox"})
ACCENTS = {
    "hat": "hat", "widehat": "hat", "tilde": "tilde", "widetilde": "tilde", "bar": "bar", "overline": "bar", "vec": "vec",
    "overrightarrow": "vec", "dot": "dot", "ddot": "ddot", "check": "check", "underline": "underline",
}  # fmt: skip
FUNCTIONS = _names("ln log exp sin cos tan sinh cosh tanh arctan arcsin arccos det Pr")
PLAIN_WORDS = ("softmax", "sigmoid", "tanh", "relu", "ReLU", "log", "exp", "sin", "cos", "max", "min", "ln")
"""Functions that people write without a backslash."""
PLAIN_NAMES = ("net", "out")
"""Quantities that people write so, with a subscript: ``net_j``, ``out_{o1}``."""
BIG = {
    "sum": "sum", "prod": "prod", "int": "int", "lim": "lim", "bigcup": "bigcup", "bigcap": "bigcap", "bigoplus": "bigoplus",
    "oint": "int", "iint": "int", "argmax": "argmax", "argmin": "argmin", "sup": "sup", "inf": "inf",
}  # fmt: skip
PRODUCTS = {
    "cdot": "cdot", "times": "times", "*": "*", "odot": "odot", "circ": "circ", "ast": "ast", "otimes": "otimes", "/": "/", "div": "/",
    "bullet": "bullet", ".": ".", "star": "ast", "bigodot": "odot", "bigotimes": "otimes", "oslash": "/", "centerdot": "cdot",
}  # fmt: skip
ELLIPSES = _names("dots ldots cdots vdots ddots dotsc dotsb dotsm dotsi")
BRACES = frozenset({"underbrace", "overbrace"})
STACKED = frozenset({"overset", "underset", "stackrel"})
SHOWN = frozenset({"boxed", "mathop", "mathrel", "mathbin", "mathord", "mathinner", "ensuremath", "smash"})
"""Commands whose argument means what it means without them."""
COLOURED = frozenset({"textcolor", "colorbox", "bbox"})
CANCELLED = frozenset({"cancel", "bcancel", "xcancel", "cancelto"})
FRACTIONS = frozenset({"frac", "dfrac", "tfrac", "cfrac", "sfrac", "nicefrac"})
MATRICES = {"bmatrix": "[", "pmatrix": "(", "vmatrix": "|", "Vmatrix": "||", "matrix": "", "Bmatrix": "{", "smallmatrix": "", "array": ""}
"""The environments that hold a matrix, with the delimiters that they set."""
CASES = frozenset({"cases", "dcases", "rcases"})
ROWS_OF_CASES = frozenset({"array", "aligned", "matrix", "gathered", "align", "split"})
"""The environments that are cases behind a left brace."""
OPERATORS = _names("exists mid surd backslash setminus cup cap perp parallel")
"""Signs that are kept as operands, and not understood."""
OPENING = {
    "langle": "rangle", "lVert": "rVert", "lvert": "rvert", "lfloor": "rfloor", "lceil": "rceil",
}  # fmt: skip
DELIMITERS = {"langle": "<", "lVert": "||", "lvert": "|", "lfloor": "floor", "lceil": "ceil"}
CLOSERS = frozenset({")", "]", "}", "rangle", "rVert", "rvert", "rfloor", "rceil"})
SAME = {"lbrace": "\\{", "rbrace": "\\}", "lbrack": "[", "rbrack": "]", "vert": "|", "Vert": "\\|"}
"""Commands that mean the same as a shorter sign."""
STATEMENT_WORDS = ("if", "for", "where", "and", "or", "otherwise")
"""Words that separate statements as bare letters."""
STOP_WORDS = _names(
    "if otherwise for where when and or else with as since is the then of by so thus hence let given all khi nếu với và si sinon pour wenn"
    " sonst für если при"
)
"""Words that are no identifiers."""
CONDITION_WORDS = ("if", "for", "when", "where", "khi", "nếu", "với", "si", "pour", "wenn", "für", "falls", "если", "при", "cuando", "para",
"otherwise")  # fmt: skip
"""Words before a condition, with which a text begins."""
OTHERWISE_WORDS = ("otherwise", "else", "sinon", "sonst", "còn lại", "ngược lại", "иначе")
