"""Matching systems: more than a vector and a metric."""

from gluon_personnet import hookimpl


@hookimpl
def gpnet_matchers():
    return []
