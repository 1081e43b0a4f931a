"""One distribution: the host, the bundled plugins and the recipes. plugins/example installs by itself."""

import re
import sys
from pathlib import Path

if not (3, 9) <= sys.version_info < (3, 13):
    # pip reads python_requires too, but may compile NumPy for twenty minutes before
    found = ".".join(str(number) for number in sys.version_info[:2])
    sys.exit(f"gluon-personnet: found Python {found}; right: 3.9 to 3.12, which MXNet and its NumPy run on")

from setuptools import find_packages, setup  # noqa: E402  an old one may not even load on such a Python

HERE = Path(__file__).parent
VERSION = re.search(r'__version__ = "(.+)"', (HERE / "gluon_personnet/__init__.py").read_text(encoding="utf-8"))[1]
PLUGINS = [f"gpnet_{kind}" for kind in ("baselines", "datasets", "features", "metrics", "networks", "protocols")]
CUDA = [
    "nvidia-cuda-runtime-cu11==11.8.89",
    "nvidia-cublas-cu11==11.11.3.6",
    "nvidia-cudnn-cu11==8.9.6.50",
    "nvidia-cufft-cu11==10.9.0.58",
    "nvidia-curand-cu11==10.3.0.86",
    "nvidia-cusolver-cu11==11.4.1.48",
    "nvidia-cusparse-cu11==11.7.5.86",
    "nvidia-nccl-cu11==2.21.5",
    "nvidia-cuda-nvrtc-cu11==11.8.89",
    "nvidia-nvtx-cu11==11.8.86",
]

setup(
    name="gluon-personnet",
    version=VERSION,
    description="PersonNet on MXNet/Gluon: train, evaluate and compare person re-identification systems",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.9,<3.13",
    packages=find_packages(include=["gluon_personnet", "gluon_personnet.*"]) + PLUGINS + ["gpnet_recipes"],
    package_dir={**{name: f"plugins/{name}" for name in PLUGINS}, "gpnet_recipes": "recipes"},
    package_data={"gluon_personnet": ["py.typed", "plugin/templates/*.txt"], "gpnet_recipes": ["*.yml", "*/*.yml"]},
    install_requires=[
        "numpy>=1.21,<2",
        "scipy>=1.7,<2",
        "numba>=0.57",
        "scikit-image>=0.19",
        "threadpoolctl>=3",
        "h5py>=3",
        "matplotlib>=3.5,<3.12",
        "pillow>=11.3",
        "pyyaml>=5.4",
        "click>=8",
        "pluggy>=1.3",
        "tqdm>=4.60",
        "joblib>=1.3",
        "gluoncv==0.10.5.post0",
        "opencv-python>=4.5,<4.12",  # pulled by gluoncv; later ones need numpy 2
        "setuptools>=58",  # supplies distutils to MXNet on Python 3.12
    ],
    extras_require={
        "cpu": ["mxnet==1.9.1"],
        "cu112": ["mxnet-cu112==1.9.1", *CUDA],
        "dask": ["dask[distributed]>=2023.9.2"],  # Client.register_plugin
        "test": ["pytest>=7", "pytest-cov>=4", "pytest-xdist>=3", "hypothesis>=6", "dask[distributed]>=2023.9.2"],
    },
    entry_points={
        "console_scripts": ["gpnet = gluon_personnet.cli:main"],
        "gluon_personnet": [f"{name[len('gpnet_') :]} = {name}" for name in PLUGINS],
    },
)
