"""What the runs' endpoints do, for the API's document, with true examples."""

from typing import Any

from evalhub.common.describing import Example, Operation, Success
from evalhub.common.parsing import Body, Whole
from runs.api import answers
from runs.api.inputs import ActionInput, EvalOnlyInput, EvaluateInput, RunEvalInput, RunListQuery, SimulateInput


class StreamQuery(Body):
    """What runs.live.sse reads of a query."""

    def get_fields(self) -> dict[str, Any]:
        about = "The number of the first event wanted, from 0."
        return {"from": Whole(min_value=0, max_value=LAST_EVENT, default=0, help_text=about)}


STARTING, READING = "evaluations", "eval runs"
LAST_EVENT = 999_999_999
RUN_ID = "36435f18-8780-4a25-b009-68cdd1695d03"
RUNNING = {"run_id": RUN_ID, "status": "running"}
PERSONA = {"name": "Jonas", "description": "Cooks for two on weekday evenings.", "style": "short and friendly"}
SESSIONS = [
    {"name": "First evening", "time_gap_hours": 0, "turns": [{"user_message": "Hi, I need ideas for dinner."}]},
    {"name": "Two days later", "time_gap_hours": 48},
]
MESSAGES = [
    {"role": "user", "content": "My order 4711 has not arrived."},
    {"role": "assistant", "content": "I am sorry. It left our warehouse on Monday and should be with you tomorrow."},
]
NAMED = {404: "The agent or a template is not there, or belongs to another project."}
RUN: dict[str, Any] = {
    "run_id": RUN_ID,
    "project_id": "0b8f3c1e-6a52-4f0e-8a39-2f1d9c7e4b10",
    "tenant_id": "0b8f3c1e-6a52-4f0e-8a39-2f1d9c7e4b10",
    "agent_id": "3c6a1e0e-6f0b-4d57-9f43-8b1a8a0b9d11",
    "agent_name": "Mara",
    "status": "pending",
    "character_config": {"name": "Mara", "bio": "Runs a small cookery school."},
    "simulation_config": {},
    "simulation_model": "",
    "user_persona": {},
    "template_id": "6f0f2c5e-0f3b-4b8e-9d5c-3d1c5f0a7b21",
    "template_snapshot": {"template_id": "6f0f2c5e-0f3b-4b8e-9d5c-3d1c5f0a7b21", "name": "Conversation quality"},
    "adaptation_template_id": "",
    "adaptation_template_snapshot": {},
    "transcript": [
        {
            **message,
            "index": index,
            "session_index": 0,
            "turn_index": 0,
            "simulated_at": None,
            "created_at": "2026-03-03T09:00:00.000000+00:00",
        }
        for index, message in enumerate(MESSAGES)
    ],
    "simulation_state": {},
    "evaluation_result": {},
    "adaptation_result": {},
    "total_sessions": 1,
    "total_turns": 1,
    "simulated_minutes": 0,
    "total_cost_usd": 0.0,
    "simulation_cost_usd": 0.0,
    "evaluation_cost_usd": 0.0,
    "started_at": "2026-03-03T09:00:00.000000+00:00",
    "completed_at": None,
    "created_at": "2026-03-03T09:00:00.000000+00:00",
}

SIMULATE = Operation(
    id="simulateAgent",
    tag=STARTING,
    summary="Let a simulated user talk to the agent.",
    body=SimulateInput,
    answer=answers.SimulateRunningBody,
    example=Example(path={"agentId": "Mara"}, body={"user_persona": PERSONA, "sessions": SESSIONS}, answer=RUNNING),
)
RUN_EVAL = Operation(
    id="runEval",
    tag=STARTING,
    summary="Let a simulated user talk to the agent, then judge the conversation.",
    body=RunEvalInput,
    answer=answers.RunningBody,
    refusals=NAMED,
    example=Example(
        path={"agentId": "Mara"},
        body={
            "template_id": "Conversation quality",
            "user_persona": PERSONA,
            "simulation_config": {"max_sessions": 1, "max_turns_per_session": 3},
            "quality_only": True,
        },
        answer=RUNNING,
    ),
)
EVALUATE = Operation(
    id="evaluateAgent",
    tag=STARTING,
    summary="Judge a transcript that you send.",
    status=202,
    body=EvaluateInput,
    answer=answers.EvaluateAcceptedBody,
    refusals=NAMED,
    headers={"Location": "The path of the run."},
    example=Example(
        path={"agentId": "Mara"},
        body={"template_id": "Conversation quality", "messages": MESSAGES, "quality_only": True},
        answer={"run_id": RUN_ID, "status": "pending"},
    ),
)
EVAL_ONLY = Operation(
    id="evalOnly",
    tag=STARTING,
    summary="Judge the transcript of an earlier run again.",
    body=EvalOnlyInput,
    answer=answers.RunningBody,
    refusals={
        404: "The agent, its run or a template is not there, or belongs to another project.",
        409: "The source run is not over, or has no transcript. Or the `Idempotency-Key` was used for another request.",
    },
    example=Example(
        path={"agentId": "Mara"},
        body={"template_id": "Conversation quality", "source_run_id": RUN_ID, "quality_only": True},
        answer=RUNNING,
    ),
)
LIST = Operation(
    id="listEvalRuns",
    tag=READING,
    summary="List runs, newest first.",
    description="Page by `limit` and `offset`, and the answer has `total_count`; or by `page_size` and `cursor`, and it has `has_more` and "
    "`next_cursor`: runs that are created meanwhile then neither repeat nor hide any.",
    query=RunListQuery,
    answer=answers.PaginatedEvalRunsResponse,
    example=Example(answer={"runs": [RUN], "total_count": 1}),
)
GET = Operation(
    id="getEvalRun",
    tag=READING,
    summary="A run: its state, transcript, results and costs.",
    answer=answers.EvalRun,
    example=Example(path={"runId": RUN_ID}, answer=RUN),
)


class DeleteEvalRunOutputBody(Success):
    """The run is gone."""


DELETE = Operation(
    id="deleteEvalRun",
    tag=READING,
    summary="Stop a run if it is not over, and delete it with its transcript, events and results.",
    answer=DeleteEvalRunOutputBody,
    example=Example(path={"runId": RUN_ID}, answer={"success": True}),
)
CANCELLED = {
    **RUN,
    "status": "cancelled",
    "error_reason": "Cancelled before it started.",
    "completed_at": "2026-03-03T09:00:04.000000+00:00",
}
CANCEL = Operation(
    id="cancelEvalRun",
    tag=READING,
    summary="Ask a run to stop.",
    description="One that waits ends at once; of one that runs the model call under way is aborted, and its status is `cancelled` within "
    "about two seconds, or, should its worker die first, as soon as that is noticed. What was said and paid is kept. A run that is over "
    "stays what it is.",
    body=ActionInput,
    answer=answers.EvalRun,
    example=Example(path={"runId": RUN_ID}, body={}, answer=CANCELLED),
)
RESUME = Operation(
    id="resumeEvalRun",
    tag=READING,
    summary="Let an interrupted run go on.",
    description="It waits for a worker, which goes on after the last turn or judgement: nothing that is done is paid for again. The events "
    "go on with the next number; a stream that has ended is opened again with `from`.",
    body=ActionInput,
    answer=answers.EvalRun,
    refusals={409: "The run is not interrupted. Or the `Idempotency-Key` was used for another request."},
    example=Example(path={"runId": RUN_ID}, body={}, answer=RUN),
)
STREAM = Operation(
    id="streamEvalEvents",
    tag=READING,
    summary="The run as it happens, as Server-Sent Events.",
    description="Frames are `id: <seq>` and `data: <one JSON object>`, comments keep the connection alive, and `data: [DONE]` is the end. "
    'An event above 256 KiB comes in pieces: `{"__chunk": {"index": i, "total": n}, "data": "piece"}`. The header `Last-Event-ID: N-1` '
    "begins at event N too, and wins over `from`. A finished run replays.",
    query=StreamQuery,
    answer=answers.EvalRunEvent,
    media_type="text/event-stream",
    refusals={503: "The database does not answer, or so many streams are open that this server has no room for another."},
    example=Example(path={"runId": RUN_ID}),
)
