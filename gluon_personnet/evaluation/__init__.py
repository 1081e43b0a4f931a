"""From distances to figures: ranks, measures, protocols, uncertainty. numpy and scipy only."""
