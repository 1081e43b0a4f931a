"""What a recipe works on: its data set, the split into training, validation and test, and the images."""

from gluon_personnet.core import seeding
from gluon_personnet.core.errors import RecipeError
from gluon_personnet.data.images import ImageCache
from gluon_personnet.data.splits import hold_out, labels, split_hash
from gluon_personnet.evaluation.distances import check_distmat


class TaskImages:
    """Images of a task that are decoded when a slice of them is asked for: uint8 (n, H, W, 3).

    Parameters
    ----------
    cache : ImageCache
    rows : sequence of int
        Of the data set.
    mirrored : bool
        Left and right exchanged.
    """

    def __init__(self, cache, rows, mirrored=False):
        self._cache, self._rows, self._mirrored = cache, rows, mirrored

    def __len__(self):
        return len(self._rows)

    def __getitem__(self, part):
        images = self._cache.images(self._rows[part])
        return images[:, :, ::-1] if self._mirrored else images


class Task:
    """A recipe's data, ready for training and scoring.

    Parameters
    ----------
    recipe : Recipe
    manager : PluginManager
    locate : Locator
        Finds archives and folders.
    height_px, width_px : int
        Size in which images are handed out.
    memory_mib : int
        Limit of the cache of decoded images.
    progress : bool
        Show progress bars on standard error.

    Raises
    ------
    RecipeError, PluginError, DataError
        Unknown data set or protocol, a split that is not there, data that cannot be read.
    """

    def __init__(self, recipe, manager, locate, height_px, width_px, memory_mib=2048, progress=True):
        section = recipe.dataset
        entry = manager.find("datasets", section.name)
        self.dataset = entry.build(locate, where="dataset.options", **section.options)
        if not 0 <= section.split < self.dataset.num_splits:
            raise RecipeError(f"dataset.split: found {section.split}; right: 0 to {self.dataset.num_splits - 1}")
        split = self.dataset.split(section.split)
        samples = self.dataset.samples
        self.train, self.validation = hold_out(samples, split, section.validation_identities, recipe.seed)
        self.test = split
        self.split_hash = split_hash(samples, split, self.validation)
        self.cache = ImageCache(self.dataset, height_px, width_px, memory_mib, progress)
        protocol = manager.find("protocols", recipe.evaluation.protocol)
        self._protocol = protocol.build(where="evaluation.options", **recipe.evaluation.options)
        self._seed = recipe.seed
        self.mirrored = recipe.evaluation.mirrored

    def images(self, rows, mirrored=False):
        """:class:`TaskImages` of rows of the data set."""
        return TaskImages(self.cache, rows, mirrored)

    def distmat(self, scorer, split, progress=False, work=None):
        """Distances of all query-gallery pairs of a split, float64 (Q, G); averaged with those of the mirrored pairs
        where :attr:`mirrored` is set. `work` is that of :meth:`~gluon_personnet.scoring.scorer.Scorer.distmat`.
        """
        sides = split.query, split.gallery
        distmat = scorer.distmat(*map(self.images, sides), progress, work)
        if self.mirrored:
            mirrored = scorer.distmat(*(self.images(rows, mirrored=True) for rows in sides), progress, work)
            distmat = (distmat + mirrored) / 2
        return distmat

    def problem(self, distmat, split):
        """Distances of a split with their labels: a :class:`~gluon_personnet.evaluation.distances.Distances`."""
        samples = self.dataset.samples
        return check_distmat(distmat, *labels(samples, split.query), *labels(samples, split.gallery))

    def validate(self, scorer):
        """The recipe's protocol on the validation identities, with the same random choices every time."""
        problem = self.problem(self.distmat(scorer, self.validation), self.validation)
        return self._protocol.evaluate(*problem, seeding.generator(self._seed, "validation"))
