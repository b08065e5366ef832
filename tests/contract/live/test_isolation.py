"""Two projects on one server: a key sees, changes and counts only what is its own."""

from typing import Any

import pytest

sonzai = pytest.importorskip("sonzai", reason="the published client needs Python 3.12")

from tests.contract.live.clients import SAID, finished  # noqa: E402


def message(ask: Any) -> str:
    with pytest.raises(sonzai.NotFoundError) as refused:
        ask()
    return str(refused.value)


def test_another_project_sees_nothing_and_cannot_tell_it_from_what_is_not_there(
    client: Any, stranger: Any, agent: Any, template: Any
) -> None:
    accepted = client.eval_runs.evaluate_agent(agent.agent_id, messages=SAID, template_id=template.template_id, quality_only=True)
    finished(client, accepted.run_id)
    for name, ask in {
        accepted.run_id: lambda name: stranger.eval_runs.get(name),
        template.template_id: lambda name: stranger.eval_templates.get(name),
        agent.agent_id: lambda name: stranger.agents.get(name),
    }.items():
        missing = "0" * 8 + name[8:]
        assert message(lambda: ask(name)).replace(name, missing) == message(lambda: ask(missing))  # noqa: B023
    assert message(lambda: stranger.eval_runs.delete(accepted.run_id))
    assert message(lambda: stranger.eval_templates.update(template.template_id, name="Taken"))
    assert message(lambda: stranger.eval_templates.delete(template.template_id))
    assert message(lambda: stranger.agents.update(agent.agent_id, bio="Taken"))
    assert message(lambda: stranger.agents.delete(agent.agent_id))
    assert message(lambda: stranger.agents.simulate_async(agent.name))
    assert client.eval_runs.get(accepted.run_id).status == "completed"
    assert client.eval_templates.get(template.template_id).name == template.name


def test_lists_hold_only_what_is_ones_own(client: Any, stranger: Any, agent: Any, template: Any) -> None:
    started = client.eval_runs.evaluate_agent(agent.agent_id, messages=SAID, template_id=template.template_id)
    assert agent.agent_id not in [item.agent_id for item in stranger.agents.list()]
    assert template.template_id not in [item.template_id for item in stranger.eval_templates.list().templates]
    assert started.run_id not in [run.run_id for run in stranger.eval_runs.list()]
    assert list(stranger.eval_runs.list(agent_id=agent.agent_id)) == []


def test_a_template_and_a_run_of_another_project_cannot_be_used(client: Any, stranger: Any, agent: Any, template: Any) -> None:
    theirs = stranger.agents.create(name=agent.name)
    assert theirs.agent_id != agent.agent_id
    body = {"messages": SAID, "quality_only": True}
    assert message(lambda: stranger.eval_runs.evaluate_agent(theirs.agent_id, template_id=template.template_id, **body))
    source = client.eval_runs.evaluate_agent(agent.agent_id, template_id=template.template_id, **body).run_id
    finished(client, source)
    system = next(item for item in stranger.eval_templates.list(template_type="quality").templates if item.is_system)
    judged = {"template_id": system.template_id, "source_run_id": source}
    assert source in message(lambda: stranger.agents.eval_only_async(theirs.agent_id, **judged))
