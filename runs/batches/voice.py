"""Share of voice over a window: what answers to prompts say of our brands and of others. Reads only; a constant number of queries.

An answer is a child of a prompts batch that was given one: only a judge may have found fault. Days are of UTC. What is added up by day is
kept by the database (runs.trial_tally, runs.brand_tally), so that a page costs the same with any history.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TypeVar

from evalhub.accounts.models import Project
from runs import brand_tally, trial_tally
from runs.batches.cited import Sites, sites
from runs.batches.shares import Rival, Voice, added
from runs.batches.steps import Steps
from runs.trial_tally import Place
from templates_app.models import PromptTopic

MOST_RIVALS = 50
WEEK = 7
LONGEST_BY_DAY = 31
Name = TypeVar("Name")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which answers: of `days` days up to `today`, of demo models or of none, of a topic or platform where one is named."""

    today: date
    days: int
    demo: bool = False
    topic_id: uuid.UUID | None = None
    platform: str = ""

    @property
    def first(self) -> date:
        return self.today - timedelta(days=self.days - 1)

    @property
    def step(self) -> int:
        """Days that are counted as one."""
        return 1 if self.days <= LONGEST_BY_DAY else WEEK

    @property
    def steps(self) -> Steps:
        return Steps(self.first, self.today, self.step)

    def has(self, place: Place) -> bool:
        """Whether answers from there are wanted."""
        return (
            place.demo == self.demo
            and (not self.platform or place.platform == self.platform)
            and (not self.topic_id or place.topic_id == self.topic_id)
        )


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of answers by its name of today, or by that of the last answer where it is gone."""

    key: uuid.UUID | None
    name: str


@dataclass(frozen=True, slots=True)
class Found:
    """`steps` are the days, or the first days of weeks, in order; those without an answer are there with none."""

    wanted: Wanted
    whole: Voice
    steps: Mapping[date, Voice]
    platforms: Mapping[str, Voice]
    topics: Mapping[Topic, Voice]
    rivals: Sequence[Rival] = field(default_factory=list)
    sites: Sites = field(default_factory=Sites)


@dataclass(frozen=True, slots=True)
class Choice:
    """What there is to choose from in a window: where its answers came from, of real and of demo models, and the topics."""

    places: Sequence[tuple[Place, Voice]] = ()
    topics: Sequence[Topic] = ()

    @property
    def real(self) -> int:
        return sum(said.answers for place, said in self.places if not place.demo)

    @property
    def demo(self) -> int:
        return sum(said.answers for place, said in self.places if place.demo)

    @property
    def platforms(self) -> list[str]:
        return sorted({place.platform for place, _ in self.places})


def choice(*, project: Project, today: date, days: int) -> Choice:
    """Two queries."""
    wanted = Wanted(today, days)
    places = trial_tally.answers_by_place(project_id=project.pk, first=wanted.first, last=today)
    topics = _named(project, places)
    return Choice(places, sorted(topics, key=lambda topic: topic.name.casefold()))


def voice(*, project: Project, wanted: Wanted, offered: Choice) -> Found:
    """The figures, and by day or week, platform, topic, brand and domain. Three queries. `offered` is `choice` of the same window."""
    chosen = [(place, said) for place, said in offered.places if wanted.has(place)]
    whole = added(said for _, said in chosen)
    known = {topic.key: topic for topic in offered.topics}
    return Found(
        wanted=wanted,
        whole=whole,
        steps=_by_step(project, wanted),
        platforms=_by(chosen, lambda place: place.platform),
        topics=_by(chosen, lambda place: known.get(place.topic_id, Topic(place.topic_id, "A topic that was deleted"))),
        rivals=_rivals(project, wanted, whole),
        sites=sites(
            project_id=project.pk,
            first=wanted.first,
            last=wanted.today,
            demo=wanted.demo,
            platform=wanted.platform,
            topic_id=wanted.topic_id,
        ),
    )


def _by(chosen: Iterable[tuple[Place, Voice]], of: Callable[[Place], Name]) -> dict[Name, Voice]:
    """Those of a name as one, most answers first."""
    gathered: dict[Name, Voice] = {}
    for place, said in chosen:
        gathered[of(place)] = gathered.get(of(place), Voice()) + said
    return dict(sorted(gathered.items(), key=lambda item: (-item[1].answers, str(item[0]))))


def _by_step(project: Project, wanted: Wanted) -> dict[date, Voice]:
    """By first day."""
    steps = wanted.steps
    gathered = {day: Voice() for day in steps.days}
    by_day = trial_tally.answers_by_day(
        project_id=project.pk,
        first=wanted.first,
        last=wanted.today,
        demo=wanted.demo,
        platform=wanted.platform,
        topic_id=wanted.topic_id,
    )
    for day, said in by_day:
        gathered[steps.of(day)] += said
    return gathered


def _rivals(project: Project, wanted: Wanted, whole: Voice) -> list[Rival]:
    """All brands that are named, most often named first."""
    named = brand_tally.brands(
        project_id=project.pk,
        first=wanted.first,
        last=wanted.today,
        demo=wanted.demo,
        most=MOST_RIVALS,
        platform=wanted.platform,
        topic_id=wanted.topic_id,
    )
    return [Rival(one.brand, one.is_own, one.answers, one.mentions, one.ranks, whole.answers, whole.total) for one in named]


def _named(project: Project, places: Sequence[tuple[Place, Voice]]) -> list[Topic]:
    """Each topic once. Of one that was deleted the answers know the name."""
    last_names: dict[uuid.UUID | None, str] = {}
    for place, _ in places:
        last_names[place.topic_id] = max(last_names.get(place.topic_id, ""), place.name)
    names = dict(PromptTopic.objects.filter(project=project, pk__in=[key for key in last_names if key]).values_list("pk", "name"))
    return [Topic(key, names.get(key, "") or last or "No topic" if key else "No topic") for key, last in last_names.items()]
