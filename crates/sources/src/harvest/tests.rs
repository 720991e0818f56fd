//! What small documents of each kind give.

use std::sync::Arc;

use minijinja::Environment;

use super::*;
use crate::{expression::Language, filters};

fn language() -> Language {
    let mut language = Environment::new();
    language.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    filters::add(&mut language);
    Arc::new(language)
}

fn program(document: Json) -> Program {
    match Program::compile("rides", &document, &language()) {
        Ok(program) => program,
        Err(faults) => panic!("the description of a test has faults: {faults:?}"),
    }
}

fn scope() -> Scope {
    let mut scope = Scope::default();
    for (name, value) in [
        ("env", json!({})),
        ("tables", json!({})),
        ("tenant", json!({"slug": "default"})),
        ("today", json!("2026-11-21")),
        ("year", json!(2026)),
        ("now", json!("2026-11-21T08:00:00Z")),
    ] {
        scope.set(name, value_of(&value));
    }
    scope
}

fn page() -> Json {
    json!({
        "title": "Rides", "into": "rides", "key": ["code"],
        "fetch": {"steps": [{"name": "page", "url": "https://rides.example"}]},
        "parse": {
            "rows": "div.ride", "count": "class=\"ride\"", "whole": "</html>\\s*$", "empty": "No rides",
            "required": ["code", "name"],
            "fields": {
                "code": {"css": "b", "attr": "data-code"},
                "name": "b",
                "where": {"css": "i", "find": "(?P<city>.+) (?P<state>[A-Z]{2})$"},
                "own": {"css": "p", "take": "own"},
                "lines": {"css": "p", "take": "lines"},
                "is_new": {"css": "em", "has": true},
                "days": {
                    "css": "tr", "each": {"head": {"css": "td", "find": "^(Day)"}, "on": {"css": "td", "at": 1}},
                    "keep": ["head", "on"], "map": {"date": "entry.on|date('%m/%d/%Y')"}
                },
                "tags": {"css": "u", "split": ";"}
            }
        },
        "map": {
            "code": "row.code", "name": "row.name|clean", "city": "row.where.city",
            "_dates": "row.days|map(attribute='date')|list", "tags": "row.tags", "is_new": "row.is_new",
            "text": "row.lines"
        },
        "merge": {"_dates": "union", "tags": "union", "is_new": "any"},
        "compute": {"first": "it._dates|sort|head", "last": "it._dates|sort|reverse|head",
                    "days": "it.first|days_until(it.last) + 1"}
    })
}

fn ride(code: &str, name: &str, day: &str) -> String {
    format!(
        "<div class=\"ride\"><b data-code=\"{code}\">{name}</b><i>Old Mill, Two Elms IL</i>\
         <p>One<br>two <span>three</span></p><u>a; b;;</u>\
         <table><tr><td>Day</td><td>{day}</td></tr><tr><td>Other</td><td>x</td></tr></table></div>"
    )
}

fn of(body: &str) -> Harvest {
    let text = format!("<html><body>{body}</body></html>\n");
    harvest(&program(page()), &text, &scope()).expect("the expressions compile")
}

#[test]
fn a_page_gives_its_rows_with_nested_ones() {
    let found = of(&ride("A", "Fools &amp; Angels&nbsp; \"Owl\"", "10/30/2027"));
    assert_eq!((found.rows, found.counted, found.whole), (1, Some(1), Some(true)));
    assert!(found.aside.is_empty(), "{found:?}");
    assert_eq!(found.items[0].key, "A");
    let expected = json!({
        "code": "A", "name": "Fools & Angels \"Owl\"", "city": "Old Mill, Two Elms", "tags": ["a", "b"],
        "is_new": false, "text": "One\ntwo three", "first": "2027-10-30", "last": "2027-10-30", "days": 1
    });
    assert_eq!(Json::Object(found.items[0].data.clone()), expected);
}

#[test]
fn expressions_see_null_where_a_record_lacks_a_field() {
    let mut page = page();
    page["complete"] = json!([{
        "fields": ["zip"], "when": "it.city and not it.zip",
        "task": {"name": "zips", "input": {"city": "it.city"}}, "fills": {"zip": "answer.zip"}
    }]);
    let program = program(page);
    // A model read this row and said no more.
    let Json::Object(data) = json!({"code": "A", "name": "Fools", "own": 1}) else {
        unreachable!()
    };
    let it = json_of(&seen(program.source(), &data));
    let expected = json!({
        "code": "A", "name": "Fools", "own": 1, "city": null, "tags": null, "is_new": null, "text": null,
        "first": null, "last": null, "days": null, "zip": null
    });
    assert_eq!(it, expected, "and no notes");
}

#[test]
fn rows_of_one_record_are_merged() {
    let rows = [
        ride("A", "Bluff", "08/08/2027"),
        ride("A", "", "08/07/2027")
            .replace("<b data-code=\"A\"></b>", "<b data-code=\"A\">Bluff</b><em></em>"),
        ride("B", "Loop", "08/09/2027"),
    ];
    let found = of(&rows.concat());
    assert_eq!((found.rows, found.items.len()), (3, 2));
    let bluff = &found.items[0].data;
    assert_eq!((&bluff["first"], &bluff["last"]), (&json!("2027-08-07"), &json!("2027-08-08")));
    assert_eq!((&bluff["days"], &bluff["is_new"]), (&json!(2), &json!(true)));
    assert!(bluff.keys().all(|it| !it.starts_with('_')), "notes are not kept");
}

#[test]
fn a_row_that_resists_is_set_aside_and_the_others_stay() {
    let rows = [
        ride("A", "Bluff", "13/45/2027"),
        ride("B", "", "08/09/2027"),
        ride("C", "Loop", "08/09/2027"),
    ];
    let found = of(&rows.concat());
    assert_eq!((found.rows, found.items.len(), found.aside.len()), (3, 1, 2), "{found:?}");
    let reasons: Vec<&str> = found.aside.iter().map(|it| it.reason.as_str()).collect();
    assert!(reasons[0].starts_with("`days`: ") && reasons[0].contains("is no date"), "{reasons:?}");
    assert_eq!(reasons[1], "missing: name");
    assert_eq!(found.missing.get("name"), Some(&1));
}

#[test]
fn a_row_that_resists_is_recognised_where_its_key_can_be_read() {
    let known = |found: Harvest| -> Vec<Option<String>> {
        found.aside.into_iter().map(|it| it.item).collect()
    };
    let rows = [ride("A", "Bluff", "13/45/2027"), ride("B", "", "08/09/2027")];
    assert_eq!(known(of(&rows.concat())), [Some("A".to_owned()), Some("B".to_owned())]);
    let nameless = ride("A", "Bluff", "08/09/2027").replace("data-code=\"A\"", "");
    assert_eq!(known(of(&nameless)), [None]);

    let own = json!({"code": "default"});
    let found = of_json(json!([
        {"id": 9, "tenant": own},
        {"id": 11, "time": "2026-09-21 08:17:00", "tenant": {"code": "other"}},
    ]));
    let refused: Vec<bool> = found.aside.iter().map(|it| it.is_refused).collect();
    assert_eq!(refused, [false, true], "the second is of somebody else, whatever its key is");
    assert_eq!(known(found), [None, None], "a part of the key of the first is missing");
}

#[test]
fn a_key_that_hangs_on_what_could_not_be_read_is_not_known() {
    let mut document = page();
    document["map"] = json!({
        "day": "(row.days|head).date|date('%m/%d/%Y')", "at": "it.day|default('some day')",
        "code": "row.code ~ ' ' ~ it.at", "name": "row.name"
    });
    document["compute"] = json!({});
    document["merge"] = json!({});
    document["parse"]["fields"]["days"]["map"] = json!({"date": "entry.on"});
    let text = format!("<html>{}</html>", ride("A", "Bluff", "13/45/2027"));
    let found = harvest(&program(document), &text, &scope()).expect("the expressions compile");
    assert_eq!((found.aside.len(), found.aside[0].item.as_deref()), (1, None), "{found:?}");
}

#[test]
fn a_page_of_another_structure_says_what_is_found_in_it() {
    let found = of("<div class=\"card\"><b data-code=\"A\">Bluff</b></div>");
    assert_eq!((found.rows, found.counted), (0, Some(0)));
    assert!(
        found.probes.contains(&("div.ride".into(), 0)) && found.probes.contains(&("b".into(), 1))
    );
    assert!(of("No rides this year").is_empty);
}

#[test]
fn a_row_is_tried_again_when_the_description_was_mended() {
    let mut document = page();
    document["map"]["city"] = json!("row.where.city|date('%Y')");
    let text = format!("<html>{}</html>", ride("A", "Bluff", "08/09/2027"));
    let found = harvest(&program(document), &text, &scope()).expect("the expressions compile");
    let aside = &found.aside[0];
    assert!(aside.reason.starts_with("`city`: "), "{}", aside.reason);
    let item = again(&program(page()), aside.row.clone(), None, &scope()).expect("it is read now");
    assert_eq!((item.key.as_str(), &item.data["first"]), ("A", &json!("2027-08-09")));
}

fn calls() -> Json {
    json!({
        "title": "Calls", "into": "calls", "key": ["number", "at"],
        "fetch": {"steps": [{"name": "page", "url": "https://calls.example"}]},
        "cursor": {"field": "id"},
        "parse": {
            "kind": "json", "present": ["id", "time"],
            "fields": {"id": "id", "time": "time", "of": "tenant.code", "words": {"path": "words", "all": true}}
        },
        "refuse": [{"when": "row.of != tenant.slug", "because": "it is of another tenant"}],
        "map": {"number": "row.id|string", "at": "row.time|datetime('%Y-%m-%d %H:%M:%S')", "words": "row.words"}
    })
}

fn of_json(document: Json) -> Harvest {
    harvest(&program(calls()), &document.to_string(), &scope()).expect("the expressions compile")
}

#[test]
fn json_gives_its_rows_and_where_they_are() {
    let own = json!({"code": "default"});
    let found = of_json(json!([
        {"id": 7, "time": "2026-09-21 08:16:00", "tenant": own, "words": ["a", "b"]},
        {"id": 9, "tenant": own},
        {"id": 11, "time": "2026-09-21 08:17:00", "tenant": {"code": "other"}},
        {"time": "2026-09-21 08:18:00", "tenant": own},
    ]));
    assert_eq!((found.rows, found.items.len()), (4, 1));
    assert_eq!(found.items[0].place, Some(7));
    let expected = json!({"number": "7", "at": "2026-09-21T08:16:00Z", "words": ["a", "b"]});
    assert_eq!(Json::Object(found.items[0].data.clone()), expected);
    let aside: Vec<(&str, &str)> =
        found.aside.iter().map(|it| (it.key.as_str(), it.reason.as_str())).collect();
    assert_eq!(aside[..2], [("9", "missing: time"), ("11", "it is of another tenant")]);
    assert_eq!(aside[2].1, "missing: id");
    let other = of_json(json!([{"time": "2026-09-22 08:18:00", "tenant": own}]));
    assert!(aside[2].0.starts_with("row ") && aside[2].0 != other.aside[0].key, "one of each page");
}

#[test]
fn one_object_counts_as_a_list_of_one_and_anything_else_is_strange() {
    let one = json!({"id": 7, "time": "2026-09-21 08:16:00", "tenant": {"code": "default"}});
    assert_eq!(of_json(one).items.len(), 1);
    assert_eq!(of_json(json!([])).rows, 0);
    assert!(of_json(json!("maintenance")).strange.is_some());
}

#[test]
fn a_table_gives_its_lines_by_the_words_above_them() {
    let document = json!({
        "title": "List", "into": "rides", "key": ["code"],
        "fetch": {"steps": [{"name": "list", "file": "data/list.csv"}]},
        "parse": {"kind": "csv", "delimiter": ";", "required": ["code"],
                  "fields": {"code": "Code", "miles": {"column": "Miles", "split": "/", "map": {"distance": "entry ~ ' miles'"}}}},
        "map": {"code": "row.code", "miles": "row.miles"}
    });
    let list = program(document);
    let read = |text: &str| harvest(&list, text, &scope()).expect("the expressions compile");
    let found = read("\u{feff}Code;Miles\nA;25/50\n;30\n");
    assert_eq!((found.items.len(), found.aside.len()), (1, 1));
    assert_eq!(
        found.items[0].data["miles"],
        json!([{"distance": "25 miles"}, {"distance": "50 miles"}])
    );
    let strange = read("Code;Length\nA;25\n").strange;
    assert_eq!(strange.as_deref(), Some("the table has no column `Miles`; it has Code, Length"));
}

#[test]
fn values_of_several_rows_become_one() {
    let check = |rule, values: Json, expected: Json| {
        let values = values.as_array().cloned().unwrap_or_default();
        assert_eq!(merge(rule, values), expected, "{rule:?}");
    };
    check(Merge::First, json!([null, "", "b", "c"]), json!("b"));
    check(Merge::Last, json!(["b", "c", null]), json!("c"));
    check(Merge::Union, json!([[1, 2], null, [2, 3]]), json!([1, 2, 3]));
    check(Merge::Any, json!([false, null, true]), json!(true));
    check(Merge::All, json!([true, null]), json!(false));
    check(Merge::Min, json!(["2027-08-08", "2027-08-07"]), json!("2027-08-07"));
    check(Merge::Max, json!([9, 10]), json!(10));
}

#[test]
fn a_description_with_faults_is_refused_with_all_of_them() {
    let mut document = page();
    document["parse"]["rows"] = json!("div..ride");
    document["parse"]["fields"]["where"]["find"] = json!("(");
    document["map"]["name"] = json!("row.name|");
    document["map"]["city"] = json!("rows.city");
    document["key"] = json!(["number"]);
    document["fetch"]["steps"][0]["file"] = json!("x.html");
    let faults = Program::compile("rides", &document, &language()).expect_err("it has faults");
    let places: Vec<&str> = faults.iter().map(|it| it.pointer.as_str()).collect();
    for place in [
        "/parse/rows",
        "/parse/fields/where/find",
        "/map/name",
        "/map/city",
        "/key/0",
        "/fetch/steps/0",
    ] {
        assert!(places.contains(&place), "{place}: {faults:?}");
    }
}
