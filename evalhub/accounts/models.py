"""Who may see what: projects, their members and their API keys. Every other row of EvalHub hangs on a Project."""

import enum

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone

from evalhub.common.models import TimestampedModel


class AtBudget(models.TextChoices):
    """What happens once a project's budget of the month is spent."""

    STOP = "stop", "Refuse new runs and stop running ones before their next call"
    REFUSE = "refuse", "Refuse new runs, let running ones finish"
    WARN = "warn", "Only say so"


class Project(TimestampedModel):
    """The wall between teams: agents, templates, runs, providers and keys belong to exactly one project.

    `monthly_budget_usd` is for a calendar month in UTC; null means that nothing is limited. runs.budget enforces it.
    """

    name = models.SlugField(max_length=80, unique=True)
    monthly_budget_usd = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0.01)])
    at_budget = models.CharField(max_length=8, choices=AtBudget.choices, default=AtBudget.STOP)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    """Owner manages keys, members and providers; editor starts runs and edits; viewer reads."""

    OWNER = "owner"
    EDITOR = "editor"
    VIEWER = "viewer"


class Membership(TimestampedModel):
    """One person in one project. `changed_by` added them or, later than that, gave them the role they have."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.VIEWER)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "project"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user} in {self.project} ({self.role})"

    @property
    def may_write(self) -> bool:
        return self.role in {Role.OWNER, Role.EDITOR}

    @property
    def is_owner(self) -> bool:
        return self.role == Role.OWNER


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def live(self) -> "ApiKeyQuerySet":
        """Those that open something now: neither revoked nor past their day."""
        return self.filter(models.Q(expires_at=None) | models.Q(expires_at__gt=timezone.now()), revoked_at=None)


class ApiKey(TimestampedModel):
    """A bearer key of a project. The key itself is shown once; we keep its prefix and its SHA-256.

    A plain hash is enough (and constant-time to look up): the key has 256 random bits, so there is nothing to guess.
    """

    class Scope(enum.StrEnum):
        """What a key may do; a key without scopes may do everything."""

        READ = "read"
        RUN = "run"
        WRITE = "write"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12)
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(default=list, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    last_used_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def has_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    def revoke(self) -> None:
        self.revoked_at = timezone.now()
        self.save(update_fields=["revoked_at", "updated_at"])


class PersonSession(models.Model):
    """A browser that somebody is signed in with, for their list of them. Written by evalhub.accounts.sessions alone.

    `seen_at` is true to some minutes. The session itself is Django's row of the same key.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="browser_sessions")
    session_key = models.CharField(max_length=40, unique=True)
    browser = models.CharField(max_length=80)
    address = models.GenericIPAddressField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)


class SignInTally(models.Model):
    """Failed tries to sign in since `since`. `key` is a hash of what is counted: people type passwords into the wrong field.

    Written by evalhub.accounts.sign_in_limits alone.
    """

    key = models.CharField(max_length=64, unique=True)
    since = models.DateTimeField(db_index=True)
    tries = models.PositiveIntegerField(default=0)


class IdempotencyRecord(TimestampedModel):
    """What one request with an Idempotency-Key was, and the answer it got. Written by evalhub.accounts.idempotency alone.

    `holder` is the identity of a Grant: two keys of one project never see each other's records.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    holder = models.CharField(max_length=60)
    key = models.CharField(max_length=255)
    method = models.CharField(max_length=10)
    path = models.TextField()
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    answer = models.TextField(default="")
    location = models.TextField(default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "holder", "key"], name="idempotency_key_once")]
        indexes = [models.Index(fields=["created_at"], name="idempotency_age")]
