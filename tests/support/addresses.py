"""Every address of the pages, as the URLconf has it, and a project with a row for each id that one takes."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from agents.models import Agent, Harness, ModelPrice, ModelProvider
from evalhub.accounts.models import ApiKey, Membership, PersonSession, Project, Role
from runs.models import Target
from templates_app.customs.services import custom_eval_create
from templates_app.models import Brand, EvalTemplate, Persona, Prompt, PromptTopic, SourceType
from templates_app.sources.importing import source_import
from templates_app.sources.profiles import env_profile_create
from templates_app.sources.services import operation_create, source_create
from tests import batch_factories, factories
from tests.templates_app.openapi.documents import PET_SHOP

NOT_PAGES = ("api/", "v1", "admin/", "healthz", "readyz", "metrics")
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
WORDS = {"subject": "1", "target": "1", "number": "1", "form": "csv", "kind": "json", "uid": "MQ", "token": "none"}


def routes() -> dict[str, str]:
    """The pattern of each route of the pages by its name; one without a name goes by its pattern."""
    return {name or pattern: pattern for pattern, name in _walk(get_resolver().url_patterns, "") if not pattern.startswith(NOT_PAGES)}


def _walk(patterns: Iterable[URLPattern | URLResolver], before: str) -> Iterator[tuple[str, str]]:
    for item in patterns:
        if isinstance(item, URLResolver):
            yield from _walk(item.url_patterns, before + str(item.pattern))
        else:
            yield before + str(item.pattern), item.name or ""


def takes_row(pattern: str) -> bool:
    """Whether the address names a row."""
    return any(name.endswith("_id") for name in PARAMETER.findall(pattern))


@dataclass
class Site:
    """A project in use, its people, and the ids of its rows."""

    project: Project
    owner: User
    viewer: User
    ids: dict[str, str]

    def address(self, pattern: str) -> str:
        return "/" + PARAMETER.sub(lambda found: self.ids[found[1]], pattern)

    def client(self, person: User | None, **options: Any) -> Client:
        made = Client(raise_request_exception=False, **options)
        if person:
            made.force_login(person)
        return made


def site_make() -> Site:
    project = factories.project()
    owner, viewer = factories.owner(project=project), factories.teammate(project=project)
    run = factories.finished_run(project=project)
    provider = ModelProvider.objects.create(project=project, name="closed", base_url="http://127.0.0.1:9/v1")
    price = ModelPrice.objects.create(project=project, provider="closed", model="m", input_usd=Decimal(1), output_usd=Decimal(2))
    browser = PersonSession.objects.create(user=owner, session_key="another", browser="Firefox")
    member = Membership.objects.get(user=factories.user(project=project, role=Role.EDITOR))
    topic = PromptTopic.objects.create(project=project, name="Pricing")
    source = source_create(project=project, source_type=SourceType.REST_API, label="Pets")
    source_import(project=project, source_id=source.pk, text=PET_SHOP)
    library = source_create(project=project, source_type=SourceType.SDK, label="Client")
    tool = operation_create(project=project, source_id=library.pk, path="pets.list", summary="List pets")
    rows = {
        "run_id": run,
        "agent_id": Agent.objects.get(project=project),
        "template_id": EvalTemplate.objects.get(project=project, template_type="quality"),
        "persona_id": Persona.objects.create(project=project, name="Jonas", facts=["Two dogs"]),
        "topic_id": topic,
        "prompt_id": Prompt.objects.create(project=project, topic=topic, text="Which is cheapest?", platform_ids=["openai"]),
        "brand_id": Brand.objects.create(project=project, name="Acme", aliases=["Acme Corp"], domain="acme.example", is_own=True),
        "source_id": source,
        "operation_id": tool,
        "definition_id": tool.definitions.get(),
        "profile_id": env_profile_create(project=project, name="Staging", variables={"API_KEY": "x"}),
        "custom_eval_id": custom_eval_create(project=project, prompt="Set up a webhook."),
        "provider_id": provider,
        "price_id": price,
        "batch_id": batch_factories.finished_batch(project=project),
        "target_id": Target.objects.create(project=project, source_type="prompts", execution_platform="demo", model_id="agent"),
        "harness_id": Harness.objects.create(project=project, name="mine", argv="mine {prompt}"),
        "key_id": ApiKey.objects.create(project=project, name="ci", prefix="ek", key_hash="0" * 64, scopes=["read"]),
        "member_id": member,
        "session_id": browser,
    }
    return Site(project, owner, viewer, {name: str(row.pk) for name, row in rows.items()} | WORDS)


@dataclass
class Form:
    """A form as a browser would send it, and where its buttons send it."""

    action: str
    is_post: bool
    values: dict[str, str] = field(default_factory=dict)
    targets: set[str] = field(default_factory=set)


class FormReader(HTMLParser):
    """The posted forms of a page, with what stands in their fields."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._textarea = self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "").lower() == "post"))
        if not self.forms:
            return
        form = self.forms[-1]
        form.targets |= {given[name] for name in ("formaction", "hx-post") if name in given}
        name = given.get("name", "")
        if tag == "option" and self._select and ("selected" in given or self._select not in form.values):
            form.values[self._select] = given.get("value", "")
        elif tag == "textarea" and name:
            self._textarea = name
            form.values.setdefault(name, "")
        elif tag == "select":
            self._select = name
        elif tag == "input" and name and (given.get("type") not in ("checkbox", "radio") or "checked" in given):
            form.values[name] = given.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.forms[-1].values[self._textarea] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._textarea = ""
        elif tag == "select":
            self._select = ""
