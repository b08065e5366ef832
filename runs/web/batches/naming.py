"""What the things that batches ask are called on pages. A leaf."""

from templates_app.models import SourceType

NOUNS = {
    SourceType.PROMPTS: "prompt",
    SourceType.REST_API: "operation",
    SourceType.SDK: "operation",
    SourceType.CLI: "operation",
    SourceType.CUSTOM_EVALS: "custom eval",
}
