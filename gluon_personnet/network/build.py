"""A recipe's network, new or from a checkpoint."""

from gluon_personnet.network.weights import plain, set_parameters, settle_shapes, unique_parameters
from gluon_personnet.plugin.checks import check_network


def build_network(recipe, manager):
    """The recipe's network, not yet initialised."""
    section = recipe.network
    network = manager.make("networks", section.name, (), section.options, "network.options")
    check_network(network, manager.described("networks", section.name))
    return network


def restore_network(recipe, manager, checkpoint, where, ctx, trained=True):
    """The recipe's network for testing, from a checkpoint, on `ctx`; `where` names the checkpoint in errors.

    `trained` says whether the parameters are those of the network in training, or already of what is tested.
    """
    network = build_network(recipe, manager)
    network.initialize(ctx=ctx)
    settle_shapes(network, ctx)
    if not trained:
        network = plain(network)
    set_parameters(unique_parameters(network), checkpoint.group("parameter"), where)
    return plain(network)
