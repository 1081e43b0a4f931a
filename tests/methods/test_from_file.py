"""Distances from a file: what is read and refused, results, the comparison of definitions."""

import json
import subprocess
import sys

import numpy as np
import pytest

from gluon_personnet.core import seeding
from gluon_personnet.core.errors import DataError
from gluon_personnet.evaluation.distances import Distances, check_distmat
from gluon_personnet.evaluation.measured import Measured
from gluon_personnet.methods.from_file import AMONG, load_distances, save_distances
from gluon_personnet.plugin.manager import PluginManager


def make_arrays(num_query=12, num_gallery=40, people=6, seed=0):
    """Two cameras a person; every person is in the gallery."""
    rng = np.random.default_rng(seed)
    query_pids, gallery_pids = np.arange(num_query) % people, np.arange(num_gallery) % people
    points = rng.normal(size=(people, 3))
    query, gallery = (points[pids] + rng.normal(size=(len(pids), 3)) for pids in (query_pids, gallery_pids))
    return {
        "distmat": np.linalg.norm(query[:, None] - gallery, axis=2),
        "query_pids": query_pids,
        "query_camids": np.zeros(num_query, int),
        "gallery_pids": gallery_pids,
        "gallery_camids": rng.integers(0, 3, num_gallery),
        "query_distmat": np.linalg.norm(query[:, None] - query, axis=2),
        "gallery_distmat": np.linalg.norm(gallery[:, None] - gallery, axis=2),
    }


@pytest.fixture
def write(tmp_path):
    """Write an npz file of :func:`make_arrays` with changes, an array of None being left out."""

    def run(name="d.npz", **changes):
        arrays = {key: array for key, array in make_arrays().items() if key not in AMONG}
        arrays = {key: array for key, array in {**arrays, **changes}.items() if array is not None}
        np.savez(tmp_path / name, **arrays)
        return name

    return run


def direct(name, arrays, seed=0):
    """What the protocol measures when it is called without any file."""
    protocol = PluginManager().find("protocols", name).build()
    labels = [arrays[key] for key in Distances._fields]
    return protocol.evaluate(*labels, seeding.generator(seed, "protocol " + name))


def test_results_are_those_of_the_protocol(gpnet, write, tmp_path):
    names = ["market1501", "single-shot"]
    output = gpnet(
        "evaluate", "--distmat", write(), "--protocol", names[0], "--protocol", names[1], "--json", "out.json"
    ).output
    report = json.loads((tmp_path / "out.json").read_text())
    assert [result["protocol"] for result in report["results"]] == names
    for result in report["results"]:
        measures = direct(result["protocol"], make_arrays())
        assert result["curve"] == measures.cmc.tolist()
        assert result["cmc"]["5"]["mean"] == measures.cmc[4]
        assert result["queries"] == {"used": measures.queries_used, "skipped": measures.queries_skipped}
        assert {key: result[key] for key in measures.others} == measures.others
        assert measures.card.items() <= result["card"].items()
    assert report["origin"]["images"] == "12 query, 40 gallery"
    assert report["origin"]["identities"] == "6 query, 6 gallery, 6 in both"
    assert set(report["results"][0]["mean_ap"]) == {"exact", "market1501"} and "minp" in report["results"][0]
    assert "protocol market1501" in output and "CMC (%)" in output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["d.npz", "out.json"]


def test_the_seed_decides_the_random_choices(gpnet, write, tmp_path):
    path, curves = write(), []
    for seed in (0, 7, 7):
        gpnet("evaluate", "--distmat", path, "--protocol", "single-shot", "--seed", seed, "--json", "out.json")
        (result,) = json.loads((tmp_path / "out.json").read_text())["results"]
        curves.append(result["curve"])
    assert curves[0] == direct("single-shot", make_arrays()).cmc.tolist()
    assert curves[1] == curves[2] == direct("single-shot", make_arrays(), seed=7).cmc.tolist() != curves[0]


def test_the_hash_tells_test_rows_apart_but_not_distances(gpnet, write, tmp_path):
    hashes = []
    for changes in ({}, {"distmat": np.ones((12, 40))}, {"query_camids": np.full(12, 5)}):
        gpnet("evaluate", "--distmat", write(**changes), "--protocol", "market1501", "--json", "out.json")
        hashes.append(json.loads((tmp_path / "out.json").read_text())["results"][0]["test_hash"])
    assert hashes[0] == hashes[1] != hashes[2]


def test_float32_and_whole_numbers_are_read(write, tmp_path):
    for dtype in (np.float32, np.int32, np.uint8):
        matrix = (10 * make_arrays()["distmat"]).astype(dtype)
        found = load_distances(tmp_path / write(distmat=matrix)).distances
        assert found.distmat.dtype == dtype
        np.testing.assert_array_equal(found.distmat, matrix)


def test_saved_and_loaded_again(tmp_path):
    arrays = make_arrays()
    distances = check_distmat(*(arrays[key] for key in Distances._fields))
    names = [tuple(f"{side}{number}.png" for number in range(size)) for side, size in (("q", 12), ("g", 40))]
    measured = Measured(distances, *names, {"method": "mine"}, among=lambda: tuple(arrays[key] for key in AMONG))
    for name, with_among in (("plain", False), ("whole.npz", True)):
        save_distances(tmp_path / name, measured, with_among)
        loaded = load_distances(tmp_path / name)
        for one, other in zip(loaded.distances, distances):
            np.testing.assert_array_equal(one, other)
        assert (loaded.query_names, loaded.gallery_names) == tuple(names)
        assert loaded.origin["method"] == "mine" and loaded.test_hash == measured.test_hash
        if with_among:
            for key, array in zip(AMONG, loaded.among()):
                np.testing.assert_array_equal(array, arrays[key])
        else:
            with pytest.raises(DataError, match="key 'query_distmat' is missing; re-ranking needs"):
                loaded.among()


def with_nan():
    distmat = make_arrays()["distmat"]
    distmat[3, 17] = np.nan
    return distmat


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"query_pids": None}, "key 'query_pids' is missing; right: distmat, query_pids, query_camids, gallery_pids"),
        ({"gallery_cams": np.zeros(40, int)}, "unknown key 'gallery_cams'; did you mean 'gallery_camids'?"),
        ({"query_camids": np.zeros(11, int)}, "query_camids: int64 of shape (11,); right: integers (12,)"),
        ({"query_camids": np.zeros(12)}, "query_camids: float64 of shape (12,); right: integers (12,)"),
        ({"distmat": np.zeros((40, 12))}, "query_pids: int64 of shape (12,); right: integers (40,)"),
        ({"distmat": np.zeros(480)}, "distmat: float64 of shape (480,); right: numbers (num_query, num_gallery)"),
        ({"distmat": np.zeros((12, 40), object)}, "distmat: cannot be read (Object arrays cannot be loaded"),
        ({"query_pids": np.array(["a"] * 12)}, "query_pids: <U1 of shape (12,); right: integers (12,)"),
        ({"distmat": with_nan()}, "distmat: nan at query row 3, gallery column 17; right: finite numbers"),
    ],
)
def test_mistakes_in_a_file_are_one_line(gpnet, write, changes, words):
    output = gpnet("evaluate", "--distmat", write(**changes), "--protocol", "market1501", code=1).output
    assert output.startswith(f"gpnet: d.npz: {words}") and output.count("\n") == 1


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip", b"PK\x03\x04" + bytes(200), "npy", "cut", "flipped"])
def test_files_that_are_no_npz_are_refused(gpnet, write, tmp_path, content):
    data = bytearray((tmp_path / write()).read_bytes())
    if content == "npy":
        np.save(tmp_path / "a.npy", np.zeros((2, 2)))
        data = (tmp_path / "a.npy").read_bytes()
    elif content == "cut":
        data = data[: len(data) // 2]
    elif content == "flipped":
        data[500] ^= 255  # inside the distances: the checksum of the zip tells
    else:
        data = content
    (tmp_path / "d.npz").write_bytes(data)
    output = gpnet("evaluate", "--distmat", "d.npz", "--protocol", "market1501", code=1).output
    right = "distmat: cannot be read (Bad CRC-32" if content == "flipped" else "not an npz file; right: a file of numpy"
    assert output.startswith(f"gpnet: d.npz: {right}") and output.count("\n") == 1


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(DataError, match="^nowhere.npz: not found; right: a file of numpy.savez with distmat,"):
        load_distances("nowhere.npz")


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--run", "runs/a"], "--run and --distmat are two methods; give one"),
        (["--recipe", "toy"], "--recipe and --distmat are two methods; give one"),
        (["--save-distmat", "e.npz"], "--save-distmat does not go with distances from a file"),
        (["--query-expansion", "3"], "--query-expansion does not go with distances from a file"),
        (["--compare-definitions"], "--protocol and --compare-definitions do not go together"),
        (["--rerank-k2", "4"], "--rerank-k2 needs --rerank"),
        (["--json", "there/out.json"], "--json there/out.json: there is no such folder"),
        (["--plot", "cmc.doc"], "--plot cmc.doc: right: a name that ends with .png, .svg, .pdf"),
    ],
)
def test_options_that_do_not_go_together_are_usage_errors(gpnet, write, tmp_path, arguments, words):
    output = gpnet("evaluate", "--distmat", write(), "--protocol", "market1501", *arguments, code=2).output
    assert words in output.splitlines()[-1]
    assert [path.name for path in tmp_path.iterdir()] == ["d.npz"]


def test_a_protocol_is_needed(gpnet, write):
    output = gpnet("evaluate", "--distmat", write(), code=2).output
    assert "give --protocol or --compare-definitions" in output
    output = gpnet("evaluate", "--distmat", write(), "--protocol", "market1510", code=1).output
    assert output == "gpnet: no protocol is named 'market1510'; did you mean 'market1501'?\n"


def test_plots_are_drawn_where_named(gpnet, write, tmp_path):
    arguments = ["evaluate", "--distmat", write(), "--protocol"]
    assert "wrote cmc.svg" in gpnet(*arguments, "market1501", "--plot", "cmc.svg").output
    assert "<svg" in (tmp_path / "cmc.svg").read_text()
    output = gpnet(*arguments, "verification", "--plot", "none.png").output
    assert "gpnet: warning: nothing defines a CMC here; none.png is not written" in output
    assert not (tmp_path / "none.png").exists()


def test_re_ranking(gpnet, write, tmp_path):
    arrays = make_arrays()
    arguments = ["evaluate", "--protocol", "market1501", "--json", "out.json", "--distmat"]
    whole = write(**{key: arrays[key] for key in AMONG})
    results = []
    for extra in ([], ["--rerank", "k-reciprocal", "--rerank-k1", "9", "--rerank-lambda", "0.2"]):
        gpnet(*arguments, whole, *extra)
        results += json.loads((tmp_path / "out.json").read_text())["results"]
    plain, ranked = results
    assert "re-ranking" not in plain["card"]
    assert ranked["card"]["re-ranking"].startswith("k-reciprocal, k1 9, k2 6, lambda 0.2;")
    from gluon_personnet.evaluation.reranking import KReciprocal

    distances = (arrays[key] for key in ("distmat", *AMONG))
    distmat = KReciprocal(9, 6, 0.2).distmat(*distances, np.random.default_rng(0))
    assert ranked["curve"] == direct("market1501", {**arrays, "distmat": distmat}).cmc.tolist()
    assert ranked["mean_ap"] != plain["mean_ap"]
    output = gpnet(*arguments, write(), "--rerank", "k-reciprocal", code=1).output
    assert output.startswith("gpnet: d.npz: key 'query_distmat' is missing; re-ranking needs query_distmat and")


def test_definitions_side_by_side(gpnet, write, tmp_path):
    """One person who is asked for: an open set is not defined, and the reason is given."""
    one = write(query_pids=np.zeros(12, int))
    output = gpnet("evaluate", "--distmat", one, "--compare-definitions", "--json", "out.json").output
    report = json.loads((tmp_path / "out.json").read_text())
    names = [entry.name for entry in PluginManager().entries("protocols")]
    left_out = {row["protocol"]: row["reason"] for row in report["not_applicable"]}
    assert sorted([*left_out, *(result["protocol"] for result in report["results"])]) == names
    assert left_out == {
        "open-set": "protocol 'open-set': one identity has a query with a true match; right: at least two",
        "verification": "defines no CMC",
    }
    lines = output.splitlines()
    header = next(line.split() for line in lines if line.split()[:1] == ["protocol"])
    assert header == ["protocol", "rank-1", "rank-5", "rank-10", "rank-20", "mAP", "exact", "mAP", "market1501"]
    arrays = {**make_arrays(), "query_pids": np.zeros(12, int)}
    for result in report["results"]:
        name, measures = result["protocol"], direct(result["protocol"], arrays)
        assert result["curve"] == measures.cmc.tolist()
        figures = [f"{100 * measures.cmc[rank - 1]:.2f}" for rank in (1, 5, 10, 20)]
        mean_ap = measures.others.get("mean_ap")
        figures += [f"{100 * value:.2f}" for value in mean_ap.values()] if mean_ap else ["-", "-"]
        row, sentence = (line.split() for line in lines if line.split()[:1] in ([name], [name + ":"]))
        assert row == [name, *figures]
        card = measures.card
        assert f"the gallery is {card['gallery']}; left out are {card['exclusion']}." in " ".join(sentence)


def test_no_definition_applies(gpnet, write):
    nobody = write(query_pids=np.full(12, 99))
    output = gpnet("evaluate", "--distmat", nobody, "--compare-definitions", code=1).output
    assert output.startswith("gpnet: no protocol applies to the data; cuhk03-np: protocol 'cuhk03-np': none of 12")


WITHOUT_MXNET = """
import sys
sys.modules["mxnet"] = None
from gluon_personnet.cli import main
main(sys.argv[1:], prog_name="gpnet", standalone_mode=False)
assert "gluon_personnet.network.backend" not in sys.modules
"""


def test_neither_distances_nor_the_ranking_bench_need_mxnet(write, tmp_path):
    write(**{key: make_arrays()[key] for key in AMONG})
    for arguments in (
        ["evaluate", "--distmat", "d.npz", "--compare-definitions", "--rerank", "k-reciprocal", "--plot", "cmc.png"],
        ["bench", "ranking", "--queries", "30", "--gallery", "900"],
    ):
        command = [sys.executable, "-c", WITHOUT_MXNET, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60)
        assert done.returncode == 0, done.stderr
