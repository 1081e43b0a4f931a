"""The baselines that come with the package: YAML files that name a feature and a metric."""

from gluon_personnet import hookimpl


@hookimpl
def gpnet_baselines():
    from gluon_personnet.recipe.baselines import bundled_baselines

    return bundled_baselines()
