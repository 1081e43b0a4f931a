"""What a plugin's list hook returns: small frozen records that can be listed without importing what they name."""

import importlib
from dataclasses import dataclass, field
from typing import Any, Mapping

from gluon_personnet.core.errors import PluginError, did_you_mean

FIDELITIES = ("exact", "faithful", "approximate", "reconstruction")


@dataclass(frozen=True)
class Entry:
    """One thing a plugin adds.

    Parameters
    ----------
    name : str
        kebab-case, unique among the entries of one kind.
    factory : str or callable
        ``"package.module:attribute"``, imported on first use, or the callable itself. Called with the options.
    summary : str
        One line for ``gpnet list``.
    source : str
        Citation with equation, table or section.
    fidelity : {'exact', 'faithful', 'approximate', 'reconstruction'}
        How close this is to its source.
    options : mapping
        Every option of the factory with its default value. Others are refused.
    """

    name: str
    factory: Any
    summary: str
    source: str = ""
    fidelity: str = "exact"
    options: Mapping[str, Any] = field(default_factory=dict)

    kind = "entry"

    def __post_init__(self):
        if not self.name or self.name != self.name.lower() or any(c in self.name for c in " _"):
            raise PluginError(f"{self.kind} {self.name!r}: a name is kebab-case, such as 'single-shot'")
        if self.fidelity not in FIDELITIES:
            raise PluginError(
                f"{self.kind} {self.name!r}: fidelity {self.fidelity!r} unknown; right: one of {', '.join(FIDELITIES)}"
            )

    def load(self):
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
        except (ImportError, AttributeError) as error:
            raise PluginError(f"{self.kind} {self.name!r}: cannot load {self.factory}: {error}") from error

    def check_options(self, options, where=None):
        """Return the defaults overlaid with `options`; an unknown option or another type raises PluginError.

        The default says which type is right; a default of None leaves that to the factory.
        """
        where = where or f"{self.kind} {self.name!r}"
        for key, value in options.items():
            if key not in self.options:
                hint = did_you_mean(key, self.options) if self.options else "; it has no options"
                raise PluginError(f"{where}: unknown option {key!r}{hint}")
            default = self.options[key]
            if default is not None and not _alike(value, default):
                raise PluginError(f"{where}: {key}: found {value!r}; right: a value such as {default!r}")
        return {**self.options, **options}

    def build(self, *args, where=None, **options):
        """Call the factory with `args` and with the options overlaid on their defaults."""
        return self.load()(*args, **self.check_options(options, where))


def _alike(value, default):
    """Whether a value has the type of the default, a whole number also passing for a float and a tuple for a list."""
    if isinstance(default, float):
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if isinstance(default, (list, tuple)):
        return isinstance(value, (list, tuple))
    return type(value) is type(default)


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
class ReporterEntry(Entry):
    """Writes results somewhere. ``factory(**options)`` returns a callable ``(report, directory) -> list of paths``."""

    kind = "reporter"


@dataclass(frozen=True)
class CommandEntry(Entry):
    """A ``gpnet`` subcommand; the factory is a ``click.Command``."""

    kind = "command"


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
        ReporterEntry,
        CommandEntry,
    )
}
"""Plural kind, which is also the hook's name without its prefix -> entry class."""
