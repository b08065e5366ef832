"""Who works, and what has been asked for: rows that the engine keeps about itself, for the operations page and for supervisors."""

import uuid
from datetime import timedelta

from django.db import models
from django.utils import timezone

from evalhub.accounts.models import Project
from runs.models.run import MODEL_NAME


class WorkerQuerySet(models.QuerySet["Worker"]):
    """Filters that more than one caller needs."""

    def seen_within(self, seconds: float) -> "WorkerQuerySet":
        """Who spoke lately. A clock that is ahead of ours counts as lately too."""
        return self.filter(seen_at__gte=timezone.now() - timedelta(seconds=seconds))


class Worker(models.Model):
    """A process that drives runs, or the supervisor above such processes, as it last spoke of itself.

    `place` names the boot of the machine and the space of process ids: only who shares it can say that `pid` is dead.
    """

    class Kind(models.TextChoices):
        SUPERVISOR = "supervisor"
        DRAIN = "drain"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    supervisor = models.UUIDField(null=True, blank=True, help_text="The supervisor's row, of a drain.")
    host = models.CharField(max_length=255)
    place = models.CharField(max_length=200, blank=True)
    pid = models.PositiveIntegerField()
    born = models.PositiveBigIntegerField(default=0, help_text="Clock ticks from boot to its start: tells it from a later one of that pid.")
    concurrency = models.PositiveIntegerField(default=0, help_text="Runs it may drive at once.")
    driving = models.PositiveIntegerField(default=0, help_text="Runs it drives.")
    calls_per_second = models.FloatField(default=0)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    objects = WorkerQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["seen_at"], name="worker_seen")]


class CallTally(models.Model):
    """What a project has asked of a model for a purpose on a UTC day: kept in the transaction that stores the calls themselves.

    It outlives the runs, and the project too, whose rows then belong to none: what was spent stays spent. `shard` keeps workers that
    commit at once out of each other's rows; readers sum.
    """

    project = models.ForeignKey(Project, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False)
    day = models.DateField()
    model = models.CharField(max_length=MODEL_NAME)
    purpose = models.CharField(max_length=12)
    shard = models.PositiveSmallIntegerField(default=0)
    calls = models.PositiveBigIntegerField(default=0)
    failed = models.PositiveBigIntegerField(default=0)
    retries = models.PositiveBigIntegerField(default=0, help_text="Calls that were not the first try.")
    unpriced = models.PositiveBigIntegerField(default=0)
    input_tokens = models.PositiveBigIntegerField(default=0)
    output_tokens = models.PositiveBigIntegerField(default=0)
    price_usd = models.DecimalField(max_digits=20, decimal_places=8, default=0)

    class Meta:
        verbose_name = "daily tally of calls"
        verbose_name_plural = "daily tallies of calls"
        constraints = [models.UniqueConstraint(fields=["project", "day", "model", "purpose", "shard"], name="call_tally_once")]
        indexes = [models.Index(fields=["day"], name="call_tally_day")]
