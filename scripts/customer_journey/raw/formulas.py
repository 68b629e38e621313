"""Formulas of mapping.yml for a number that a file lacks: `[Quantity] * [Price]`, `[Net] + [Tax]`, `[Cents] / 100`."""

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

# a column between brackets, a number, or a sign
_TOKEN = re.compile(r"\s*(?:\[(?P<column>[^\]]+)\]|(?P<number>[0-9]+(?:\.[0-9]+)?)|(?P<sign>[-+*/()]))")

# the most columns, numbers and signs of a formula, and the most brackets within each other: engines read no deeper ones
_LONGEST = 200
_DEEPEST = 20


@dataclass(frozen=True)
class Formula:
    """A parsed formula: a column, a number, or two formulas with a sign between them."""

    text: str
    sign: str
    parts: tuple["Formula", ...] = ()

    def columns(self) -> tuple[str, ...]:
        """The columns that it reads, in their order."""
        if self.sign == "[":
            return (self.text,)
        return tuple(dict.fromkeys(name for part in self.parts for name in part.columns()))

    def sql(self, number: Callable[[str], str]) -> str:
        """Return its SQL, given that of the number in a column; a blank counts as 0 in a sum, unless all are blank."""
        if self.sign == "[":
            return f"cast({number(self.text)} as double)"
        if self.sign == "0":
            return f"cast({self.text} as double)"
        one, two = (part.sql(number) for part in self.parts)
        if self.sign == "*":
            return f"({one} * {two})"
        if self.sign == "/":
            return f"({one} / nullif({two}, 0))"
        # each part stands once: a long sum would otherwise double with each of its signs
        return f"list_sum([{one}, {'-' if self.sign == '-' else ''}{two}])"

    def value(self, number: Callable[[str], Decimal | None]) -> Decimal | None:
        """Return its value, given that of each column, as sql does."""
        if self.sign == "[":
            return number(self.text)
        if self.sign == "0":
            return Decimal(self.text)
        one, two = (part.value(number) for part in self.parts)
        if self.sign in "+-":
            if one is None and two is None:
                return None
            return (one or Decimal(0)) + (two or Decimal(0)) * (1 if self.sign == "+" else -1)
        if one is None or two is None or (self.sign == "/" and not two):
            return None
        return one * two if self.sign == "*" else one / two


def parse(text: str) -> Formula:
    """Return the formula that a text holds.

    Raises:
        ValueError: it holds none; the message says where.
    """
    tokens: list[tuple[str, str]] = []
    place = 0
    while text[place:].strip():
        found = _TOKEN.match(text, place)
        if found is None:
            raise ValueError(
                f"{text[place:].strip()!r} is neither a column in brackets, a number nor one of + - * / ( )"
            )
        kind = found.lastgroup or ""
        tokens.append(("[" if kind == "column" else "0" if kind == "number" else found[kind], found[kind].strip()))
        place = found.end()
        if len(tokens) > _LONGEST:
            raise ValueError(f"it has more than {_LONGEST} columns, numbers and signs")
    depths = itertools.accumulate((sign == "(") - (sign == ")") for sign, _ in tokens)
    if max(depths, default=0) > _DEEPEST:
        raise ValueError(f"more than {_DEEPEST} brackets stand within each other")
    formula, rest = _sum(tokens)
    if rest:
        raise ValueError(f"{rest[0][1]!r} stands where a sign or the end is expected")
    if not formula.columns():
        raise ValueError("it names no column")
    return formula


_Tokens = list[tuple[str, str]]


def _sum(tokens: _Tokens) -> tuple[Formula, _Tokens]:
    return _chain(tokens, "+-", _product)


def _product(tokens: _Tokens) -> tuple[Formula, _Tokens]:
    return _chain(tokens, "*/", _part)


def _chain(
    tokens: _Tokens, signs: str, of: Callable[[_Tokens], tuple[Formula, _Tokens]]
) -> tuple[Formula, _Tokens]:  # fmt: skip
    formula, tokens = of(tokens)
    while tokens and tokens[0][0] in signs:
        sign = tokens[0][0]
        other, tokens = of(tokens[1:])
        formula = Formula("", sign, (formula, other))
    return formula, tokens


def _part(tokens: _Tokens) -> tuple[Formula, _Tokens]:
    if not tokens:
        raise ValueError("it ends where a column is expected")
    kind, text = tokens[0]
    if kind in "[0":
        return Formula(text, kind), tokens[1:]
    if kind == "-":
        formula, rest = _part(tokens[1:])
        return Formula("", "-", (Formula("0", "0"), formula)), rest
    if kind != "(":
        raise ValueError(f"{text!r} stands where a column is expected")
    formula, rest = _sum(tokens[1:])
    if not rest or rest[0][0] != ")":
        raise ValueError("a bracket is not closed")
    return formula, rest[1:]
