"""What a file's name tells: whether it is an image, and which camera took it."""

import re
import unicodedata
from typing import Dict, List, Optional, Sequence, Tuple

from gluon_personnet.core.errors import DataError

ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff")
"""Endings of image files, in any letter case."""

HELPERS = {"@eadir", "__macosx", "#recycle", "$recycle.bin", "lost+found", "thumbs", "thumbnails"}
"""Folders that file managers and storage systems make; what is in them is nobody's picture."""

MOST_DIGITS = 18
"""A number of more digits does not fit into int64."""

_TOKEN = re.compile(r"(?:^|[_\-. ])c(?:am)?(\d+)(?:s\d+)?(?=[_\-. ]|$)", re.IGNORECASE)  # c1, cam1, c1s1
_LEADING = re.compile(r"(\d+)_")
_MSMT17 = re.compile(r"\d+_\d+_(\d+)_\d{4}(?:morning|noon|afternoon)_")


def is_image(name: str) -> bool:
    """Whether a relative name with ``/`` is that of an image that somebody has put there.

    Names by their ending; hidden files and folders (``.thumbnails``, ``._0001.jpg``) and :data:`HELPERS` hold none.

    >>> is_image("0001/0_1.JPG"), is_image("0001/.thumbnails/0_1.jpg"), is_image("@eaDir/0_1.jpg"), is_image("a.txt")
    (True, False, False, False)
    """
    *folders, file = name.split("/")
    hidden = file.startswith(".") or any(part.startswith(".") or part.lower() in HELPERS for part in folders)
    return file.lower().endswith(ENDINGS) and not hidden


def passed_over(names: Sequence[str], used: Sequence[str]) -> Tuple[str, ...]:
    """Names of files with the ending of an image that are not used, helpers' files included, sorted."""
    known = set(used)
    return tuple(sorted(name for name in names if name.lower().endswith(ENDINGS) and name not in known))


def same_text(names: Sequence[str]) -> Dict[str, str]:
    """Normalised text (NFC) -> name.

    Raises
    ------
    DataError
        If two names are the same text in two ways of writing it (NFC and NFD), as some systems change them.
    """
    found: Dict[str, str] = {}
    for name in names:
        text = unicodedata.normalize("NFC", name)
        if text in found:
            raise DataError(f"{name!a} and {found[text]!a} are one name in two ways of writing; right: one of them")
        found[text] = name
    return found


def person_numbers(folders: Sequence[str]) -> Dict[str, int]:
    """Folder -> pid: its number where all folders but ``-1`` are numbers, else its place in sorted order.

    ``-1`` is junk in either case. Numbers of more than 18 digits count as texts.

    Raises
    ------
    DataError
        If two folders give one number, such as ``1`` and ``0001``.
    """
    same_text(sorted(set(folders)))
    people = sorted(set(folders) - {"-1"})
    if all(re.fullmatch(rf"\d{{1,{MOST_DIGITS}}}", person, re.ASCII) for person in people):
        numbers: Dict[int, str] = {}
        for person in people:
            other = numbers.setdefault(int(person), person)
            if other != person:
                raise DataError(f"folders {other} and {person} are both pid {int(person)}; right: one folder a person")
        pids = {person: int(person) for person in people}
    else:
        pids = {person: number for number, person in enumerate(people)}
    return {**pids, "-1": -1}


def cameras_of(images: Sequence[Tuple[str, str]], where: str) -> List[Optional[int]]:
    """The camera of every image, by the first of these rules that fits all names:

    ==============================================  ==========================================================
    name of every image                             camera
    ==============================================  ==========================================================
    has one ``c1``, ``c1s1`` or ``cam1`` between    that number: Market-1501, DukeMTMC-reID, ``000610_c1.png``
    ``_``, ``-``, ``.``, space, or the ends
    begins with the person's own number             the third number of MSMT17's names; none in other names,
                                                    such as those of Celeb-reID
    begins with a number and ``_``                  that number: ``1_000610.png``
    none has any of these                           none
    ==============================================  ==========================================================

    Parameters
    ----------
    images : sequence of (person, file)
        Names of the person's folder and of the file in it.
    where : str
        Names the data set in errors.

    Returns
    -------
    list of int or None
        All None where no camera is named.

    Raises
    ------
    DataError
        If some names have a camera and others have none, or if it could be either of two numbers.
    """
    tokens = [_TOKEN.findall(file.rpartition(".")[0]) for _, file in images]
    leading = [_LEADING.match(file) for _, file in images]
    own = all(match and _is_person(match[1], person) for match, (person, _) in zip(leading, images))
    if any(tokens):
        _all_or_none(tokens, images, where, "c1 in the name")
        twice = next((image for image, found in zip(images, tokens) if len(set(found)) > 1), None)
        if twice:
            raise DataError(f"{where}: {'/'.join(twice)} names two cameras; right: one, or manifest.csv with camid")
        if all(leading) and not own and _are_cameras([match[1] for match in leading if match]):
            first = "/".join(images[0])
            raise DataError(
                f"{where}: the camera of {first} may be {leading[0][1]} or c{tokens[0][0]}; "  # type: ignore[index]
                "right: one of the two in the names, or manifest.csv with camid"
            )
        return _numbers([found[0] for found in tokens], where)
    if own:
        third = [_MSMT17.match(file) for _, file in images]
        return _numbers([match[1] for match in third if match], where) if all(third) else [None] * len(images)
    if any(leading):
        _all_or_none(leading, images, where, "<camera>_ at the start")
        return _numbers([match[1] for match in leading if match], where)
    return [None] * len(images)


def _is_person(text, person):
    return text == person or (text.isdecimal() and person.isdecimal() and int(text) == int(person))


def _are_cameras(numbers):
    """A camera's number is short, and it takes several images; a frame's is long or hardly ever seen again."""
    return max(map(len, numbers)) <= 2 and len(set(numbers)) <= len(numbers) / 2


def _all_or_none(found, images, where, right):
    if not all(found):
        named, unnamed = ("/".join(images[[bool(one) for one in found].index(value)]) for value in (True, False))
        raise DataError(f"{where}: {unnamed} names no camera, {named} does; right: {right} of all images or of none")


def _numbers(texts, where):
    longest = max(texts, key=len)
    if len(longest) > MOST_DIGITS:
        raise DataError(f"{where}: camera {longest}; right: a number of {MOST_DIGITS} digits at most")
    return [int(text) for text in texts]
