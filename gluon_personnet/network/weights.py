"""A network's parameters by name: their starting values, and setting them."""

from gluon_personnet.core.errors import CheckpointError
from gluon_personnet.network.backend import mx
from gluon_personnet.network.kinds import forward_blank


def initialise(network, ctx, weight_magnitude=3.0, bias_range=0.5):
    """Xavier weights and uniform biases, from MXNet's seeded generator.

    Biases start away from zero because from the difference on, max pooling aside, tanh layers without bias are odd
    functions, while "same or different" is an even one.

    Parameters
    ----------
    weight_magnitude : float
        Xavier magnitude (uniform, average fan).
    bias_range : float
        Biases are uniform in [-bias_range, bias_range]; 0 gives zeros.
    """
    xavier = mx.init.Xavier(rnd_type="uniform", factor_type="avg", magnitude=weight_magnitude)
    biases = mx.init.Uniform(bias_range) if bias_range else mx.init.Zero()
    for parameter in unique_parameters(network).values():
        start = biases if parameter.name.endswith("bias") else xavier
        parameter.initialize(default_init=start, ctx=ctx)  # unless the layer sets its own, as batch normalisation


def start_network(network, ctx, section):
    """Starting values by a recipe's network section; pretrained ones where the network has a ``load_pretrained()``.

    Raises
    ------
    FileError, CheckpointError
        If a file of weights cannot be read or is of another network.
    """
    initialise(network, ctx, section.weight_magnitude, section.bias_range)
    settle_shapes(network, ctx)
    if hasattr(network, "load_pretrained"):
        network.load_pretrained()


def settle_shapes(network, ctx):
    """Give the parameters of an initialised network their shapes, where its layers learn them from the first input."""
    if not all(all(parameter.shape) for parameter in unique_parameters(network).values()):
        forward_blank(network, ctx)


def plain(network):
    """The network as it is tested, scored with and exported: without what only training needs.

    A network that differs in training has a method ``plain()``, which makes this one of its present parameters.
    """
    return network.plain() if hasattr(network, "plain") else network


def unique_parameters(network):
    """Structural name -> Parameter, every shared one once and in a fixed order."""
    found, seen = {}, set()
    for name, parameter in sorted(network._collect_params_with_prefix().items()):
        if id(parameter) not in seen:
            seen.add(id(parameter))
            found[name] = parameter
    return found


def set_parameters(parameters, arrays, where):
    """Copy arrays into Gluon parameters of the same names and shapes.

    Raises
    ------
    CheckpointError
        If names or shapes differ: the checkpoint was made for another network or input size.
    """
    if set(parameters) != set(arrays):
        odd = sorted(set(parameters) ^ set(arrays))
        raise CheckpointError(f"{where}: made for another network: {odd[0]} is in one of the two only")
    for name, parameter in parameters.items():
        if parameter.shape != arrays[name].shape:
            raise CheckpointError(
                f"{where}: made for another network or input size: {name} has shape {arrays[name].shape}, "
                f"the recipe asks for {parameter.shape}"
            )
    for name, parameter in parameters.items():
        # by way of an NDArray: MXNet refuses to write from NumPy over weights that scoring has left in oneDNN's layout
        parameter.set_data(mx.nd.array(arrays[name], dtype=parameter.dtype))


def take_over(parameters, arrays, where):
    """Copy those arrays that fit a Gluon parameter by name and shape; returns the set of their names.

    Raises
    ------
    CheckpointError
        If none fits.
    """
    fitting = {name for name in set(parameters) & set(arrays) if parameters[name].shape == arrays[name].shape}
    if not fitting:
        raise CheckpointError(f"{where}: none of its weights fits the recipe's network by name and shape")
    chosen = ({name: some[name] for name in fitting} for some in (parameters, arrays))
    set_parameters(*chosen, where)
    return fitting
