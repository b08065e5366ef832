"""What release 1.3.0 of the published client makes of a server: `python older_driver.py URL KEY` prints the facts as JSON.

Run by test_older_client.py in a process of its own, since two releases do not fit into one. Imports nothing of ours.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from sonzai import Sonzai

SAID = [{"role": "user", "content": "I have two dogs."}, {"role": "assistant", "content": "Walk both of them."}]
OLDER_PERSONA = {"name": "Jo", "background": "A nurse.", "personality_traits": ["dry"], "communication_style": "short"}
OLDER_CATEGORIES = [
    {"name": "Helpful", "weight": 2.0, "criteria": "Does it help?"},
    {"name": "Kind", "weight": 1.0, "criteria": "Is it kind?"},
]
TURNS = [{"name": "First", "turns": [{"user_message": "Hi, I am Jo."}, {"user_message": "I have two dogs."}]}]
QUALITY = "Older quality"


def agents(client: Sonzai) -> dict[str, Any]:
    made = client.agents.create(name="Older Mara", bio="Plans meals.")
    client.agents.update(made.agent_id, bio="Bakes bread.")
    client.agents.create(name="Older Noa")
    first = client.agents.list(page_size=1, search="Older")
    rest = client.agents.list(page_size=5, search="Older", cursor=first.next_cursor)
    gone = client.agents.delete(rest.items[0].agent_id if first.items[0].name == "Older Mara" else first.items[0].agent_id)
    return {
        "bio": client.agents.get(made.agent_id).bio,
        "pages": [[item.name for item in first.items], [item.name for item in rest.items]],
        "total": first.total_count,
        "deleted": gone.success,
    }


def templates(client: Sonzai) -> dict[str, Any]:
    made = client.eval_templates.create(name=QUALITY, judge_model="demo/judge", categories=OLDER_CATEGORIES)
    changed = client.eval_templates.update(QUALITY, description="Changed.")
    client.eval_templates.create(name="Older and gone")
    return {
        "id": made.id,
        "listed": QUALITY in [item.name for item in client.eval_templates.list(template_type="quality").templates],
        "changed": [changed.name, changed.description, changed.temperature, changed.max_tokens],
        "categories": len(client.eval_templates.get(QUALITY).categories),
        "deleted": client.eval_templates.delete("Older and gone").success,
    }


def runs(client: Sonzai) -> dict[str, Any]:
    events = list(client.agents.run_eval(agent(client), template_id=QUALITY, sessions=TURNS, user_persona=OLDER_PERSONA, quality_only=True))
    run = client.eval_runs.get(events[-1].model_extra["run_id"])
    again = list(client.agents.eval_only(agent(client), template_id=QUALITY, source_run_id=run.run_id, quality_only=True))
    return {
        "types": [event.type for event in events],
        "resumed": [[event.type for event in client.eval_runs.stream_events(run.run_id, from_index=at)] for at in range(len(events))],
        "status": run.status,
        "persona": run.user_persona,
        "weights": {item["label"]: item["weight"] for item in run.evaluation_result["categories"]},
        "same result": events[-1].eval_result == run.evaluation_result,
        "judged again": [again[-1].type, len(client.eval_runs.get(again[-1].model_extra["run_id"]).transcript)],
        "deleted": client.eval_runs.delete(run.run_id).success,
    }


def pages(client: Sonzai) -> dict[str, Any]:
    noted = client.agents.create(name="Older pages").agent_id
    for _ in range(7):
        client.agents.evaluate(noted, messages=SAID, template_id=QUALITY)
    found = [client.eval_runs.list(agent_id=noted, limit=3, offset=offset) for offset in (0, 3, 6, 9)]
    ids = [run.run_id for page in found for run in page.runs]
    return {
        "sizes": [len(page.runs) for page in found],
        "totals": sorted({page.total_count for page in found}),
        "distinct": len(set(ids)),
        "newest first": [run.created_at for page in found for run in page.runs],
        "finished": finished(client, ids[0]),
    }


def errors(client: Sonzai) -> dict[str, Any]:
    stranger = Sonzai(api_key="sk_wrong", base_url=sys.argv[1])
    return {
        "missing": refusal(lambda: client.eval_runs.get("00000000-0000-4000-8000-000000000000")),
        "invalid": refusal(lambda: client.agents.evaluate(agent(client), messages=SAID[:1], template_id=QUALITY)),
        "unknown": refusal(lambda: stranger.eval_templates.list()),
    }


def agent(client: Sonzai) -> str:
    return client.agents.list(search="Older Mara").items[0].agent_id


def finished(client: Sonzai, run_id: str) -> str:
    for _ in range(400):
        status = client.eval_runs.get(run_id).status
        if status in ("completed", "failed", "cancelled"):
            return status
        time.sleep(0.05)
    return "still running"


def refusal(ask: Callable[[], object]) -> list[str]:
    try:
        ask()
    except Exception as error:
        return [type(error).__name__, str(error)]
    return []


if __name__ == "__main__":
    with Sonzai(api_key=sys.argv[2], base_url=sys.argv[1]) as sonzai:
        facts = {part.__name__: part(sonzai) for part in (agents, templates, runs, pages, errors)}
    sys.stdout.write(json.dumps(facts))
