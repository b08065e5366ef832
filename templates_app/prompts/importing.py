"""A table of prompts becomes prompts: first what would happen, line by line, then, if that is wanted, all good lines at once."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction

from evalhub.accounts.models import Project
from templates_app.models import Prompt
from templates_app.prompts import selectors, services, table
from templates_app.prompts.services import CHUNK, Made, NewPrompt
from templates_app.prompts.table import Line, Table

SHOWN = 50


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import would do: the table with twins marked, and the topics that it would make."""

    table: Table
    new_topics: list[str]

    @property
    def shown(self) -> list[Line]:
        return self.table.good[:SHOWN]

    @property
    def shown_wrong(self) -> list[Line]:
        return self.table.wrong[:SHOWN]

    @property
    def more(self) -> int:
        return max(len(self.table.good) - SHOWN, 0)

    @property
    def more_wrong(self) -> int:
        return max(len(self.table.wrong) - SHOWN, 0)


def preview(*, project: Project, read: Table) -> Preview:
    """Nothing is written. One query, and one for every CHUNK of texts."""
    known = {topic.name for topic in selectors.topic_list(project=project)}
    marked = table.without_twins(read, _there(project, [line.text for line in read.good]))
    return Preview(marked, list(dict.fromkeys(line.topic for line in marked.good if line.topic not in known)))


@transaction.atomic
def prompts_import(*, project: Project, read: Table) -> Made:
    """Make the good lines that are no twins, with the topics they name."""
    lines = preview(project=project, read=read).table.good
    topics = services.topics_named(project=project, names=[line.topic for line in lines])
    given = [NewPrompt(topics[line.topic].pk, line.text, line.platforms, line.tags) for line in lines]
    return services.prompts_create_batch(project=project, given=given)


def _there(project: Project, texts: list[str]) -> Iterator[tuple[str, str]]:
    """Topic and text of the prompts in use that say one of these texts."""
    in_use = Prompt.objects.filter(project=project, status__in=selectors.IN_USE).order_by()
    for start in range(0, len(texts), CHUNK):
        yield from in_use.filter(text__in=texts[start : start + CHUNK]).values_list("topic__name", "text")
