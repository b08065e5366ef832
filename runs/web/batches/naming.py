"""What the things that batches ask are called on pages. A leaf."""

from templates_app.models import SourceType

NOUNS = {
    SourceType.PROMPTS: "prompt",
    SourceType.REST_API: "operation",
    SourceType.SDK: "operation",
    SourceType.CLI: "operation",
    SourceType.CUSTOM_EVALS: "custom eval",
}

LATENCY_OF = {
    SourceType.PROMPTS: "of the model's answer",
    SourceType.REST_API: "of the API's response",
    SourceType.SDK: "of the program's execution",
    SourceType.CLI: "of the program's execution",
    SourceType.CUSTOM_EVALS: "of the model's answer",
}
