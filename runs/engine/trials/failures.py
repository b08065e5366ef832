"""Trials that end without an outcome of their own: a run that failed, was cancelled or interrupted. Plain Python."""

from runs.engine.outcome import Outcome
from templates_app.reasons import FailureReason

# By the run's error code; what is not named here failed inside of EvalHub.
REASONS = {
    "model_error": FailureReason.MODEL_ERROR,
    "model_unavailable": FailureReason.MODEL_ERROR,
    "model_refused": FailureReason.MODEL_ERROR,
    "invalid_answer": FailureReason.MODEL_ERROR,
    "unknown_model": FailureReason.MODEL_ERROR,
    "max_cost": FailureReason.SPENDING_LIMIT,
    "budget": FailureReason.SPENDING_LIMIT,
    "agent_missing": FailureReason.MODEL_ERROR,
    "sandbox_unavailable": FailureReason.SANDBOX_UNAVAILABLE,
    "profile_missing": FailureReason.PROFILE_MISSING,
    "source_gone": FailureReason.SOURCE_GONE,
    "cancelled": FailureReason.CANCELLED,
    "interrupted": FailureReason.INTERRUPTED,
}


class TrialFailed(Exception):
    """The trial cannot be carried out. `code` and the message become the run's error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def failed_outcome(code: str, message: str) -> Outcome:
    """Neither passed nor failed: nothing was found out about the target."""
    reason = REASONS.get(code, FailureReason.INTERNAL)
    return Outcome(failure_reasons=(reason.value,), details={"error": {"code": code, "message": message}})
