"""Who loads plugins: one manager per process run, built by a call and handed around."""

import importlib.metadata
import inspect
import warnings
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Dict, Iterable, List, Mapping, Optional

import pluggy

from gluon_personnet.core.errors import GpnetError, PluginError, did_you_mean
from gluon_personnet.plugin import hooks as hookspecs
from gluon_personnet.plugin.entries import ENTRY_CLASSES, Entry

GROUP = "gluon_personnet"
"""Entry-point group that plugins register their package under."""


@dataclass(frozen=True)
class LoadedPlugin:
    """One row of ``gpnet list plugins``."""

    name: str
    provider: str  # distribution and version
    error: str = ""  # why it was left out; empty when it works


class PluginManager:
    """Loads every plugin of the entry-point group and hands out their entries.

    A plugin that cannot be imported or that breaks its contract is left out with a warning; all others work.

    Parameters
    ----------
    entry_points : iterable of importlib.metadata.EntryPoint, optional
        What to load; by default everything installed under :data:`GROUP`.
    """

    def __init__(self, entry_points: Optional[Iterable[importlib.metadata.EntryPoint]] = None):
        self._pluggy = pluggy.PluginManager("gluon_personnet")
        self._pluggy.add_hookspecs(hookspecs)
        self._providers: Dict[str, str] = {}  # plugin name -> distribution
        self._errors: Dict[str, str] = {}
        self._conflicts: List[str] = []
        self._entries: Dict[str, Dict[str, list]] = {}  # plugin name -> kind -> list of entries
        if entry_points is None:
            entry_points = _installed()
        for point in sorted(entry_points, key=lambda point: (point.name, _provider(point), point.value)):
            self._load(point)

    def _load(self, point):
        provider = _provider(point)
        if point.name in self._providers:
            if provider != self._providers[point.name]:
                self._conflicts.append(
                    f"two plugins are named {point.name!r}: one from {self._providers[point.name]}, one from "
                    f"{provider}; uninstall one of them"
                )
            return
        self._providers[point.name] = provider
        try:
            plugin = point.load()
            hooks = self._hooks(plugin)
            self._pluggy.register(plugin, name=point.name)
            self._entries[point.name] = {name[len("gpnet_") :]: _collect(name, hook) for name, hook in hooks.items()}
        except (Exception, SystemExit) as error:  # whatever a third party's code raises
            if self._pluggy.has_plugin(point.name):
                self._pluggy.unregister(name=point.name)
            self._errors[point.name] = f"{type(error).__name__}: {error}".splitlines()[0]
            warnings.warn(
                f"plugin {point.name!r} of {provider} is left out: {self._errors[point.name]}",
                PluginWarning,
                stacklevel=2,
            )

    def _hooks(self, plugin):
        """Hook name -> the plugin's implementation; a misspelt or unmarked one raises PluginError."""
        known = [name for name in vars(hookspecs) if name.startswith("gpnet_")]
        found = {}
        for name in dir(plugin):
            if self._pluggy.parse_hookimpl_opts(plugin, name) is not None:
                if name not in known:
                    raise PluginError(f"unknown hook {name!r}{did_you_mean(name, known)}")
                found[name] = getattr(plugin, name)
            elif name in known and inspect.isroutine(getattr(plugin, name)):
                raise PluginError(f"hook {name!r} lacks the decorator gluon_personnet.hookimpl")
        return found

    def entries(self, kind: str) -> List[Any]:
        """All entries of one kind, sorted by name.

        Parameters
        ----------
        kind : str
            A key of :data:`~gluon_personnet.plugin.entries.ENTRY_CLASSES`, such as ``'protocols'``.

        Raises
        ------
        PluginError
            If two providers hand in the same name.
        """
        if self._conflicts:
            raise PluginError(self._conflicts[0])
        found: Dict[str, tuple] = {}
        for plugin_name, kinds in self._entries.items():
            for entry in kinds.get(kind, ()):
                if entry.name in found:
                    raise PluginError(
                        f"the {entry.kind} {entry.name!r} is provided twice: by {found[entry.name][1]} and by "
                        f"{self._describe(plugin_name)}; uninstall or rename one"
                    )
                found[entry.name] = (entry, self._describe(plugin_name))
        return [found[name][0] for name in sorted(found)]

    def find(self, kind: str, name: str) -> Any:
        """The entry of that kind and name.

        Raises
        ------
        PluginError
            If there is none; the message names near ones, and plugins that were left out.
        """
        entries = {entry.name: entry for entry in self.entries(kind)}
        if name in entries:
            return entries[name]
        left_out = f" (left out: {', '.join(sorted(self._errors))})" if self._errors else ""
        hint = did_you_mean(name, entries) if entries else "; there are none"
        raise PluginError(f"no {kind[:-1]} is named {name!r}{hint}{left_out}")

    def build(self, kind: str, name: str, /, *args: Any, **options: Any) -> Any:
        """:meth:`make` with options by name."""
        return self.make(kind, name, args, options)

    def make(
        self, kind: str, name: str, args: tuple = (), options: Mapping[str, Any] = MappingProxyType({}), where: str = ""
    ) -> Any:
        """Build the entry of that kind and name, and hand it :meth:`find` if it is made of other entries.

        Parameters
        ----------
        kind, name : str
            As for :meth:`find`.
        args : tuple
            What the host hands in, such as ``locate`` for a data set.
        options : mapping
        where : str
            What an error about an option begins with; by default kind and name.
        """
        return self.find(kind, name).make(args, options, where or None, self.find)

    def components(self, kind: str, name: str, options: Optional[Mapping[str, Any]] = None) -> List[Entry]:
        """The entries that something built is made of: whoever keeps its results depends on all of them.

        The factory of an entry that is made of others says which by a static method ``components(options)``, which
        returns a list of (kind, name, options).

        Parameters
        ----------
        kind, name : str
            As for :meth:`find`.
        options : mapping, optional

        Returns
        -------
        list of Entry
            The entry itself, and the entries that its options name, at any depth; each once.

        Raises
        ------
        PluginError
            If one of them is not there, refuses its options, or contains itself.
        """
        found: List[Entry] = []
        self._add_components(found, (kind, name, options or {}), ())
        return found

    def _add_components(self, found, component, outer):
        kind, name, options = component
        entry = self.find(kind, name)
        chosen = entry.check_options(options)
        if entry not in found:
            found.append(entry)
        if not entry.needs_others:
            return
        if component in outer:
            raise PluginError(f"{entry.kind} {name!r}: contains itself; right: other entries")
        try:
            inner = list(entry.load().components(chosen))
        except GpnetError:
            raise
        except Exception as error:  # whatever a third party's code raises
            raise PluginError(
                f"{entry.kind} {name!r}: components(options): {_one_line(error)}; "
                "right: a list of (kind, name, options)"
            ) from error
        for component_inside in inner:
            self._add_components(found, component_inside, (*outer, component))

    def described(self, kind: str, name: str) -> str:
        """Entry and plugin in words, for errors: who has to mend it."""
        entry = self.find(kind, name)
        return f"{entry.kind} {name!r} of plugin {self.provider_of(entry)}"

    def provider_of(self, entry: Entry) -> str:
        """Plugin and distribution that handed in `entry`."""
        for plugin_name, kinds in self._entries.items():
            if any(entry is other for entries in kinds.values() for other in entries):
                return self._describe(plugin_name)
        raise PluginError(f"{entry.kind} {entry.name!r} comes from no loaded plugin")

    def plugins(self) -> List[LoadedPlugin]:
        """Every plugin found, working or not, as a list of :class:`LoadedPlugin`."""
        rows = [
            LoadedPlugin(name, provider, self._errors.get(name, ""))
            for name, provider in sorted(self._providers.items())
        ]
        return rows + [LoadedPlugin("conflict", "", error) for error in self._conflicts]

    def _describe(self, plugin_name):
        return f"{plugin_name!r} of {self._providers[plugin_name]}"


class PluginWarning(UserWarning):
    """A plugin was left out."""


def _one_line(error):
    return (f"{type(error).__name__}: {error}".splitlines() or [""])[0]


def _collect(name, hook):
    entry_class = ENTRY_CLASSES[name[len("gpnet_") :]]
    right = f"right: a list of {entry_class.__name__}"
    try:
        entries = list(hook())
    except Exception as error:
        raise PluginError(f"{name}: {type(error).__name__}: {error}; {right}") from error
    for entry in entries:
        if not isinstance(entry, entry_class):
            raise PluginError(f"{name}: found {type(entry).__name__} {entry!r}; {right}")
    return entries


def _installed():
    found = importlib.metadata.entry_points()
    return found.select(group=GROUP) if hasattr(found, "select") else found.get(GROUP, ())  # the latter: Python 3.9


def _provider(point):
    distribution = getattr(point, "dist", None)
    return f"{distribution.metadata['Name']} {distribution.version}" if distribution else point.value
