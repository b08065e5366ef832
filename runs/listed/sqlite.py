"""The list on SQLite: a table, and an FTS5 table whose row ids are the list's. For `runs.listed.install`."""

from runs.listed.names import (
    CHILD,
    COLUMNS,
    COPIED,
    MESSAGES,
    MOST_CHARACTERS,
    RUNS,
    TABLE,
    TEXTS,
    TRIGGERS,
    WATCHED,
    changed,
    cost,
    indexes,
)

_NAMED = ", ".join(COLUMNS)
_ROW = f"(SELECT id FROM {TABLE} WHERE run_id = NEW.id)"


def _values(row: str) -> str:
    seconds = f"round((julianday({row}.completed_at) - julianday({row}.started_at)) * 86400.0, 2)"
    return ", ".join([f"{row}.id", *(f"{row}.{column}" for column in COPIED), cost(row), seconds])


def _persona(row: str) -> str:
    """Its values: whoever looks for a name does not look for the word `name`."""
    return f"(SELECT substr(group_concat(atom, ' '), 1, {MOST_CHARACTERS}) FROM json_tree({row}.user_persona) WHERE atom IS NOT NULL)"


def _said(row: str) -> str:
    said = f'SELECT content FROM {MESSAGES} WHERE run_id = {row}.id ORDER BY "index" LIMIT {MOST_CHARACTERS // 20}'
    return f"(SELECT substr(group_concat(content, ' '), 1, {MOST_CHARACTERS}) FROM ({said}))"


STATEMENTS = [
    f"""CREATE TABLE {TABLE} (id integer PRIMARY KEY, run_id char(32) NOT NULL UNIQUE, project_id char(32) NOT NULL,
        created_at datetime NOT NULL, status varchar(12) NOT NULL, kind varchar(12) NOT NULL, agent_id char(32), template_id char(32),
        adaptation_template_id char(32), score real, cost real, seconds real)""",
    # The project is a word like others: a search finds the words of one project, without a look at those of the rest.
    f"CREATE VIRTUAL TABLE {TEXTS} USING fts5(project, agent, persona, said, tokenize = 'unicode61 remove_diacritics 2')",
    f"INSERT INTO {TABLE} ({_NAMED}) SELECT {_values('r')} FROM {RUNS} AS r WHERE r.kind <> '{CHILD}' ORDER BY r.created_at, r.id",
    f"""INSERT INTO {TEXTS} (rowid, project, agent, persona, said)
        SELECT l.id, r.project_id, r.agent_name, {_persona("r")}, CASE WHEN r.completed_at IS NOT NULL THEN {_said("r")} END
        FROM {TABLE} AS l JOIN {RUNS} AS r ON r.id = l.run_id ORDER BY l.id""",
    *indexes(),
    f"""CREATE TRIGGER {TRIGGERS["come"]} AFTER INSERT ON {RUNS} WHEN NEW.kind <> '{CHILD}' BEGIN
        INSERT INTO {TABLE} ({_NAMED}) VALUES ({_values("NEW")});
        INSERT INTO {TEXTS} (rowid, project, agent, persona, said)
        VALUES ({_ROW}, NEW.project_id, NEW.agent_name, {_persona("NEW")}, CASE WHEN NEW.completed_at IS NOT NULL THEN {_said("NEW")} END);
    END""",
    f"""CREATE TRIGGER {TRIGGERS["move"]} AFTER UPDATE OF {", ".join(WATCHED)} ON {RUNS}
        WHEN NEW.kind <> '{CHILD}' AND ({changed("IS NOT", WATCHED)}) BEGIN
        UPDATE {TABLE} SET ({", ".join(COLUMNS[1:])}) = (SELECT {_values("NEW").split(", ", 1)[1]}) WHERE run_id = NEW.id;
    END""",
    # What was said is read once a run is over, in one go: nothing is paid for a message. A resumed run is read again at its next end.
    f"""CREATE TRIGGER {TRIGGERS["end"]} AFTER UPDATE OF completed_at, project_id, agent_name, user_persona ON {RUNS}
        WHEN NEW.kind <> '{CHILD}' AND ({changed("IS NOT", ("completed_at", "project_id", "agent_name", "user_persona"))}) BEGIN
        UPDATE {TEXTS} SET project = NEW.project_id, agent = NEW.agent_name, persona = {_persona("NEW")}, said = {_said("NEW")}
        WHERE rowid = {_ROW};
    END""",
    f"""CREATE TRIGGER {TRIGGERS["go"]} AFTER DELETE ON {RUNS} WHEN OLD.kind <> '{CHILD}' BEGIN
        DELETE FROM {TEXTS} WHERE rowid = (SELECT id FROM {TABLE} WHERE run_id = OLD.id);
        DELETE FROM {TABLE} WHERE run_id = OLD.id;
    END""",
]
