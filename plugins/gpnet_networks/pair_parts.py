"""What networks for pairs share: stems of convolutions and pooling, and sides that leave maps as they are."""

from gluon_personnet.network.backend import mx

HybridBlock = mx.gluon.HybridBlock
nn = mx.gluon.nn


def convolved(size, kernel):
    """(H, W) behind a convolution without padding."""
    return tuple(length - kernel + 1 for length in size)


def pooled(size, ceil=False):
    """(H, W) behind a pooling of 2x2."""
    return tuple((length + ceil) // 2 for length in size)


class Stem(HybridBlock):
    """Convolutions without padding, each followed by its activation and a max pooling of 2x2.

    Parameters
    ----------
    layers : sequence of (int, int)
        Filters and their size.
    activation : {'relu', 'tanh'}
        Computed behind the pooling, a quarter of the work: it is monotone.
    mean, scale : float
        Pixels enter as ``(pixel - mean) / scale``.

    Inputs/Outputs
    --------------
    float32 (N, 3, H, W), RGB 0..255 -> float32 (N, C, h, w).
    """

    def __init__(self, layers, activation, mean, scale):
        super().__init__()
        self._mean, self._scale, self._activation = mean, scale, activation
        taken = 3
        with self.name_scope():
            self.convolutions = nn.HybridSequential()
            for filters, kernel in layers:
                self.convolutions.add(nn.Conv2D(filters, kernel, in_channels=taken))
                taken = filters

    def hybrid_forward(self, F, images):
        x = (images - self._mean) / self._scale
        for convolution in self.convolutions:
            x = F.Pooling(convolution(x), kernel=(2, 2), stride=(2, 2), pool_type="max")
            x = F.Activation(x, act_type=self._activation)
        return x


class Sides(HybridBlock):
    """What a pair needs of either image: by default the maps themselves.

    Parameters
    ----------
    query, gallery : HybridBlock, optional
    """

    def __init__(self, query=None, gallery=None):
        super().__init__()
        with self.name_scope():
            self.query = query or nn.HybridLambda(_same)
            self.gallery = gallery or nn.HybridLambda(_same)

    def hybrid_forward(self, F, query_maps, gallery_maps):
        return self.query(query_maps), self.gallery(gallery_maps)


def _same(F, maps):
    return F.identity(maps)
