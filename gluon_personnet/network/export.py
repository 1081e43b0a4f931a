"""A trained network as symbol JSON and parameters."""

import errno
import os
from pathlib import Path

from gluon_personnet.core.errors import FileError
from gluon_personnet.core.files import scratch_folder
from gluon_personnet.network.backend import mx
from gluon_personnet.network.kinds import forward_blank


def export_network(network, path, ctx):
    """Write ``PATH-symbol.json`` and ``PATH-0000.params``.

    The inputs are ``data0`` (query) and ``data1`` (gallery), or ``data`` of an embedding network.

    The symbol takes its place last: where it is, the parameters are whole.

    Raises
    ------
    FileError
        If they cannot be written.
    """
    path = Path(path)
    network.hybridize()
    forward_blank(network, ctx)
    with scratch_folder("gpnet-export-", path.parent) as folder:
        try:
            network.export(str(folder / path.name), remove_amp_cast=False)
            for ending in ("-0000.params", "-symbol.json"):
                os.replace(folder / f"{path.name}{ending}", f"{path}{ending}")
        except mx.base.MXNetError as error:
            raise FileError(path, OSError(errno.EIO, str(error).splitlines()[-1])) from error
        except OSError as error:
            raise FileError(path, error) from error
