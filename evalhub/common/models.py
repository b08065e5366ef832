"""What every table of ours shares. A leaf: imports Django only."""

import uuid

from django.db import models
from django.utils import timezone


class TimestampedModel(models.Model):
    """A row with a random UUID key and two times. `created_at` is set once, `updated_at` at every save()."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True
