"""Runs as files to take away, one run whole or many: text in pieces, with bounded memory and queries. `runs.web` sends them."""
