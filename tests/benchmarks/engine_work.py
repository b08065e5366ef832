"""What the benchmark asks of EvalHub: `fill` stores waiting runs in a new database, `drain` drives them with the worker's own drain.

`python -m tests.benchmarks.engine_work fill|drain|texts …` in the environment of a database; prints one JSON object.
"""

import argparse
import copy
import json
import resource
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from evalhub.cli.installation import django_start
from tests.benchmarks.engine_mock import KEYS

PERSONA = {
    "name": "Jonas Feld",
    "description": "52, runs a bicycle shop, orders spare parts every week and knows what they should cost.",
    "style": "Short sentences, polite, a little impatient.",
    "goal": "Find out where the parcel is that was promised for Friday, and get a new date.",
    "facts": ["The order number is 4471.", "Two wheels and a chain are missing.", "A customer is waiting for them."],
    "behaviours": ["Asks again when an answer is vague."],
    "patience": 3,
}
CHARACTER = {
    "bio": "Mara has looked after the customers of a parts dealer for eleven years. " * 4,
    "personality_prompt": "Warm and exact. She says what she knows, what she does not know, and what she will do next. " * 3,
    "big5": {"openness": 60, "conscientiousness": 85, "extraversion": 55, "agreeableness": 75, "neuroticism": 20},
    "primary_traits": ["patient", "exact", "dry humour"],
    "speech_patterns": ["Names the next step at the end of a message."],
    "behaviors": {"response_length": "two to four sentences", "empathy_style": "names the problem, then solves it"},
    "seed_memories": [{"content": "Last winter a whole lorry was lost, and she called every customer herself."}],
}
PLAYED_BY = "openai/gpt-4.1-mini"  # a name with a price, so that prices are looked up as in a real run


def fill(url: str, count: int, turns: int) -> dict[str, Any]:
    """Migrate, and store `count` runs: one is made as people make runs, the others are its copies."""
    from django.core.management import call_command

    from runs.models import EvalRun

    call_command("migrate", verbosity=0)
    first = _first_run(url, turns)
    copies = []
    for number in range(1, count):
        run = copy.copy(first)
        run.pk = uuid.uuid4()
        run.created_at = first.created_at + timedelta(milliseconds=number)
        copies.append(run)
    EvalRun.objects.bulk_create(copies, batch_size=200)
    return {"runs": EvalRun.objects.count()}


def _first_run(url: str, turns: int) -> Any:
    from agents.models import Agent, ModelProvider
    from evalhub.accounts.models import Project
    from runs.models import EvalRun
    from runs.services import RunRequest, run_create

    project = Project.objects.create(name="bench")
    ModelProvider.objects.create(project=project, name="openai", kind="openai", base_url=f"{url}/v1", default_model="gpt-4.1-mini")
    agent = Agent.objects.create(project=project, name="Mara", character=CHARACTER)
    request = RunRequest(
        agent=agent, template=_template(project), user_persona=PERSONA, simulation_config={"max_turns_per_session": turns}, model=PLAYED_BY
    )
    return run_create(project=project, kind=EvalRun.Kind.RUN_EVAL, request=request)


def _template(project: Any) -> Any:
    from templates_app.models import EvalCategory, EvalTemplate

    template = EvalTemplate.objects.create(
        project=project, name="Service", template_type="quality", scoring_rubric="Be fair and strict. " * 10, judge_model=PLAYED_BY
    )
    for position, key in enumerate(KEYS):
        words = f"Judge the {key} of the assistant's replies: is it there in every message, and where does it fail? " * 2
        EvalCategory.objects.create(template=template, key=key, label=key.title(), prompt_instructions=words, position=position)
    return template


def texts() -> dict[str, Any]:
    """What one conversation sends, for a script that sends the same without being EvalHub."""
    from django.utils import timezone

    from agents.character import compile_system_prompt
    from runs.engine.judge import answer_schema, judge_messages
    from runs.engine.prompts import user_prompt
    from runs.models import EvalRun

    run = EvalRun.objects.all()[0]
    judge = judge_messages(run.template_snapshot, [], persona=run.user_persona, agent_name="Mara")
    return {
        "user": user_prompt(PERSONA, timezone.now(), []),
        "agent": compile_system_prompt({"name": "Mara", **CHARACTER}, simulated_at=timezone.now()),
        "judge": [message.content for message in judge],
        "schema": answer_schema(run.template_snapshot["categories"]).model_json_schema(),
    }


def drain() -> dict[str, Any]:
    """Drive everything that waits. Wall and CPU are of the drain alone; the peak is of the process."""
    from django.db.models import Count

    from runs.engine.drain import run_drain
    from runs.models import EvalRun

    cpu, begin = _cpu(), time.perf_counter()
    run_drain(linger=0)
    figures = {"wall": time.perf_counter() - begin, "cpu": _cpu() - cpu, "rss_mb": peak_mb()}
    ended = dict(EvalRun.objects.order_by().values_list("status").annotate(Count("id")))
    scored = EvalRun.objects.filter(status="completed", score__isnull=False).count()
    return {**figures, "ended": ended, "scored": scored}


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_mb() -> float:
    """The most memory this process ever held."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main() -> dict[str, Any]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["fill", "texts", "drain"])
    parser.add_argument("--url", default="")
    parser.add_argument("--n", type=int, default=4)
    parser.add_argument("--turns", type=int, default=6)
    given = parser.parse_args()
    django_start()
    work: dict[str, Callable[[], dict[str, Any]]] = {"fill": lambda: fill(given.url, given.n, given.turns), "texts": texts, "drain": drain}
    return work[given.what]()


if __name__ == "__main__":
    print(json.dumps(main()))
