"""Recipes and baseline files: YAML read into frozen dataclasses."""
