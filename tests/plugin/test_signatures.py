"""Options of a factory are read from its source; a dataclass may hold them."""

import sys
import textwrap
from dataclasses import dataclass
from typing import Annotated

import pytest

from gluon_personnet import FeatureEntry
from gluon_personnet.core.errors import PluginError
from gluon_personnet.plugin.ranges import AtLeast

SOURCE = '''
    from dataclasses import dataclass
    from typing import Annotated
    from gluon_personnet.plugin.ranges import AtLeast

    @dataclass(frozen=True)
    class Choices:
        """What there is to choose."""

        count: Annotated[int, AtLeast(1)] = 3
        names: tuple = ("a", "b")

    class Mine:
        Options = Choices

        def __init__(self, **options):
            self.chosen = Choices(**options)
'''


@dataclass(frozen=True)
class Choices:
    count: Annotated[int, AtLeast(1)] = 3


class Mine:
    Options = Choices

    def __init__(self, **options):
        self.chosen = Choices(**options)


@pytest.mark.parametrize("named", [True, False], ids=["by name, from the source", "the class itself"])
def test_a_dataclass_holds_the_options(tmp_path, monkeypatch, named):
    (tmp_path / "with_dataclass.py").write_text(textwrap.dedent(SOURCE))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "with_dataclass", raising=False)
    entry = FeatureEntry("mine", "with_dataclass:Mine" if named else Mine, "mine")
    assert entry.options == ({"count": 3, "names": ("a", "b")} if named else {"count": 3})
    assert "with_dataclass" not in sys.modules  # nothing is imported to list them
    assert entry.build(count=5).chosen.count == 5
    with pytest.raises(PluginError, match="feature 'mine': count: found 0; right: a whole number, 1 or more"):
        entry.build(count=0)
    with pytest.raises(PluginError, match="unknown option 'cuont'; did you mean 'count'"):
        entry.build(cuont=2)
