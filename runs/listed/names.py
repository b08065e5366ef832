"""What the tables and triggers of both databases are called, and which columns they have in common. A leaf."""

RUNS, MESSAGES, TABLE, TEXTS = "runs_evalrun", "runs_message", "runs_listed", "runs_listed_text"
VERSION = 2  # one more whenever the SQL changes: older triggers are then replaced, and everything is listed anew
PREFIX = "run_listed_"
CHILD = "trial"  # the kind of a batch's child: it is listed with its batch, and a batch may have ten thousand
TRIGGERS = {event: f"{PREFIX}{VERSION}_{event}" for event in ("come", "move", "end", "go", "empty")}

# Taken from the run as they are.
COPIED = ("project_id", "created_at", "status", "kind", "agent_id", "template_id", "adaptation_template_id", "score")
# Said of runs that are over.
MADE = ("cost", "seconds")
COLUMNS = ("run_id", *COPIED, *MADE)
# A change of these moves a run within the list. Not the costs: they are written at every turn, and listed once a run is over.
WATCHED = (*COPIED, "started_at", "completed_at")
# What an index begins with; each ends with the run's id, so that a place in the list is one place.
ORDERS = {
    "created": ("project_id", "created_at"),
    "status": ("project_id", "status", "created_at"),
    "kind": ("project_id", "kind", "created_at"),
    "agent": ("project_id", "agent_id", "created_at"),
    "template": ("project_id", "template_id", "created_at"),
    "adaptation": ("project_id", "adaptation_template_id", "created_at"),
    "score": ("project_id", "score"),
    "cost": ("project_id", "cost"),
    "seconds": ("project_id", "seconds"),
}
MOST_CHARACTERS = 200_000  # of a run are searched: PostgreSQL refuses a tsvector of more than a megabyte


def indexes() -> list[str]:
    return [f"CREATE INDEX {PREFIX}by_{name} ON {TABLE} ({', '.join(columns)}, run_id)" for name, columns in ORDERS.items()]


def cost(row: str) -> str:
    """What a run that is over cost; nothing is said of one whose price is wholly unknown, since that is not the same as free."""
    total = f"{row}.simulation_cost_usd + {row}.evaluation_cost_usd"
    return f"CASE WHEN {row}.completed_at IS NOT NULL AND ({total} > 0 OR {row}.unpriced_calls = 0) THEN {total} END"


def changed(differs: str, columns: tuple[str, ...]) -> str:
    return " OR ".join(f"OLD.{column} {differs} NEW.{column}" for column in columns)
