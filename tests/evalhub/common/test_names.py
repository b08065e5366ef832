"""Names that differ by case alone."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.test import Client

from agents import services as agents
from agents.coding.services import harness_create
from agents.models import Agent
from agents.providers.services import provider_create
from evalhub.accounts.models import Project
from evalhub.common.names import free_name, is_taken, told_apart, twin
from templates_app.models import Persona
from templates_app.personas import services as personas
from templates_app.prompts import services as prompts
from templates_app.services import template_create, template_duplicate
from templates_app.sources.services import source_create
from tests import factories

pytestmark = pytest.mark.django_db
REFUSED = (agents.AgentConflict, personas.PersonaConflict, prompts.TopicConflict, ValidationError)
MADE: dict[str, Callable[[Project, str], object]] = {
    "agent": lambda project, name: agents.agent_create(project=project, name=name),
    "agent by name": lambda project, name: agents.agent_upsert(project=project, name=name),
    "persona": lambda project, name: personas.persona_create(project=project, name=name),
    "topic": lambda project, name: prompts.topic_create(project=project, name=name),
    "source": lambda project, name: source_create(project=project, source_type="cli", label=name),
    "provider": lambda project, name: provider_create(project=project, name=name, base_url="http://127.0.0.1:9/v1"),
    "coding agent": lambda project, name: harness_create(project=project, name=name, argv="agent {prompt}"),
}


@pytest.fixture
def project() -> Project:
    return factories.project()


@pytest.fixture
def owner(project: Project) -> Client:
    return factories.signed_in(factories.owner(project=project))


@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
def test_a_twin_is_refused_in_its_project_and_fine_in_another(project: Project, make: Callable[[Project, str], object]) -> None:
    make(project, "lamp")
    with pytest.raises(REFUSED, match="lamp.*upper and lower case make no difference"):
        make(project, "Lamp")
    make(factories.project(), "Lamp")


def test_what_is_there_stays_and_can_be_changed_and_given_another_case(project: Project) -> None:
    old, _ = Persona.objects.create(project=project, name="Jonas"), Persona.objects.create(project=project, name="jonas")
    personas.persona_update(persona_id=old.pk, project=project, name="Jonas", style="short")
    with pytest.raises(personas.PersonaConflict):
        personas.persona_update(persona_id=old.pk, project=project, name="JONAS")
    agent = agents.agent_create(project=project, name="mara")
    assert agents.agent_update(agent_id=agent.pk, project=project, name="Mara").name == "Mara"


@pytest.mark.parametrize(("known", "name"), [("Käthe", "KÄTHE"), ("100%_a", "100%_A"), ("Ж", "ж")])
def test_letters_of_all_scripts_have_no_case_here(project: Project, known: str, name: str) -> None:
    Persona.objects.create(project=project, name=known)
    rows = Persona.objects.filter(project=project)
    assert (twin(rows, name), twin(rows, known), is_taken(rows, known), is_taken(rows, name + "x")) == (known, "", True, False)


def test_a_wildcard_in_a_name_is_only_a_letter(project: Project) -> None:
    Persona.objects.create(project=project, name="abc")
    assert not is_taken(Persona.objects.filter(project=project), "a_c")
    assert not is_taken(Persona.objects.filter(project=project), "a%")


def test_copies_and_imports_find_a_name_that_has_no_twin(project: Project) -> None:
    agent = agents.agent_create(project=project, name="Mara")
    Agent.objects.create(project=project, name="mara (COPY)")
    assert agents.agent_duplicate(agent_id=agent.pk, project=project).name == "Mara (copy 2)"
    Persona.objects.create(project=project, name="JONAS")
    assert [made.name for made in personas.personas_import(project=project, given=[{"name": "Jonas"}])] == ["Jonas 2"]
    template = template_create(project=project, name="Support")
    copies = [template_duplicate(template=template, project=project).name for _ in range(2)]
    assert copies == ["Support copy", "Support copy 2"]
    assert free_name(Persona.objects.none(), "x", ["x"]) == "x"


def test_topics_of_a_file_are_found_whatever_their_case(project: Project) -> None:
    known = prompts.topic_create(project=project, name="Pricing")
    found = prompts.topics_named(project=project, names=["PRICING", "Support", "support"])
    assert found["PRICING"] == known
    assert found["Support"] == found["support"]


def test_the_database_still_refuses_the_same_name_letter_by_letter(project: Project) -> None:
    Persona.objects.create(project=project, name="Jonas")
    with pytest.raises(IntegrityError):
        Persona.objects.create(project=project, name="Jonas")


def test_a_template_of_the_pages_needs_a_name_of_its_own(owner: Client, project: Project) -> None:
    form = {"template_type": "quality", "temperature": "0.3", "max_tokens": "8192", "judge_samples": "1", "category_label": "Tone"}
    form |= {"category_key": "", "category_prompt_instructions": "", "category_weight": "1", "op": "save"}
    template_create(project=project, name="Support")
    refused = owner.post("/templates/new/", {**form, "name": "SUPPORT"})
    assert refused.status_code == 400
    assert "Another template of this project is named SUPPORT; upper and lower case make no difference." in refused.content.decode()


def test_twins_carry_the_beginning_of_their_ids_and_others_their_name_alone() -> None:
    assert told_apart({"0123456789": "Lamp", "9876543210": "lamp", "x": "Desk"}) == {
        "0123456789": "Lamp (01234567)",
        "9876543210": "lamp (98765432)",
        "x": "Desk",
    }


@pytest.mark.parametrize("address", ["/templates/", "/prompts/new/", "/runs/new/", "/runs/", "/runs/{run}/"])
def test_templates_that_the_api_gave_one_name_are_told_apart_where_they_are_listed_or_chosen(
    owner: Client, project: Project, address: str
) -> None:
    run = factories.finished_run(project=project)
    twins = [template_create(project=project, name="Support"), template_create(project=project, name="support")]
    page = owner.get(address.format(run=run.pk)).content.decode()
    for template in twins:
        assert f"{template.name} ({str(template.pk)[:8]})" in page
    assert f"{run.template.name} (" not in page
