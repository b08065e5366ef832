"""One evaluation happening, and those who work on it. Import models from here; which file holds one is nobody else's business."""

from runs.models.batch import Batch, BatchSubject, Citation, Mention, Trial
from runs.models.rows import Message, ModelCall, RunEvent, Verdict
from runs.models.run import ALIVE, MODEL_NAME, OWN, EvalRun, RunQuerySet
from runs.models.target import Frequency, Target, TargetType
from runs.models.work import CallTally, Worker

__all__ = [
    "ALIVE",
    "MODEL_NAME",
    "OWN",
    "Batch",
    "BatchSubject",
    "CallTally",
    "Citation",
    "EvalRun",
    "Frequency",
    "Mention",
    "Message",
    "ModelCall",
    "RunEvent",
    "RunQuerySet",
    "Target",
    "TargetType",
    "Trial",
    "Verdict",
    "Worker",
]
