"""The dialect /v1: durable eval runs, and what they are made of, as their public contract has them.

`shapes` are the contract's schemas by their names there; the other modules are its paths. Each parses, calls one service, and renders.
"""
