# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""JMESPath with one kind of error."""

from __future__ import annotations

from ..dependencies import jmespath

HINT = "texts stand in single quotes, numbers in backticks: component=='frontend' && port==`5069`"


class ExpressionError(Exception):
    """An expression is not JMESPath, or cannot be applied to the data; the text says why, in one line."""


def find(expression: str, data: object) -> object:
    """Return what a JMESPath expression finds in data; raises ExpressionError."""
    try:
        return jmespath.search(expression, data)
    except (jmespath.exceptions.JMESPathError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError) as error:
        # Functions of the library raise what Python raises, for example contains() of a text and null.
        raise ExpressionError(" ".join(str(error).split())) from error


def find_where(condition: str, items: list[dict[str, object]]) -> object:
    """Return the items for which a JMESPath condition holds; raises ExpressionError."""
    try:
        jmespath.compile(condition)  # alone, so that positions in its error are the user's
    except jmespath.exceptions.JMESPathError as error:
        raise ExpressionError(" ".join(str(error).split())) from error
    return find(f"[?{condition}]", items)
