"""What every workflow needs of its surroundings."""

import warnings
from dataclasses import dataclass, field
from typing import Any, List, Mapping, Optional, Sequence, Union

from gluon_personnet.core.errors import DataWarning, RecipeError
from gluon_personnet.data.archives import Locator, data_directories
from gluon_personnet.data.audit import passed_over_line
from gluon_personnet.data.task import Task, make_tasks
from gluon_personnet.plugin.checks import check_dataset
from gluon_personnet.plugin.manager import PluginManager


@dataclass(frozen=True)
class TaskChoice:
    """Which data set and which of its splits.

    Parameters
    ----------
    dataset : str
        Name of a registered data set.
    splits : str
        ``'all'``, or numbers such as ``'0,3,4'``.
    options : mapping
        Of the data set.
    """

    dataset: str
    splits: str = "0"
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Session:
    """Plugins, data folders, device, and whether progress is shown.

    Parameters
    ----------
    manager : PluginManager
    locate : Locator
        Finds archives and folders of images.
    device : str, optional
        ``'cpu'``, ``'gpu'`` or ``'gpu:N'``; by default a GPU where there is one.
    progress : bool
        Show progress bars on standard error.
    """

    manager: PluginManager
    locate: Locator
    device: Optional[str] = None
    progress: bool = True

    def tasks(
        self,
        dataset: str,
        options: Mapping[str, Any],
        splits: Union[str, Sequence[int]] = "0",
        where: Optional[str] = None,
    ) -> List[Task]:
        """The tasks of some splits of a registered data set.

        Parameters
        ----------
        dataset : str
        options : mapping
            Of the data set.
        splits : str or sequence of int
            ``'all'``, or numbers such as ``'0,3,4'``.
        where : str, optional
            Names the options in errors.
        """
        opened = self.manager.make("datasets", dataset, (self.locate,), options, where or "")
        check_dataset(opened, self.manager.described("datasets", dataset))
        unused = getattr(opened, "passed_over", ())
        if unused:
            warnings.warn(f"data set {dataset!r}: {passed_over_line(unused)}", DataWarning, stacklevel=2)
        numbers = parse_splits(splits, opened.num_splits) if isinstance(splits, str) else splits
        return make_tasks(dataset, options, opened, numbers)


def parse_splits(text: str, num_splits: int) -> List[int]:
    """Numbers of splits from ``'all'`` or from ``'0,3,4'``, ascending.

    Raises
    ------
    RecipeError
        If a number is not one of the data set's.
    """
    if text == "all":
        return list(range(num_splits))
    numbers = [int(word) if word.strip().isdecimal() else -1 for word in text.split(",")]
    if not all(0 <= number < num_splits for number in numbers):
        raise RecipeError(f"--splits {text}: right: all, or numbers from 0 to {num_splits - 1} such as 0,1")
    return sorted(set(numbers))


def open_session(data: Optional[str] = None, device: Optional[str] = None, progress: bool = True) -> Session:
    """A session with all installed plugins; `data` is a folder of archives, by default as ``--data`` has it."""
    return Session(PluginManager(), Locator(data_directories(data)), device, progress)
