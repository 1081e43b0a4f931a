"""Distances in npz files, from any framework."""

import json
from pathlib import Path
from typing import Any, Dict

import numpy as np

from gluon_personnet.core.errors import DataError, did_you_mean
from gluon_personnet.core.files import replacing
from gluon_personnet.evaluation.distances import JUNK_PID, Distances, check_distmat
from gluon_personnet.evaluation.measured import AMONG, Measured

NAMES = ("query_names", "gallery_names")
"""Optional keys: the images' names, text (Q,) and (G,)."""

OPTIONAL = (*AMONG, *NAMES, "origin")
"""Keys that may be missing; ``origin`` is JSON text: method and data set in words."""


def save_distances(path: Any, measured: Measured, with_among: bool = False) -> None:
    """Write distances, labels, names and origin as an npz file; with those of :data:`AMONG` if asked for."""
    arrays = dict(zip(AMONG, measured.among())) if with_among else {}
    names = {"query_names": np.array(measured.query_names, str), "gallery_names": np.array(measured.gallery_names, str)}
    origin = np.array(json.dumps(dict(measured.origin)))
    with replacing(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, **measured.distances._asdict(), **names, origin=origin, **arrays)


def load_distances(path: Any) -> Measured:
    """Read an npz file with the keys of :class:`~gluon_personnet.evaluation.distances.Distances`.

    Parameters
    ----------
    path : path
        Of a file of ``numpy.savez``; the keys of :data:`OPTIONAL` may be there too.

    Returns
    -------
    Measured
        Its ``among`` is None where the file has no such matrices.

    Raises
    ------
    DataError
        If this is no such file, or a shape, dtype or value in it is wrong.
    """
    arrays = _read(path)
    try:
        distances = check_distmat(*(arrays[key] for key in Distances._fields))
        names = [_names(arrays, key, length) for key, length in zip(NAMES, distances.distmat.shape)]
        origin = _origin(arrays)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    known = [key for key in AMONG if key in arrays]

    def among():
        missing = [key for key in AMONG if key not in arrays]
        if missing:
            raise DataError(f"{path}: key {missing[0]!r} is missing; re-ranking needs {' and '.join(AMONG)}")
        query_distmat, gallery_distmat = (arrays[key] for key in known)
        return query_distmat, gallery_distmat

    card = {**origin, "distances": Path(path).name, **_card(distances)}
    return Measured(distances, *names, card, {}, among)


def _origin(arrays) -> Dict[str, str]:
    if "origin" not in arrays:
        return {}
    try:
        found = json.loads(str(arrays["origin"]))
        return {str(key): str(value) for key, value in found.items()}
    except (ValueError, AttributeError, RecursionError) as error:
        raise DataError(f"origin: found {str(arrays['origin'])[:40]!r}; right: a JSON object of texts") from error


def _names(arrays, key, length):
    if key not in arrays:
        return ("",) * length
    found = arrays[key]
    if found.shape != (length,) or found.dtype.kind != "U":
        raise DataError(f"{key}: {found.dtype} of shape {found.shape}; right: texts ({length},)")
    return tuple(found.tolist())


def _read(path) -> Dict[str, np.ndarray]:
    """The arrays of all keys."""
    right = f"right: a file of numpy.savez with {', '.join(Distances._fields)}"
    try:
        with open(path, "rb") as file:  # np.load leaves a damaged file open
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ValueError("a single array")
            _check_keys(path, archive.files)
            return {key: _member(path, archive, key) for key in archive.files}
    except FileNotFoundError as error:
        raise DataError(f"{path}: not found; {right}") from error
    except DataError:
        raise
    except Exception as error:  # zipfile and NumPy raise a dozen classes on damaged data
        raise DataError(f"{path}: not an npz file; {right}") from error


def _check_keys(path, found):
    known = Distances._fields + OPTIONAL
    for key in found:
        if key not in known:
            raise DataError(f"{path}: unknown key {key!r}{did_you_mean(key, known)}")
    for key in Distances._fields:
        if key not in found:
            raise DataError(f"{path}: key {key!r} is missing; right: {', '.join(Distances._fields)}")


def _member(path, archive, key):
    try:
        return np.asarray(archive[key])
    except Exception as error:  # zipfile and NumPy raise a dozen classes on damaged data
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{path}: {key}: cannot be read ({reason}); right: an array of numbers") from error


def _card(distances) -> Dict[str, str]:
    query, gallery = (set(pids[pids != JUNK_PID].tolist()) for pids in (distances.query_pids, distances.gallery_pids))
    return {
        "images": "{} query, {} gallery".format(*distances.distmat.shape),
        "identities": f"{len(query)} query, {len(gallery)} gallery, {len(query & gallery)} in both",
    }
