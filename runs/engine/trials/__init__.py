"""Trials: the children of a batch, carried out. A file a kind of source; `carry.carry_out` is what execute calls.

A trial's transcript has the task as the target was given it (0), its answer (1), and what came of that (2): an exchange or an execution.
Each is committed before the next step begins, so another worker goes on behind it: no answer is paid for and nothing is sent or executed
twice, but for what was in flight when a worker was killed.
"""
