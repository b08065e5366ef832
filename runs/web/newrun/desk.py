"""What a new run can be made of, in one project."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from agents.clients import Providers, load_providers
from agents.models import Agent
from agents.selectors import agent_list
from evalhub.accounts.models import Project
from templates_app.models import EvalTemplate, Persona
from templates_app.selectors import template_choices, template_list

Choices = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Desk:
    """All that can be chosen in a project. Six queries."""

    project: Project
    agents: Mapping[str, Agent]
    templates: Mapping[str, EvalTemplate]
    personas: Mapping[str, Persona]
    providers: Providers

    @classmethod
    def of(cls, project: Project) -> "Desk":
        return cls(
            project=project,
            agents=_by_id(agent_list(project=project).filter(is_active=True)),
            templates=_by_id(template_list(project=project)),
            personas=_by_id(Persona.objects.filter(project=project)),
            providers=load_providers(project),
        )

    def choices_of(self, kind: str) -> Choices:
        return template_choices(self.templates.values(), kind)

    @property
    def models(self) -> list[str]:
        """Names for the lists that drop down; any other may be typed."""
        own = [agent.model for agent in self.agents.values() if agent.model and not agent.is_endpoint]
        judges = [template.judge_model for template in self.templates.values() if "/" in template.judge_model]
        return list(dict.fromkeys([*self.providers.known_names(), *own, *judges]))


def _by_id(rows: Iterable[Any]) -> dict[str, Any]:
    return {str(row.pk): row for row in rows}
