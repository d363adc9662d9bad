"""A formula in TeX as MathML, which browsers set without a script.

Knows the part of TeX in which formulas of finance are written; a word it does not
know is printed as text. Fetches nothing, so pages need no network.
"""

# ruff: noqa: RUF001 - letters and signs of other alphabets are what this is about
import html
import re
from collections.abc import Callable, Iterator

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[0-9]+(?:\.[0-9]+)?|[^\s]")

_LETTERS = {
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "epsilon": "ε",
    "theta": "θ",
    "kappa": "κ",
    "lambda": "λ",
    "mu": "μ",
    "nu": "ν",
    "pi": "π",
    "xi": "ξ",
    "rho": "ρ",
    "sigma": "σ",
    "tau": "τ",
    "phi": "φ",
    "varphi": "φ",
    "chi": "χ",
    "psi": "ψ",
    "omega": "ω",
    "Gamma": "Γ",
    "Delta": "Δ",
    "Theta": "Θ",
    "Lambda": "Λ",
    "Sigma": "Σ",
    "Phi": "Φ",
    "Omega": "Ω",
    "infty": "∞",
    "ell": "ℓ",
}
_SIGNS = {
    "le": "≤",
    "leq": "≤",
    "ge": "≥",
    "geq": "≥",
    "ne": "≠",
    "neq": "≠",
    "cdot": "·",
    "times": "×",
    "approx": "≈",
    "in": "∈",
    "mid": "∣",
    "to": "→",
    "sim": "∼",
    "pm": "±",
    "dots": "…",
    "ldots": "…",
    "cdots": "⋯",
    "setminus": "∖",
    "cup": "∪",
    "cap": "∩",
    "partial": "∂",
    "forall": "∀",
    "int": "∫",
    "lfloor": "⌊",
    "rfloor": "⌋",
    "lceil": "⌈",
    "rceil": "⌉",
    "Vert": "‖",
    "prime": "′",
    "#": "#",
    "{": "{",
    "}": "}",
    "%": "%",
    "&": "&",
    "_": "_",
    "|": "‖",
}
_SUMS = {"sum": "∑", "prod": "∏"}
_NAMES = {"min", "max", "log", "ln", "exp", "sup", "inf", "Pr", "arg", "lim", "det", "sgn"}
_SPACES = {",": "0.17em", ":": "0.22em", ";": "0.28em", "!": "-0.17em", " ": "0.3em", "quad": "1em", "qquad": "2em"}
_SIZES = {
    "big",
    "Big",
    "bigg",
    "Bigg",
    "left",
    "right",
    "bigl",
    "bigr",
    "Bigl",
    "Bigr",
    "biggl",
    "biggr",
    "displaystyle",
    "limits",
}
_LIMITS = {"min", "max", "sup", "inf", "lim"}
_ABOVE_AND_BELOW, _BESIDE = ("munder", "mover", "munderover"), ("msub", "msup", "msubsup")
_WORDS = {"operatorname", "mathrm", "text", "mathbf", "textrm", "mathit", "mbox"}


def mathml(tex: str) -> str:
    r"""Set a formula.

    >>> mathml(r"\frac{1}{n}")
    '<math displaystyle="true"><mrow><mfrac><mn>1</mn><mi>n</mi></mfrac></mrow></math>'
    >>> mathml("r_t < 2")
    '<math displaystyle="true"><mrow><msub><mi>r</mi><mi>t</mi></msub><mo>&lt;</mo><mn>2</mn></mrow></math>'
    """
    tokens = _Tokens(tex)
    pieces = []
    while tokens.peek():
        # A brace too many is printed rather than lost.
        pieces.append(_row(tokens) or _sign(tokens.take()))
    inside = "".join(pieces)
    return f'<math displaystyle="true"><mrow>{inside}</mrow></math>'


class _Tokens:
    """The words of a formula, with one to look ahead."""

    def __init__(self, tex: str) -> None:
        """Cut the formula into words."""
        self._rest: Iterator[str] = iter(_TOKEN.findall(tex))
        self._next = next(self._rest, "")

    def peek(self) -> str:
        """The next word, left where it is; empty at the end."""
        return self._next

    def take(self) -> str:
        """The next word, taken."""
        taken, self._next = self._next, next(self._rest, "")
        return taken


def _row(tokens: _Tokens) -> str:
    parts = []
    while tokens.peek() not in {"", "}"}:
        parts.append(_scripted(tokens))
    return "".join(parts)


def _scripted(tokens: _Tokens) -> str:
    """One atom with what stands below and above it."""
    name = tokens.peek().lstrip("\\")
    base = _atom(tokens)
    scripts: dict[str, str] = {}
    while tokens.peek() in {"_", "^", "'", "\\limits"}:
        place = tokens.take()
        if place == "'":
            scripts["^"] = _sign("′")
        elif place in {"_", "^"}:
            scripts[place] = _atom(tokens)
    if not scripts:
        return base
    under, over, both = _ABOVE_AND_BELOW if name in _SUMS or name in _LIMITS else _BESIDE
    below, above = scripts.get("_", ""), scripts.get("^", "")
    tag = both if below and above else under if below else over
    return f"<{tag}>{base}{below}{above}</{tag}>"


def _atom(tokens: _Tokens) -> str:
    word = tokens.take()
    if word == "{":
        inside = _row(tokens)
        tokens.take()
        return f"<mrow>{inside}</mrow>" if inside.count("<m") > 1 else inside or "<mrow></mrow>"
    if word.startswith("\\"):
        return _command(word[1:], tokens)
    if word[:1].isdigit():
        return f"<mn>{word}</mn>"
    if word.isalpha():
        return f"<mi>{word}</mi>"
    return _sign("−" if word == "-" else word)


def _command(name: str, tokens: _Tokens) -> str:
    if name in _SHAPES:
        return _SHAPES[name](tokens)
    if name in _WORDS:
        return f'<mi mathvariant="normal">{html.escape(_verbatim(tokens))}</mi>'
    if name in _SIZES:
        return _atom(tokens) if tokens.peek() not in {"", "}"} else ""
    if name in _SPACES:
        return f'<mspace width="{_SPACES[name]}"></mspace>'
    return _symbol(name)


def _symbol(name: str) -> str:
    if name in _LETTERS:
        return f"<mi>{_LETTERS[name]}</mi>"
    if name in _SIGNS or name in _SUMS:
        return _sign((_SIGNS | _SUMS)[name])
    if name in _NAMES:
        return f'<mi mathvariant="normal">{name}</mi>'
    return f"<mtext>{html.escape(name)}</mtext>"


def _fraction(tokens: _Tokens) -> str:
    above, below = _atom(tokens), _atom(tokens)
    return f"<mfrac>{above}{below}</mfrac>"


def _accent(sign: str) -> Callable[[_Tokens], str]:
    return lambda tokens: f"<mover>{_atom(tokens)}<mo>{sign}</mo></mover>"


def _verbatim(tokens: _Tokens) -> str:
    """The letters between braces, as they are."""
    if tokens.peek() != "{":
        return tokens.take()
    tokens.take()
    letters = []
    while (token := tokens.take()) not in {"", "}"}:
        letters.append(token.lstrip("\\"))
    return "".join(letters)


def _sign(text: str) -> str:
    return f"<mo>{html.escape(text)}</mo>"


# Commands that take what follows them into a shape.
_SHAPES: dict[str, Callable[[_Tokens], str]] = {
    "frac": _fraction,
    "sqrt": lambda tokens: f"<msqrt>{_atom(tokens)}</msqrt>",
    "bar": _accent("¯"),
    "overline": _accent("¯"),
    "hat": _accent("^"),
    "tilde": _accent("~"),
}
