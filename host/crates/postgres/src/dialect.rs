//! Statements and tables in the server's words. They are written once, in SQLite's; what the owners
//! of tables use of it is small, and all of it stands here.

/// The schema in which the tables stand.
pub(crate) const SCHEMA: &str = "infrafabric";

/// Made once, with the first tables. `refuse` is what triggers call; `legible` reads bytes as text,
/// and those that are none as nothing.
pub(crate) const PRELUDE: &str = "
    CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0]; END $$;
    CREATE OR REPLACE FUNCTION legible(bytes bytea) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
    $$ BEGIN RETURN convert_from(bytes, 'UTF8'); EXCEPTION WHEN OTHERS THEN RETURN ''; END $$;
    ";

/// Words that mean something else there. Texts compare byte by byte, as they do in SQLite.
const WORDS: [(&str, &str); 8] = [
    (" STRICT, WITHOUT ROWID", ""),
    (" STRICT", ""),
    (" INTEGER", " BIGINT"),
    (" BLOB", " BYTEA"),
    (" TEXT", " TEXT COLLATE \"C\""),
    ("instr(", "strpos("),
    ("CAST(b.bytes AS TEXT COLLATE \"C\")", "legible(b.bytes)"),
    ("?", "$"),
];

/// A statement.
pub(crate) fn statement(text: &str) -> String {
    WORDS.iter().fold(text.to_owned(), |text, (ours, theirs)| text.replace(ours, theirs))
}

/// What stands before and behind the words of a trigger that refuses.
const REFUSES: (&str, &str) = ("BEGIN SELECT RAISE(ABORT, ", "); END;");

/// A script that makes tables, indexes and triggers that refuse.
pub(crate) fn script(text: &str) -> String {
    let text = statement(text);
    let mut parts = text.split(REFUSES.0);
    let mut script = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (words, rest) = part.split_once(REFUSES.1).unwrap_or((part, ""));
        script.push_str(&format!("FOR EACH ROW EXECUTE FUNCTION refuse({words});{rest}"));
    }
    script
}

/// The names of the triggers that a script makes.
pub(crate) fn triggers(script: &str) -> impl Iterator<Item = &str> {
    let names = script.split("CREATE TRIGGER ").skip(1);
    names.filter_map(|rest| rest.split_whitespace().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_numbered_as_the_server_does() {
        assert_eq!(statement("SELECT a FROM t WHERE b = ?1"), "SELECT a FROM t WHERE b = $1");
    }

    #[test]
    fn tables_and_triggers_are_translated() {
        let ours = "
            CREATE TABLE leaf (seq INTEGER PRIMARY KEY, leaf BLOB, kind TEXT) STRICT;
            CREATE TRIGGER leaf_stays BEFORE UPDATE ON leaf
            BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
            CREATE INDEX by_kind ON leaf (kind);";
        let theirs = "
            CREATE TABLE leaf (seq BIGINT PRIMARY KEY, leaf BYTEA, kind TEXT COLLATE \"C\");
            CREATE TRIGGER leaf_stays BEFORE UPDATE ON leaf
            FOR EACH ROW EXECUTE FUNCTION refuse('the log is append-only');
            CREATE INDEX by_kind ON leaf (kind);";
        assert_eq!(script(ours), theirs);
        assert_eq!(triggers(ours).collect::<Vec<_>>(), ["leaf_stays"]);
    }
}
