"""Checkpoints: one ``.npz`` file with arrays and a JSON record, written in one step and read without pickle."""

import contextlib
import json
from dataclasses import dataclass
from typing import Dict

import numpy as np

from gluon_personnet.core.errors import CheckpointError
from gluon_personnet.core.files import replacing
from gluon_personnet.recipe.parsing import differences, recipe_from_dict

FORMAT = 1


@dataclass(frozen=True)
class Checkpoint:
    """State of a run after a step.

    Parameters
    ----------
    record : dict
        JSON types: ``step``, ``recipe``, ``train_hash``, ``test_hash``, ``versions``, ``schedule``, ``best``,
        ``seconds`` and others.
        Random generators need no state of their own: each is derived from (seed, purpose, step).
    arrays : dict of str to numpy array
        ``parameter/NAME``, ``average/NAME``, ``optimizer/NAME/PLACE``.
    """

    record: dict
    arrays: Dict[str, np.ndarray]

    def group(self, name):
        """The arrays of one group without their prefix."""
        return {key[len(name) + 1 :]: value for key, value in self.arrays.items() if key.startswith(name + "/")}

    def save(self, path):
        """Write to `path`; a kill leaves the previous file."""
        text = json.dumps({**self.record, "format": FORMAT})
        with replacing(path) as temporary, open(temporary, "wb") as file:
            np.savez(file, record=np.frombuffer(text.encode(), np.uint8), **self.arrays)

    @classmethod
    def load(cls, path):
        """Read a checkpoint back.

        Raises
        ------
        CheckpointError
            If the file is missing, damaged (each array carries a checksum), not a checkpoint, or of another format.
        """
        arrays = cls._read(path)
        return cls(arrays.pop("record"), arrays)

    @classmethod
    def load_record(cls, path):
        """The record alone, without reading the arrays; raises as :meth:`load`."""
        return cls._read(path, ["record"])["record"]

    @staticmethod
    def _read(path, names=None):
        """Name -> array of those names, or of all; the record as JSON types."""
        try:
            with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in names or archive.files}
            record = dict(json.loads(arrays["record"].tobytes()))
            found = record.pop("format")
        except FileNotFoundError as error:
            raise CheckpointError(f"checkpoint {path}: not found") from error
        except Exception as error:  # numpy, zipfile and zlib have a dozen kinds for damaged files
            raise CheckpointError(f"checkpoint {path}: damaged or not a checkpoint: {_line(error)}") from error
        if found != FORMAT:
            raise CheckpointError(f"checkpoint {path}: found format {found}; right: {FORMAT}")
        return {**arrays, "record": record}


@contextlib.contextmanager
def reading(where: str):
    """Turn errors while values of a checkpoint are put to use, such as a missing one, into CheckpointError."""
    try:
        yield
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{where}: damaged or not a checkpoint of a training: {_line(error)}") from error


def load_same(path, recipe, train_hash):
    """The checkpoint there, made by the training that wants to go on from it.

    Raises
    ------
    CheckpointError
        If it cannot be read, or was made with another recipe or for other training rows.
    """
    checkpoint = Checkpoint.load(path)
    record, where = checkpoint.record, f"checkpoint {path}"
    with reading(where):
        changed = differences(recipe_from_dict(record["recipe"], where), recipe)
        if changed:
            raise CheckpointError(
                f"{where}: made with another recipe ({'; '.join(changed)}); undo it, or train into another --out"
            )
        if record["train_hash"] != train_hash:
            raise CheckpointError(
                f"{where}: made for training rows {record['train_hash']}, the data set now gives {train_hash}"
            )
    return checkpoint


def _line(error):
    return " ".join(str(error).split()) or type(error).__name__
