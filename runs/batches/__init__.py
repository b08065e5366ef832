"""Durable eval runs: what a request asks for, the batch made of it, its children, progress, end, summary and schedule. No web framework."""
