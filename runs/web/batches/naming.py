"""What batches and the things they ask are called on pages. A leaf."""

from runs.models import Batch
from templates_app.models import SourceType

NOUNS = {
    SourceType.PROMPTS: "prompt",
    SourceType.REST_API: "operation",
    SourceType.SDK: "operation",
    SourceType.CLI: "operation",
    SourceType.CUSTOM_EVALS: "custom eval",
}


def title(batch: Batch) -> str:
    """Its name, else what it is of."""
    return batch.title
