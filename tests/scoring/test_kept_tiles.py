"""What scoring keeps on disk: tiles to go on with, and maps beyond the memory."""

import numpy as np
import pytest

from gluon_personnet.core.errors import DataError
from gluon_personnet.network.backend import mx
from gluon_personnet.scoring.maps import MapFile
from gluon_personnet.scoring.scorer import Scorer
from scoring_inputs import images, make_network


@pytest.fixture(scope="module")
def network():
    return make_network()


class Killed(Exception):
    """Stands for a kill: nothing is cleaned up behind the tile that was kept last."""


def scored_until(scorer, count, query, gallery, work, monkeypatch):
    """Score until `count` tiles are kept; return how many tiles the file then holds."""
    from gluon_personnet.scoring.kept_tiles import TileLog

    append, kept = TileLog.append, []

    def limited(log, tile, distances):
        if len(kept) == count:
            raise Killed
        append(log, tile, distances)
        kept.append(tile.number)

    with monkeypatch.context() as patch:
        patch.setattr(TileLog, "append", limited)
        with pytest.raises(Killed):
            scorer.distmat(query, gallery, work=work)
    return kept


def counted(monkeypatch):
    """Numbers of the tiles that are computed from now on."""
    numbers, tiles = [], Scorer.tiles

    def counting(self, maps, tiling, wanted):
        for tile, distances in tiles(self, maps, tiling, wanted):
            numbers.append(tile.number)
            yield tile, distances

    monkeypatch.setattr(Scorer, "tiles", counting)
    return numbers


def test_a_killed_run_goes_on_where_it_stopped(network, tmp_path, monkeypatch):
    query, gallery = images(5, 0), images(7, 1)
    whole = Scorer(network, mx.cpu(), tile_pairs=6).distmat(query, gallery)
    scorer = Scorer(network, mx.cpu(), tile_pairs=6)
    kept = scored_until(scorer, 3, query, gallery, tmp_path / "work", monkeypatch)
    (path,) = (tmp_path / "work").iterdir()
    with open(path, "ab") as stream:
        stream.write(path.read_bytes()[-40:])  # a record cut short
    computed = counted(monkeypatch)
    resumed = Scorer(network, mx.cpu(), tile_pairs=6).distmat(query, gallery, work=tmp_path / "work")
    assert resumed.tobytes() == whole.tobytes()
    assert kept == [0, 1, 2] and computed == list(range(3, max(computed) + 1))
    again = Scorer(network, mx.cpu(), tile_pairs=6).distmat(query, gallery, work=tmp_path / "work")
    assert again.tobytes() == whole.tobytes() and computed[-1] == len(computed) + 2


def test_a_damaged_tile_is_computed_again(network, tmp_path):
    query, gallery = images(5, 0), images(7, 1)
    scorer = Scorer(network, mx.cpu(), tile_pairs=6)
    whole = scorer.distmat(query, gallery, work=tmp_path)
    (path,) = tmp_path.iterdir()
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    path.write_bytes(content)
    assert scorer.distmat(query, gallery, work=tmp_path).tobytes() == whole.tobytes()


def test_what_is_kept_belongs_to_weights_images_and_tile(network, tmp_path):
    query, gallery = images(3, 0), images(4, 1)
    work = {"work": tmp_path}
    Scorer(network, mx.cpu()).distmat(query, gallery, **work)
    Scorer(network, mx.cpu(), tile_pairs=2).distmat(query, gallery, **work)
    Scorer(make_network(seed=1), mx.cpu()).distmat(query, gallery, **work)
    Scorer(network, mx.cpu()).distmat(query[:, :, ::-1], gallery, **work)
    assert len(list(tmp_path.iterdir())) == 4
    Scorer(network, mx.cpu()).distmat(query, gallery, **work)
    assert len(list(tmp_path.iterdir())) == 4


def test_what_is_kept_belongs_to_the_precision(network, tmp_path, needs_precision):
    needs_precision("bfloat16")
    query, gallery = images(3, 0), images(4, 1)
    for precision, files in (("float32", 1), ("bfloat16", 2), ("float32", 2)):
        Scorer(network, mx.cpu(), precision=precision).distmat(query, gallery, work=tmp_path)
        assert len(list(tmp_path.iterdir())) == files


def test_maps_beyond_the_memory_go_to_files(network, tmp_path):
    query, gallery = images(5, 0), images(7, 1)
    inside, outside = (Scorer(network, mx.cpu(), 6, 3, memory_mib=mib) for mib in (1, 0.01))
    maps, kept = inside.maps(query, gallery, tmp_path), outside.maps(query, gallery, tmp_path)
    assert isinstance(maps.query, np.ndarray) and isinstance(kept.query, MapFile)
    assert kept.digest == maps.digest and kept.gallery[2:5].tobytes() == maps.gallery[2:5].tobytes()
    assert inside.distmat(query, gallery).tobytes() == outside.distmat(query, gallery).tobytes()


def test_a_map_file_that_is_gone(tmp_path):
    with pytest.raises(DataError, match="cannot read maps"):
        MapFile(tmp_path / "query.npy")


def test_folders_that_cannot_be_written(network, tmp_path):
    query, gallery = images(2, 0), images(2, 1)
    with pytest.raises(DataError, match="cannot write 0 MiB of maps .No such file"):
        Scorer(network, mx.cpu(), memory_mib=0.001).maps(query, gallery, tmp_path / "missing")
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot keep scores there"):
        Scorer(network, mx.cpu()).distmat(query, gallery, work=tmp_path / "file")
