"""Checking a recipe without its data."""

import math

from gluon_personnet.core.errors import RecipeError
from gluon_personnet.network.backend import mx
from gluon_personnet.network.build import build_network
from gluon_personnet.network.kinds import forward_blank, scores_pairs
from gluon_personnet.network.weights import plain, start_network, unique_parameters
from gluon_personnet.recipe.sections import IDENTITIES
from gluon_personnet.training.closed_form.metric_head import check_metric_head
from gluon_personnet.training.held_out import selecting_protocol
from gluon_personnet.training.losses import loss_weights
from gluon_personnet.training.objectives import check_sampler
from gluon_personnet.training.optimizers import make_trainer
from gluon_personnet.training.schedule import make_schedule


def dry_run(recipe, manager):
    """Build everything a recipe names except the data set's images, and describe it.

    Returns
    -------
    list of str
        Lines for a person to read.

    Raises
    ------
    RecipeError, PluginError
        The first thing that would stop a training run.
    """
    manager.find("datasets", recipe.dataset.name).check_options(recipe.dataset.options, "dataset.options")
    selecting_protocol(recipe, manager)
    section = recipe.training
    network = build_network(recipe, manager)
    start_network(network, mx.cpu(), recipe.network)
    check_metric_head(network, recipe)
    size = network.options["height_px"], network.options["width_px"]
    check_sampler(network, section)
    loss_weights(network, section)
    found, name = forward_blank(network, mx.cpu()).shape, f"network {recipe.network.name!r}"
    if scores_pairs(network) and found != (1, 2):
        raise RecipeError(f"{name}: gives logits of shape {found}; right: (1, 2)")
    if len(found) != 2:
        raise RecipeError(f"{name}: gives embeddings of shape {found}; right: (1, D)")
    make_trainer(unique_parameters(network), recipe.optimizer)
    steps = math.ceil(section.total / section.batch)
    schedule = make_schedule(recipe.schedule, recipe.optimizer.learning_rate, steps)
    count = sum(math.prod(parameter.shape) for parameter in unique_parameters(plain(network)).values())
    rates = ", ".join(f"{schedule.rate(int(share * (steps - 1))):.3g}" for share in (0, 0.25, 0.5, 0.75, 1))
    return [
        f"data set {recipe.dataset.name}, split {recipe.dataset.split}; protocol {recipe.evaluation.protocol}",
        f"network {recipe.network.name}: input {size[0]}x{size[1]} px, {count:,} parameters",
        f"batch: {_batch(section)}; {steps} steps, {steps * section.batch:,} {section.unit}",
        f"optimizer {recipe.optimizer.name}; learning rate along the run: {rates}",
    ]


def _batch(section):
    """What a batch is made of, in words."""
    if section.sampler == IDENTITIES:
        return f"{section.identities} identities with {section.images_per_identity} images each"
    return f"{section.identities} positive and {section.batch_pairs - section.identities} negative pairs"
