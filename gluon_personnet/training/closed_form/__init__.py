"""A pair head computed from statistics of the training pairs instead of learned step by step."""
