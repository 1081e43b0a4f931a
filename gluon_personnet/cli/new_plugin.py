"""gpnet new-plugin"""

import importlib.util
import re
from pathlib import Path
from string import Template

import click

from gluon_personnet.cli import load_plugins
from gluon_personnet.core.errors import PluginError
from gluon_personnet.core.files import write_text

FILES = {
    "setup.py": '''\
"""The plugin is found by its entry point of the group ``gluon_personnet``."""

from setuptools import setup

setup(
    name="gpnet-$name",
    version="0.1.0",
    packages=["$package"],
    python_requires=">=3.9",
    install_requires=["gluon-personnet"],
    entry_points={"gluon_personnet": ["$package = $package"]},
)
''',
    "README.md": """\
# gpnet-$name

A plugin of gluon-personnet that adds the evaluation protocol `$name`.

    pip install .
    pytest                                               # the contract suite, and an example by hand
    gpnet show protocol $name
    gpnet evaluate --protocol $name                      # the latest run
    gpnet evaluate --distmat FILE.npz --protocol $name   # distances of any framework
    pip uninstall gpnet-$name

What it measures is in `$package/protocol.py`: change `evaluate`, `_card` and the summary in `$package/__init__.py`.
""",
    "$package/__init__.py": '''\
"""What this plugin adds: entries only, so that listing them imports nothing else."""

from gluon_personnet import ProtocolEntry, hookimpl


@hookimpl
def gpnet_protocols():
    return [
        ProtocolEntry(
            name="$name",
            factory="$package.protocol:$cls",
            summary="mean rank of the first true match, and the CMC",
            options={"max_rank": 20},
        )
    ]
''',
    "$package/protocol.py": '''\
"""How far down the list is the right person, on average?"""

from gluon_personnet.core.errors import DataError
from gluon_personnet.evaluation.distances import EXCLUSIONS, TIES, check_distmat
from gluon_personnet.evaluation.ranking import cmc_from_ranks, rank_matches
from gluon_personnet.plugin.contracts import Measures

EXCLUDE = "same-person-and-camera"


class $cls:
    """Mean rank of the first true match (1 is best), and the CMC.

    Parameters
    ----------
    max_rank : int
        Length of the CMC.
    """

    def __init__(self, max_rank=20):
        self.max_rank = max_rank

    def evaluate(self, distmat, query_pids, query_camids, gallery_pids, gallery_camids, rng):
        """See gluon_personnet.plugin.contracts.Protocol: smaller is more alike; rng decides among equal distances."""
        problem = check_distmat(distmat, query_pids, query_camids, gallery_pids, gallery_camids)
        ranks = rank_matches(problem, EXCLUDE, rng)
        first = ranks.rank[ranks.starts]
        if not len(first):
            raise DataError("protocol '$name': no query has a true match; right: at least one")
        return Measures(
            card=self._card(),
            cmc=cmc_from_ranks(first, self.max_rank),
            queries_used=len(first),
            queries_skipped=len(query_pids) - len(first),
            others={"mean_rank": float(first.mean())},
        )

    def _card(self):
        """The definition in words, printed with every figure."""
        return {
            "gallery": "every gallery image",
            "query": "every query image",
            "exclusion": EXCLUSIONS[EXCLUDE],
            "repeats": "none",
            "ties": TIES,
        }
''',
    "tests/test_$module.py": '''\
"""The contract suite does most of the work; what is left is an example by hand."""

import numpy as np
from gluon_personnet.testing import check_protocol

from $package import gpnet_protocols


def build():
    (entry,) = gpnet_protocols()
    return entry.build()


def test_contract():
    check_protocol(build())


def test_ranks_by_hand():
    distmat = np.array([[0.1, 0.2, 0.3], [0.1, 0.9, 0.5]])  # the true matches stand at places 1 and 3
    query_pids, gallery_pids = np.array([0, 1]), np.array([0, 1, 2])
    cameras = np.zeros(2, int), np.ones(3, int)
    rng = np.random.default_rng(0)
    measures = build().evaluate(distmat, query_pids, cameras[0], gallery_pids, cameras[1], rng)
    assert measures.others == {"mean_rank": 2.0}
    np.testing.assert_allclose(measures.cmc[:3], [0.5, 0.5, 1])
''',
}
"""Path -> text, both with placeholders."""


@click.command("new-plugin")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False))
@click.option("--name", help="Name of the protocol; by default that of DIR without 'gpnet-'.")
def command(folder, name):
    """Write a plugin to begin with: an evaluation protocol in a distribution of its own, with its test.

    DIR is a new or an empty folder.

    \b
    Examples:
      gpnet new-plugin gpnet-my-rank
      gpnet new-plugin work/plugin --name mean-rank
    """
    folder = Path(folder)
    if folder.is_dir() and any(folder.iterdir()):
        raise PluginError(f"folder {folder}: exists and is not empty; right: a new folder")
    name = name or re.sub("^gpnet-", "", folder.resolve().name.lower().replace("_", "-"))
    words = _words(name)
    for path, text in FILES.items():
        path = folder / Template(path).substitute(words)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, Template(text).substitute(words))
        click.echo(f"wrote {path}")
    click.echo(f"install and test it with: pip install {folder} && pytest {folder}")


def _words(name):
    """What the placeholders stand for; PluginError if the name is ill-formed or taken."""
    if not re.fullmatch("[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise PluginError(f"plugin name {name!r}: right: kebab-case, such as my-rank; give it with --name")
    module = name.replace("-", "_")
    package = importlib.util.find_spec(f"gpnet_{module}")
    taken = package and package.origin  # an empty folder of that name has no origin
    if taken or any(entry.name == name for entry in load_plugins().entries("protocols")):
        raise PluginError(f"plugin name {name!r}: taken by what is installed; give another one with --name")
    cls = "".join(word.capitalize() for word in name.split("-")) + "Protocol"
    return {"name": name, "module": module, "package": f"gpnet_{module}", "cls": cls}
