"""Distance matrices in files, from any framework, and their evaluation. No MXNet here."""

import hashlib
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np

import gluon_personnet
from gluon_personnet.core.errors import DataError, did_you_mean
from gluon_personnet.core.files import replacing
from gluon_personnet.evaluation.distances import JUNK_PID, Distances, check_distmat

AMONG = ("query_distmat", "gallery_distmat")
"""Keys that only re-ranking needs: distances among the queries (Q, Q) and among the gallery images (G, G)."""


def save_distmat(path, problem, among=()):
    """Write distances and labels as an npz file: the fields of a Distances, and those of :data:`AMONG` if given."""
    with replacing(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, **problem._asdict(), **dict(zip(AMONG, among)))


def load_distmat(path, with_among=False):
    """Read an npz file with the keys of :class:`~gluon_personnet.evaluation.distances.Distances`.

    Parameters
    ----------
    path : path
    with_among : bool
        Also read the keys of :data:`AMONG`, which may be there in any case.

    Returns
    -------
    problem : Distances
        With distmat in float64.
    among : tuple
        Of :data:`AMONG`; empty unless asked for.

    Raises
    ------
    DataError
        If this is no such file, or a shape, dtype or value in it is wrong.
    """
    keys = Distances._fields + (AMONG if with_among else ())
    arrays = _read(path, keys)
    try:
        problem = check_distmat(*(arrays[key] for key in Distances._fields))
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    among = tuple(arrays[key] for key in AMONG) if with_among else ()
    return problem._replace(distmat=problem.distmat.astype(np.float64, copy=False)), among


def _read(path, keys):
    """The arrays of these keys."""
    try:
        with open(path, "rb") as file:  # np.load leaves a damaged file open
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ValueError("a single array")
            _check_keys(path, archive.files, keys)
            return {key: _member(path, archive, key) for key in keys}
    except FileNotFoundError as error:
        raise DataError(f"{path}: not found; right: a file of numpy.savez with {', '.join(keys)}") from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: not an npz file; right: a file of numpy.savez with {', '.join(keys)}") from error


def _check_keys(path, found, keys):
    for key in found:
        if key not in Distances._fields + AMONG:
            raise DataError(f"{path}: unknown key {key!r}{did_you_mean(key, Distances._fields + AMONG)}")
    for key in keys:
        if key not in found:
            purpose = "re-ranking needs" if key in AMONG else "right:"
            raise DataError(f"{path}: key {key!r} is missing; {purpose} {', '.join(keys)}")


def _member(path, archive, key):
    try:
        return np.asarray(archive[key])
    except (OSError, ValueError, EOFError, MemoryError, zipfile.BadZipFile, zlib.error) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{path}: {key}: cannot be read ({reason}); right: an array of numbers") from error


def evaluate_distmat(path, evaluation, seed=0):
    """Evaluate the distances in a file.

    Parameters
    ----------
    path : path
    evaluation : ~gluon_personnet.evaluation.protocols.Evaluation
    seed : int

    Returns
    -------
    dict
        The report, JSON types only; figures are fractions.
    """
    problem, among = load_distmat(path, with_among=evaluation.rerank is not None)
    return {
        **evaluation.report(problem, among, seed, _data_card(path, problem)),
        "distmat": str(path),
        "pairs": problem.distmat.size,
        "versions": {
            "gluon_personnet": gluon_personnet.__version__,
            "numpy": np.__version__,
            "python": sys.version.split()[0],
        },
    }


def _data_card(path, problem):
    digest = hashlib.sha256()
    for labels in problem[1:]:
        digest.update(labels.astype("<i8").tobytes())
    query, gallery = (set(pids[pids != JUNK_PID].tolist()) for pids in (problem.query_pids, problem.gallery_pids))
    return {
        "distances": Path(path).name,
        "images": "{} query, {} gallery".format(*problem.distmat.shape),
        "split": f"identities and cameras as in the file, hash {digest.hexdigest()[:16]}",
        "identities": f"{len(query)} query, {len(gallery)} gallery, {len(query & gallery)} in both",
    }
