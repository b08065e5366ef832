"""`evalhub eval-runs …`: the commands about durable eval runs. `app` registers them; as there, each only parses and calls."""

from typing import Annotated

import typer

from evalhub.cli.options import DEFAULT_URL, ApiKey, Url, given

eval_runs = typer.Typer(
    help="Start durable eval runs and follow them.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

Request = Annotated[str, given("--request", "The request as JSON; @FILE reads a file, - standard input.")]
EvalRunId = Annotated[str, given("--eval-run-id", "The id that `create` printed, eval_run_….")]
MinPassRate = Annotated[float | None, given("--min-pass-rate", "Exit with 1 when fewer percent of the children pass.", min=0, max=100)]
MinScore = Annotated[float | None, given("--min-score", "Exit with 1 when the mean score is below this.", min=0, max=100)]
MaxFailed = Annotated[int | None, given("--max-failed", "Exit with 1 when more children could not be carried out.", min=0)]
MaxCost = Annotated[float | None, given("--max-cost", "Exit with 1 when it cost more dollars.", min=0)]
Junit = Annotated[str, given("--junit", "Write a JUnit report to this file, a test case for each child.")]


@eval_runs.command()
def create(
    request: Request,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for its end, with a progress bar on stderr.")] = False,
    min_pass_rate: MinPassRate = None,
    min_score: MinScore = None,
    max_failed: MaxFailed = None,
    max_cost: MaxCost = None,
    junit: Junit = "",
    url: Url = DEFAULT_URL,
    api_key: ApiKey = "",
) -> None:
    """Start a durable eval run and print it as JSON.

    With --wait the exit code is 1 unless the run completes and meets every threshold. Thresholds and --junit wait by themselves.
    Exit codes: 0 done, 1 failed or missed, 2 refused or wrong use, 130 Ctrl-C, which stops watching and not the run.

    \b
    Examples:
      evalhub eval-runs create --request '{"type": "prompts"}'
      evalhub eval-runs create --request @nightly.json --wait --min-pass-rate 90 --junit report.xml
    """
    from evalhub.cli.durable import Asked, Thresholds
    from evalhub.cli.durable import create as start

    limits = Thresholds(min_pass_rate=min_pass_rate, min_score=min_score, max_failed=max_failed, max_cost=max_cost)
    asked = Asked(url=url, api_key=api_key, limits=limits, junit=junit, wait=wait)
    raise typer.Exit(start(request, asked))


@eval_runs.command()
def retrieve(
    eval_run_id: EvalRunId,
    watch: Annotated[bool, typer.Option("--watch", help="Wait for its end, with a progress bar on stderr.")] = False,
    min_pass_rate: MinPassRate = None,
    min_score: MinScore = None,
    max_failed: MaxFailed = None,
    max_cost: MaxCost = None,
    junit: Junit = "",
    url: Url = DEFAULT_URL,
    api_key: ApiKey = "",
) -> None:
    """Print a durable eval run as JSON.

    With --watch the exit code is 1 unless the run completes and meets every threshold. Thresholds and --junit wait by themselves.
    Exit codes: 0 done, 1 failed or missed, 2 refused or wrong use, 130 Ctrl-C, which stops watching and not the run.

    \b
    Examples:
      evalhub eval-runs retrieve --eval-run-id eval_run_0a1b2c3d4e5f60718293a4b5c6d7e8f9
      evalhub eval-runs retrieve --eval-run-id eval_run_0a1b2c3d4e5f60718293a4b5c6d7e8f9 --watch
    """
    from evalhub.cli.durable import Asked, Thresholds
    from evalhub.cli.durable import retrieve as show

    limits = Thresholds(min_pass_rate=min_pass_rate, min_score=min_score, max_failed=max_failed, max_cost=max_cost)
    asked = Asked(url=url, api_key=api_key, limits=limits, junit=junit, wait=watch)
    raise typer.Exit(show(eval_run_id, asked))
