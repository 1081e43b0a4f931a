"""The same network in PyTorch as a user would write it from the paper: the yardstick people would pick instead.

Imported only where PyTorch is installed; nothing else of the project uses it.
"""

import torch
from torch.nn import functional

from gluon_personnet.network.layers import ACTIVATIONS, PIXEL_MEAN, PIXEL_SCALE
from gluon_personnet.network.personnet import TRUNK


def _parameters(layer):
    return tuple(torch.from_numpy(getattr(layer, part).data().asnumpy()) for part in ("weight", "bias"))


class TorchPersonNet:
    """Table I, layer by layer, with the weights of a :class:`~gluon_personnet.network.personnet.PersonNet`.

    Inputs/Outputs
    --------------
    query, gallery : float32 (P, 3, H, W) tensors, RGB 0..255 -> float32 (P, 2) logits.
    """

    def __init__(self, network):
        self._plan = TRUNK[network.options["depth"]]
        self._scale, self._act = ACTIVATIONS[network.options["activation"]]
        self._trunk = [_parameters(layer) for layer in network.trunk.layers]
        self._summary, self._conv4 = _parameters(network.compare.gallery), _parameters(network.head.conv4)
        self._dense = [_parameters(layer) for layer in network.head.dense]
        self._logits = _parameters(network.head.logits)

    def _activate(self, x):
        return torch.relu(x) if self._act == "relu" else torch.tanh(self._scale * x)

    def _maps(self, images):
        x = (images - PIXEL_MEAN) / PIXEL_SCALE
        for kind, (weight, bias) in zip(self._plan, self._trunk):
            x = self._activate(functional.conv2d(x, weight, bias)[:, :, :-1, :-1])
            if kind == "P":
                x = functional.max_pool2d(x, 2, ceil_mode=True)
        return x

    def __call__(self, query, gallery):
        first, second = self._maps(query), self._maps(gallery)  # (P, C, h, w)
        pairs, channels, height, width = first.shape
        around = functional.unfold(second, 3, padding=1).view(pairs, channels, 3, 3, height, width)
        difference = first[:, :, None, None] - around  # (P, C, 3, 3, h, w)
        difference = difference.permute(0, 1, 4, 2, 5, 3).reshape(pairs, channels, 3 * height, 3 * width)
        x = self._activate(functional.conv2d(difference, *self._summary, stride=3))
        x = functional.max_pool2d(self._activate(functional.conv2d(x, *self._conv4)), 2)
        x = x.flatten(1)
        for weight, bias in self._dense:
            x = self._activate(functional.linear(x, weight, bias))
        return functional.linear(x, *self._logits)


def forward(network, query, gallery, threads):
    """A function that passes float32 (P, 3, H, W) numpy images, and the logits that it gives as numpy."""
    torch.set_num_threads(threads)
    model = TorchPersonNet(network)
    inputs = torch.from_numpy(query), torch.from_numpy(gallery)

    def run():
        with torch.inference_mode():
            return model(*inputs)

    return run, run().numpy()
