//! Is what was read to be believed? Decided before anything is written: a site that was rebuilt, or an
//! answer that broke off, must not look like a calendar from which everything has gone.
//!
//! Pure functions of a harvest and of what the last good run had.

use crate::{
    description::{Checks, Source},
    finding::{Code, Finding},
    harvest::Harvest,
};

/// What a harvest is refused for; nothing when it is believed. `good` is how many records the last good
/// run had, where all of them are read each time.
pub fn judge(source: &Source, harvest: &Harvest, good: Option<u64>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if harvest.whole == Some(false) {
        let message = "the document breaks off: what ends a whole one is not there";
        findings.push(Finding::new(Code::CutOff, message));
    }
    findings.extend(structure(source, harvest));
    if let Some(counted) = harvest.counted
        && counted != harvest.rows
        && harvest.rows > 0
    {
        let message = format!(
            "the document counts {counted} rows, but {} were read; nothing was taken",
            harvest.rows
        );
        findings.push(Finding::new(Code::CountMismatch, message));
    }
    findings.extend(loss(&source.checks, harvest, good));
    findings
}

/// What tells that the source looks other than it is described.
fn structure(source: &Source, harvest: &Harvest) -> Option<Finding> {
    if let Some(why) = &harvest.strange {
        return Some(changed(why));
    }
    if harvest.rows == 0 {
        // Where rows come page by page, none means that there is nothing new.
        let is_fine = harvest.is_empty || source.cursor.is_some();
        return (!is_fine).then(|| changed(&nothing(source, harvest)));
    }
    let most = source.checks.missing_most;
    let too_many = |count: usize| count as f64 > most * harvest.rows as f64;
    let missing: Vec<String> = harvest
        .missing
        .iter()
        .filter(|(_, count)| too_many(**count))
        .map(|(name, count)| format!("`{name}` in {count} of {} rows", harvest.rows))
        .collect();
    if !missing.is_empty() {
        return Some(changed(&format!("missing: {}", missing.join(", "))));
    }
    let resisting = harvest.aside.len();
    too_many(resisting).then(|| {
        let first = harvest.aside.first().map_or("", |it| it.reason.as_str());
        changed(&format!("{resisting} of {} rows cannot be read; the first: {first}", harvest.rows))
    })
}

fn changed(why: &str) -> Finding {
    let message = format!("the structure has changed: {why}");
    Finding::new(Code::StructureChanged, message)
}

/// Nothing was found, and what was found instead.
fn nothing(source: &Source, harvest: &Harvest) -> String {
    let rows = &source.parse.rows;
    let mut text = match rows.is_empty() {
        true => "no row was found".to_owned(),
        false => format!("no row was found by `{rows}`"),
    };
    let others: Vec<String> = harvest
        .probes
        .iter()
        .filter(|(selector, _)| selector != rows)
        .map(|(selector, count)| format!("`{selector}` is found {count} times"))
        .take(8)
        .collect();
    if !others.is_empty() {
        text.push_str(&format!("; in the whole page {}", others.join(", ")));
    }
    text
}

/// Far fewer records than the last good run had. One with a cursor reads what is new, however little.
fn loss(checks: &Checks, harvest: &Harvest, good: Option<u64>) -> Option<Finding> {
    let good = good.filter(|it| *it > 0)?;
    let now = harvest.items.len() as u64;
    let is_lost = (now as f64) < checks.keep_least * good as f64;
    is_lost.then(|| {
        let share = now * 100 / good;
        let least = (checks.keep_least * 100.0).round();
        let message = format!(
            "{now} records, {share} % of the {good} of the last good run; fewer than {least} % are not believed"
        );
        Finding::new(Code::SuddenLoss, message)
    })
}

/// So many records do not fit the collection that the whole is not believed.
pub fn invalid(checks: &Checks, total: usize, refused: usize, first: &str) -> Option<Finding> {
    let is_too_many = refused > 0 && refused as f64 > checks.invalid_most * total as f64;
    is_too_many.then(|| {
        let message =
            format!("{refused} of {total} records do not fit the collection; the first: {first}");
        Finding::new(Code::TooManyInvalid, message)
    })
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;
    use serde_json::json;

    use super::*;
    use crate::harvest::{Item, Resisting};

    fn source() -> Source {
        let document = json!({
            "title": "Rides", "into": "rides", "key": ["code"],
            "fetch": {"steps": [{"name": "page", "url": "https://rides.example"}]},
            "parse": {"rows": "div.ride", "fields": {"code": "b"}},
            "map": {"code": "row.code"}
        });
        serde_json::from_value(document).expect("this is a description")
    }

    fn harvest(rows: usize, items: usize) -> Harvest {
        let item = |at: usize| Item {
            key: at.to_string(),
            data: serde_json::Map::new(),
            raw: None,
            place: None,
        };
        Harvest { rows, items: (0..items).map(item).collect(), ..Harvest::default() }
    }

    #[track_caller]
    fn check(harvest: &Harvest, good: Option<u64>, expected: &[Code]) {
        let found = judge(&source(), harvest, good);
        let codes: Vec<Code> = found.iter().map(|it| it.code).collect();
        assert_eq!(codes, expected, "{found:?}");
    }

    #[test]
    fn what_is_as_it_was_is_believed() {
        check(&harvest(60, 59), Some(59), &[]);
        check(&harvest(60, 59), None, &[]);
        check(&Harvest { counted: Some(60), whole: Some(true), ..harvest(60, 59) }, Some(84), &[]);
    }

    #[test]
    fn far_fewer_than_last_time_are_not_believed() {
        check(&harvest(17, 17), Some(59), &[Code::SuddenLoss]);
        check(&harvest(41, 41), Some(59), &[Code::SuddenLoss]);
        check(&harvest(42, 42), Some(59), &[]);
        check(&harvest(17, 17), None, &[]);
    }

    #[test]
    fn no_rows_are_a_changed_structure_and_not_an_empty_list() {
        let mut empty = harvest(0, 0);
        empty.probes = vec![("div.ride".into(), 0), ("b".into(), 60)];
        check(&empty, None, &[Code::StructureChanged]);
        check(&empty, Some(59), &[Code::StructureChanged, Code::SuddenLoss]);
        let message = judge(&source(), &empty, None)[0].message.clone();
        assert!(
            message.contains("`div.ride`") && message.contains("`b` is found 60 times"),
            "{message}"
        );
        check(&Harvest { is_empty: true, ..harvest(0, 0) }, None, &[]);
    }

    #[test]
    fn rows_without_what_every_row_has_are_a_changed_structure() {
        let missing = |count| Harvest {
            missing: IndexMap::from([("code".to_owned(), count)]),
            ..harvest(60, 60 - count)
        };
        check(&missing(31), None, &[Code::StructureChanged]);
        check(&missing(2), None, &[]);
        let resisting = |at: usize| Resisting {
            key: format!("row {at}"),
            item: None,
            is_refused: false,
            reason: "`date`: is no date".into(),
            row: serde_json::Map::new(),
            raw: None,
            place: None,
        };
        let aside = Harvest { aside: (0..40).map(resisting).collect(), ..harvest(60, 20) };
        check(&aside, None, &[Code::StructureChanged]);
    }

    #[test]
    fn an_independent_count_must_agree() {
        check(&Harvest { counted: Some(61), ..harvest(60, 59) }, None, &[Code::CountMismatch]);
        check(&Harvest { whole: Some(false), ..harvest(60, 59) }, None, &[Code::CutOff]);
        let strange = Harvest { strange: Some("the answer is no JSON".into()), ..harvest(0, 0) };
        check(&strange, None, &[Code::StructureChanged]);
    }

    #[test]
    fn a_few_records_that_do_not_fit_cost_the_others_nothing() {
        let checks = Checks::default();
        assert_eq!(invalid(&checks, 10, 5, "x"), None);
        assert!(invalid(&checks, 10, 6, "x").is_some_and(|it| it.code == Code::TooManyInvalid));
        assert_eq!(invalid(&checks, 0, 0, ""), None);
    }
}
