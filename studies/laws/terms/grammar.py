"""The grammar of monomials, parsed by recursive descent; nothing is ever evaluated as code.

    product  := power (("*" | "/") power)*
    power    := atom ["^" exponent]
    atom     := number | name | "(" product ")"
    exponent := ["+" | "-"] (number | "(" exponent (("*" | "/") exponent)* ")")

Exponents are exact: `alpha^0.3/(alpha^0.1*alpha^0.2)` has no alpha in it. What formulas are printed with is
read as what they are typed with: the letters of fields (α, β, τ), a dot or a cross for *, a minus sign.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from grokscale.studies.laws.errors import BadExpression, NotApplicable
from grokscale.studies.laws.terms.monomial import Monomial
from grokscale.trainers.tasks.registry import letters

LONGEST = 200
DEEPEST = 20
MOST_TERMS = 20
PRINTED = str.maketrans({**dict.fromkeys("·⋅∙×∗", "*"), "÷": "/", "−": "-"})
_Value = TypeVar("_Value")
_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<sign>[-+*/^()])"
)


def parse(expression: str, parameter: str = "x") -> Monomial:
    """Parse a monomial.

    Args:
        expression: at most 200 characters, parentheses at most 20 deep, exponents within ±100.
        parameter: the argument it came by, for the error.

    Raises:
        BadExpression: it is not one, or its constant is not a positive finite number.
    """
    named = {letter: name for name, letter in letters().items() if len(letter) == 1}
    expression = expression.translate(PRINTED | str.maketrans(named))
    if len(expression) > LONGEST:
        raise BadExpression(f"longer than {LONGEST} characters", LONGEST, expression[:LONGEST], parameter)
    return _Parser(expression, parameter).monomial()


def field(name: str, parameter: str) -> str:
    """Return the field that an argument names.

    Raises:
        BadExpression: it is not the name of one field.
    """
    monomial = parse(name, parameter)
    if monomial.constant != 1 or list(monomial.exponents.values()) != [1]:
        what = "a term" if parameter == "terms" else f"{parameter}="
        raise BadExpression(f"{what} is the name of one field", 0, name, parameter)
    return next(iter(monomial.exponents))


def fields(terms: Sequence[str]) -> tuple[str, ...]:
    """Return the fields that terms name, one each.

    Raises:
        BadExpression: a term is not the name of one field, or names one again.
        NotApplicable: there is none, or more than 20.
    """
    if not terms:
        raise NotApplicable("terms= names at least one field", "terms")
    if len(terms) > MOST_TERMS:
        raise NotApplicable(f"terms= names {len(terms)} fields: at most {MOST_TERMS}", "terms")
    names = [field(term, "terms") for term in terms]
    repeated = [name for name in names if names.count(name) > 1]
    if repeated:
        raise BadExpression(f"{repeated[0]} is named twice", 0, repeated[0], "terms")
    return tuple(names)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # number | name | sign | end
    text: str
    position: int


class _Parser:
    def __init__(self, expression: str, parameter: str) -> None:
        self.expression = expression
        self.parameter = parameter
        self.tokens = self.split()
        self.next = 0

    def monomial(self) -> Monomial:
        value = self.product(0)
        end = self.take()
        if end.kind != "end":
            raise self.error(f"unexpected {end.text!r}: * / ^ or the end could stand here", end.position)
        return value

    def product(self, depth: int) -> Monomial:
        value = self.power(depth)
        while self.peek in {"*", "/"}:
            operator = self.take()
            other = self.power(depth)
            value = self.checked(lambda a=value, b=other, op=operator.text: a * b if op == "*" else a / b, operator)
        return value

    def power(self, depth: int) -> Monomial:
        base = self.atom(depth)
        if self.peek != "^":
            return base
        operator = self.take()
        exponent = self.exponent(depth)
        return self.checked(lambda: base**exponent, operator)

    def atom(self, depth: int) -> Monomial:
        token = self.take()
        if token.kind == "name":
            return Monomial(1.0, {token.text: Fraction(1)})
        if token.kind == "number":
            return self.checked(lambda: Monomial(float(token.text), {}), token)
        if token.text == "(":
            value = self.product(self.deeper(depth, token))
            self.close()
            return value
        hint = "; a power is written ^" if token.text == "*" else ""
        raise self.error(f"a name, a number or ( is expected, not {_shown(token)}{hint}", token.position)

    def exponent(self, depth: int) -> Fraction:
        sign = self.take().text if self.peek in {"+", "-"} else "+"
        token = self.take()
        if token.kind == "number":
            value = self.checked(lambda: _exact(token.text), token)
        elif token.text == "(":
            value = self.quotient(self.deeper(depth, token))
            self.close()
        else:
            raise self.error(f"an exponent is a number or ( ), not {_shown(token)}", token.position)
        return value if sign == "+" else -value

    def quotient(self, depth: int) -> Fraction:
        value = self.exponent(depth)
        while self.peek in {"*", "/"}:
            operator = self.take()
            other = self.exponent(depth)
            value = self.checked(lambda a=value, b=other, op=operator.text: a * b if op == "*" else a / b, operator)
        return value

    @property
    def peek(self) -> str:
        return self.tokens[self.next].text

    def take(self) -> _Token:
        token = self.tokens[self.next]
        self.next = min(self.next + 1, len(self.tokens) - 1)
        return token

    def close(self) -> None:
        token = self.take()
        if token.text != ")":
            raise self.error(f") is expected, not {_shown(token)}", token.position)

    def deeper(self, depth: int, token: _Token) -> int:
        if depth == DEEPEST:
            raise self.error(f"parentheses more than {DEEPEST} deep", token.position)
        return depth + 1

    def checked(self, compute: Callable[[], _Value], token: _Token) -> _Value:
        try:
            return compute()
        except ZeroDivisionError:
            raise self.error("division by zero", token.position) from None
        except (OverflowError, ValueError) as error:
            # OverflowError speaks of the platform's errno
            message = "out of a float's range" if isinstance(error, OverflowError) else str(error)
            raise self.error(message, token.position) from None

    def split(self) -> list[_Token]:
        tokens: list[_Token] = []
        at = 0
        while at < len(self.expression):
            if self.expression[at] == " ":
                at += 1
                continue
            match = _TOKEN.match(self.expression, at)
            if match is None:
                raise self.error(f"unexpected {self.expression[at]!r}", at)
            tokens.append(_Token(str(match.lastgroup), match.group(), at))
            at = match.end()
        return [*tokens, _Token("end", "", len(self.expression))]

    def error(self, message: str, position: int) -> BadExpression:
        return BadExpression(message, position, self.expression, self.parameter)


def _exact(literal: str) -> Fraction:
    value = float(literal)
    # the float bounds the decimal exponent, so that 1e999999999 never becomes an integer of that many digits
    if value == 0:
        if literal.lower().split("e")[0].strip("0."):
            raise ValueError(f"{literal} is too small")
        return Fraction(0)
    if value == float("inf"):
        raise ValueError(f"{literal} is too large")
    return Fraction(literal)


def _shown(token: _Token) -> str:
    return "the end" if token.kind == "end" else repr(token.text)
