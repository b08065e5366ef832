"""Prompts, their topics, and where they can be asked."""

from typing import Annotated, Literal

from pydantic import Field

from runs.api.durable.shapes.base import Asked, OnlySent, Sent, Told

Name = Annotated[str, Field(min_length=1, max_length=120)]
NotEmpty = Annotated[str, Field(min_length=1)]
PromptStatus = Literal["active", "inactive", "archived"]


class CreatePublicPromptRequest(OnlySent):
    """A prompt to be."""

    topic_id: str
    text: NotEmpty
    platform_ids: list[str] = Field(default_factory=list)


class CreatePublicPromptsBatchRequest(Sent):
    """Up to a hundred prompts at once."""

    prompts: list[CreatePublicPromptRequest] = Field(min_length=1, max_length=100)


class UpdatePublicPromptRequest(OnlySent):
    """What changes of a prompt."""

    text: NotEmpty | None = None
    topic_id: str | None = None
    platform_ids: list[str] | None = None
    is_active: bool | None = None


class CreatePromptTopicRequest(Sent):
    """A topic to be."""

    name: Name


class UpdatePromptTopicRequest(Sent):
    """Another name for a topic."""

    name: Name


class PromptsQuery(Asked):
    """Which prompts. Archived ones only come where `include_archived` or `status` asks for them."""

    topic_id: str | None = None
    is_active: bool | None = None
    status: Annotated[str, Field(pattern="^(active|inactive|archived)$")] | None = None
    include_archived: bool = False


class TopicDeleteQuery(Asked):
    """Whether the prompts of the topic are archived with it."""

    archive_prompts: bool = False


class PublicPromptTopic(Told):
    """What prompts are about."""

    id: str
    name: str
    created_at: str | None = None
    updated_at: str | None = None


class PublicPromptPlatform(Told):
    """Where a prompt is asked."""

    id: str
    name: str


class PublicPromptTag(Told):
    """A free word on prompts."""

    id: str
    name: str
    created_at: str | None = None
    updated_at: str | None = None


class PublicPrompt(Told):
    """A question as a person would put it. Languages and regions are none of this server's, so they are null."""

    id: str
    topic_id: str
    text: str
    language_id: str | None = None
    region_id: str | None = None
    is_active: bool = True
    status: PromptStatus | None = None
    topic: PublicPromptTopic | None = None
    platforms: list[PublicPromptPlatform] = Field(default_factory=list)
    tags: list[PublicPromptTag] = Field(default_factory=list)
    created_at: str | None = None
    updated_at: str | None = None


class ListPromptsResponse(Told):
    """All that match, newest first."""

    data: list[PublicPrompt]
    count: int


class PromptBatchError(Told):
    """One that was not made, and why."""

    index: int
    text: str
    error: str


class PublicPromptBatchResponse(Told):
    """What was made. One wrong prompt keeps none of the others back."""

    created: list[PublicPrompt]
    count: int
    errors: list[PromptBatchError] = Field(default_factory=list)


class PublicPromptPlatformCatalogItem(Told):
    """A place where prompts can be asked. Credits are not counted here: 0."""

    id: str
    name: str
    model: str | None = None
    credits_per_prompt: int


class PublicPromptLanguage(Told):
    """There is none: prompts are in the language they are written in."""

    id: str
    name: str
    code: str | None = None


class PublicPromptRegion(Told):
    """There is none."""

    id: str
    country: str
    country_code: str | None = None


class PublicPromptDefaults(Told):
    """What a new prompt gets."""

    language_id: str | None = None
    region_id: str | None = None


class PublicPromptConfigResponse(Told):
    """Topics and places to choose from."""

    topics: list[PublicPromptTopic]
    platforms: list[PublicPromptPlatformCatalogItem]
    languages: list[PublicPromptLanguage]
    regions: list[PublicPromptRegion]
    defaults: PublicPromptDefaults
