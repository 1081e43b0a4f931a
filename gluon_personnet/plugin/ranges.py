"""Types and ranges of options, declared in the signature of a factory and checked by the host before it is called.

    def __init__(
        self,
        max_rank: Annotated[int, AtLeast(1)] = 50,
        query: Annotated[str, OneOf("all", "one")] = "all",
        absent: Annotated[float, Between(0, 1, closed=False)] = 0.5,
        units: Annotated[list, ListOf(int, AtLeast(1), length=3)] = (4096, 4096, 512),
        slope: Optional[float] = None,
    ): ...

An option without an annotation has the type of its default value. A whole number passes for a float, a tuple for a
list. None passes where it is the default, or where the annotation is ``Optional``. NaN and infinity are refused
everywhere, except by an option with :class:`NotFinite`.
"""

import math
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

WORDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "a section of keys and values",
}


@dataclass(frozen=True)
class AtLeast:
    """``lowest`` or more.

    >>> AtLeast(1).words(), AtLeast(1).holds(1), AtLeast(1).holds(0)
    ('1 or more', True, False)
    """

    lowest: float

    def holds(self, value: Any) -> bool:
        return value >= self.lowest

    def words(self) -> str:
        return f"{self.lowest} or more"


@dataclass(frozen=True)
class Above:
    """More than ``bound``.

    >>> Above(0).words(), Above(0).holds(0)
    ('above 0', False)
    """

    bound: float

    def holds(self, value: Any) -> bool:
        return value > self.bound

    def words(self) -> str:
        return f"above {self.bound}"


@dataclass(frozen=True)
class Between:
    """From ``lowest`` to ``highest``. `closed` says which ends belong to it: both, neither, or ``'low'`` or ``'high'``.

    >>> Between(0, 1).words(), Between(0, 1, closed=False).words(), Between(0, 1, closed="low").words()
    ('0 to 1', 'above 0 and below 1', '0 or more and below 1')
    >>> Between(0, 1, closed="high").words(), Between(0, 1, closed="high").holds(0)
    ('above 0 and at most 1', False)
    """

    lowest: float
    highest: float
    closed: Any = True

    def holds(self, value: Any) -> bool:
        low = value >= self.lowest if self.closed in (True, "low") else value > self.lowest
        high = value <= self.highest if self.closed in (True, "high") else value < self.highest
        return low and high

    def words(self) -> str:
        if self.closed is True:
            return f"{self.lowest} to {self.highest}"
        low = f"{self.lowest} or more" if self.closed == "low" else f"above {self.lowest}"
        return f"{low} and {'at most' if self.closed == 'high' else 'below'} {self.highest}"


@dataclass(frozen=True, init=False)
class OneOf:
    """One of the values given.

    >>> OneOf("all", "one").words(), OneOf("all", "one").holds("both")
    ("'all' or 'one'", False)
    """

    choices: tuple

    def __init__(self, *choices: Any):
        object.__setattr__(self, "choices", choices)

    def holds(self, value: Any) -> bool:
        return any(type(value) is type(choice) and value == choice for choice in self.choices)

    def words(self) -> str:
        *most, last = map(repr, self.choices)
        return f"{', '.join(most)} or {last}" if most else last


@dataclass(frozen=True, init=False)
class ListOf:
    """A list of values of one type, each within the ranges given; `length` counts them, `least` is the fewest.

    >>> ListOf(int, AtLeast(1), length=3).words()
    'a list of 3 values, each a whole number, 1 or more'
    >>> ListOf(int, AtLeast(1)).holds([2, 0]), ListOf(str, least=1).holds([])
    (False, False)
    """

    type: Any
    ranges: tuple
    length: Optional[int]
    least: int

    def __init__(self, type: Any, *ranges: Any, length: Optional[int] = None, least: int = 0):
        for name, value in (("type", type), ("ranges", ranges), ("length", length), ("least", least)):
            object.__setattr__(self, name, value)

    def holds(self, value: Any) -> bool:
        if self.length is not None and len(value) != self.length or len(value) < self.least:
            return False
        each = Option(self.type, self.ranges)
        return all(each.holds(item) for item in value)

    def words(self) -> str:
        count = f"of {self.length} values" if self.length is not None else f"of {self.least} or more values"
        each = f"each {Option(self.type, self.ranges).words()}"
        return f"a list {count}, {each}" if self.length is not None or self.least else f"a list, {each}"


@dataclass(frozen=True)
class NotFinite:
    """Marks an option that takes infinity and NaN too."""

    def holds(self, value: Any) -> bool:
        return True

    def words(self) -> str:
        return "infinity included"


@dataclass(frozen=True)
class Option:
    """What one option of a factory takes.

    Parameters
    ----------
    type : type or None
        None for any type.
    ranges : tuple
        Objects with ``holds(value)`` and ``words()``, such as :class:`AtLeast`.
    optional : bool
        Whether None passes.
    """

    type: Any = None
    ranges: tuple = field(default=())
    optional: bool = False

    def holds(self, value: Any) -> bool:
        """Whether the value has the type, is finite and lies in every range."""
        if value is None:
            return self.optional or self.type is None
        finite = any(isinstance(one, NotFinite) for one in self.ranges) or _finite(value)
        return finite and _has_type(value, self.type) and all(one.holds(value) for one in self.ranges)

    def words(self) -> str:
        """What would be right, such as ``'a whole number, 1 or more'``."""
        parts = [one.words() for one in self.ranges]
        if not any(isinstance(one, (OneOf, ListOf)) for one in self.ranges):
            parts = [WORDS.get(self.type, "a finite value"), *parts]
        return ", ".join(parts) + (", or null" if self.optional else "")


def option(default: Any, annotation: Any = None) -> Option:
    """What an option takes, by its annotation; without one, by its default value.

    >>> option(10).words(), option(0.5).words(), option([1, 2]).words()
    ('a whole number', 'a number', 'a list, each a whole number')
    >>> option(50, typing.Annotated[int, AtLeast(1)]).words()
    'a whole number, 1 or more'
    >>> option(None, typing.Optional[float]).words()
    'a number, or null'
    """
    ranges: tuple = ()
    optional = default is None
    while annotation is not None:
        origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
        if origin is typing.Annotated:
            annotation, ranges = arguments[0], (*ranges, *(one for one in arguments[1:] if hasattr(one, "holds")))
        elif _is_union(origin) and type(None) in arguments and len(arguments) == 2:
            optional, annotation = True, next(one for one in arguments if one is not type(None))
        elif origin is typing.Literal:
            return Option(None, (*ranges, OneOf(*arguments)), optional)
        else:
            known = _known_type(origin or annotation)
            if known is list and arguments and not any(isinstance(one, ListOf) for one in ranges):
                inner = option(..., arguments[0])
                ranges = (*ranges, ListOf(inner.type, *inner.ranges))
            return Option(known, ranges, optional)
    known = _known_type(type(default))
    if known is list and default:
        types = {_known_type(type(item)) for item in default}
        if len(types) == 1 and None not in types:
            ranges = (*ranges, ListOf(types.pop()))
    return Option(known, ranges, optional)


def _is_union(origin):
    return origin is typing.Union or getattr(origin, "__name__", "") == "UnionType"


def _known_type(given):
    """One of :data:`WORDS`, or None for any type."""
    if given in WORDS:
        return given
    if isinstance(given, type) and issubclass(given, Mapping):
        return dict
    return list if isinstance(given, type) and issubclass(given, Sequence) and not issubclass(given, bytes) else None


def _has_type(value, wanted):
    if wanted is None:
        return True
    if isinstance(value, bool):
        return wanted is bool
    if wanted is float:
        return isinstance(value, (int, float))
    if wanted is list:
        return isinstance(value, (list, tuple))
    return isinstance(value, Mapping) if wanted is dict else isinstance(value, wanted)


def _finite(value):
    """Whether no number in `value`, at any depth, is NaN, infinity, or an int that is too large for a float."""
    if isinstance(value, (list, tuple)):
        return all(map(_finite, value))
    if isinstance(value, Mapping):
        return all(map(_finite, value.values()))
    try:
        return not isinstance(value, (int, float)) or math.isfinite(value)
    except OverflowError:
        return False
