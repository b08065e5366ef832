"""Evaluation templates through the published client, by hand-written and by generated methods."""

from collections.abc import Callable
from typing import Any

import pytest

sonzai = pytest.importorskip("sonzai", reason="the published client needs Python 3.12")

from tests.contract.live.clients import RUBRIC, SAID, finished  # noqa: E402


def test_a_template_is_created_read_listed_and_deleted(client: Any, named: Callable[[str], str]) -> None:
    name = named("Quality")
    made = client.eval_templates.create(name=name, description="What counts.", categories=RUBRIC["categories"])
    assert (made.name, made.template_type, made.is_system) == (name, "quality", False)
    assert (made.judge_model, made.temperature, made.max_tokens) == ("gemini-3.1-pro-preview", 0.3, 8192)
    assert [category.model_dump() for category in made.categories] == RUBRIC["categories"]
    assert client.eval_templates.get(made.template_id) == made
    assert made in client.eval_templates.list(template_type="quality").templates
    assert made not in client.eval_templates.list(template_type="adaptation").templates
    assert client.eval_templates.delete(made.template_id).success is True
    with pytest.raises(sonzai.NotFoundError, match=made.template_id):
        client.eval_templates.get(made.template_id)


def test_the_generated_methods_do_the_same(client: Any, named: Callable[[str], str]) -> None:
    """But for PUT: the client's own `update_eval_template` ends in a TypeError before it sends anything, so `update` stands in for it."""
    evals = client.eval_templates
    made = evals.create_eval_template(name=named("Recall"), template_type="adaptation", categories=RUBRIC["categories"])
    assert evals.get_eval_template(made.template_id) == made
    assert made in evals.list_eval_templates(type="adaptation").templates
    changed = evals.update(made.template_id, name=named("Better recall"), temperature=0.0)
    assert (changed.temperature, changed.template_type, changed.categories) == (0.0, "adaptation", made.categories)
    assert evals.delete_eval_template(made.template_id).success is True


def test_a_template_that_is_read_edited_and_written_back_keeps_the_rest(client: Any, template: Any) -> None:
    known = client.eval_templates.get(template.template_id)
    categories = [category.model_dump() for category in known.categories]
    categories[1]["prompt_instructions"] = "Is the agent kind, and honest?"
    written = client.eval_templates.update(
        known.template_id,
        name=known.name,
        description="Edited.",
        template_type=known.template_type,
        judge_model=known.judge_model,
        temperature=known.temperature,
        max_tokens=known.max_tokens,
        scoring_rubric=known.scoring_rubric,
        categories=categories,
    )
    assert written.description == "Edited."
    assert [category.model_dump() for category in written.categories] == categories
    changed = {"description", "categories", "updated_at"}
    assert written.model_dump(exclude=changed) == known.model_dump(exclude=changed)
    assert written.updated_at > known.updated_at


def test_only_what_is_sent_changes(client: Any, template: Any) -> None:
    written = client.eval_templates.update(template.template_id, scoring_rubric="Be strict.")
    assert written.scoring_rubric == "Be strict."
    assert (written.name, written.categories) == (template.name, template.categories)
    assert client.eval_templates.update(template.template_id, template_type="adaptation").template_type == "adaptation"


def test_a_template_of_the_system_can_be_read_and_used_and_not_changed(client: Any, agent: Any) -> None:
    system = next(item for item in client.eval_templates.list(template_type="quality").templates if item.is_system)
    assert client.eval_templates.get(system.template_id) == system
    for refused in (
        lambda: client.eval_templates.update(system.template_id, name="Mine now"),
        lambda: client.eval_templates.delete(system.template_id),
    ):
        with pytest.raises(sonzai.PermissionDeniedError, match="system"):
            refused()
    accepted = client.eval_runs.evaluate_agent(agent.agent_id, messages=SAID, template_id=system.template_id)
    assert finished(client, accepted.run_id).status == "completed"


def test_a_run_outlives_its_template(client: Any, agent: Any, template: Any) -> None:
    accepted = client.eval_runs.evaluate_agent(agent.agent_id, messages=SAID, template_id=template.template_id, quality_only=True)
    finished(client, accepted.run_id)
    client.eval_templates.delete(template.template_id)
    run = client.eval_runs.get_eval_run(accepted.run_id)
    assert (run.template_id, run.template_snapshot["name"]) == (template.template_id, template.name)


def test_a_judge_model_that_no_provider_has_ends_the_run_with_a_sentence(client: Any, agent: Any, named: Callable[[str], str]) -> None:
    """Any name is accepted; whether there is a provider for it is known when the run starts."""
    template = client.eval_templates.create(name=named("Elsewhere"), **RUBRIC | {"judge_model": "nobody/has-this"})
    accepted = client.eval_runs.evaluate_agent(agent.agent_id, messages=SAID, template_id=template.template_id, quality_only=True)
    run = finished(client, accepted.run_id)
    assert run.status == "failed"
    assert "nobody" in run.error_reason
