//! What a query sees of records: columns with types over documents, of one tenant, one collection, and
//! not older than may be looked back.
//!
//! The text of a view is the house's own. Names out of `app.yaml` stand in it as checked names or as
//! literals, and the tenant as its id; nothing that a caller or a model wrote ever does.
//!
//! Start at [`of`].

use base::{TenantId, Timestamp};
use jiff::{SignedDuration, tz::TimeZone};
use serde_json::{Value as Json, json};
use store::{Dialect, guarded::View};

use crate::{
    description::question::{ColumnKind, QuestionColumn, QuestionTable, Questions},
    indexes::text,
    record::{CollectionKit, Kits, Place},
};

/// The tables that views are made of.
pub const TABLES: &[&str] = &["records"];

/// The views of some questions, for one tenant, now.
pub fn of(
    dialect: Dialect,
    questions: &Questions,
    kits: &Kits,
    tenant: TenantId,
    now: Timestamp,
) -> Vec<View> {
    let view = |(name, table): (&String, &QuestionTable)| {
        let kit = kits.get(&table.of)?;
        Some(View {
            name: name.clone(),
            columns: table.columns.keys().cloned().collect(),
            rows: rows(dialect, questions, table, kit, tenant, now),
        })
    };
    questions.tables.iter().filter_map(view).collect()
}

/// What whoever writes the query is told about the tables.
pub fn described(dialect: Dialect, questions: &Questions) -> Json {
    let tables = questions.tables.iter().map(|(name, table)| {
        let columns = table.columns.iter().map(|(name, column)| {
            json!({
                "name": name,
                "type": kind_name(dialect, column),
                "about": column.about,
                "values": column.words.keys().collect::<Vec<_>>(),
            })
        });
        json!({"name": name, "about": table.about, "columns": columns.collect::<Vec<_>>()})
    });
    tables.collect()
}

/// The name of a database, as whoever writes a query for it knows it.
pub fn dialect_name(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "SQLite",
        Dialect::Postgres => "PostgreSQL",
    }
}

fn kind_name(dialect: Dialect, column: &QuestionColumn) -> &'static str {
    match (column.kind, dialect) {
        (ColumnKind::Text | ColumnKind::Word, _) => "text",
        (ColumnKind::Integer, Dialect::Sqlite) => "integer",
        (ColumnKind::Number, Dialect::Sqlite) => "real",
        (ColumnKind::Integer | ColumnKind::Number, Dialect::Postgres) => "numeric",
        (ColumnKind::Boolean, Dialect::Sqlite) => "integer, 1 for true and 0 for false",
        (ColumnKind::Boolean, Dialect::Postgres) => "boolean",
        (ColumnKind::Timestamp, Dialect::Sqlite) => "text, a moment in UTC: 2026-11-21 08:00:00",
        (ColumnKind::Timestamp, Dialect::Postgres) => "timestamp, in UTC",
        (ColumnKind::Date, Dialect::Sqlite) => "text, a day: 2026-11-21",
        (ColumnKind::Date, Dialect::Postgres) => "date",
    }
}

fn rows(
    dialect: Dialect,
    questions: &Questions,
    table: &QuestionTable,
    kit: &CollectionKit,
    tenant: TenantId,
    now: Timestamp,
) -> String {
    let columns: Vec<String> =
        table.columns.iter().map(|(name, column)| expression(dialect, name, column)).collect();
    // What all tenants share belongs to the house.
    let tenant = if kit.spec.shared { TenantId::DEFAULT } else { tenant };
    let tenant = text(&tenant.to_string());
    let mut rows = format!(
        "SELECT {} FROM records r WHERE r.tenant = {tenant} AND r.collection = {} AND r.deleted_at IS NULL",
        columns.join(", "),
        text(&kit.name),
    );
    match &kit.place {
        // Of what is kept in versions, the active ones count.
        Place::Version(parent) => rows.push_str(&format!(
            " AND r.version IN (SELECT p.active_version FROM records p
                WHERE p.tenant = {tenant} AND p.collection = {} AND p.version IS NULL
                  AND p.deleted_at IS NULL AND p.active_version IS NOT NULL)",
            text(parent)
        )),
        Place::Tenant | Place::Parent(_) => rows.push_str(" AND r.version IS NULL"),
    }
    let oldest = questions.period.as_ref().and_then(|it| {
        let column = table.columns.get(&it.column)?;
        let days = it.reach_days?;
        Some((expression(dialect, &it.column, column), reach(now, days)))
    });
    if let Some((column, day)) = oldest {
        let day = text(&day);
        match dialect {
            Dialect::Sqlite => rows.push_str(&format!(" AND {column} >= {day}")),
            Dialect::Postgres => rows.push_str(&format!(" AND {column} >= CAST({day} AS DATE)")),
        }
    }
    rows
}

/// The day, so many days ago.
pub(super) fn reach(now: Timestamp, days: u32) -> String {
    let then = now.checked_sub(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(now);
    then.to_zoned(TimeZone::UTC).date().to_string()
}

/// A field of a document as a value of its kind; nothing when it is something else.
fn expression(dialect: Dialect, name: &str, column: &QuestionColumn) -> String {
    let field = column.field.as_deref().unwrap_or(name);
    let plain = match dialect {
        Dialect::Sqlite => sqlite(field, column.kind),
        Dialect::Postgres => postgres(field, column.kind),
    };
    if column.words.is_empty() {
        return plain;
    }
    let meant = format!("lower(trim({plain}))");
    let cases = column.words.iter().map(|(value, words)| {
        let words = words.iter().chain([value]).map(|it| text(&it.to_lowercase()));
        let words: Vec<String> = words.collect();
        format!("WHEN {meant} IN ({}) THEN {}", words.join(", "), text(value))
    });
    format!("CASE {} END", cases.collect::<Vec<_>>().join(" "))
}

fn sqlite(field: &str, kind: ColumnKind) -> String {
    let path: String = field.split('.').map(|it| format!(".\"{}\"", it.replace('"', ""))).collect();
    let path = text(&format!("${path}"));
    let value = format!("json_extract(r.data, {path})");
    let of_kind = |kinds: &str, then: &str| {
        format!("CASE WHEN json_type(r.data, {path}) IN ({kinds}) THEN {then} END")
    };
    match kind {
        ColumnKind::Text => format!("CAST({value} AS TEXT)"),
        ColumnKind::Word => format!("lower(trim(CAST({value} AS TEXT)))"),
        ColumnKind::Integer => of_kind("'integer', 'real'", &format!("CAST({value} AS INTEGER)")),
        ColumnKind::Number => of_kind("'integer', 'real'", &format!("CAST({value} AS REAL)")),
        ColumnKind::Boolean => of_kind("'true', 'false'", &value),
        ColumnKind::Timestamp => {
            of_kind("'text'", &format!("strftime('%Y-%m-%d %H:%M:%S', {value})"))
        }
        ColumnKind::Date => of_kind("'text'", &format!("strftime('%Y-%m-%d', {value})")),
    }
}

fn postgres(field: &str, kind: ColumnKind) -> String {
    let path: Vec<String> =
        field.split('.').map(|it| format!("\"{}\"", it.replace(['"', '\\'], ""))).collect();
    let path = text(&format!("{{{}}}", path.join(",")));
    let value = format!("(r.data #>> {path})");
    let of_kind = |kind: &str, then: &str| {
        format!("CASE WHEN jsonb_typeof(r.data #> {path}) = '{kind}' THEN {then} END")
    };
    match kind {
        ColumnKind::Text => value,
        ColumnKind::Word => format!("lower(btrim({value}))"),
        ColumnKind::Integer => of_kind("number", &format!("trunc(CAST({value} AS NUMERIC))")),
        ColumnKind::Number => of_kind("number", &format!("CAST({value} AS NUMERIC)")),
        ColumnKind::Boolean => of_kind("boolean", &format!("CAST({value} AS BOOLEAN)")),
        // One record with a day that is none must not take the answer from all the others, so what
        // is converted is looked at before.
        ColumnKind::Timestamp => format!(
            "CASE WHEN {value} ~ '{DAY}{TIME}' THEN CAST(CAST({value} AS TIMESTAMPTZ) AT TIME ZONE 'UTC' AS TIMESTAMP) END"
        ),
        ColumnKind::Date => {
            format!("CASE WHEN {value} ~ '{DAY}' THEN CAST(\"left\"({value}, 10) AS DATE) END")
        }
    }
}

/// A day that there is: with its months' lengths, and the 29th of February in leap years alone.
pub(crate) const DAY: &str = "^(([12][0-9]{3}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31))|([12][0-9](0[48]|[2468][048]|[13579][26])|(1[26]|20|24|28)00)-02-29)";

/// A time after it, with or without its zone; or none.
pub(crate) const TIME: &str = "([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?(Z|[+-](0[0-9]|1[0-4]):?[0-5][0-9])?)?$";

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::*;

    #[test]
    fn a_day_that_there_is_not_is_not_converted() {
        let day = Regex::new(&format!("{DAY}{TIME}")).expect("a pattern that both understand");
        for good in [
            "2026-02-28",
            "2024-02-29",
            "2000-02-29",
            "2026-12-31",
            "2026-09-30T08:16:00Z",
            "2026-09-21 08:16:00",
            "2026-09-21T08:16:00.123+02:00",
            "2026-09-21T08:16",
        ] {
            assert!(day.is_match(good), "{good}");
        }
        for bad in [
            "2026-02-29",
            "2100-02-29",
            "2026-02-30",
            "2026-04-31",
            "2026-13-01",
            "0000-01-01",
            "2026-09-21T24:00:00",
            "2026-09-21T08:61:00",
            "soon",
            "now",
            "2026-09-21x",
            "",
        ] {
            assert!(!day.is_match(bad), "{bad}");
        }
    }

    #[test]
    fn a_field_with_quotes_stays_a_literal() {
        let column = QuestionColumn { field: Some("it's.\"x".into()), ..QuestionColumn::default() };
        let text = expression(Dialect::Sqlite, "x", &column);
        assert_eq!(text, r#"CAST(json_extract(r.data, '$."it''s"."x"') AS TEXT)"#);
        let text = expression(Dialect::Postgres, "x", &column);
        assert_eq!(text, r#"(r.data #>> '{"it''s","x"}')"#);
    }

    #[test]
    fn words_become_their_value() {
        let column: QuestionColumn = serde_json::from_value(json!({
            "words": {"positive": ["Positief"], "negative": ["negatief"]},
        }))
        .expect("a column");
        let text = expression(Dialect::Sqlite, "mood", &column);
        assert!(text.contains("IN ('positief', 'positive') THEN 'positive'"), "{text}");
        assert!(text.ends_with("END"), "{text}");
    }
}
