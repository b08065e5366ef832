"""Custom evals: tasks of a project's own, judged against an expected behaviour. No web framework."""
