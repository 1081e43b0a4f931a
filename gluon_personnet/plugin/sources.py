"""Which code an entry's results depend on: a digest of source files, for keys of what is kept on disk."""

import ast
import functools
import hashlib
import importlib.metadata
import importlib.util
from pathlib import Path

from gluon_personnet.plugin.entries import Entry
from gluon_personnet.plugin.manager import GROUP
from gluon_personnet.plugin.signatures import split_factory


def source_digest(entry: Entry) -> str:
    """SHA-256 of everything in the entry's package that its factory is made of.

    It covers the module of the factory, all modules of the same top-level package that it imports, directly or not,
    at any depth of its code, and the version of the distribution. No module is imported for it but parent packages. It
    does not cover other packages, data files, or modules imported by a name that is computed. Files are read anew in
    every call: an edit counts at once.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    module = split_factory(entry.factory)[0] if isinstance(entry.factory, str) else _module_of(entry.factory)
    top = module.partition(".")[0]
    total = hashlib.sha256(f"{top} {_version(top)}".encode())
    for name, content in sorted(_contents(module, top).items()):
        total.update(f"\n{name} {len(content)}\n".encode())
        total.update(content)
    return total.hexdigest()


def _module_of(factory):
    return getattr(factory, "__module__", None) or type(factory).__module__


def _contents(module, top):
    """Name -> bytes of `module` and of all modules under `top` that it reaches."""
    found, waiting = {}, [module]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        spec = _spec(name)
        if spec is None:
            continue
        found[name] = _content(spec)
        package = name if spec.submodule_search_locations is not None else name.rpartition(".")[0]
        waiting += [other for other in _imports(found[name], package) if other.partition(".")[0] == top]
    return found


def _spec(name):
    try:
        return importlib.util.find_spec(name)
    except (ImportError, AttributeError, ValueError):  # a parent that is no package or cannot be imported
        return None


def _content(spec):
    """The bytes of a module's source, or of the file itself where it has none; empty for a built-in one."""
    try:
        return Path(spec.origin).read_bytes()
    except (OSError, TypeError, ValueError):
        try:
            return spec.loader.get_source(spec.name).encode()  # in a zip archive
        except (ImportError, AttributeError):
            return b""


def _imports(content, package):
    """Names of modules that a module imports, and of what may be one: ``from a import b`` gives a.b and a."""
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError):  # an extension module
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            try:
                source = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            except ImportError:  # beyond the top-level package
                continue
            names = [f"{source}.{alias.name}" for alias in node.names]
            modules = [name for name in names if _is_module(name, source)]
            yield from modules
            if len(modules) < len(names):
                yield source


def _is_module(name, source):
    spec = _spec(source)
    return spec is not None and spec.submodule_search_locations is not None and _spec(name) is not None


@functools.cache
def _version(top):
    """The version of the distribution that registers the package as a plugin, or that is named as it is."""
    for distribution in importlib.metadata.distributions():
        for point in distribution.entry_points:
            if point.group == GROUP and point.value.partition(":")[0].partition(".")[0] == top:
                return distribution.version
    try:
        return importlib.metadata.version(top)
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return ""
