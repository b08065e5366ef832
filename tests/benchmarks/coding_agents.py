"""Whether the real coding agents work in the sandbox: `python -m tests.benchmarks.coding_agents --folder /opt/agents`.

Needs the programs (docs/eval-runs.md says how they are installed), and neither an account nor a network: both talk to a model server here
that has them run a command and then answer. Claude Code is started by EvalHub's own command line, Codex by the one for a gateway
that the documentation shows, since it takes another address from no variable. Exits 1 where one that is installed does not work.
"""

import argparse
import asyncio
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agents.harnesses import BUILT_IN, parsed, rendered
from agents.sandbox import WORKDIR, Job, Limits, Outcome, execute
from evalhub.common.outbound import AddressPolicy
from tests.benchmarks.coding_agents_mock import ANSWER, AgentModels

HOST = "127.0.0.2"  # this machine, by an address that is not among those that a program in the sandbox asks without the proxy
KEY = "sk-for-the-mock-server"
TASK = "--help me: work."  # that it begins with a dash is no option
CODEX = (
    "codex exec --skip-git-repo-check --dangerously-bypass-approvals-and-sandbox"
    " -c features.api_key_model_discovery=false -c features.plugins=false -c analytics.enabled=false"
    " -c model_provider=gateway"
    " -c model_providers.gateway.name=gateway -c model_providers.gateway.base_url={address}/v1"
    " -c model_providers.gateway.env_key=GATEWAY_KEY --cd {{workdir}} --model {{model}} -- {{prompt}}"
)


@dataclass(frozen=True, slots=True)
class Agent:
    argv: tuple[str, ...]
    model: str
    env: Mapping[str, str]


def agents(address: str) -> Mapping[str, Agent]:
    return {
        "codex": Agent(parsed(CODEX.format(address=address)), "gpt-5", {"GATEWAY_KEY": KEY}),
        "claude-code": Agent(BUILT_IN["claude-code"].argv, "claude-sonnet-4-5", {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": address}),
    }


async def tried(agent: Agent, host: str, folders: Sequence[str]) -> Outcome:
    argv = rendered(agent.argv, prompt=TASK, model=agent.model, workdir=WORKDIR)
    job = Job(argv, env=agent.env, allowed_hosts=(host,), limits=Limits(wall_s=60.0), read_only=tuple(folders))
    return await execute(job, unsandboxed_allowed=False, policy=AddressPolicy(allow_loopback=True))


async def version(program: str, folders: Sequence[str]) -> str:
    outcome = await execute(Job([program, "--version"], read_only=tuple(folders)), unsandboxed_allowed=False)
    return outcome.stdout.strip() or outcome.sentence


def wrong_with(outcome: Outcome, keys: set[str]) -> str:
    """What did not go as EvalHub needs it; empty where all did."""
    if not outcome.succeeded:
        return f"{outcome.sentence} {(outcome.stderr or outcome.stdout).strip()[-500:]}"
    if outcome.stdout.strip() != ANSWER:
        return f"its last words are not what it prints: {outcome.stdout[:500]!r}"
    if outcome.files.get("made.txt") != b"seen\n":
        return "the command that it was told to run left no file"
    return "" if KEY in keys else f"it showed its server another account: {keys}"


async def checked(names: Sequence[str], folders: Sequence[str]) -> bool:
    """Whether all that are installed work."""
    well = True
    for name in names:
        async with AgentModels(HOST) as server:
            agent = agents(f"http://{server.address}")[name]
            path = ":".join([*(f"{folder}/bin" for folder in folders), "/usr/local/bin", "/usr/bin"])
            if not shutil.which(agent.argv[0], path=path):
                print(f"{name}: not installed ({agent.argv[0]} is not in {path})")
                continue
            outcome = await tried(agent, server.address, folders)
            wrong = wrong_with(outcome, server.keys)
            print(f"{name}: {await version(agent.argv[0], folders)}, {outcome.latency_ms} ms: {wrong or 'works'}")
            well = well and not wrong
    return well


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", action="append", default=[], help="as in EVALHUB_SANDBOX_READ_ONLY; may be given more than once")
    parser.add_argument("--only", action="append", choices=sorted(BUILT_IN), help="one of them; may be given more than once")
    given = parser.parse_args(arguments)
    return 0 if asyncio.run(checked(given.only or list(BUILT_IN), given.folder)) else 1


if __name__ == "__main__":
    sys.exit(main())
