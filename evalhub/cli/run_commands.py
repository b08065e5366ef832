"""The commands about runs, which all speak to a server's API. `app` registers them; as there, each only parses and calls."""

from typing import Annotated

import typer

from evalhub.cli.options import (
    DEFAULT_URL,
    AgentName,
    ApiKey,
    AsJson,
    MaxSessions,
    MaxTurns,
    MinScore,
    Model,
    PersonaFile,
    RunId,
    SessionsFile,
    TemplateName,
    Url,
)


def run_eval(
    agent: AgentName,
    template: TemplateName,
    persona: PersonaFile = "",
    sessions: SessionsFile = "",
    max_sessions: MaxSessions = None,
    max_turns: MaxTurns = None,
    model: Model = "",
    min_score: MinScore = None,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = "",
) -> None:
    """Simulate and judge a conversation.

    A simulated user talks to an agent, a judge scores it; prints the scores and costs.
    Ctrl-C leaves the run going and says where to find it.

    \b
    Examples:
      evalhub run-eval --agent Mara --template "Conversation quality"
      evalhub run-eval --agent Mara --template "Conversation quality" --persona jonas.yaml --min-score 80
    """
    from evalhub.cli.run_eval import RunEval
    from evalhub.cli.run_eval import run_eval as measure

    asked = RunEval(
        url=url,
        api_key=api_key,
        agent=agent,
        template=template,
        persona_file=persona,
        sessions_file=sessions,
        max_sessions=max_sessions,
        max_turns=max_turns,
        model=model,
        min_score=min_score,
        as_json=as_json,
    )
    raise typer.Exit(measure(asked))


def evaluate(
    file: Annotated[str, typer.Argument(help="One conversation a line, as OpenAI chat messages. - reads standard input.")],
    agent: AgentName,
    template: TemplateName,
    quality_only: Annotated[bool, typer.Option("--quality-only", help="Leave out the adaptation judge.")] = False,
    min_score: MinScore = None,
    concurrency: Annotated[int, typer.Option("--concurrency", min=1, max=64, help="Conversations under way at once.")] = 8,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = "",
) -> None:
    """Judge the conversations of a file.

    One run for each conversation, then a summary.

    A line is {"messages": [...]} or a bare list of messages; tool calls and null contents are fine.

    \b
    Examples:
      evalhub evaluate --agent Mara --template "Conversation quality" conversations.jsonl
      zcat log.jsonl.gz | evalhub evaluate --agent Mara --template "Conversation quality" --min-score 75 -
    """
    from evalhub.cli.evaluate import Evaluate
    from evalhub.cli.evaluate import evaluate as measure

    asked = Evaluate(
        url=url,
        api_key=api_key,
        agent=agent,
        template=template,
        file=file,
        quality_only=quality_only,
        min_score=min_score,
        concurrency=concurrency,
        as_json=as_json,
    )
    raise typer.Exit(measure(asked))


def cancel(run_id: RunId, url: Url = DEFAULT_URL, api_key: ApiKey = "") -> None:
    """Stop a run.

    What was said and paid until then is kept. A run that is over stays what it is.

    \b
    Example:
      evalhub cancel 36435f18-8780-4a25-b009-68cdd1695d03
    """
    from evalhub.cli.resume import cancel as stop

    stop(run_id, url=url, api_key=api_key)


def resume(
    run_id: RunId,
    follow: Annotated[bool, typer.Option("--follow", help="Wait for its end and print what it came to.")] = False,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = "",
) -> None:
    """Let an interrupted run go on.

    It goes on after its last turn or judgement; nothing that is done is paid for again.
    With --follow the exit code is 1 unless the run completes.

    \b
    Examples:
      evalhub resume 36435f18-8780-4a25-b009-68cdd1695d03
      evalhub resume 36435f18-8780-4a25-b009-68cdd1695d03 --follow
    """
    from evalhub.cli.resume import resume as go_on

    raise typer.Exit(go_on(run_id, url=url, api_key=api_key, follow=follow))
