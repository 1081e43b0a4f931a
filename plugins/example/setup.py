"""The plugin is found by its entry point of the group ``gluon_personnet``."""

from setuptools import setup

setup(
    name="gpnet-example",
    version="0.1.0",
    description="A plugin of gluon-personnet",
    packages=["gpnet_example"],
    python_requires=">=3.9",
    install_requires=["gluon-personnet"],
    entry_points={"gluon_personnet": ["gpnet_example = gpnet_example"]},
)
