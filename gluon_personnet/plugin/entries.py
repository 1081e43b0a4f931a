"""What a plugin's list hook returns: small frozen records that can be listed without importing what they name."""

import functools
import importlib
from dataclasses import dataclass, field
from typing import Any, Callable, Mapping, Optional

from gluon_personnet.core.errors import GpnetError, PluginError, did_you_mean
from gluon_personnet.plugin.ranges import option
from gluon_personnet.plugin.signatures import Parameters, annotations, parameters

FIDELITIES = ("exact", "faithful", "approximate", "reconstruction")


@dataclass(frozen=True)
class Entry:
    """One thing a plugin adds.

    Parameters
    ----------
    name : str
        kebab-case, unique among the entries of one kind.
    factory : str or callable
        ``"package.module:attribute"``, imported on first use, or the callable itself. Its parameters with a default
        value are the options; :mod:`gluon_personnet.plugin.ranges` says how they declare type and range.
    summary : str
        One line for ``gpnet list``.
    source : str
        Citation with equation, table or section.
    fidelity : {'', 'exact', 'faithful', 'approximate', 'reconstruction'}
        How close this is to its source; empty where it is not stated, as where there is no source.
    """

    name: str
    factory: Any
    summary: str
    source: str = ""
    fidelity: str = ""

    kind = "entry"
    handed_in = 0  # positional arguments of the host, such as the `locate` of data sets

    def __post_init__(self):
        if not self.name or self.name != self.name.lower() or any(c in self.name for c in " _"):
            raise PluginError(f"{self.kind} {self.name!r}: a name is kebab-case, such as 'single-shot'")
        if self.fidelity and self.fidelity not in FIDELITIES:
            raise PluginError(
                f"{self.kind} {self.name!r}: fidelity {self.fidelity!r} unknown; right: one of {', '.join(FIDELITIES)}"
            )

    def load(self) -> Any:
        """Return the factory itself, imported if it was named by a string.

        Raises
        ------
        PluginError
            If the module or attribute cannot be imported.
        """
        if not isinstance(self.factory, str):
            return self.factory
        module, _, attribute = self.factory.partition(":")
        try:
            return getattr(importlib.import_module(module), attribute)
        except GpnetError:
            raise
        except (Exception, SystemExit) as error:  # whatever a third party's code raises
            found = f"{type(error).__name__}: {error}".splitlines()[0]
            raise PluginError(f"{self.kind} {self.name!r}: cannot load {self.factory}: {found}") from error

    @functools.cached_property
    def parameters(self) -> Parameters:
        """What the factory takes, from its source; it is imported only where that does not tell."""
        return parameters(self.factory, self.load)

    @property
    def options(self) -> Mapping[str, Any]:
        """Every option of the factory with its default value."""
        return dict(self.parameters.options)

    @property
    def needs_others(self) -> bool:
        """Whether the factory has a parameter ``find``: it is made of other entries, which the host hands in."""
        return "find" in self.parameters.required

    def check_options(self, options: Mapping[str, Any], where: Optional[str] = None) -> dict:
        """Return the defaults overlaid with `options`.

        Raises
        ------
        PluginError
            For an unknown option, a value of another type, NaN or infinity, or a value out of its range.
        """
        where = where or f"{self.kind} {self.name!r}"
        defaults = self.options
        for key in options:
            if key not in defaults:
                hint = did_you_mean(key, defaults) if defaults else "; it has no options"
                raise PluginError(f"{where}: unknown option {key!r}{hint}")
        declared = annotations(self.load()) if options else {}
        for key, value in options.items():
            right = option(defaults[key], declared.get(key))
            if not right.holds(value):
                raise PluginError(f"{where}: {key}: found {_short(value)}; right: {right.words()}")
        return {**defaults, **options}

    def build(self, /, *args: Any, **options: Any) -> Any:
        """:meth:`make` with options by name."""
        return self.make(args, options)

    def make(
        self, args: tuple, options: Mapping[str, Any], where: Optional[str] = None, find: Optional[Callable] = None
    ) -> Any:
        """Call the factory with `args` and with the options overlaid on their defaults.

        Parameters
        ----------
        args : tuple
            What the host hands in, such as ``locate`` for a data set.
        options : mapping
            An option may have any name.
        where : str, optional
            What an error about an option begins with; by default kind and name.
        find : callable, optional
            ``find(kind, name) -> Entry``, handed on to a factory that has a parameter of that name.

        Raises
        ------
        PluginError
            As :meth:`check_options`; and for any exception of the factory, except other errors of the user.
        """
        factory, chosen = self.load(), self.check_options(options, where)
        if self.needs_others:
            if find is None:
                raise PluginError(
                    f"{self.kind} {self.name!r}: made of other entries; right: PluginManager.build(kind, name, ...)"
                )
            chosen["find"] = find
        try:
            return factory(*args, **chosen)
        except GpnetError:
            raise
        except (Exception, SystemExit) as error:  # whatever a third party's code raises
            given = ", ".join(f"{key}={_short(value)}" for key, value in options.items()) or "its defaults"
            found = f"{type(error).__name__}: {error}".splitlines()[0]
            module = self.factory if isinstance(self.factory, str) else getattr(factory, "__module__", repr(factory))
            raise PluginError(
                f"{self.kind} {self.name!r} of {module}: cannot be built with {given}: found {found}; "
                "right: options it can work with, or one line of GpnetError that refuses them"
            ) from error


def _short(value):
    """The value in at most 60 characters."""
    try:
        text = repr(value)
    except ValueError:  # an int of more digits than Python prints
        text = f"an int of {value.bit_length()} bits"
    return text if len(text) <= 60 else text[:57] + "..."


@dataclass(frozen=True)
class DatasetEntry(Entry):
    """A data set. ``factory(locate, **options)`` returns a :class:`~gluon_personnet.plugin.contracts.Dataset`."""

    kind = "dataset"


@dataclass(frozen=True)
class ProtocolEntry(Entry):
    """An evaluation protocol. ``factory(**options)`` returns a :class:`~gluon_personnet.plugin.contracts.Protocol`."""

    kind = "protocol"


@dataclass(frozen=True)
class FeatureEntry(Entry):
    """An image feature. ``factory(**options)`` returns a :class:`~gluon_personnet.plugin.contracts.Feature`.

    Parameters
    ----------
    version : int
        To be raised with every change that gives an image other numbers: those kept on disk are then not used again.
    """

    version: int = 1

    kind = "feature"


@dataclass(frozen=True)
class MetricEntry(Entry):
    """A metric on features. ``factory(**options)`` returns a :class:`~gluon_personnet.plugin.contracts.Metric`."""

    kind = "metric"


@dataclass(frozen=True)
class MatcherEntry(Entry):
    """A system that scores sets of images directly: :class:`~gluon_personnet.plugin.contracts.Matcher`."""

    kind = "matcher"


@dataclass(frozen=True)
class NetworkEntry(Entry):
    """A HybridBlock for pairs. ``factory(**options)`` returns a :class:`~gluon_personnet.plugin.contracts.Network`."""

    kind = "network"


@dataclass(frozen=True)
class Published:
    """Figures as they were printed.

    Parameters
    ----------
    identities : str
        For training and for testing, such as ``'871/100'``.
    protocol : str
        In words, such as ``'single-shot'``.
    cmc : mapping of int
        Rank -> identification rate in per cent.
    printed : str
        Where.
    """

    identities: str
    protocol: str
    cmc: Mapping[int, float]
    printed: str

    def __str__(self):
        ranks, rates = "/".join(map(str, self.cmc)), " / ".join(f"{rate:.2f}" for rate in self.cmc.values())
        return f"{self.identities} identities, {self.protocol}, rank {ranks}: {rates} ({self.printed})"


@dataclass(frozen=True)
class BaselineEntry(Entry):
    """A published combination. ``factory(**options)`` returns a :class:`~gluon_personnet.plugin.contracts.Combination`.

    Parameters
    ----------
    published : mapping of str
        Data set -> sequence of :class:`Published`.
    """

    published: Mapping[str, Any] = field(default_factory=dict)

    kind = "baseline"


@dataclass(frozen=True)
class CommandEntry(Entry):
    """A ``gpnet`` subcommand; the factory is a ``click.Command``."""

    kind = "command"

    @functools.cached_property
    def parameters(self) -> Parameters:
        """None: click reads the command's own."""
        return Parameters({}, ())


ENTRY_CLASSES = {
    cls.kind + "s": cls
    for cls in (
        DatasetEntry,
        ProtocolEntry,
        FeatureEntry,
        MetricEntry,
        MatcherEntry,
        NetworkEntry,
        BaselineEntry,
        CommandEntry,
    )
}
"""Plural kind, which is also the hook's name without its prefix -> entry class."""
