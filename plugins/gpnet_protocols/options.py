"""Types of the options that protocols share, each with its range."""

from typing import Annotated

from gluon_personnet.plugin.ranges import Above, AtLeast, Between, OneOf

Count = Annotated[int, AtLeast(1)]
Share = Annotated[float, Between(0, 1, closed=False)]
MemoryMib = Annotated[float, Above(0)]
SetDistance = Annotated[str, OneOf("minimum", "mean")]
QueryChoice = Annotated[str, OneOf("all", "one")]
