"""The list on PostgreSQL: a table with a tsvector under a GIN index. For `runs.listed.install`."""

from runs.listed.names import CHILD, COLUMNS, COPIED, MESSAGES, MOST_CHARACTERS, RUNS, TABLE, TRIGGERS, WATCHED, changed, cost, indexes

_NAMED = ", ".join(COLUMNS)
# Signs become spaces, so that the parser sees words alone and no addresses, paths or signed numbers: as FTS5 does.
PUNCTUATION = r"""!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~"""
_TEXT = ("completed_at", "agent_name", "user_persona")


def _values(row: str) -> str:
    seconds = f"round(extract(epoch FROM ({row}.completed_at - {row}.started_at)), 2)::double precision"
    return ", ".join([f"{row}.id", *(f"{row}.{column}" for column in COPIED), f"({cost(row)})::double precision", seconds])


def _words(row: str) -> str:
    persona = f"""(SELECT string_agg(each #>> '{{}}', ' ') FROM jsonb_path_query({row}.user_persona, 'strict $.**') AS each
        WHERE jsonb_typeof(each) IN ('string', 'number'))"""
    said = f"""(SELECT string_agg(content, ' ' ORDER BY m.index) FROM
        (SELECT content, index FROM {MESSAGES} WHERE run_id = {row}.id ORDER BY index LIMIT {MOST_CHARACTERS // 20}) AS m)"""
    text = f"left(concat_ws(' ', {row}.agent_name, {persona}, CASE WHEN {row}.completed_at IS NOT NULL THEN {said} END), {MOST_CHARACTERS})"
    return f"to_tsvector('simple', translate({text}, '{PUNCTUATION}', repeat(' ', 32)))"


def _function(name: str, body: str) -> str:
    return f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NULL; END $$"


_moved = changed("IS DISTINCT FROM", WATCHED)
_ended = changed("IS DISTINCT FROM", _TEXT)
_each = "FOR EACH ROW"
STATEMENTS = [
    f"""CREATE TABLE {TABLE} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, run_id uuid NOT NULL UNIQUE, project_id uuid NOT NULL,
        created_at timestamptz NOT NULL, status varchar(12) NOT NULL, kind varchar(12) NOT NULL, agent_id uuid, template_id uuid,
        adaptation_template_id uuid, score double precision, cost double precision, seconds double precision, words tsvector)""",
    _function(TRIGGERS["come"], f"INSERT INTO {TABLE} ({_NAMED}, words) VALUES ({_values('NEW')}, {_words('NEW')});"),
    _function(
        TRIGGERS["move"],
        f"UPDATE {TABLE} SET ({', '.join(COLUMNS[1:])}) = ROW ({_values('NEW').split(', ', 1)[1]}) WHERE run_id = NEW.id;",
    ),
    # What was said is read once a run is over, in one go: nothing is paid for a message. A resumed run is read again at its next end.
    _function(TRIGGERS["end"], f"UPDATE {TABLE} SET words = {_words('NEW')} WHERE run_id = NEW.id;"),
    _function(TRIGGERS["go"], f"DELETE FROM {TABLE} WHERE run_id = OLD.id;"),
    _function(TRIGGERS["empty"], f"DELETE FROM {TABLE};"),
    # Making a trigger keeps writers out until what is there is listed and committed.
    f"CREATE TRIGGER {TRIGGERS['come']} AFTER INSERT ON {RUNS} {_each} WHEN (NEW.kind <> '{CHILD}') EXECUTE FUNCTION {TRIGGERS['come']}()",
    f"""CREATE TRIGGER {TRIGGERS["move"]} AFTER UPDATE OF {", ".join(WATCHED)} ON {RUNS}
        {_each} WHEN (NEW.kind <> '{CHILD}' AND ({_moved})) EXECUTE FUNCTION {TRIGGERS["move"]}()""",
    f"""CREATE TRIGGER {TRIGGERS["end"]} AFTER UPDATE OF {", ".join(_TEXT)} ON {RUNS}
        {_each} WHEN (NEW.kind <> '{CHILD}' AND ({_ended})) EXECUTE FUNCTION {TRIGGERS["end"]}()""",
    f"CREATE TRIGGER {TRIGGERS['go']} AFTER DELETE ON {RUNS} {_each} WHEN (OLD.kind <> '{CHILD}') EXECUTE FUNCTION {TRIGGERS['go']}()",
    f"CREATE TRIGGER {TRIGGERS['empty']} AFTER TRUNCATE ON {RUNS} FOR EACH STATEMENT EXECUTE FUNCTION {TRIGGERS['empty']}()",
    f"""INSERT INTO {TABLE} ({_NAMED}, words) SELECT {_values("r")}, {_words("r")} FROM {RUNS} AS r
        WHERE r.kind <> '{CHILD}' ORDER BY r.created_at, r.id""",
    *indexes(),
    f"CREATE INDEX {TRIGGERS['come']}_words ON {TABLE} USING gin (words)",
]
