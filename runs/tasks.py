"""What django-q2 calls: three lines each, since a task only says that there is work."""


def drain() -> int:
    """Drive pending runs until there are none. Returns how many were driven."""
    from runs.engine.drain import run_drain  # imported here: a worker's parent must not load the engine before it forks

    return run_drain()


def sweep() -> int:
    """End abandoned runs and ring for those nobody claimed. Returns how many rows it touched."""
    from runs.engine.sweep import run_sweep

    return run_sweep()
