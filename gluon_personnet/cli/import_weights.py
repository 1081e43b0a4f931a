"""gpnet import-weights"""

from pathlib import Path

import click


@click.command("import-weights")
@click.argument("file", type=click.Path())
@click.option("--network", "backbone", required=True, metavar="NAME", help="Backbone, such as mobilenetv2_1.0.")
@click.option("--out", type=click.Path(), help="File to write; by default NETWORK.npz in this folder.")
def command(file, backbone, out):
    """Convert weights of a torchvision model for the network backbone.

    FILE is what torch.save wrote: a state dictionary of MobileNetV2 or a ResNet in torchvision's form. It is read
    without running code that it may hold. The converted weights are written only if both models give the same maps of
    random images. PyTorch and torchvision are needed for this command alone.

    \b
    Examples:
      gpnet import-weights mobilenet_v2-b0353104.pth --network mobilenetv2_1.0
      gpnet train cuhk01-mobilenet --set network.options.weights=mobilenetv2_1.0.npz
    """
    from gluon_personnet.cli import load_plugins
    from gluon_personnet.workflows.import_weights import import_weights

    out = out or f"{backbone}.npz"
    if Path(out).suffix != ".npz":
        raise click.UsageError(f"--out {out}: right: a name that ends with .npz")
    found = import_weights(file, backbone, out, load_plugins())
    click.echo(
        f"{found['parameters']:,} parameters; maps of {found['images']} random images differ by at most "
        f"{found['difference']:.1e} of the largest value"
    )
    click.echo(f"wrote {out}; train with: gpnet train cuhk01-mobilenet --set network.options.weights={out}")
