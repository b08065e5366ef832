"""agent_upsert for its other callers: pages and the first start."""

import pytest
from django.core.exceptions import ValidationError

from agents.selectors import agent_find
from agents.services import AgentConflict, agent_upsert
from tests import factories

pytestmark = pytest.mark.django_db


def test_it_refuses_a_column_that_nobody_may_set() -> None:
    with pytest.raises(TypeError, match="project_id"):
        agent_upsert(project=factories.project(), name="Mara", project_id=3)


def test_it_refuses_a_character_that_no_prompt_can_be_made_of() -> None:
    with pytest.raises(ValidationError, match="bio must be a text"):
        agent_upsert(project=factories.project(), name="Mara", character={"bio": ["a"]})


def test_it_refuses_scores_off_the_scale() -> None:
    with pytest.raises(ValidationError, match=r"big5\.openness"):
        agent_upsert(project=factories.project(), name="Mara", character={"big5": {"openness": 200}})


def test_it_refuses_a_timeout_that_is_no_number() -> None:
    with pytest.raises(ValidationError):
        agent_upsert(project=factories.project(), name="Mara", timeout_seconds="soon")


def test_two_projects_may_use_one_name() -> None:
    first, second = factories.project(), factories.project()
    assert agent_upsert(project=first, name="Mara").id != agent_upsert(project=second, name="Mara").id


def test_a_taken_id_is_a_conflict() -> None:
    theirs = factories.agent(project=factories.project())
    with pytest.raises(AgentConflict):
        agent_upsert(project=factories.project(), name="Mine", agent_id=theirs.id)


def test_an_id_wins_over_a_name_that_looks_like_it() -> None:
    project = factories.project()
    mara = factories.agent(project=project, name="Mara")
    impostor = factories.agent(project=project, name=str(mara.id))
    assert agent_find(project, str(mara.id)) == mara
    mara.delete()
    assert agent_find(project, impostor.name) == impostor
