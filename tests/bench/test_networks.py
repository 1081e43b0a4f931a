"""gpnet bench networks: arithmetic by hand, and figures that belong together."""

import json

import pytest
from gpnet_networks.joint_reid import JointReid

from gluon_personnet.bench.networks import flop_of, work_of
from gluon_personnet.network.backend import mx
from gluon_personnet.network.personnet import PersonNet
from gluon_personnet.network.weights import initialise


def test_arithmetic_of_convolutions_groups_and_fully_connected_layers():
    x = mx.sym.var("x")
    x = mx.sym.Convolution(x, kernel=(3, 3), num_filter=8, name="a")  # 4 channels, 10x7 -> 8x5
    x = mx.sym.Convolution(x, kernel=(3, 3), num_filter=8, num_group=8, pad=(1, 1), name="b")
    x = mx.sym.FullyConnected(mx.sym.flatten(x), num_hidden=6, name="c")
    right = 2 * (8 * 8 * 5 * 4 * 9 + 8 * 8 * 5 * 9 + 6 * 8 * 8 * 5)
    assert flop_of(x, x=(1, 4, 10, 7)) == right


def test_arithmetic_of_personnet_and_joint_reid_by_hand():
    network = PersonNet()
    initialise(network, mx.cpu())
    trunk = 148 * 48 * 27 * 32 + 72 * 22 * 288 * 32 + 34 * 9 * 288 * 32 + 32 * 7 * 288 * 32
    pair = 30 * 5 * 288 * 32 + 960 * 4096 + 4096 * 4096 + 4096 * 512 + 512 * 2
    assert work_of(network) == (2 * (trunk + 32 * 7 * 32 * 32 * (1 + 9) / 2), 2 * pair)
    network = JointReid()
    initialise(network, mx.cpu())
    stem = 156 * 56 * 75 * 20 + 74 * 24 * 500 * 25
    direction = 37 * 12 * 625 * 25 + 35 * 10 * 225 * 25
    assert work_of(network) == (2 * stem, 2 * (2 * direction + 4500 * 500 + 1000))


@pytest.mark.parametrize("name", ["fpnn", "dml"])
def test_measures_a_network_beside_its_limit(gpnet, tmp_path, name):
    gpnet("bench", "networks", "--network", name, "--repeats", "1", "--json", "out.json")
    found = json.loads((tmp_path / "out.json").read_text())["networks"][name]
    assert ("times_naive" in found) == (name == "fpnn")
    assert all(value > 0 for value in found.values())


def test_an_unknown_network_is_refused(gpnet):
    output = gpnet("bench", "networks", "--network", "fpn", code=1).output
    assert output.startswith("gpnet: network 'fpn': not registered; did you mean 'fpnn'")
