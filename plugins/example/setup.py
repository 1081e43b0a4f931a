"""A plugin is an ordinary distribution with an entry point of the group ``gluon_personnet``."""

from setuptools import setup

setup(
    name="gpnet-example",
    version="0.1.0",
    description="An example plugin of gluon-personnet: one data set and one protocol",
    packages=["gpnet_example"],
    python_requires=">=3.9",
    install_requires=["gluon-personnet"],
    entry_points={"gluon_personnet": ["example = gpnet_example"]},
)
