"""Share of voice over a window: what answers to prompts say of our brands and of others. Reads only; a constant number of queries.

An answer is a child of a prompts batch that was given one: only a judge may have found fault. Days are of UTC.
"""

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar

from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import TruncDate

from agents.clients import DEMO
from evalhub.accounts.models import Project
from evalhub.common.statistics import Sums
from runs.batches.shares import Rival, Voice, added
from runs.models import Citation, Mention, Trial
from runs.models.target import TargetType, target_key
from templates_app.models import PromptTopic, SourceType
from templates_app.reasons import FailureReason

MOST_RIVALS, MOST_DOMAINS = 50, 30
WEEK = 7
LONGEST_BY_DAY = 31
DEMO_TARGET = f"{target_key(TargetType.TEXT, DEMO, '')}"
IS_DEMO = Q(target_key__startswith=DEMO_TARGET)
GIVEN = ("", FailureReason.BEHAVIOUR_NOT_MET)
Key = tuple[date, str, uuid.UUID | None]  # day, platform, topic
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


@dataclass(frozen=True, slots=True)
class Cited:
    """A domain: how many answers cite it, and how many of its pages all together."""

    domain: str
    is_own: bool
    answers: int
    citations: int


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
    domains: Sequence[Cited] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Choice:
    """What there is to choose from in a window: by platform how many answers of real and of demo models, and the topics."""

    answers: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    topics: Sequence[Topic] = ()

    @property
    def real(self) -> int:
        return sum(real for real, _ in self.answers.values())

    @property
    def demo(self) -> int:
        return sum(demo for _, demo in self.answers.values())

    @property
    def platforms(self) -> list[str]:
        return list(self.answers)

    def only(self, *, demo: bool) -> list[str] | None:
        """The platforms of answers of one kind; None where a platform has both, so that its answers must be told apart one by one."""
        if any(all(counts) for counts in self.answers.values()):
            return None
        return [platform for platform, counts in self.answers.items() if counts[demo]]


def choice(*, project: Project, today: date, days: int) -> Choice:
    """Two queries."""
    rows = list(
        _answers(project, Wanted(today, days))
        .values_list("platform", "group_id")
        .annotate(Max("group"), real=Count("pk", filter=~IS_DEMO), demo=Count("pk", filter=IS_DEMO))
    )
    topics = _named(project, {key: name for _, key, name, _, _ in rows})
    answers = dict.fromkeys(sorted({platform for platform, *_ in rows}), (0, 0))
    for platform, _, _, real, demo in rows:
        answers[platform] = (answers[platform][0] + real, answers[platform][1] + demo)
    return Choice(answers, sorted(topics.values(), key=lambda topic: topic.name.casefold()))


def voice(*, project: Project, wanted: Wanted, offered: Choice) -> Found:
    """The figures, and by day or week, platform, topic, brand and domain. Five queries. `offered` is `choice` of the same window."""
    asked = _Asked(project, wanted, offered)
    counted = _counted(asked)
    whole = added(counted.values())
    known = {topic.key: topic for topic in offered.topics}
    return Found(
        wanted=wanted,
        whole=whole,
        steps=_by(counted, lambda key: _step(key[0], wanted), all_of=_steps(wanted)),
        platforms=_by(counted, lambda key: key[1]),
        topics=_by(counted, lambda key: known.get(key[2], Topic(key[2], "A topic that was deleted"))),
        rivals=_rivals(asked, whole),
        domains=_domains(asked),
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """Rows of what is wanted. Runs are 20 KB wide, so none is read: whether a demo model answered stands in the trial's target."""

    project: Project
    wanted: Wanted
    offered: Choice

    def answers(self) -> QuerySet[Trial]:
        rows = _answers(self.project, self.wanted).filter(IS_DEMO if self.wanted.demo else ~IS_DEMO)
        return self._chosen(rows, "group_id")

    def mentions(self) -> QuerySet[Mention]:
        return self._of_kind(Mention.objects.all())

    def citations(self) -> QuerySet[Citation]:
        return self._of_kind(Citation.objects.all())

    def _of_kind(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.wanted
        rows = self._chosen(rows.filter(project=self.project, day__range=(wanted.first, wanted.today)).order_by(), "topic_id")
        platforms = self.offered.only(demo=wanted.demo)
        if platforms is not None:
            return rows.filter(platform__in=platforms)
        of_demo = Q(run__trial__target_key__startswith=DEMO_TARGET)
        return rows.filter(of_demo if wanted.demo else ~of_demo)

    def _chosen(self, rows: QuerySet[Any], topic: str) -> QuerySet[Any]:
        if self.wanted.platform:
            rows = rows.filter(platform=self.wanted.platform)
        return rows.filter(**{topic: self.wanted.topic_id}) if self.wanted.topic_id else rows


def _counted(asked: _Asked) -> dict[Key, Voice]:
    counted: dict[Key, Voice] = defaultdict(Voice)
    for *key, count in asked.answers().annotate(day=_Day("finished_at")).values_list("day", "platform", "group_id").annotate(Count("pk")):
        counted[_key(key)] += Voice(answers=count)
    mentions = asked.mentions()
    for *key, is_own, count in mentions.values_list("day", "platform", "topic_id", "is_own").annotate(Sum("count")):
        counted[_key(key)] += Voice(own=count if is_own else 0, total=count)
    firsts = _firsts(mentions).values_list("day", "platform", "topic_id")
    for *key, n, total, squares in firsts.annotate(n=Count("pk"), ranked=Sum("rank"), squared=_squares()):
        counted[_key(key)] = counted[_key(key)].plus(ranks=Sums(n, total, squares))
    return counted


class _Day(TruncDate):
    """The day in UTC. Django's own calls Python for every row of SQLite, which keeps times as texts in UTC."""

    def __init__(self, column: str) -> None:
        super().__init__(column, tzinfo=UTC)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        written, parameters = compiler.compile(self.lhs)
        return f"date({written})", parameters


def _key(values: Sequence[Any]) -> Key:
    day, platform, topic = values
    return day, platform, topic


def _answers(project: Project, wanted: Wanted) -> QuerySet[Trial]:
    """A trial whose run failed or was cancelled has a reason for it."""
    begin = datetime.combine(wanted.first, time(), UTC)
    within = {"finished_at__gte": begin, "finished_at__lt": begin + timedelta(days=wanted.days)}
    return Trial.objects.filter(project=project, source_type=SourceType.PROMPTS, first_reason__in=GIVEN, **within).order_by()


def _firsts(mentions: QuerySet[Mention]) -> QuerySet[Mention]:
    """Of each answer that names us, the own brand that is named first. No two brands of an answer have one rank."""
    earlier = Mention.objects.filter(run=OuterRef("run"), is_own=True, rank__lt=OuterRef("rank"))
    return mentions.filter(~Exists(earlier), is_own=True)


def _squares() -> Sum:
    return Sum(F("rank") * F("rank"))


def _by(counted: Mapping[Key, Voice], of: Callable[[Key], Name], all_of: Iterable[Name] = ()) -> dict[Name, Voice]:
    """Those of a name as one; most answers first, but in the order of `all_of` where that is given."""
    gathered: dict[Name, Voice] = {name: Voice() for name in all_of}
    for key, figures in counted.items():
        gathered[of(key)] = gathered.get(of(key), Voice()) + figures
    return gathered if all_of else dict(sorted(gathered.items(), key=lambda item: (-item[1].answers, str(item[0]))))


def _steps(wanted: Wanted) -> list[date]:
    """First days of the steps. Whole ones end today; the oldest may be short."""
    count = -(-wanted.days // wanted.step)
    return [max(wanted.today - timedelta(days=wanted.step * number - 1), wanted.first) for number in range(count, 0, -1)]


def _step(day: date, wanted: Wanted) -> date:
    number = (wanted.today - day).days // wanted.step + 1
    return max(wanted.today - timedelta(days=wanted.step * number - 1), wanted.first)


def _rivals(asked: _Asked, whole: Voice) -> list[Rival]:
    """All brands that are named, most often named first."""
    by_brand = asked.mentions().values("brand_id").annotate(name=Max("brand"), own=Count("pk", filter=Q(is_own=True)))
    rows = by_brand.annotate(said=Sum("count"), answers=Count("pk"), ranked=Sum("rank"), squared=_squares())
    return [_rival(row, whole) for row in rows.order_by("-said", "name")[:MOST_RIVALS]]


def _rival(row: Mapping[str, Any], whole: Voice) -> Rival:
    ranks = Sums(row["answers"], row["ranked"], row["squared"])
    return Rival(row["name"], bool(row["own"]), row["answers"], row["said"], ranks, whole.answers, whole.total)


def _domains(asked: _Asked) -> list[Cited]:
    counted = asked.citations().values_list("domain", "is_own").annotate(runs=Count("run", distinct=True), pages=Count("pk"))
    return [Cited(*row) for row in counted.order_by("-runs", "-pages", "domain")[:MOST_DOMAINS]]


def _named(project: Project, last_names: Mapping[uuid.UUID | None, str]) -> dict[uuid.UUID | None, Topic]:
    names = dict(PromptTopic.objects.filter(project=project, pk__in=[key for key in last_names if key]).values_list("pk", "name"))
    return {
        key: Topic(key, names.get(key, "") or last or "No topic") if key else Topic(None, "No topic") for key, last in last_names.items()
    }
