"""Single modules of GluonCV: the package itself would import all its models, and refuses to beside PyTorch 2."""

import importlib
import importlib.util
import sys
import types

ALIAS = "gluoncv_parts_of_gpnet"


def gluoncv_module(name):
    """A module of GluonCV, imported without the package around it.

    Parameters
    ----------
    name : str
        Relative to the package, such as ``'utils.lr_scheduler'``.
    """
    folder = importlib.util.find_spec("gluoncv").submodule_search_locations[0]
    packages = ["", *name.split(".")[:-1]]
    for depth in range(len(packages)):
        inner = packages[1 : depth + 1]
        full = ".".join([ALIAS, *inner])
        if full not in sys.modules:
            package = types.ModuleType(full)
            package.__path__ = ["/".join([folder, *inner])]  # where its modules are looked for; its own code is not run
            sys.modules[full] = package
    return importlib.import_module(f"{ALIAS}.{name}")
