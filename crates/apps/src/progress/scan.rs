//! What the database adds up: the numbers of results by day, by criterion, older half against newer half;
//! and what texts say again and again.
//!
//! The text of a statement is the house's own. Names out of `app.yaml` stand in it as literals, everything
//! that a caller gave is a parameter.
//!
//! Start at [`Results`]; each function is one thing that is kept ([`super::kept::Metric`]).

use std::collections::BTreeMap;

use base::{RecordId, TenantId, Timestamp};
use serde_json::{Map, Value as Json, json};
use store::{Db, Dialect, Row};

use super::{
    Range,
    recur::{self, Said},
    tally::{self, Day, Period, round},
};
use crate::{
    description::Progress,
    indexes::{expression, text},
    question::view::{DAY, TIME},
    record::{Bindings, CollectionKit, filter_clause},
};

/// The newest results that are told one by one.
const POINTS: usize = 200;

/// The most criteria.
const CRITERIA: usize = 64;

/// Different texts that are looked through for those that recur: the most frequent.
const TEXTS: usize = 400;

/// The most characters of such a text.
const TEXT_CHARS: usize = 500;

/// The results that are looked at.
pub(crate) struct Results<'a> {
    /// What the application says of them.
    pub(crate) spec: &'a Progress,
    /// Their collection.
    pub(crate) kit: &'a CollectionKit,
    /// In this tenant.
    pub(crate) tenant: TenantId,
    /// Of this owner; of everybody when left out.
    pub(crate) owner: Option<&'a str>,
    /// Of these days.
    pub(crate) range: Range,
}

/// How many there are, how good they are as a whole, in each period, and the newest one by one.
pub(crate) fn overall(db: &Db, results: &Results<'_>) -> Result<Json, store::Error> {
    let days = days(db, results)?;
    let mut bind = Bindings::default();
    let rows =
        results.rows(db.dialect(), &[("owner", results.owner_sql(db.dialect()))], "", &mut bind);
    let whole = format!(
        "SELECT count(*) AS results, count(DISTINCT owner) AS owners, min(at) AS first_at,
                max(at) AS last_at
           FROM ({rows}) b"
    );
    let whole = db.one(whole.as_str(), &bind.0)?;
    let (first_at, last_at): (Option<Timestamp>, Option<Timestamp>) =
        (whole.get("first_at")?, whole.get("last_at")?);
    let mut overall = grades(db, results)?;
    overall["slope_30_days"] = json!(tally::slope_30_days(&days));
    let periods: Map<String, Json> = Period::ALL
        .iter()
        .map(|period| {
            let buckets = tally::periods(&days, *period);
            let buckets = buckets
                .iter()
                .map(|it| json!({"from": it.from, "count": it.count, "mean": it.mean}));
            (period.name().to_owned(), buckets.collect())
        })
        .collect();
    // Whose result is which is told of one owner alone.
    let points = match results.owner {
        Some(_) => points(db, results)?,
        None => Vec::new(),
    };
    Ok(json!({
        "count": whole.get::<u64>("results")?,
        "owners": whole.get::<u64>("owners")?,
        "first_at": first_at,
        "last_at": last_at,
        "overall": overall,
        "periods": periods,
        "points": points,
    }))
}

/// Each criterion: how good, how it changed; and its mean in each period.
pub(crate) fn criteria(db: &Db, results: &Results<'_>) -> Result<Json, store::Error> {
    let mut bind = Bindings::default();
    let Some(rows) = results.criterion_rows(db.dialect(), &mut bind) else { return Ok(json!({})) };
    let sql = format!(
        "SELECT criterion, {HALVES}
           FROM (SELECT criterion, number,
                        row_number() OVER (PARTITION BY criterion ORDER BY at, id) AS nth,
                        count(*) OVER (PARTITION BY criterion) AS n
                   FROM ({rows}) b
                  WHERE number IS NOT NULL) c
          GROUP BY criterion
          ORDER BY graded DESC, criterion
          LIMIT {CRITERIA}"
    );
    let mut all: BTreeMap<String, Json> = BTreeMap::new();
    for row in db.query(sql.as_str(), &bind.0)? {
        all.insert(row.get("criterion")?, graded(&row)?);
    }

    let mut bind = Bindings::default();
    let Some(rows) = results.criterion_rows(db.dialect(), &mut bind) else { return Ok(json!({})) };
    let sql = format!(
        "SELECT criterion, at / {DAY_MICROS} AS day, count(*) AS graded, sum(number) AS total
           FROM ({rows}) b
          WHERE number IS NOT NULL
          GROUP BY criterion, at / {DAY_MICROS}
          ORDER BY day"
    );
    let mut days: BTreeMap<String, Vec<Day>> = BTreeMap::new();
    for row in db.query(sql.as_str(), &bind.0)? {
        let criterion: String = row.get("criterion")?;
        if all.contains_key(&criterion) {
            let graded = row.get("graded")?;
            let day = Day { day: row.get("day")?, count: graded, graded, total: row.get("total")? };
            days.entry(criterion).or_default().push(day);
        }
    }
    let mut periods: BTreeMap<&str, BTreeMap<String, BTreeMap<&str, f64>>> = BTreeMap::new();
    for (criterion, days) in &days {
        if let Some(told) = all.get_mut(criterion) {
            told["slope_30_days"] = json!(tally::slope_30_days(days));
        }
        for period in Period::ALL {
            let told = periods.entry(period.name()).or_default();
            for bucket in tally::periods(days, period) {
                let Some(mean) = bucket.mean else { continue };
                told.entry(bucket.from.to_string()).or_default().insert(criterion, mean);
            }
        }
    }
    Ok(json!({"criteria": all, "periods": periods}))
}

/// What is said again and again, by field.
pub(crate) fn recurring(db: &Db, results: &Results<'_>) -> Result<Json, store::Error> {
    let mut all = Map::new();
    for field in &results.spec.recurring {
        let mut bind = Bindings::default();
        let rows = results.text_rows(db.dialect(), field, &mut bind);
        let sql = format!(
            "SELECT said, count(*) AS times, max(at) AS last_at
               FROM ({rows}) b
              WHERE said <> ''
              GROUP BY said
              ORDER BY times DESC, last_at DESC, said
              LIMIT {TEXTS}"
        );
        let said = db.query(sql.as_str(), &bind.0)?.into_iter().map(|row| {
            let (text, count) = (row.get("said")?, row.get("times")?);
            Ok(Said { text, count, last_at: row.get("last_at")? })
        });
        let said = said.collect::<Result<Vec<Said>, store::Error>>()?;
        all.insert(field.clone(), json!(recur::recurring(said)));
    }
    Ok(Json::Object(all))
}

const DAY_MICROS: i64 = 86_400_000_000;

/// The numbers in order of time, the older half against the newer one. Of an odd count the middle one is
/// new.
const HALVES: &str = "count(*) AS graded, avg(number) AS mean, min(number) AS least,
        max(number) AS most,
        avg(CASE WHEN nth * 2 <= n THEN number END) AS older,
        avg(CASE WHEN nth * 2 > n THEN number END) AS newer,
        max(CASE WHEN nth = n THEN number END) AS latest";

fn grades(db: &Db, results: &Results<'_>) -> Result<Json, store::Error> {
    let mut bind = Bindings::default();
    let number = number(db.dialect(), "r.data", &results.spec.overall);
    let rows = results.rows(db.dialect(), &[("number", number)], "", &mut bind);
    let sql = format!(
        "SELECT {HALVES}
           FROM (SELECT number, row_number() OVER (ORDER BY at, id) AS nth, count(*) OVER () AS n
                   FROM ({rows}) b
                  WHERE number IS NOT NULL) c"
    );
    graded(&db.one(sql.as_str(), &bind.0)?)
}

fn graded(row: &Row) -> Result<Json, store::Error> {
    let number = |name: &str| row.get::<Option<f64>>(name);
    let change = match (number("older")?, number("newer")?) {
        (Some(older), Some(newer)) => Some(round(newer - older)),
        _ => None,
    };
    Ok(json!({
        "count": row.get::<u64>("graded")?,
        "mean": number("mean")?.map(round),
        "least": number("least")?.map(round),
        "most": number("most")?.map(round),
        "latest": number("latest")?.map(round),
        "change": change,
        "slope_30_days": null,
    }))
}

fn days(db: &Db, results: &Results<'_>) -> Result<Vec<Day>, store::Error> {
    let mut bind = Bindings::default();
    let number = number(db.dialect(), "r.data", &results.spec.overall);
    let rows = results.rows(db.dialect(), &[("number", number)], "", &mut bind);
    let sql = format!(
        "SELECT at / {DAY_MICROS} AS day, count(*) AS results, count(number) AS graded,
                sum(number) AS total
           FROM ({rows}) b
          GROUP BY at / {DAY_MICROS}
          ORDER BY day"
    );
    let days = db.query(sql.as_str(), &bind.0)?.into_iter().map(|row| {
        let total: Option<f64> = row.get("total")?;
        let (count, graded) = (row.get("results")?, row.get("graded")?);
        Ok(Day { day: row.get("day")?, count, graded, total: total.unwrap_or_default() })
    });
    days.collect()
}

/// The newest results, the oldest of them first.
fn points(db: &Db, results: &Results<'_>) -> Result<Vec<Json>, store::Error> {
    let mut bind = Bindings::default();
    let number = number(db.dialect(), "r.data", &results.spec.overall);
    let rows = results.rows(db.dialect(), &[("number", number)], "", &mut bind);
    let sql = format!(
        "SELECT id, at, number
           FROM ({rows}) b
          WHERE number IS NOT NULL
          ORDER BY at DESC, id DESC
          LIMIT {POINTS}"
    );
    let points = db.query(sql.as_str(), &bind.0)?.into_iter().rev().map(|row| {
        let (record, at): (RecordId, Timestamp) = (row.get("id")?, row.get("at")?);
        Ok(json!({"record": record, "at": at, "overall": round(row.get("number")?)}))
    });
    points.collect()
}

impl Results<'_> {
    /// The results, each with its id, its time and `columns`.
    fn rows(
        &self,
        dialect: Dialect,
        columns: &[(&str, String)],
        join: &str,
        bind: &mut Bindings,
    ) -> String {
        let columns: String =
            columns.iter().map(|(name, sql)| format!(", {sql} AS {name}")).collect();
        let at = moment(dialect, &self.spec.at);
        let mut rows = format!(
            "SELECT r.id AS id, {at} AS at{columns}
               FROM records r {join}
              WHERE r.tenant = {tenant} AND r.collection = {collection} AND r.version IS NULL
                AND r.deleted_at IS NULL",
            tenant = bind.put(self.tenant),
            collection = text(&self.kit.name),
        );
        if let Some(owner) = self.owner {
            rows.push_str(&format!(" AND {} = {}", self.owner_sql(dialect), bind.put(owner)));
        }
        for (sign, edge) in [(">=", self.range.begins_at()), ("<", self.range.ends_before())] {
            if let Some(edge) = edge {
                rows.push_str(&format!(" AND {at} {sign} {}", bind.put(edge)));
            }
        }
        for (field, value) in &self.spec.only {
            rows.push_str(" AND ");
            rows.push_str(&filter_clause(dialect, self.kit, "r", field, value, bind));
        }
        rows
    }

    fn owner_sql(&self, dialect: Dialect) -> String {
        match self.spec.owner.as_str() {
            "created_by" => "r.created_by".to_owned(),
            field => expression(dialect, "r", field),
        }
    }

    /// One row for each criterion of each result; none when there are no criteria.
    fn criterion_rows(&self, dialect: Dialect, bind: &mut Bindings) -> Option<String> {
        let (object, inner) = self.spec.criteria()?;
        let path = path(dialect, object);
        let (join, number) = match dialect {
            Dialect::Sqlite => {
                let number = match inner {
                    Some(inner) => {
                        let number = number(dialect, "c.value", inner);
                        format!("CASE WHEN c.type = 'object' THEN {number} END")
                    }
                    None => {
                        "CASE WHEN c.type IN ('integer', 'real') THEN CAST(c.value AS REAL) END"
                            .into()
                    }
                };
                (format!("CROSS JOIN json_each(r.data, {path}) AS c"), number)
            }
            Dialect::Postgres => {
                let number = match inner {
                    Some(inner) => number(dialect, "c.value", inner),
                    None => number_at(dialect, "c.value", "'{}'"),
                };
                let object = format!(
                    "CASE WHEN jsonb_typeof(r.data #> {path}) = 'object' THEN r.data #> {path}
                          ELSE CAST('{{}}' AS JSONB) END"
                );
                (format!("CROSS JOIN LATERAL jsonb_each({object}) AS c(key, value)"), number)
            }
        };
        let columns = [("criterion", "c.key".to_owned()), ("number", number)];
        let mut rows = self.rows(dialect, &columns, &join, bind);
        if dialect == Dialect::Sqlite {
            // The keys of a list are numbers.
            rows.push_str(" AND typeof(c.key) = 'text'");
        }
        Some(rows)
    }

    /// One row for each text in a list of each result.
    fn text_rows(&self, dialect: Dialect, field: &str, bind: &mut Bindings) -> String {
        let path = path(dialect, field);
        let said = |text: &str| ("said", format!("substr(trim({text}), 1, {TEXT_CHARS})"));
        match dialect {
            Dialect::Sqlite => {
                let join = format!("CROSS JOIN json_each(r.data, {path}) AS c");
                let rows = self.rows(dialect, &[said("c.value")], &join, bind);
                format!("{rows} AND c.type = 'text' AND typeof(c.key) = 'integer'")
            }
            Dialect::Postgres => {
                let join = format!(
                    "CROSS JOIN LATERAL jsonb_array_elements(
                        CASE WHEN jsonb_typeof(r.data #> {path}) = 'array' THEN r.data #> {path}
                             ELSE CAST('[]' AS JSONB) END) AS c(value)"
                );
                let rows = self.rows(dialect, &[said("c.value #>> '{}'")], &join, bind);
                format!("{rows} AND jsonb_typeof(c.value) = 'string'")
            }
        }
    }
}

/// A number in a document; nothing when it is something else.
fn number(dialect: Dialect, data: &str, field: &str) -> String {
    number_at(dialect, data, &path(dialect, field))
}

fn number_at(dialect: Dialect, data: &str, path: &str) -> String {
    match dialect {
        Dialect::Sqlite => format!(
            "CASE WHEN json_type({data}, {path}) IN ('integer', 'real')
                  THEN CAST(json_extract({data}, {path}) AS REAL) END"
        ),
        Dialect::Postgres => format!(
            "CASE WHEN jsonb_typeof({data} #> {path}) = 'number'
                  THEN CAST({data} #>> {path} AS DOUBLE PRECISION) END"
        ),
    }
}

/// When a result was, in microseconds; when it was made, where the field says nothing that can be read.
fn moment(dialect: Dialect, field: &str) -> String {
    if matches!(field, "created_at" | "updated_at") {
        return format!("r.{field}");
    }
    let path = path(dialect, field);
    match dialect {
        // SQLite would take `now` for a time.
        Dialect::Sqlite => {
            let value = format!("json_extract(r.data, {path})");
            format!(
                "COALESCE(CASE WHEN {value} GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'
                               THEN CAST(strftime('%s', {value}) AS INTEGER) * 1000000 END,
                          r.created_at)"
            )
        }
        // A text without a zone is of UTC, whatever the zone of the connection is.
        Dialect::Postgres => {
            let value = format!("(r.data #>> {path})");
            let micros = |moment: &str| {
                format!("CAST(floor(extract(epoch FROM {moment}) * 1000000) AS BIGINT)")
            };
            format!(
                "COALESCE(CASE WHEN NOT {value} ~ '{DAY}{TIME}' THEN NULL
                               WHEN {value} ~ '(Z|[+-][0-9][0-9]:?[0-9][0-9])$'
                               THEN {zoned}
                               ELSE {plain} END,
                          r.created_at)",
                zoned = micros(&format!("CAST({value} AS TIMESTAMPTZ)")),
                plain = micros(&format!("(CAST({value} AS TIMESTAMP) AT TIME ZONE 'UTC')")),
            )
        }
    }
}

/// A dotted name as each database writes a path.
fn path(dialect: Dialect, field: &str) -> String {
    let names = field.split('.').map(|it| it.replace(['"', '\\'], ""));
    match dialect {
        Dialect::Sqlite => {
            let path: String = names.map(|it| format!(".\"{it}\"")).collect();
            text(&format!("${path}"))
        }
        Dialect::Postgres => {
            let path: Vec<String> = names.map(|it| format!("\"{it}\"")).collect();
            text(&format!("{{{}}}", path.join(",")))
        }
    }
}
