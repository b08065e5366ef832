"""Writes of prompts and their topics, asked for by pages, files and the API. Batches carry copies, so nothing here changes a result.

Rows of other projects do not exist here: `DoesNotExist`. What cannot be stored is a ValidationError that names the field.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from evalhub.accounts.models import Project
from evalhub.common.names import CASE, twin_beside
from templates_app.models import EvalTemplate, Prompt, PromptTag, PromptTopic
from templates_app.prompts.content import LONGEST_PROMPT, LONGEST_TOPIC, checked_platforms, checked_tags, checked_text, one_line, sentence

Status = Prompt.Status
MOST_AT_ONCE = 10_000
CHUNK = 500  # rows a statement; SQLite takes so many parameters and no more
UNCHANGED = object()  # None is a template of its own: nobody judges
NO_TOPIC = "This topic does not exist in this project, or is archived."


class TopicConflict(Exception):
    """Another topic of the project has this name, or the topic has prompts that stand in the way; the message says which."""


@dataclass(frozen=True, slots=True)
class NewPrompt:
    """A prompt to be. `topic_id` as text may be anything: one that names no topic is an error of this prompt."""

    topic_id: uuid.UUID | str
    text: str
    platform_ids: Sequence[str] = ()
    tags: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class PromptError:
    """Why one of many was not made. `index` is its place among those given."""

    index: int
    text: str
    error: str


@dataclass(slots=True)
class Made:
    """What became of many: one that is wrong keeps none of the others back."""

    created: list[Prompt] = field(default_factory=list)
    errors: list[PromptError] = field(default_factory=list)


@transaction.atomic
def prompt_create(
    *,
    project: Project,
    topic_id: uuid.UUID | str,
    text: str,
    platform_ids: Iterable[str] = (),
    tags: Iterable[str] = (),
    status: str = Status.ACTIVE,
    template_id: uuid.UUID | None = None,
) -> Prompt:
    """One prompt. Raises PromptTopic.DoesNotExist and ValidationError."""
    prompt = Prompt(project=project, status=_status(status))
    _assign(prompt, topic=_topic(topic_id, project), text=text, platform_ids=platform_ids, template_id=template_id)
    prompt.save(force_insert=True)
    _tag([(prompt, checked_tags(tags))], project)
    return prompt


@transaction.atomic
def prompts_create_batch(*, project: Project, given: Sequence[NewPrompt]) -> Made:
    """Those that can be made, and why the others cannot. The number of queries grows with every CHUNK of them only."""
    if len(given) > MOST_AT_ONCE:
        raise ValidationError({"prompts": f"At most {MOST_AT_ONCE:,} at once; these are {len(given):,}."})
    topics = {str(topic.pk): topic for topic in PromptTopic.objects.filter(project=project, archived_at=None)}
    made, tagged = Made(), []
    for index, item in enumerate(given):
        try:
            prompt, tags = Prompt(project=project), checked_tags(item.tags)
            _assign(prompt, topic=_known(topics, item.topic_id), text=item.text, platform_ids=item.platform_ids)
        except ValidationError as error:
            made.errors.append(PromptError(index, item.text, sentence(error)))
            continue
        made.created.append(prompt)
        tagged.append((prompt, tags))
    Prompt.objects.bulk_create(made.created, batch_size=CHUNK)
    _tag(tagged, project)
    return made


@transaction.atomic
def prompt_update(*, prompt_id: uuid.UUID, project: Project, **columns: Any) -> Prompt:
    """Change what is given of text, topic_id, platform_ids, tags, template_id, status and is_active (which sets status).

    Raises Prompt.DoesNotExist, PromptTopic.DoesNotExist and ValidationError.
    """
    prompt = Prompt.objects.select_for_update(of=("self",)).select_related("topic").get(pk=prompt_id, project=project)
    if "is_active" in columns:
        columns["status"] = Status.ACTIVE if columns.pop("is_active") else Status.INACTIVE
    if "status" in columns:
        prompt.status = _status(columns.pop("status"))
    if "topic_id" in columns:
        columns["topic"] = _topic(columns.pop("topic_id"), project)
    tags = columns.pop("tags", None)
    _assign(prompt, **columns)
    if prompt.status != Status.ARCHIVED and prompt.topic.archived_at:
        raise ValidationError({"topic_id": "Its topic is archived: give the prompt another topic first."})
    prompt.save()
    if tags is not None:
        prompt.tags.clear()
        _tag([(prompt, checked_tags(tags))], project)
    return prompt


@transaction.atomic
def prompt_delete(*, prompt_id: uuid.UUID, project: Project) -> None:
    """Remove a prompt. Answers that were given keep its text. Raises Prompt.DoesNotExist."""
    Prompt.objects.select_for_update().get(pk=prompt_id, project=project).delete()


@transaction.atomic
def prompts_set_status(*, project: Project, prompt_ids: Sequence[uuid.UUID], status: str) -> int:
    """How many of these prompts have changed to the status. Those of an archived topic are only archived, never brought back."""
    rows = Prompt.objects.filter(project=project, pk__in=prompt_ids).exclude(status=_status(status))
    if status != Status.ARCHIVED:
        rows = rows.filter(topic__archived_at=None)
    return rows.update(status=status, updated_at=timezone.now())


@transaction.atomic
def topic_create(*, project: Project, name: str) -> PromptTopic:
    """Raises TopicConflict and ValidationError."""
    return _named(PromptTopic(project=project), name)


@transaction.atomic
def topic_rename(*, topic_id: uuid.UUID, project: Project, name: str) -> PromptTopic:
    """Raises PromptTopic.DoesNotExist, TopicConflict and ValidationError."""
    return _named(_live_topic(topic_id, project), name)


@transaction.atomic
def topic_delete(*, topic_id: uuid.UUID, project: Project, archive_prompts: bool = False) -> None:
    """Remove a topic; with prompts, archive it and them. Raises PromptTopic.DoesNotExist.

    Without `archive_prompts` a topic that has prompts in use raises TopicConflict: they would be asked under a name that is gone.
    """
    topic = _live_topic(topic_id, project)
    in_use = topic.prompts.exclude(status=Status.ARCHIVED)
    if not archive_prompts and (count := in_use.count()):
        raise TopicConflict(
            f"{topic.name!r} has {count:,} prompt{'' if count == 1 else 's'} in use. Archive them with it, or move them first."
        )
    if not topic.prompts.exists():
        topic.delete()
        return
    now = timezone.now()
    in_use.update(status=Status.ARCHIVED, updated_at=now)
    topic.archived_at = now
    topic.save(update_fields=["archived_at", "updated_at"])


@transaction.atomic
def topics_named(*, project: Project, names: Iterable[str]) -> dict[str, PromptTopic]:
    """The topics of these names by their names, made where there are none yet, whatever their case. Raises ValidationError."""
    wanted = list(dict.fromkeys(one_line(name, field="topic", noun="topic", most=LONGEST_TOPIC) for name in names))
    exact = _live_topics(project)
    known = {name.casefold() for name in exact}
    missing = {name.casefold(): PromptTopic(project=project, name=name) for name in reversed(wanted) if name.casefold() not in known}
    if missing:  # somebody else may be making one of them just now
        PromptTopic.objects.bulk_create(reversed(missing.values()), batch_size=CHUNK, ignore_conflicts=True)
        exact = _live_topics(project)
    folded = {name.casefold(): topic for name, topic in exact.items()}
    return {name: exact.get(name) or folded[name.casefold()] for name in wanted}


def _live_topics(project: Project) -> dict[str, PromptTopic]:
    return {topic.name: topic for topic in PromptTopic.objects.filter(project=project, archived_at=None)}


def _assign(
    prompt: Prompt,
    *,
    topic: PromptTopic | None = None,
    text: str | None = None,
    platform_ids: Iterable[str] | None = None,
    template_id: Any = UNCHANGED,
) -> None:
    if topic is not None:
        prompt.topic = topic
    if text is not None:
        prompt.text = checked_text(text, field="text", noun="text", most=LONGEST_PROMPT)
    if platform_ids is not None:
        prompt.platform_ids = checked_platforms(platform_ids)
    if template_id is not UNCHANGED:
        prompt.template = _template(template_id, prompt.project)


def _status(status: str) -> Prompt.Status:
    try:
        return Status(status)
    except ValueError:
        raise ValidationError({"status": f"{status!r} is none of {', '.join(Status.values)}."}) from None


def _topic(topic_id: uuid.UUID | str, project: Project) -> PromptTopic:
    """A topic that prompts can be given."""
    try:
        return PromptTopic.objects.get(pk=uuid.UUID(str(topic_id)), project=project, archived_at=None)
    except ValueError:
        raise PromptTopic.DoesNotExist from None


def _known(topics: Mapping[str, PromptTopic], topic_id: uuid.UUID | str) -> PromptTopic:
    try:
        return topics[str(uuid.UUID(str(topic_id)))]
    except (ValueError, KeyError):
        raise ValidationError({"topic_id": NO_TOPIC}) from None


def _live_topic(topic_id: uuid.UUID, project: Project) -> PromptTopic:
    return PromptTopic.objects.select_for_update().get(pk=topic_id, project=project, archived_at=None)


def _template(template_id: Any, project: Project) -> EvalTemplate | None:
    if template_id is None:
        return None
    found = EvalTemplate.objects.filter(pk=template_id, template_type=EvalTemplate.Type.QUALITY)
    template = found.filter(project=project).first() or found.filter(project=None).first()
    if template is None:
        raise ValidationError({"template": "This template does not exist in this project."})
    return template


def _named(topic: PromptTopic, name: str) -> PromptTopic:
    before, topic.name = topic.name, one_line(name, field="name", noun="name", most=LONGEST_TOPIC)
    if taken := twin_beside(topic, topic.name, before=before, archived_at=None):
        raise TopicConflict(f"Another topic of this project is already named {taken!r}; {CASE}.")
    try:
        with transaction.atomic():
            topic.save(force_insert=topic._state.adding)
    except IntegrityError:
        raise TopicConflict(f"Another topic of this project is already named {topic.name!r}.") from None
    return topic


def _tag(tagged: Iterable[tuple[Prompt, Sequence[str]]], project: Project) -> None:
    """Give prompts that have no tags yet theirs, making those that the project does not have."""
    pairs = [(prompt, name) for prompt, names in tagged for name in names]
    if not pairs:
        return
    PromptTag.objects.bulk_create(
        [PromptTag(project=project, name=name) for name in dict.fromkeys(name for _, name in pairs)],
        batch_size=CHUNK,
        ignore_conflicts=True,
    )
    keys = dict(PromptTag.objects.filter(project=project).values_list("name", "pk"))
    through = Prompt.tags.through
    through.objects.bulk_create([through(prompt_id=prompt.pk, prompttag_id=keys[name]) for prompt, name in pairs], batch_size=CHUNK)
