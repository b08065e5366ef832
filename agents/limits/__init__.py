"""Limits of model providers that hold over all worker processes, through the database. `docs/decisions/0012` says how and why."""
