"""Files with random changes are read or refused by a GpnetError, whatever they are.

In the suite every reader gets a few dozen; ``GPNET_FUZZ_SECONDS=600 pytest tests/end_to_end/test_fuzz.py -s`` goes on
so long and prints how many each got.
"""

import io
import os
import time
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from gluon_personnet.core.errors import GpnetError
from gluon_personnet.data.archives import Files, Locator
from gluon_personnet.data.images import decode
from gluon_personnet.methods.from_file import load_distances
from gluon_personnet.network.checkpoint import Checkpoint
from gluon_personnet.plugin.manager import PluginManager
from gluon_personnet.recipe.bundled import bundled_recipes
from gluon_personnet.recipe.parsing import parse_recipe
from picture_files import png

MANAGER = PluginManager()
SEED = 20261126
SECONDS = float(os.environ.get("GPNET_FUZZ_SECONDS", 0)) / 6
EDITS = st.lists(
    st.tuples(st.sampled_from(["replace", "insert", "delete", "repeat"]), st.integers(0, 2**20), st.binary(max_size=6)),
    min_size=1,
    max_size=12,
)


def edited(data, edits):
    """The bytes after replacing, inserting, deleting or repeating a few at some places."""
    for kind, place, extra in edits:
        at = place % (len(data) + 1)
        if kind == "replace":
            data = data[:at] + extra + data[at + len(extra) :]
        elif kind == "insert":
            data = data[:at] + extra + data[at:]
        elif kind == "delete":
            data = data[:at] + data[at + len(extra) + 1 :]
        else:
            data = data[:at] + data[max(0, at - 40) : at] + data[at:]
    return data


def archive():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for pid in range(4):
            for camid in (0, 1):
                file.writestr(f"{pid}/{camid}_0.png", png(10 * pid + camid))
    return buffer.getvalue()


def distances():
    buffer = io.BytesIO()
    labels = {"query_pids": np.arange(2), "query_camids": np.zeros(2, int)}
    gallery = {"gallery_pids": np.arange(3), "gallery_camids": np.ones(3, int)}
    np.savez(buffer, distmat=np.ones((2, 3)), **labels, **gallery)
    return buffer.getvalue()


def checkpoint(folder):
    Checkpoint({"step": 3, "recipe": {"seed": 1}}, {"parameter/w": np.ones((2, 2), np.float32)}).save(folder / "c.npz")
    return (folder / "c.npz").read_bytes()


def read_recipe(data, folder):
    recipe = parse_recipe(data.decode("utf-8", "replace"), "recipe x")
    section = recipe.dataset
    MANAGER.find("datasets", section.name).check_options(section.options)


def read_manifest(data, folder):
    place = folder / "mine"
    place.mkdir(exist_ok=True)
    for name in ("a.png", "b.png"):
        (place / name).write_bytes(png(1))
    (place / "manifest.csv").write_bytes(data)
    MANAGER.build("datasets", "folder", Locator([folder]), path="mine")


def read_distances(data, folder):
    (folder / "d.npz").write_bytes(data)
    load_distances(folder / "d.npz")


def read_checkpoint(data, folder):
    (folder / "c.npz").write_bytes(data)
    Checkpoint.load(folder / "c.npz")


def read_archive(data, folder):
    (folder / "a.zip").write_bytes(data)
    files = Files(folder / "a.zip")
    for name in files.names:
        files.read(name)
    MANAGER.build("datasets", "folder", Locator([folder]), path="a.zip")


def read_image(data, folder):
    decode(data, "x.png")


MANIFEST = b"path,pid,camid\na.png,1,0\nb.png,1,1\n"
RECIPE = bundled_recipes()["cuhk01"].read_bytes()


@pytest.mark.parametrize(
    ("read", "make"),
    [
        (read_recipe, lambda folder: RECIPE),
        (read_manifest, lambda folder: MANIFEST),
        (read_distances, lambda folder: distances()),
        (read_checkpoint, checkpoint),
        (read_archive, lambda folder: archive()),
        (read_image, lambda folder: png(7)),
    ],
    ids=["recipes", "manifests", "distances", "checkpoints", "archives", "images"],
)
@pytest.mark.filterwarnings("ignore")  # Pillow and zipfile warn of damage
def test_damaged_files_are_read_or_refused(read, make, tmp_path):
    original, counts, end = make(tmp_path), {"read": 0, "refused": 0}, time.monotonic() + SECONDS

    @settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(EDITS)
    def once(edits):
        try:
            read(edited(original, edits), tmp_path)
            counts["read"] += 1
        except GpnetError as error:
            counts["refused"] += 1
            assert len(str(error).splitlines()) == 1 and "object at 0x" not in str(error)

    number = SEED
    while True:
        seed(number)(once)()
        number += 1
        if time.monotonic() >= end:
            break
    print(f"\n{read.__name__}: seeds {SEED} to {number - 1}, {counts['read']} read, {counts['refused']} refused")
    assert counts["refused"]
