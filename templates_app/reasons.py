"""Why a trial of an API task failed: a closed vocabulary, so that failures can be counted and compared. Plain Python."""

from enum import StrEnum


class FailureReason(StrEnum):
    """The value is what is stored and shown to programs; `meaning` is one line for people."""

    meaning: str

    def __new__(cls, value: str, meaning: str) -> "FailureReason":
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    # What the model wrote
    NO_ANSWER = "no_answer", "The model gave no answer, or an empty one."
    INVALID_REQUEST = "invalid_request", "The answer is no request in the format that was asked for."
    WRONG_METHOD = "wrong_method", "The request has another method than the operation."
    WRONG_PATH = "wrong_path", "The request goes to another path than the operation's."
    MISSING_PARAMETER = "missing_parameter", "A required parameter is not there."
    UNKNOWN_PARAMETER = "unknown_parameter", "A parameter is there that the operation does not have."
    INVALID_PARAMETER = "invalid_parameter", "A parameter has a value that its schema does not allow."
    MISSING_BODY = "missing_body", "The operation requires a body, and the request has none."
    INVALID_BODY = "invalid_body", "The body does not fit its schema or its content type."
    UNKNOWN_VARIABLE = "unknown_variable", "The request names a variable that the environment profile does not have."

    # What the server answered
    AUTH = "auth", "Credentials are missing, or the server refused them (401 or 403)."
    STATUS_MISMATCH = "status_mismatch", "The response has a status that is not the expected one."
    SCHEMA_MISMATCH = "schema_mismatch", "The body of the response does not fit its schema."
    INVALID_RESPONSE = "invalid_response", "The response is not of the documented kind, such as no JSON where JSON is documented."
    RESPONSE_TOO_LARGE = "response_too_large", "The response is larger than what is read."
    TIMEOUT = "timeout", "The server did not answer in time."
    CONNECTION_FAILED = "connection_failed", "No connection to the server could be made, or it broke."
    ADDRESS_REFUSED = "address_refused", "The address is one that EvalHub does not send requests to."
    REDIRECT_REFUSED = "redirect_refused", "The server redirected to an address that is not followed."

    # What was executed
    NONZERO_EXIT = "nonzero_exit", "The program ended with another exit code than 0."
    EXECUTION_TIMEOUT = "execution_timeout", "The program ran longer than it may."
    OUTPUT_LIMIT = "output_limit", "The program wrote more than is kept."
    MEMORY_LIMIT = "memory_limit", "The program needed more memory than it may have."
    CPU_LIMIT = "cpu_limit", "The program used more processor time than it may."
    PROCESS_LIMIT = "process_limit", "The program started more processes than it may."
    SANDBOX_UNAVAILABLE = "sandbox_unavailable", "Nothing was executed, since there is no sandbox on this machine."

    # What was judged, and what was not there
    BEHAVIOUR_NOT_MET = "behaviour_not_met", "The judge found that the expected behaviour was not met."
    PROFILE_MISSING = (
        "profile_missing",
        "The environment profile does not exist, cannot be read, has no account for the coding agent, "
        "or its values were given for another server.",
    )
    SOURCE_GONE = "source_gone", "The source, or its operation, is no longer there."
    MODEL_ERROR = "model_error", "The model's provider failed, so that there is no answer to look at."
    SPENDING_LIMIT = "spending_limit", "The next call to a model might have passed a spending limit, so it was not made."
    CANCELLED = "cancelled", "Somebody cancelled it."
    INTERRUPTED = "interrupted", "Its worker died or went silent too often."
    INTERNAL = "internal", "EvalHub itself failed."


def meaning(reason: str) -> str:
    """One line for people; a reason of another vintage is its own meaning."""
    return next((known.meaning for known in FailureReason if known == reason), reason)
