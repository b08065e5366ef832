"""The client repeats what it got no answer to, under the same Idempotency-Key: that is one run and one template, whatever was lost."""

from collections.abc import Callable
from typing import Any

import pytest

sonzai = pytest.importorskip("sonzai", reason="the published client needs Python 3.12")

from sonzai._retry import RetryPolicy  # noqa: E402

from tests.contract.live.clients import SAID, opened  # noqa: E402
from tests.contract.live.place import Place  # noqa: E402
from tests.contract.live.proxy import Loss, losing_answers  # noqa: E402

TWICE = RetryPolicy(max_attempts=2, backoff_factor=0.01)


@pytest.mark.parametrize("loss", ["reset", "silence"])
def test_a_start_whose_answer_is_lost_is_one_run(form: str, place: Place, client: Any, agent: Any, template: Any, loss: Loss) -> None:
    body = {"messages": SAID, "template_id": template.template_id, "quality_only": True}
    with losing_answers(place.url, loss) as proxy:
        for unlucky in opened(form, proxy.url, place.key, timeout=2.0, retry=TWICE):
            accepted = unlucky.eval_runs.evaluate_agent(agent.agent_id, **body)
    assert [method for method, _, _ in proxy.asked] == ["POST", "POST"]
    assert len({key for _, _, key in proxy.asked}) == 1
    assert [run.run_id for run in client.eval_runs.list(agent_id=agent.agent_id)] == [accepted.run_id]


def test_a_template_whose_answer_is_lost_is_made_and_changed_once(
    form: str, place: Place, client: Any, named: Callable[[str], str]
) -> None:
    name = named("Made once")
    with losing_answers(place.url, "reset") as proxy:
        for unlucky in opened(form, proxy.url, place.key, retry=TWICE):
            made = unlucky.eval_templates.create(name=name)
            changed = unlucky.eval_templates.update(made.template_id, description="Changed.")
    assert [method for method, _, _ in proxy.asked] == ["POST", "POST", "PUT", "PUT"]
    found = [item for item in client.eval_templates.list().templates if item.name == name]
    assert found == [changed]


def test_a_key_that_the_caller_chose_stands_for_one_answer(client: Any, agent: Any, template: Any, named: Callable[[str], str]) -> None:
    path, key = f"/api/v1/agents/{agent.agent_id}/evaluate", named("my-key").replace(" ", "-")
    body = {"messages": SAID, "template_id": template.template_id, "quality_only": True}
    answers = [client._http.post(path, json_data=body, idempotency_key=key) for _ in range(3)]
    assert answers == answers[:1] * 3
    with pytest.raises(sonzai.ConflictError, match="Idempotency-Key"):
        client._http.post(path, json_data={**body, "quality_only": False}, idempotency_key=key)
    assert [run.run_id for run in client.eval_runs.list(agent_id=agent.agent_id)] == [answers[0]["run_id"]]
