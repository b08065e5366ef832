"""A project that has all that eval runs are made of. Names of things here are what tests say."""

import json
from dataclasses import dataclass, field
from typing import Any

from evalhub.accounts.models import Project
from runs.models import Target
from templates_app.customs.services import custom_eval_create
from templates_app.models import ApiOperation, ApiSource, EnvProfile, EvalDefinition
from templates_app.prompts.services import prompt_create, topic_create
from templates_app.sources.definitions import definitions_complete
from templates_app.sources.importing import source_import
from tests import factories

NOWHERE = "00000000-0000-4000-8000-000000000000"
TEXT = {"target_type": "text", "execution_platform": "demo", "model_id": "agent"}
ENGINE = {"target_kind": "answer_engine", "execution_platform": "demo", "prompt_platform_id": "demo", "model_id": "agent"}
# Requests of each kind, and what definitions of this server cannot have.
REST: dict[str, Any] = {"type": "api_performance", "source_type": "rest_api", "targets": [TEXT]}
CUSTOM: dict[str, Any] = {"type": "api_performance", "source_type": "custom_evals", "targets": [TEXT]}
PROMPTS: dict[str, Any] = {"type": "prompts", "targets": [ENGINE]}
WISHES: list[dict[str, Any]] = [
    {"starting_project_id": "x"},
    {"compare_skills": True},
    {"skills_mode": "all"},
    {"skill_ids": ["x"]},
    {"mcp_enabled": True},
]
NONE_OF_IT = {"starting_project_id": "", "compare_skills": False, "skills_mode": "none", "skill_ids": [], "mcp_enabled": False}
PETS = {
    "openapi": "3.1.0",
    "info": {"title": "Pets", "version": "1"},
    "servers": [{"url": "https://pets.example"}],
    "paths": {
        "/pets": {
            "get": {"summary": "All pets", "tags": ["read"], "responses": {"200": {"description": "Pets"}}},
            "post": {"summary": "A new pet", "tags": ["write"], "responses": {"201": {"description": "The pet"}}},
        },
        "/shops": {"get": {"summary": "All shops", "tags": ["read"], "responses": {"200": {"description": "Shops"}}}},
    },
}


@dataclass
class Place:
    """Ids by name: two prompts of two topics, a REST API with three operations, a tool with one, two custom evals, two environments."""

    project: Project = field(default_factory=factories.project)
    ids: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._prompts()
        self._rest()
        self._cli()
        for name in ("dinner", "refund"):
            self.ids[name] = str(custom_eval_create(project=self.project, prompt=f"About {name}", category_name=name.title()).pk)
        for key in ("staging", "live"):
            EnvProfile.objects.create(project=self.project, key=key, name=key.title(), base_url=f"https://{key}.example")

    def _prompts(self) -> None:
        for name in ("price", "speed"):
            topic = topic_create(project=self.project, name=name)
            self.ids[f"topic {name}"] = str(topic.pk)
            self.ids[name] = str(prompt_create(project=self.project, topic_id=topic.pk, text=f"Which {name}?").pk)

    def _rest(self) -> None:
        source = self.source("pets", "rest_api")
        source_import(project=self.project, source_id=source.pk, text=json.dumps(PETS))
        for operation in source.operations.all():
            self.ids[str(operation)] = str(operation.pk)
        for row in EvalDefinition.objects.filter(operation__source=source).select_related("operation"):
            self.ids[f"eval {row.operation}"] = str(row.pk)

    def _cli(self) -> None:
        source = self.source("tool", "cli")
        self.ids["tool run"] = str(ApiOperation.objects.create(source=source, path="run").pk)
        definitions_complete(source=source)

    def source(self, label: str, kind: str) -> ApiSource:
        made = ApiSource.objects.create(project=self.project, source_type=kind, label=label, api_base_url="https://pets.example")
        self.ids[label] = str(made.pk)
        return made

    def target(self, kind: str, source: str = "", **columns: object) -> Target:
        """A configured target on the demo model."""
        named = {"source_id": self.ids[source]} if source else {}
        return Target.objects.create(
            project=self.project, source_type=kind, **named, **({"execution_platform": "demo", "model_id": "agent"} | columns)
        )
