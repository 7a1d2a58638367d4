# Copyright (c) 2026 msuc.lync contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""JMESPath with one kind of error."""

from __future__ import annotations

from .._base.errors import shown
from .._base.libraries import jmespath

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


def find_where(condition: str, items: list[dict[str, object]]) -> list[dict[str, object]]:
    """Return the items for which a JMESPath condition holds; raises ExpressionError, also when it says neither true nor false.

    A mere name, "id", is true of every item to JMESPath; as a condition it can only be a slip, and a costly one.
    """
    verdicts = [find(condition, item) for item in items]
    stray = next((verdict for verdict in verdicts if verdict is not None and not isinstance(verdict, bool)), None)
    if stray is not None:
        raise ExpressionError(f"it gives {shown(stray)}, not true or false")
    return [item for item, verdict in zip(items, verdicts, strict=True) if verdict]
