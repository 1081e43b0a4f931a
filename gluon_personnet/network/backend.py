"""The one module that imports MXNet; everybody else says ``from gluon_personnet.network.backend import mx``.

MXNet 1.9.1 needs four things done before its import: the number of threads in the environment (it takes half of the
cores otherwise), ``numpy.bool`` where numpy no longer has it, the CUDA libraries of the NVIDIA wheels loaded by hand
(so that no LD_LIBRARY_PATH is needed), and only one of its two wheels installed, since both own the folder ``mxnet``.
"""

import ctypes
import importlib.metadata
import os
import sys
import warnings

import numpy as np

from gluon_personnet.core.errors import BackendError
from gluon_personnet.core.parallel import usable_cores
from gluon_personnet.core.versions import version

WHEELS = ("mxnet", "mxnet-cu112")
INSTALL_HINT = "install the extra [cpu], or [cu112] for an NVIDIA GPU; in the project's folder: pip install '.[cpu]'"
CUDA_LIBRARIES = (
    "cuda_runtime/lib/libcudart.so.11.0",
    "cublas/lib/libcublasLt.so.11",
    "cublas/lib/libcublas.so.11",
    "cufft/lib/libcufft.so.10",
    "curand/lib/libcurand.so.10",
    "cusparse/lib/libcusparse.so.11",
    "cusolver/lib/libcusolver.so.11",
    "nccl/lib/libnccl.so.2",
    "cuda_nvrtc/lib/libnvrtc.so.11.2",
    "nvtx/lib/libnvToolsExt.so.1",
    "cudnn/lib/libcudnn_ops_infer.so.8",
    "cudnn/lib/libcudnn_ops_train.so.8",
    "cudnn/lib/libcudnn_cnn_infer.so.8",
    "cudnn/lib/libcudnn_cnn_train.so.8",
    "cudnn/lib/libcudnn_adv_infer.so.8",
    "cudnn/lib/libcudnn_adv_train.so.8",
    "cudnn/lib/libcudnn.so.8",
)
"""Files below the folder ``nvidia`` of site-packages, in the order in which they need one another."""


def installed_wheels():
    """The MXNet distributions that are installed, as a list of names out of :data:`WHEELS`."""
    found = []
    for name in WHEELS:
        try:
            importlib.metadata.version(name)
            found.append(name)
        except importlib.metadata.PackageNotFoundError:
            pass
    return found


def _require_one_wheel():
    wheels = installed_wheels()
    if not wheels:
        raise BackendError(f"MXNet is not installed; {INSTALL_HINT}")
    if len(wheels) > 1:
        raise BackendError(
            "both mxnet and mxnet-cu112 are installed and overwrite each other's files; mend it with: "
            "pip uninstall -y mxnet mxnet-cu112, then install one of the extras [cpu] and [cu112] again"
        )
    return wheels[0]


def _preload_cuda():
    """Load the driver and the CUDA libraries of the NVIDIA wheels into the process, for libmxnet.so to find."""
    try:
        ctypes.CDLL("libcuda.so.1", mode=ctypes.RTLD_GLOBAL)
    except OSError as error:
        raise BackendError(
            "mxnet-cu112 is installed but this machine has no NVIDIA driver (libcuda.so.1); install the driver, or for "
            "the CPU, in the project's folder: pip uninstall -y mxnet-cu112 && pip install '.[cpu]'"
        ) from error
    for relative in CUDA_LIBRARIES:
        places = [os.path.join(folder, "nvidia", relative) for folder in sys.path]
        found = next((path for path in places if os.path.exists(path)), None)
        if found is None:
            continue  # a system-wide CUDA may provide it: the import of MXNet tells
        try:
            ctypes.CDLL(found, mode=ctypes.RTLD_GLOBAL)
        except OSError as error:
            raise BackendError(f"mxnet-cu112: cannot load {os.path.basename(found)}: {error}") from error


def _import_mxnet():
    wheel = _require_one_wheel()
    os.environ.setdefault("OMP_NUM_THREADS", str(usable_cores()))
    if "bool" not in vars(np):
        np.bool = bool  # numpy 1.24 to 1.26; MXNet 1.9.1 names it at import
    if wheel == "mxnet-cu112":
        _preload_cuda()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            import mxnet
    except (ImportError, OSError) as error:
        raise BackendError(f"{wheel} is installed but does not load: {str(error).splitlines()[0]}") from error
    return mxnet


mx = _import_mxnet()
"""The imported MXNet package."""


def pick_device(name=None):
    """The device to compute on: ``gpu(0)`` when there is one, else the CPU.

    Parameters
    ----------
    name : str, optional
        ``'cpu'``, ``'gpu'`` or ``'gpu:N'`` to override.

    Raises
    ------
    BackendError
        If the name is none of these, or that GPU is not there.
    """
    gpus = mx.context.num_gpus()
    if name is None:
        return mx.gpu(0) if gpus else mx.cpu()
    if name == "cpu":
        return mx.cpu()
    kind, _, number = name.partition(":")
    if kind != "gpu" or not (number or "0").isdecimal():
        raise BackendError(f"device {name!r}: unknown; right: cpu, gpu or gpu:N")
    if int(number or 0) >= gpus:
        raise BackendError(
            f"device {name!r}: MXNet sees {gpus} GPU(s) here; right: cpu" + (", gpu:0..." if gpus else "")
        )
    return mx.gpu(int(number or 0))


def versions():
    """Versions that decide results: package name -> version, for checkpoints and reports."""
    return {
        "gluon_personnet": version("gluon-personnet"),
        "mxnet": mx.__version__,
        "numpy": np.__version__,
        "python": sys.version.split()[0],
    }
