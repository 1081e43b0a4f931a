"""Everything that a plugin author reads: entries, hooks, contracts; and the manager that loads plugins."""
