"""What a factory takes, read from its source: listing options imports neither MXNet nor numpy."""

import ast
import importlib.util
import inspect
import typing
from dataclasses import dataclass
from typing import Any, Callable, Mapping, Optional

from gluon_personnet.core.errors import PluginError

OPTIONS = "Options"
"""A factory with many options may name a frozen dataclass of them by this attribute, and take ``**options``."""

HOST_ARGUMENTS = ("locate", "find")
"""What the host hands in where a factory has a parameter of that name; never an option."""


@dataclass(frozen=True)
class Parameters:
    """The parameters of a factory, in their order.

    Parameters
    ----------
    options : mapping
        Those with a default value: the options.
    required : tuple of str
        Those without one, and those of :data:`HOST_ARGUMENTS`: the host hands them in.
    """

    options: Mapping[str, Any]
    required: tuple


def split_factory(factory: str) -> tuple:
    """Module and attribute of ``"module:attribute"``."""
    module, _, attribute = factory.partition(":")
    return module, attribute


def parameters(factory: Any, load: Callable[[], Any]) -> Parameters:
    """The parameters of a factory.

    Parameters
    ----------
    factory : str or callable
        ``"package.module:attribute"``, or the callable itself.
    load : callable
        Imports and returns the factory; called where the source does not tell.

    Raises
    ------
    PluginError
        If even the imported factory does not tell.
    """
    if isinstance(factory, str):
        found = _from_source(*split_factory(factory))
        if found is not None:
            return found
    return _from_object(load())


def annotations(factory: Any) -> Mapping[str, Any]:
    """Name of a parameter -> its annotation, ``Annotated`` included. Empty where they cannot be read."""
    if hasattr(factory, OPTIONS):
        factory = getattr(factory, OPTIONS)
    function = factory.__init__ if inspect.isclass(factory) else factory
    try:
        return typing.get_type_hints(function, include_extras=True)
    except Exception:  # a name in an annotation that exists for type checkers alone, an object without annotations
        return {}


def _from_object(factory):
    factory = getattr(factory, OPTIONS, factory)
    try:
        signature = inspect.signature(factory)
    except (TypeError, ValueError) as error:
        raise PluginError(f"factory {factory!r}: its parameters cannot be read; right: a class or function") from error
    options, required = {}, []
    for name, parameter in signature.parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if parameter.default is parameter.empty or name in HOST_ARGUMENTS:
            required.append(name)
        else:
            options[name] = parameter.default
    return Parameters(options, tuple(required))


def _from_source(module: str, attribute: str) -> Optional[Parameters]:
    """The parameters by the text of the module alone; None where it does not tell."""
    tree = _tree(module)
    node = _definition(tree, attribute)
    if node is None:
        source = _imported_from(tree, attribute, module)
        return _from_source(*source) if source else None
    if any(_is_dataclass(decorator) for decorator in node.decorator_list):
        return _of_dataclass(node)
    if node.decorator_list:
        return None
    elsewhere = _options_class(node)
    if elsewhere:
        return _from_source(module, elsewhere)
    if isinstance(node, ast.FunctionDef):
        return _of_arguments(node.args, skip=0)
    if node.keywords or _definition(node, "__new__"):
        return None
    init = _definition(node, "__init__")
    if init is not None:
        return None if init.decorator_list else _of_arguments(init.args, skip=1)
    if not node.bases:
        return Parameters({}, ())
    if len(node.bases) == 1 and isinstance(node.bases[0], ast.Name) and node.bases[0].id != attribute:
        return _from_source(module, node.bases[0].id)
    return None


def _tree(module):
    try:
        spec = importlib.util.find_spec(module)  # imports the parent package, not the module
        return ast.parse(spec.loader.get_source(module)) if spec else None
    except Exception:  # no source, no such module, a broken parent: importing it will say so
        return None


def _definition(node, name):
    """The one class or function of that name in the body of `node`; None if there is none, or several."""
    kinds = ast.ClassDef, ast.FunctionDef
    found = [item for item in getattr(node, "body", ()) if isinstance(item, kinds) and item.name == name]
    return found[0] if len(found) == 1 else None


def _imported_from(tree, name, module):
    """Module and attribute that the top level of `tree` imports as `name`; None if it does not."""
    for item in getattr(tree, "body", ()):
        if not isinstance(item, ast.ImportFrom):
            continue
        for alias in item.names:
            if (alias.asname or alias.name) == name:
                source = "." * item.level + (item.module or "")
                package = module.rpartition(".")[0]
                try:
                    return importlib.util.resolve_name(source, package), alias.name
                except ImportError:
                    return None
    return None


def _options_class(node):
    """X where the body of a class says ``Options = X``; None otherwise."""
    for item in node.body if isinstance(node, ast.ClassDef) else ():
        assigned = isinstance(item, ast.Assign) and isinstance(item.value, ast.Name)
        if assigned and [getattr(target, "id", "") for target in item.targets] == [OPTIONS]:
            return item.value.id
    return None


def _is_dataclass(decorator):
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(called, ast.Name) and called.id == "dataclass"


def _of_dataclass(node):
    """The fields of a dataclass; None where a default is more than a literal, or where it has bases."""
    fields = [item for item in node.body if isinstance(item, ast.AnnAssign)]
    if node.bases:
        return None
    try:
        options = {field.target.id: ast.literal_eval(field.value) for field in fields if field.value is not None}
    except ValueError:
        return None
    return Parameters(options, tuple(field.target.id for field in fields if field.value is None))


def _of_arguments(arguments, skip):
    positional = [*arguments.posonlyargs, *arguments.args]
    missing = [None] * (len(positional) - len(arguments.defaults))
    pairs = [*list(zip(positional, [*missing, *arguments.defaults]))[skip:]]
    pairs += zip(arguments.kwonlyargs, arguments.kw_defaults)
    options, required = {}, []
    for argument, default in pairs:
        if default is None or argument.arg in HOST_ARGUMENTS:
            required.append(argument.arg)
            continue
        try:
            options[argument.arg] = ast.literal_eval(default)
        except ValueError:  # a constant's name, a calculation
            return None
    return Parameters(options, tuple(required))
