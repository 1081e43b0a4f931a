"""The sections of a recipe, as frozen dataclasses."""

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Dict, Mapping

BALANCED_PAIRS, IDENTITIES = SAMPLERS = "balanced-pairs", "identities"
"""Names of the samplers."""


@dataclass(frozen=True)
class DatasetSection:
    """Which images: a registered data set, its split, its options, and how many training identities to hold out."""

    name: str
    split: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    validation_identities: int = 71


@dataclass(frozen=True)
class NetworkSection:
    """Which network, and how it starts: Xavier magnitude of the weights, biases uniform in +-bias_range."""

    name: str = "personnet"
    options: Mapping[str, Any] = field(default_factory=dict)
    weight_magnitude: float = 3.0
    bias_range: float = 0.5


@dataclass(frozen=True)
class TrainingSection:
    """What a batch is made of, how long to train, which losses count, and how the averaged weights are made.

    ``sampler`` says what a batch is made of (see :mod:`gluon_personnet.training.sampling`):

    * ``balanced-pairs``: `batch_pairs` pairs of images, of two views each. The training ends after `pairs` pairs.
    * ``identities``: `batch_images` images, `images_per_identity` of each identity. It ends after `images` images.

    `validate_every`, `checkpoint_every` and `look_alikes_every` count in the unit of the sampler, pairs or images.

    Hard negatives are identities that the network found alike when it was last asked. `losses` holds the weight of each
    loss by its name (see :mod:`gluon_personnet.training.losses`); without any the network's own are taken.
    `label_smoothing` is the share of the target of the loss ``identification`` that is spread over all identities.
    After the share `metric_head_at` of the training a head in closed form
    (:mod:`gluon_personnet.training.closed_form.metric_head`) is fitted aside, and training goes on from it if it
    validates better than the learned one; 1 for never.
    """

    pairs: int = 0
    batch_pairs: int = 192
    images: int = 0
    batch_images: int = 64
    images_per_identity: int = 4
    sampler: str = BALANCED_PAIRS
    negatives_per_positive: int = 2
    hard_negatives_per_positive: int = 0
    look_alikes_every: int = 100_000
    view_order: str = "fixed"
    validate_every: int = 50_000
    checkpoint_every: int = 25_000
    averaging: float = 0.0
    losses: Mapping[str, Any] = field(default_factory=dict)
    label_smoothing: float = 0.1
    metric_head_at: float = 1.0

    @property
    def unit(self) -> str:
        """What the sampler counts: ``'pairs'`` or ``'images'``."""
        return "images" if self.sampler == IDENTITIES else "pairs"

    @property
    def total(self) -> int:
        """Pairs or images of the whole training."""
        return self.images if self.sampler == IDENTITIES else self.pairs

    @property
    def batch(self) -> int:
        """Pairs or images in one batch."""
        return self.batch_images if self.sampler == IDENTITIES else self.batch_pairs

    @property
    def negatives(self) -> int:
        """Negative pairs for each positive one, random and hard."""
        return self.negatives_per_positive + self.hard_negatives_per_positive

    @property
    def identities(self) -> int:
        """Identities in one batch; of balanced pairs each has one positive pair."""
        if self.sampler == IDENTITIES:
            return self.batch_images // self.images_per_identity
        return self.batch_pairs // (1 + self.negatives)


@dataclass(frozen=True)
class OptimizerSection:
    """Update rule (see :mod:`gluon_personnet.training.optimizers`), learning rate, L2 penalty and own options.

    With `rate_by_inputs` fully connected layers of the network's head learn at a rate inverse to how many inputs they
    have.
    """

    name: str = "rmsprop"
    learning_rate: float = 1e-4
    l2: float = 5e-4
    options: Mapping[str, Any] = field(default_factory=dict)
    rate_by_inputs: bool = False


@dataclass(frozen=True)
class ScheduleSection:
    """How the learning rate changes (see :mod:`gluon_personnet.training.schedule`)."""

    name: str = "cosine"
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AugmentationSection:
    """Translations up to this share of height and width, and mirroring with probability one half (section IV-B).

    Beyond the paper: colour changes within 1 +- `colour`, and the probability of erasing a rectangle. `until` is the
    share of the training after which only mirroring is left.
    """

    translation: float = 0.05
    mirror: bool = True
    colour: float = 0.0
    erasing: float = 0.0
    until: float = 1.0

    @property
    def only_mirroring(self) -> "AugmentationSection":
        """This section without the changes that end at `until`."""
        return dataclasses.replace(self, translation=0.0, colour=0.0, erasing=0.0)


@dataclass(frozen=True)
class EvaluationSection:
    """The protocol used on validation and, by default, on test identities; whether mirrored pairs are averaged in."""

    protocol: str = "single-shot"
    mirrored: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a training run."""

    dataset: DatasetSection
    training: TrainingSection
    seed: int = 0
    network: NetworkSection = NetworkSection()
    optimizer: OptimizerSection = OptimizerSection()
    schedule: ScheduleSection = ScheduleSection()
    augmentation: AugmentationSection = AugmentationSection()
    evaluation: EvaluationSection = EvaluationSection()

    def to_dict(self) -> Dict[str, Any]:
        """Plain dictionaries, as they would stand in a recipe file."""
        return dataclasses.asdict(self)
