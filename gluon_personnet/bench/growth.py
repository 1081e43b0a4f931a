"""How time per pair and peak memory grow with the gallery; every size in a process of its own."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from gluon_personnet.core import seeding

SIZES = (1000, 4000, 16000)
QUERIES, MEMORY_MIB = 16, 256


class ManyImages:
    """`count` random images that take the memory of 256: uint8 slices of (count, H, W, 3)."""

    def __init__(self, count, height_px, width_px, name):
        size = (256, height_px, width_px, 3)
        self._pool, self._count = seeding.generator(0, f"bench {name}").integers(0, 256, size, dtype=np.uint8), count

    def __len__(self):
        return self._count

    def __getitem__(self, rows):
        return self._pool[np.arange(*rows.indices(self._count)) % len(self._pool)]


def peak_mib():
    """Most memory that this process has had resident so far, mapped files included; NaN where the system hides it."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return float("nan")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else float("nan")


def measure(queries, gallery, memory_mib):
    """Score in this process; called in a new one.

    Returns
    -------
    dict
        Seconds of maps and pairs, peak memory before (MXNet, weights and one tile there) and after, all in MiB.
    """
    from gluon_personnet.network.backend import mx
    from gluon_personnet.network.personnet import PersonNet
    from gluon_personnet.network.weights import initialise
    from gluon_personnet.scoring.scorer import Scorer

    mx.random.seed(0)
    network = PersonNet()
    initialise(network, mx.cpu())
    size = network.options["height_px"], network.options["width_px"]
    images = [ManyImages(count, *size, name) for count, name in ((queries, "query"), (gallery, "gallery"))]
    scorer = Scorer(network, mx.cpu(), memory_mib=memory_mib)
    scorer.distmat(images[0][:8], images[1][:128])
    before = peak_mib()
    start = time.perf_counter()
    distmat = scorer.distmat(*images)
    seconds = time.perf_counter() - start
    return {
        "gallery": gallery,
        "pairs": distmat.size,
        "seconds": seconds,
        "microseconds_per_pair": 1e6 * seconds / distmat.size,
        "peak_mib": peak_mib(),
        "grown_mib": peak_mib() - before,
        "maps_mib": 4 * 32 * 32 * 7 * (queries + gallery) / 2**20,
    }


def growth(sizes=SIZES, queries=QUERIES, memory_mib=MEMORY_MIB):
    """Measure each size of gallery.

    Returns
    -------
    dict
        JSON types. ``spread`` is the largest time per pair over the smallest; ``within_budget`` says whether memory
        grew by no more than `memory_mib`, which maps of the largest gallery exceed.
    """
    code = "import json, sys; from gluon_personnet.bench.growth import measure; "
    code += "print(json.dumps(measure(*map(int, sys.argv[1:]))))"
    rows = []
    for size in sizes:
        command = [sys.executable, "-c", code, str(queries), str(size), str(memory_mib)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        rows.append(json.loads(done.stdout))
    times = [row["microseconds_per_pair"] for row in rows]
    return {
        "queries": queries,
        "memory_mib": memory_mib,
        "sizes": rows,
        "spread": max(times) / min(times),
        "within_budget": all(row["grown_mib"] <= memory_mib for row in rows),
    }


def plot_growth(result, path):
    """Draw time per pair and memory over the size of the gallery into `path` (.png, .svg, .pdf)."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from gluon_personnet.core.files import replacing

    figure = Figure(figsize=(8, 3.5), layout="constrained")
    FigureCanvasAgg(figure)
    rows = result["sizes"]
    sizes = [row["gallery"] for row in rows]
    time_axes, memory_axes = figure.subplots(1, 2)
    time_axes.plot(sizes, [row["microseconds_per_pair"] for row in rows], marker="o")
    time_axes.set(xlabel="gallery images", ylabel="time per pair (us)", ylim=(0, None), xscale="log")
    memory_axes.plot(sizes, [row["maps_mib"] for row in rows], marker="o", label="size of all maps")
    memory_axes.plot(sizes, [row["grown_mib"] for row in rows], marker="o", label="memory grown while scoring")
    memory_axes.axhline(result["memory_mib"], color="grey", linestyle="--", label="limit for maps in memory")
    memory_axes.set(xlabel="gallery images", ylabel="MiB", ylim=(0, None), xscale="log")
    memory_axes.legend(fontsize=8)
    for axes in (time_axes, memory_axes):
        axes.set_xticks(sizes, [str(size) for size in sizes], minor=False)
        axes.grid(alpha=0.3)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=150)
