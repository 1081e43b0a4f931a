"""The sections of a recipe, as frozen dataclasses."""

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Dict, Mapping


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
    """Pairs a batch and in all, how often to validate and to save, and how the averaged weights are made.

    Hard negatives are identities that the network found alike when it was last asked, every `look_alikes_every_pairs`.
    `identification` is the weight of a softmax loss over the training identities, on the network's embedding or else on
    its trunk maps; `label_smoothing` is the share of its target that is spread over all identities. `ranking` is the
    share of the pairs' loss that a softmax over each query's pairs has; the rest is that of same and different. After
    the share `metric_head_at` of the training a head in closed form (:mod:`gluon_personnet.training.metric_head`) is
    fitted aside, and training goes on from it if it validates better than the learned one; 1 for never.
    """

    pairs: int
    batch_pairs: int = 192
    negatives_per_positive: int = 2
    hard_negatives_per_positive: int = 0
    look_alikes_every_pairs: int = 100_000
    view_order: str = "fixed"
    validate_every_pairs: int = 50_000
    checkpoint_every_pairs: int = 25_000
    averaging: float = 0.0
    identification: float = 0.0
    label_smoothing: float = 0.1
    ranking: float = 0.0
    metric_head_at: float = 1.0

    @property
    def negatives(self) -> int:
        """Negative pairs for each positive one, random and hard."""
        return self.negatives_per_positive + self.hard_negatives_per_positive

    @property
    def identities(self) -> int:
        """Identities, that is positive pairs, in one batch."""
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
