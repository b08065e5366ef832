"""Sources of API tasks, the environments they run in, and how each operation or custom eval is asked and judged. No web framework."""
