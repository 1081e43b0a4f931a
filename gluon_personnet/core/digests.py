"""Digests: short texts that change with what they were made from."""

import hashlib
from pathlib import Path
from typing import Iterable, Tuple, Union

import numpy as np


def digest(*parts: Union[str, bytes, np.ndarray]) -> str:
    """32 hexadecimal digits for texts, bytes and arrays: other types, shapes, values or orders give others.

    Raises
    ------
    TypeError
        For anything else, such as an array of objects.
    """
    found = hashlib.blake2b(digest_size=16)
    for part in parts:
        if isinstance(part, str):
            data = part.encode("utf-8", "surrogatepass")
            found.update(b"text %d " % len(data) + data)
        elif isinstance(part, bytes):
            found.update(b"bytes %d " % len(part) + part)
        elif isinstance(part, np.ndarray) and not part.dtype.hasobject:
            found.update(f"array {part.dtype.str} {part.shape} ".encode())
            found.update(np.ascontiguousarray(part).data)
        else:
            raise TypeError(f"digest: found {type(part).__name__}; right: str, bytes or an array of numbers")
    return found.hexdigest()


def rows_hash(rows: Iterable[Tuple[str, str, int, int]]) -> str:
    """16 hexadecimal digits of (role, name, pid, camid) of every image, in their order."""
    found = hashlib.sha256()
    for role, name, pid, camid in rows:
        found.update(f"{role},{name},{pid},{camid}\n".encode("utf-8", "surrogateescape"))
    return found.hexdigest()[:16]


def file_digest(path: Union[str, Path]) -> str:
    """32 hexadecimal digits of a file's bytes."""
    found = hashlib.blake2b(digest_size=16)
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(2**20), b""):
            found.update(block)
    return found.hexdigest()
