"""Which file carries out which kind of trial. Called by execute."""

from collections.abc import Awaitable, Callable, Mapping

from runs.engine.outcome import Outcome
from runs.engine.trials import code, custom, prompts, rest
from runs.engine.trials.failures import TrialFailed
from runs.engine.trials.stage import Stage
from templates_app.models import SourceType

KINDS: Mapping[str, Callable[[Stage], Awaitable[Outcome]]] = {
    SourceType.PROMPTS: prompts.play,
    SourceType.CUSTOM_EVALS: custom.play,
    SourceType.REST_API: rest.play,
    SourceType.SDK: code.play,
    SourceType.CLI: code.play,
}


async def carry_out(stage: Stage) -> Outcome:
    """Carry the trial out, or go on where another worker left it. Raises TrialFailed and LLMError where nothing can be found out."""
    play = KINDS.get(stage.plan.source_type)
    if play is None:
        raise TrialFailed("internal", f"This version cannot carry out a trial of {stage.plan.source_type}.")
    return await play(stage)
