"""A formula in TeX as MathML, which browsers set without a script.

Knows the part of TeX in which formulas of finance are written; a word it does not
know is printed as text. Fetches nothing, so pages need no network.
"""

import html
import re
from collections.abc import Iterator

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[0-9]+(?:\.[0-9]+)?|[^\s]")

_LETTERS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "theta": "θ", "kappa": "κ", "lambda": "λ",
    "mu": "μ", "nu": "ν", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "varphi": "φ", "chi": "χ", "psi": "ψ",
    "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Sigma": "Σ", "Phi": "Φ", "Omega": "Ω", "infty": "∞",
    "ell": "ℓ",
}  # fmt: skip
_SIGNS = {
    "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "ne": "≠", "neq": "≠", "cdot": "·", "times": "×", "approx": "≈", "in": "∈",
    "mid": "∣", "to": "→", "sim": "∼", "pm": "±", "dots": "…", "ldots": "…", "cdots": "⋯", "setminus": "∖", "cup": "∪", "cap": "∩",
    "partial": "∂", "forall": "∀", "int": "∫", "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "Vert": "‖", "prime": "′",
    "#": "#", "{": "{", "}": "}", "%": "%", "&": "&", "_": "_", "|": "‖",
}  # fmt: skip
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
_WORDS = {"operatorname", "mathrm", "text", "mathbf", "textrm", "mathit", "mbox"}
_ACCENTS = {"bar": "¯", "hat": "^", "tilde": "~", "overline": "¯"}


def mathml(tex: str) -> str:
    r"""Set a formula.

    >>> mathml(r"\frac{1}{n}")
    '<math displaystyle="true"><mrow><mfrac><mn>1</mn><mi>n</mi></mfrac></mrow></math>'
    >>> mathml("r_t^2 < x")
    '<math displaystyle="true"><mrow><msubsup><mi>r</mi><mi>t</mi><mn>2</mn></msubsup><mo>&lt;</mo><mi>x</mi></mrow></math>'
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
        self._rest: Iterator[str] = iter(_TOKEN.findall(tex))
        self._next = next(self._rest, "")

    def peek(self) -> str:
        return self._next

    def take(self) -> str:
        taken, self._next = self._next, next(self._rest, "")
        return taken


def _row(tokens: _Tokens) -> str:
    parts = []
    while (token := tokens.peek()) and token != "}":
        parts.append(_scripted(tokens))
    return "".join(parts)


def _scripted(tokens: _Tokens) -> str:
    """One atom with what stands below and above it."""
    word = tokens.peek().lstrip("\\")
    base = _atom(tokens)
    scripts: dict[str, str] = {}
    while (token := tokens.peek()) in {"_", "^", "'"} or token == "\\limits":
        tokens.take()
        if token == "'":
            scripts["^"] = _sign("′")
        elif token != "\\limits":
            scripts[token] = _atom(tokens)
    if not scripts:
        return base
    kind = (
        ("munder", "mover", "munderover")
        if word in _SUMS or word in {"min", "max", "sup", "inf", "lim"}
        else ("msub", "msup", "msubsup")
    )
    below, above = scripts.get("_", ""), scripts.get("^", "")
    tag = kind[2] if below and above else kind[0] if below else kind[1]
    return f"<{tag}>{base}{below}{above}</{tag}>"


def _atom(tokens: _Tokens) -> str:
    token = tokens.take()
    if token == "{":
        inside = _row(tokens)
        tokens.take()
        return f"<mrow>{inside}</mrow>" if inside.count("<m") > 1 else inside or "<mrow></mrow>"
    if token.startswith("\\"):
        return _command(token[1:], tokens)
    if token[:1].isdigit():
        return f"<mn>{token}</mn>"
    if token.isalpha():
        return f"<mi>{token}</mi>"
    return _sign("−" if token == "-" else token)


def _command(name: str, tokens: _Tokens) -> str:
    if name == "frac":
        above, below = _atom(tokens), _atom(tokens)
        return f"<mfrac>{above}{below}</mfrac>"
    if name == "sqrt":
        return f"<msqrt>{_atom(tokens)}</msqrt>"
    if name in _WORDS:
        return f'<mi mathvariant="normal">{html.escape(_verbatim(tokens))}</mi>'
    if name in _ACCENTS:
        return f"<mover>{_atom(tokens)}<mo>{_ACCENTS[name]}</mo></mover>"
    if name in _SIZES:
        return _atom(tokens) if tokens.peek() not in {"", "}", "."} else (tokens.take() and "")
    if name in _SPACES:
        return f'<mspace width="{_SPACES[name]}"></mspace>'
    if name in _SUMS:
        return f"<mo>{_SUMS[name]}</mo>"
    if name in _LETTERS:
        return f"<mi>{_LETTERS[name]}</mi>"
    if name in _SIGNS:
        return _sign(_SIGNS[name])
    return (
        f'<mi mathvariant="normal">{html.escape(name)}</mi>'
        if name in _NAMES
        else f"<mtext>{html.escape(name)}</mtext>"
    )


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
