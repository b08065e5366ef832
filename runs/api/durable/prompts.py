"""Prompts and their topics: list, create many at once, change and remove; and what a prompt can be given."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.models import Project
from evalhub.common.problems import Problem
from runs.api.durable.endpoint import DurableEndpoint, Op, Scope, told
from runs.api.durable.naming import key_or_404, missing, when
from runs.api.durable.parsing import wrong
from runs.api.durable.shapes.common import PublicOkResponse
from runs.api.durable.shapes.prompts import (
    CreatePromptTopicRequest,
    CreatePublicPromptsBatchRequest,
    ListPromptsResponse,
    PromptBatchError,
    PromptsQuery,
    PublicPrompt,
    PublicPromptBatchResponse,
    PublicPromptConfigResponse,
    PublicPromptDefaults,
    PublicPromptPlatform,
    PublicPromptPlatformCatalogItem,
    PublicPromptTag,
    PublicPromptTopic,
    TopicDeleteQuery,
    UpdatePromptTopicRequest,
    UpdatePublicPromptRequest,
)
from runs.batches.catalogue import platforms_of
from templates_app.models import Prompt, PromptTag, PromptTopic
from templates_app.prompts.selectors import PromptFilter, prompt_list, topic_list
from templates_app.prompts.services import (
    NO_TOPIC,
    NewPrompt,
    TopicConflict,
    prompt_delete,
    prompt_update,
    prompts_create_batch,
    topic_create,
    topic_delete,
    topic_rename,
)

Status = Prompt.Status
NAME_TAKEN = "Another topic has this name, or the topic has prompts in use."


class Prompts(DurableEndpoint):
    """GET and POST /v1/prompts"""

    ops = {
        "GET": Op(
            id="prompts_list",
            summary="The project's prompts, newest first.",
            query=PromptsQuery,
            answer=ListPromptsResponse,
            refusals={404: "There is no such topic."},
        ),
        "POST": Op(
            id="prompts_create",
            summary="Create up to a hundred prompts.",
            scope=Scope.WRITE,
            body=CreatePublicPromptsBatchRequest,
            answer=PublicPromptBatchResponse,
        ),
    }

    def get(self, request: Request) -> Response:
        data = shown_prompts(self.project, prompt_list(project=self.project, wanted=_wanted(self.project, self.asked)))
        return told(ListPromptsResponse(data=data, count=len(data)))

    def post(self, request: Request) -> Response:
        given = [NewPrompt(topic_id=each.topic_id, text=each.text, platform_ids=each.platform_ids) for each in self.sent.prompts]
        made = prompts_create_batch(project=self.project, given=given)
        keys = [prompt.pk for prompt in made.created]
        created = shown_prompts(self.project, Prompt.objects.filter(project=self.project, pk__in=keys).select_related("topic"))
        places = {str(key): place for place, key in enumerate(keys)}
        return told(
            PublicPromptBatchResponse(
                created=sorted(created, key=lambda each: places[each.id]),
                count=len(created),
                errors=[PromptBatchError(index=each.index, text=each.text, error=each.error) for each in made.errors],
            )
        )


class OnePrompt(DurableEndpoint):
    """GET, PATCH and DELETE /v1/prompts/{prompt_id}"""

    ops = {
        "GET": Op(id="prompts_retrieve", summary="One prompt.", answer=PublicPrompt),
        "PATCH": Op(
            id="prompts_update", summary="Change a prompt.", scope=Scope.WRITE, body=UpdatePublicPromptRequest, answer=PublicPrompt
        ),
        "DELETE": Op(id="prompts_delete", summary="Remove a prompt; answers keep its text.", scope=Scope.WRITE, answer=PublicOkResponse),
    }

    def get(self, request: Request, prompt_id: str) -> Response:
        return self._shown(prompt_id)

    def patch(self, request: Request, prompt_id: str) -> Response:
        with not_found(in_body=True):
            prompt_update(prompt_id=key_or_404(prompt_id, "Prompt"), project=self.project, **self.sent.given())
        return self._shown(prompt_id)

    def delete(self, request: Request, prompt_id: str) -> Response:
        with not_found():
            prompt_delete(prompt_id=key_or_404(prompt_id, "Prompt"), project=self.project)
        return told(PublicOkResponse(ok=True))

    def _shown(self, prompt_id: str) -> Response:
        one = prompt_list(project=self.project).filter(pk=key_or_404(prompt_id, "Prompt"))
        if found := shown_prompts(self.project, one):
            return told(found[0])
        raise missing("Prompt")


class PromptConfig(DurableEndpoint):
    """GET /v1/prompts/config"""

    ops = {"GET": Op(id="prompts_config_retrieve", summary="Topics, and platforms to ask prompts on.", answer=PublicPromptConfigResponse)}

    def get(self, request: Request) -> Response:
        platforms = platforms_of(self.project)
        return told(
            PublicPromptConfigResponse(
                topics=[shown_topic(topic) for topic in topic_list(project=self.project)],
                platforms=[
                    PublicPromptPlatformCatalogItem(id=each.name, name=each.label, model=each.model or None, credits_per_prompt=0)
                    for each in platforms
                ],
                languages=[],
                regions=[],
                defaults=PublicPromptDefaults(),
            )
        )


class Topics(DurableEndpoint):
    """POST /v1/prompts/topics"""

    ops = {
        "POST": Op(
            id="prompts_topics_create",
            summary="Create a topic.",
            scope=Scope.WRITE,
            body=CreatePromptTopicRequest,
            answer=PublicPromptTopic,
            refusals={409: NAME_TAKEN},
        )
    }

    def post(self, request: Request) -> Response:
        with not_found():
            return told(shown_topic(topic_create(project=self.project, name=self.sent.name)))


class Topic(DurableEndpoint):
    """PATCH and DELETE /v1/prompts/topics/{topic_id}"""

    ops = {
        "PATCH": Op(
            id="prompts_topics_update",
            summary="Give a topic another name.",
            scope=Scope.WRITE,
            body=UpdatePromptTopicRequest,
            answer=PublicPromptTopic,
            refusals={409: NAME_TAKEN},
        ),
        "DELETE": Op(
            id="prompts_topics_delete",
            summary="Remove a topic, and archive its prompts if asked to.",
            scope=Scope.WRITE,
            query=TopicDeleteQuery,
            answer=PublicOkResponse,
            refusals={409: NAME_TAKEN},
        ),
    }

    def patch(self, request: Request, topic_id: str) -> Response:
        with not_found():
            topic = topic_rename(topic_id=key_or_404(topic_id, "Topic"), project=self.project, name=self.sent.name)
        return told(shown_topic(topic))

    def delete(self, request: Request, topic_id: str) -> Response:
        key = key_or_404(topic_id, "Topic")
        with not_found():
            topic_delete(topic_id=key, project=self.project, archive_prompts=self.asked.archive_prompts)
        return told(PublicOkResponse(ok=True))


@contextmanager
def not_found(in_body: bool = False) -> Iterator[None]:
    """What the services raise, as a Problem: 404, 409 or 422."""
    try:
        yield
    except Prompt.DoesNotExist:
        raise missing("Prompt") from None
    except TopicConflict as conflict:
        raise Problem(409, str(conflict)) from None
    except PromptTopic.DoesNotExist:
        raise (wrong(["body", "topic_id"], NO_TOPIC) if in_body else missing("Topic")) from None


def _wanted(project: Project, asked: PromptsQuery) -> PromptFilter:
    """Archived prompts are left out unless they are asked for. Raises a 404 Problem for a topic that the project does not have."""
    statuses = {Status.ACTIVE, Status.INACTIVE, *([Status.ARCHIVED] if asked.include_archived else [])}
    if asked.status:
        statuses = {Status(asked.status)}
    if asked.is_active is not None:
        statuses &= {Status.ACTIVE} if asked.is_active else {Status.INACTIVE, Status.ARCHIVED}
    topic = key_or_404(asked.topic_id, "Topic") if asked.topic_id is not None else None
    if topic and not PromptTopic.objects.filter(project=project, pk=topic).exists():
        raise missing("Topic")
    return PromptFilter(statuses=sorted(statuses) or ["none of them"], topic_id=topic)


def shown_prompts(project: Project, prompts: QuerySet[Prompt]) -> list[PublicPrompt]:
    """Prompts as the contract has them. Their topics must come along; one query for their tags, and those of the platforms."""
    rows = list(prompts.prefetch_related("tags"))
    names = {each.name: each.label for each in platforms_of(project)} if rows else {}
    return [_shown(prompt, names) for prompt in rows]


def _shown(prompt: Prompt, names: Mapping[str, str]) -> PublicPrompt:
    return PublicPrompt(
        id=str(prompt.pk),
        topic_id=str(prompt.topic_id),
        text=prompt.text,
        is_active=prompt.status == Status.ACTIVE,
        status=prompt.status,
        topic=shown_topic(prompt.topic),
        platforms=[PublicPromptPlatform(id=name, name=names.get(name, name)) for name in prompt.platform_ids],
        tags=[_tag(tag) for tag in prompt.tags.all()],
        created_at=when(prompt.created_at),
        updated_at=when(prompt.updated_at),
    )


def shown_topic(topic: PromptTopic) -> PublicPromptTopic:
    return PublicPromptTopic(id=str(topic.pk), name=topic.name, created_at=when(topic.created_at), updated_at=when(topic.updated_at))


def _tag(tag: PromptTag) -> PublicPromptTag:
    return PublicPromptTag(id=str(tag.pk), name=tag.name, created_at=when(tag.created_at), updated_at=when(tag.updated_at))
