"""Tasks of durable eval runs: the demo models write a request, a program or a command line, from the text of the task alone.

Right most of the time. Which mistake is made where follows from the task and the model's name: the same task, the same answer.
"""

from agents.llm.demo.tasks import programs, requests

__all__ = ["answered"]


def answered(task: str, *, model: str, mistakes_of_ten: int) -> str | None:
    """What a demo model writes; None where the text is no such task. `mistakes_of_ten` is how many of ten tasks go wrong."""
    if request := requests.task_in(task):
        return requests.written(request, task, model=model, mistakes_of_ten=mistakes_of_ten)
    if program := programs.task_in(task):
        return programs.written(program, task, model=model, mistakes_of_ten=mistakes_of_ten)
    return None
