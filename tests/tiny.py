"""A recipe that trains in a second."""

TINY = {
    "dataset.name": "toy",
    "dataset.options": "{identities: 24, test_identities: 6}",
    "dataset.validation_identities": "4",
    "network.options": "{channels: 4, units: [16, 16, 8], dropout: 0.5}",
    "training.pairs": "96",
    "training.batch_pairs": "12",
    "training.negatives_per_positive": "2",
    "training.validate_every": "48",
    "training.checkpoint_every": "24",
    "training.averaging": "0.0",
    "training.losses": "{}",
    "optimizer.learning_rate": "2.5e-4",
    "augmentation.translation": "0.05",
}
"""A recipe that trains in a second: 8 steps on 24 generated identities."""


def settings(**changes):
    """Command-line arguments ``--set KEY=VALUE`` for :data:`TINY` with changes (dots written as double underscores)."""
    values = {**TINY, **{key.replace("__", "."): str(value) for key, value in changes.items()}}
    return [word for key, value in values.items() for word in ("--set", f"{key}={value}")]
