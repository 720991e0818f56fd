//! A calendar of the network becomes events: exactly those that are in it, judged before they are
//! believed, kept without losing what people corrected.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use apps::{
    acts::{CacheKind, CacheWhich, SourceRun},
    record,
};
use axum::http::StatusCode;
use base::{RecordId, TenantId};
use identity::Caller;
use jiff::SignedDuration;
use serde_json::{Value as Json, json};
use sources::WrittenFlags;
use store::params;
use testkit::Database;

use crate::{
    house::{code, job_of, text},
    trail::{Outfit, Trail, calendar, calendar_with, codes, counts, sample},
};

/// A ride that stands in one row, and is yet to come.
const RIDE: &str = "15075";

/// The calendar, with something else in the row of a ride.
fn with(ride: &str, from: &str, to: &str) -> String {
    with_all(ride, &[(from, to)])
}

/// The calendar, with several things else in the row of a ride.
fn with_all(ride: &str, changes: &[(&str, &str)]) -> String {
    let (page, mark) = (sample("ride-calendar.html"), format!("tag=\"{ride}\""));
    let parts = page.split("<div class=\"calendarRow\"").map(|it| match it.contains(&mark) {
        true => changes.iter().fold(it.to_owned(), |row, (from, to)| row.replace(from, to)),
        false => it.to_owned(),
    });
    parts.collect::<Vec<_>>().join("<div class=\"calendarRow\"")
}

/// A record becomes what it could be before its collection demanded as much as now.
async fn was_kept_before(trail: &Trail, ride: &str, fields: Json) {
    let event = trail.event(ride).await;
    let mut data = Json::Object(event.data);
    record::merge(&mut data, &fields);
    let write = move |tx: &store::Tx| {
        let values = params![event.id, data.to_string()];
        tx.execute("UPDATE records SET data = $2 WHERE id = $1", &values)?;
        Ok::<_, store::Error>(())
    };
    trail.store.bookkeep("keep a record as it was before", write).await.expect("it is kept");
}

/// The description of the calendar, with something else in it.
fn described(from: &str, to: &str) -> String {
    let aerc = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../apps/trailblaze/config/sources/aerc.yaml");
    let aerc = std::fs::read_to_string(aerc).expect("the description is there");
    assert!(aerc.contains(from), "nothing in it is `{from}`");
    aerc.replace(from, to)
}

/// A calendar that says nothing of the kind of its rides.
async fn without_kinds(db: Database) -> Trail {
    let quiet = described("\n  event_type: >-", "\n  event_type: none\n  _kind: >-");
    Trail::fitted(db, Outfit { aerc: Some(quiet), ..Outfit::default() }).await
}

/// What the calendar placed in a ride was placed by another source.
async fn was_made_by_another(trail: &Trail, ride: RecordId, placed: Json) {
    let write = move |tx: &store::Tx| {
        let values = params![ride, "websites_soon", placed];
        tx.execute(
            "UPDATE source_items SET source = $2, written = $3, placed = NULL WHERE record = $1",
            &values,
        )?;
        Ok::<_, store::Error>(())
    };
    trail.store.bookkeep("note who made a record", write).await.expect("it is noted");
}

/// What the audit log keeps of the last act of this kind.
async fn last_audited(trail: &Trail, action: &'static str) -> Json {
    let read = move |db: &store::Db| {
        let sql = "SELECT after FROM audit_log WHERE action = $1 ORDER BY seq DESC LIMIT 1";
        db.one(sql, &params![action])?.get("after")
    };
    trail.store.read(read).await.expect("it was audited")
}

/// The calendar without one of its rows.
fn without(ride: &str) -> String {
    let (page, mark) = (sample("ride-calendar.html"), format!("tag=\"{ride}\""));
    let parts = page.split("<div class=\"calendarRow\"").filter(|it| !it.contains(&mark));
    parts.collect::<Vec<_>>().join("<div class=\"calendarRow\"")
}

testkit::on_both! {
    async fn what_a_source_brings_is_numbered_and_counted_on(db: Database) {
        let trail = Trail::open(db).await;
        trail.reads("aerc").await;
        let numbers = |events: BTreeMap<String, record::Record>| -> BTreeSet<Option<u64>> {
            events.values().map(|it| it.id.number()).collect()
        };
        assert_eq!(numbers(trail.events().await), (1..=59).map(Some).collect());
        let ride = trail.event(RIDE).await.id;
        trail.site.shows(with("15085", "15085", "99085"));
        let run = trail.reads_anew().await;
        assert_eq!(counts(&run, ["inserted"]), [1], "{run}");
        assert_eq!(trail.event("99085").await.id.number(), Some(60));
        assert_eq!(trail.event(RIDE).await.id, ride);
    }

    async fn the_calendar_becomes_exactly_the_events_that_are_in_it(db: Database) {
        let trail = Trail::open(db).await;
        let run = trail.reads("aerc").await;
        assert_eq!(run["state"], "completed", "{run}");
        assert_eq!(counts(&run, ["rows", "extracted", "consolidated", "inserted", "errors"]), [60, 60, 59, 59, 0]);

        let events = trail.events().await;
        let expected: Json = serde_json::from_str(&sample("ride-calendar-expected.json")).unwrap();
        let expected = expected["events"].as_array().unwrap();
        assert_eq!(events.len(), expected.len());
        for event in expected {
            let ride = event["ride_id"].as_str().unwrap();
            let found = &events[ride].data;
            for (field, value) in event.as_object().unwrap() {
                let there = found.get(field).unwrap_or(&Json::Null);
                assert_eq!(there, value, "{field} of ride {ride}");
            }
        }
        let form = trail.site.asked("/list").remove(0);
        assert!(form.contains("season%5B%5D=63&season%5B%5D=64"), "{form}");
        assert!(form.contains("action=aerc_calendar_form") && form.contains("span=%23cal-span-season"), "{form}");
    }

    async fn a_second_run_changes_nothing_however_the_answer_is_wrapped(db: Database) {
        let trail = Trail::open(db).await;
        trail.reads("aerc").await;
        trail.site.wraps();
        let run = trail.reads_anew().await;
        assert_eq!(run["state"], "completed", "{run}");
        assert_eq!(counts(&run, ["rows", "inserted", "updated", "unchanged"]), [60, 0, 0, 59]);
        assert_eq!(trail.event(RIDE).await.revision, 1);
    }

    async fn a_rebuilt_page_is_refused_and_named_and_costs_nothing(db: Database) {
        let trail = Trail::open(db).await;
        trail.reads("aerc").await;
        trail.site.shows(sample("ride-calendar-renamed.html"));
        let run = trail.reads_anew().await;
        assert_eq!(run["state"], "failed");
        assert_eq!(codes(&run)[0], "structure_changed", "{run}");
        let message = run["findings"][0]["message"].as_str().unwrap();
        assert!(message.contains("div.calendarRow"), "{message}");
        assert_eq!(trail.events().await.len(), 59);
        let list = trail.engine.source_list(&Caller::operator(), TenantId::DEFAULT).await.unwrap();
        assert_eq!((&list[0]["status"], &list[0]["good_count"]), (&json!("failing"), &json!(59)));
    }

    async fn a_page_that_breaks_off_is_refused_and_not_believed_out_of_the_cache(db: Database) {
        let trail = Trail::open(db).await;
        trail.reads("aerc").await;
        trail.site.shows(sample("ride-calendar-truncated.html"));
        let run = trail.reads_anew().await;
        assert_eq!(run["state"], "failed");
        let found = codes(&run);
        assert!(found.contains(&"cut_off") && found.contains(&"sudden_loss"), "{run}");
        assert_eq!(trail.events().await.len(), 59);

        trail.site.shows(sample("ride-calendar.html"));
        let run = trail.reads("aerc").await;
        assert_eq!(run["state"], "completed", "what was kept is bad and fetched anew: {run}");
        assert_eq!(counts(&run, ["unchanged", "gone"]), [59, 0]);
    }

    async fn a_page_without_seasons_is_a_changed_structure(db: Database) {
        let trail = Trail::open(db).await;
        let copy = sample("ride-calendar-page.html").replace("season[]", "saison[]");
        trail.site.begins_with(copy);
        let run = trail.reads("aerc").await;
        assert_eq!((run["state"].as_str(), codes(&run)[0]), (Some("failed"), "structure_changed"), "{run}");
        assert!(trail.site.asked("/list").is_empty());
    }

    async fn what_was_corrected_by_hand_outlasts_runs_until_it_is_let_go(db: Database) {
        let trail = Trail::open(db).await;
        trail.reads("aerc").await;
        let id = trail.event(RIDE).await.id;
        trail.corrects(id, json!({"ride_manager": "Ann By Hand"})).await;
        let changed = sample("ride-calendar.html")
            .replace("Windy Gap Express", "Windy Gap Night Express")
            // She is also the head control judge of another ride.
            .replace("mgr: Maeve Larkenfeld", "mgr: Maeve Larken")
            .replace("Ride Manager :</td><td>Maeve Larkenfeld", "Ride Manager :</td><td>Maeve Larken");
        trail.site.shows(changed);

        let run = trail.reads_anew().await;
        assert_eq!(counts(&run, ["updated", "unchanged"]), [1, 58], "{run}");
        assert!(codes(&run).contains(&"fields_locked"), "{run}");
        let event = trail.event(RIDE).await;
        assert_eq!(text(&event, "name"), "Windy Gap Night Express");
        assert_eq!(text(&event, "ride_manager"), "Ann By Hand");

        let operator = Caller::operator();
        let origins = trail.engine.source_origins(&operator, id).await.unwrap();
        assert_eq!((&origins[0]["source"], &origins[0]["locked"]), (&json!("aerc"), &json!(["ride_manager"])));
        let origins = trail.engine.source_unlock(&operator, id, Vec::new()).await.unwrap();
        assert_eq!(origins[0]["locked"], json!([]));
        let run = trail.reads_anew().await;
        assert_eq!(counts(&run, ["updated", "unchanged"]), [1, 58], "{run}");
        assert_eq!(text(&trail.event(RIDE).await, "ride_manager"), "Maeve Larken");
    }

    async fn what_does_not_go_with_a_correction_is_left_and_the_rest_is_taken(db: Database) {
        let trail = Trail::open(db).await;
        trail.reads("aerc").await;
        let id = trail.event(RIDE).await.id;
        trail.corrects(id, json!({"date_end": "2027-03-15"})).await;
        trail.site.shows(with_all(RIDE, &[
            ("03/13/2027", "03/20/2027"),
            ("Mar 13, 2027", "Mar 20, 2027"),
            ("Windy Gap Express", "Windy Gap Night Express"),
        ]));
        let days = |it: &record::Record| ["name", "date_start", "date_end", "ride_days"].map(|name| text(it, name));
        let kept = ["Windy Gap Night Express", "2027-03-13", "2027-03-15", "3"];
        let run = trail.reads_anew().await;
        assert_eq!(counts(&run, ["updated", "unchanged", "errors"]), [1, 58, 0], "{run}");
        assert_eq!(days(&trail.event(RIDE).await), kept, "it does not begin behind its end: {run}");
        let told: Vec<&str> = run["findings"].as_array().expect("findings").iter().filter_map(|it| it["message"].as_str()).collect();
        assert!(told.iter().any(|it| it.contains("by hand") && it.ends_with("date_end")), "{told:?}");
        assert!(told.iter().any(|it| it.contains("does not go with") && it.ends_with("date_start")), "{told:?}");

        let run = trail.reads_anew().await;
        assert_eq!(counts(&run, ["updated", "unchanged", "errors"]), [0, 59, 0], "{run}");
        assert_eq!(days(&trail.event(RIDE).await), kept);
        assert!(codes(&run).contains(&"fields_locked"), "it is told again: {run}");

        trail.engine.source_unlock(&Caller::operator(), id, Vec::new()).await.expect("it is let go");
        let run = trail.reads_anew().await;
        assert_eq!(counts(&run, ["updated"]), [1], "{run}");
        assert_eq!(days(&trail.event(RIDE).await), ["Windy Gap Night Express", "2027-03-20", "2027-03-20", "1"]);
    }

    async fn a_day_that_stays_where_the_source_says_it_does_not_move_along(db: Database) {
        let trail = Trail::open(db).await;
        trail.reads("aerc").await;
        // One day more before the only one: the last is said as it was.
        trail.site.shows(with(RIDE, "03/13/2027", "03/12/2027"));
        let run = trail.reads_anew().await;
        assert_eq!(counts(&run, ["updated"]), [1], "{run}");
        let event = trail.event(RIDE).await;
        let found = ["date_start", "date_end", "ride_days"].map(|it| text(&event, it));
        assert_eq!(found, ["2027-03-12", "2027-03-13", "2"]);
    }

    async fn what_the_collection_makes_of_a_word_is_no_correction_by_hand(db: Database) {
        let trail = without_kinds(db).await;
        let run = trail.reads("aerc").await;
        assert_eq!(counts(&run, ["inserted"]), [59], "{run}");
        let event = trail.event(RIDE).await;
        assert_eq!(text(&event, "event_type"), "endurance");
        let origins = trail.engine.source_origins(&Caller::operator(), event.id).await.expect("its origins");
        assert_eq!(origins[0]["locked"], json!([]), "{origins:?}");
        trail.site.shows(with(RIDE, "Windy Gap Express", "Windy Gap Night Express"));
        let run = trail.reads_anew().await;
        assert_eq!(counts(&run, ["updated"]), [1], "{run}");
        assert!(!codes(&run).contains(&"fields_locked"), "{run}");
    }

    async fn what_the_collection_completes_does_not_beat_what_another_source_placed(db: Database) {
        let trail = without_kinds(db).await;
        trail.reads("aerc").await;
        let id = trail.event(RIDE).await.id;
        trail.corrects(id, json!({"event_type": "clinic"})).await;
        was_made_by_another(&trail, id, json!({"event_type": "clinic", "website": null})).await;
        for name in ["Windy Gap Express", "Windy Gap Night Express"] {
            trail.site.shows(with(RIDE, "Windy Gap Express", name));
            let run = trail.reads_anew().await;
            assert_eq!(run["state"], "completed", "{run}");
            assert!(!codes(&run).contains(&"fields_locked"), "{run}");
            let event = trail.event(RIDE).await;
            assert_eq!([text(&event, "event_type"), text(&event, "name")], ["clinic", name]);
        }
    }

    async fn what_the_schema_gives_where_a_source_says_nothing_is_no_difference(db: Database) {
        let nameless = described("map: {name: entry.name, role: entry.role}", "map: {name: entry.name}")
            .replace(r#"{"name": row.judge.name, "role": row.judge.role}"#, r#"{"name": row.judge.name}"#);
        let trail = Trail::fitted(db, Outfit { aerc: Some(nameless), ..Outfit::default() }).await;
        let run = trail.reads("aerc").await;
        assert_eq!(counts(&run, ["inserted"]), [59], "{run}");
        let judges = |it: &record::Record| it.data["control_judges"].as_array().cloned().unwrap_or_default();
        let all: Vec<Json> = trail.events().await.values().flat_map(judges).collect();
        assert!(!all.is_empty() && all.iter().all(|it| it["role"] == "Control Judge"), "{all:?}");

        let run = trail.reads_anew().await;
        assert_eq!(counts(&run, ["updated", "unchanged"]), [0, 59], "{run}");
        let id = trail.event(RIDE).await.id;
        let origins = trail.engine.source_origins(&Caller::operator(), id).await.expect("its origins");
        assert_eq!(origins[0]["locked"], json!([]), "{origins:?}");
        let by_hand = json!([{"name": "Ann By Hand"}]);
        trail.corrects(id, json!({"control_judges": by_hand})).await;
        let run = trail.reads_anew().await;
        assert!(codes(&run).contains(&"fields_locked"), "{run}");
        let kept = judges(&trail.event(RIDE).await);
        assert_eq!(kept, [json!({"name": "Ann By Hand", "role": "Control Judge"})]);
    }

    async fn a_ride_that_broke_a_rule_before_there_was_one_is_marked_as_gone(db: Database) {
        let trail = Trail::open(db).await;
        trail.reads("aerc").await;
        was_kept_before(&trail, RIDE, json!({"date_end": "2027-03-01"})).await;
        trail.site.shows(without(RIDE));
        let run = trail.reads_anew().await;
        assert_eq!(counts(&run, ["gone"]), [1], "{run}");
        let event = trail.event(RIDE).await;
        assert_eq!((&event.data["is_gone"], &event.data["ride_days"]), (&json!(true), &json!(1)));
    }

    async fn a_ride_that_takes_no_mark_is_told_and_tried_again(db: Database) {
        let trail = Trail::open(db).await;
        trail.reads("aerc").await;
        was_kept_before(&trail, RIDE, json!({"event_type": "gymkhana"})).await;
        trail.site.shows(without(RIDE));
        for _ in 0..2 {
            let run = trail.reads_anew().await;
            assert_eq!((run["state"].as_str(), counts(&run, ["gone"])), (Some("completed"), [0]), "{run}");
            let found = codes(&run);
            assert!(found.contains(&"not_marked") && !found.contains(&"gone"), "{run}");
            assert_eq!(trail.event(RIDE).await.data["is_gone"], false);
            let audited = last_audited(&trail, "source_gone").await;
            assert_eq!((&audited["gone"], &audited["not_marked"]), (&json!(0), &json!(1)), "{audited}");
        }
        trail.corrects(trail.event(RIDE).await.id, json!({"event_type": "endurance"})).await;
        let run = trail.reads_anew().await;
        assert_eq!(counts(&run, ["gone"]), [1], "{run}");
        assert_eq!(trail.event(RIDE).await.data["is_gone"], true);
    }

    async fn a_ride_that_left_the_calendar_is_marked_and_comes_back(db: Database) {
        let trail = Trail::open(db).await;
        trail.reads("aerc").await;
        trail.site.shows(without(RIDE));
        let run = trail.reads_anew().await;
        assert_eq!(counts(&run, ["rows", "gone", "unchanged"]), [59, 1, 58], "{run}");
        assert_eq!(trail.event(RIDE).await.data["is_gone"], true);

        trail.site.shows(sample("ride-calendar.html"));
        let run = trail.reads_anew().await;
        assert_eq!(counts(&run, ["returned", "updated", "inserted"]), [1, 1, 0], "{run}");
        assert_eq!(trail.event(RIDE).await.data["is_gone"], false);
    }

    async fn a_ride_whose_row_resists_is_not_gone(db: Database) {
        let trail = Trail::open(db).await;
        trail.reads("aerc").await;
        let unreadable = with(RIDE, "<td class=\"bold\">03/13/2027</td>", "<td class=\"bold\">13/45/2027</td>");
        let unfit = with(RIDE, "Windy Gap Express", &"Windy ".repeat(60));
        for (page, code) in [(unreadable, "row_aside"), (unfit, "record_aside")] {
            trail.site.shows(page);
            let run = trail.reads_anew().await;
            assert_eq!(run["state"], "completed", "{run}");
            assert_eq!(counts(&run, ["errors", "gone"]), [1, 0], "{run}");
            assert!(codes(&run).contains(&code), "{run}");
            assert_eq!(trail.event(RIDE).await.data["is_gone"], false);
        }
        trail.site.shows(without(RIDE));
        let run = trail.reads_anew().await;
        assert_eq!(counts(&run, ["gone"]), [1], "one that has really left is marked: {run}");
    }

    async fn nothing_is_marked_as_gone_while_a_row_does_not_say_which_ride_it_is(db: Database) {
        let trail = Trail::open(db).await;
        trail.reads("aerc").await;
        trail.site.shows(with(RIDE, "<span class=\"rideName details\" tag=\"15075\">", "<span class=\"rideName details\">"));
        let run = trail.reads_anew().await;
        assert_eq!(run["state"], "completed", "{run}");
        assert_eq!(counts(&run, ["errors", "gone"]), [1, 0], "{run}");
        assert!(codes(&run).contains(&"gone_unknown"), "{run}");
        assert_eq!(trail.event(RIDE).await.data["is_gone"], false);

        trail.site.shows(without(RIDE));
        let run = trail.reads_anew().await;
        assert_eq!(counts(&run, ["errors", "gone"]), [0, 1], "{run}");
        assert!(!codes(&run).contains(&"gone_unknown"), "{run}");
    }

    async fn a_ride_that_is_over_leaves_by_itself(db: Database) {
        let trail = Trail::open(db).await;
        trail.reads("aerc").await;
        let past = "15044";
        trail.site.shows(without(past));
        let run = trail.reads_anew().await;
        assert_eq!(counts(&run, ["gone"]), [0], "{run}");
        assert_eq!(trail.event(past).await.data["is_gone"], false);
    }

    async fn one_run_at_a_time(db: Database) {
        let trail = Trail::open(db).await;
        trail.site.dawdles(Duration::from_millis(500));
        let (operator, tenant) = (Caller::operator(), TenantId::DEFAULT);
        let first = trail.engine.source_run(&operator, tenant, calendar()).await.unwrap();
        let second = trail.engine.source_run(&operator, tenant, calendar()).await;
        assert_eq!(code(second), "job_busy");
        let other = SourceRun { source: "regional".into(), ..SourceRun::default() };
        assert_eq!(trail.runs(other).await["state"], "completed", "another source does not wait");
        assert_eq!(trail.ended("aerc", job_of(&first)).await["state"], "completed");
        trail.site.dawdles(Duration::ZERO);
        assert_eq!(trail.reads("aerc").await["state"], "completed");
        let unknown = SourceRun { source: "nowhere".into(), ..SourceRun::default() };
        assert_eq!(code(trail.engine.source_run(&operator, tenant, unknown).await), "source_not_found");
    }

    async fn what_was_fetched_a_short_while_ago_is_not_fetched_again(db: Database) {
        let trail = Trail::open(db).await;
        let asked = || (trail.site.asked("/calendar").len(), trail.site.asked("/list").len());
        trail.reads("aerc").await;
        assert_eq!(asked(), (1, 1));
        let run = trail.reads("aerc").await;
        assert_eq!(asked(), (1, 1));
        assert!(counts(&run, ["cache_hits"])[0] >= 3, "{run}");
        trail.runs(calendar_with(WrittenFlags { refresh_tag: Some("rides".into()), ..WrittenFlags::default() })).await;
        assert_eq!(asked(), (1, 2));
        trail.runs(calendar_with(WrittenFlags { refresh_pattern: Some("aerc/seasons/*".into()), ..WrittenFlags::default() })).await;
        assert_eq!(asked(), (2, 2));
        trail.clock.advance(SignedDuration::from_hours(25));
        trail.reads("aerc").await;
        assert_eq!(asked(), (3, 3), "a page is good for a day");
    }

    async fn caches_can_be_looked_at_and_cleared(db: Database) {
        let trail = Trail::open(db).await;
        trail.reads("aerc").await;
        trail.reads("aerc").await;
        let shown = trail.engine.source_cache(CacheWhich::default(), 50).await.unwrap();
        let html = &shown["kinds"][0];
        assert_eq!((&html["kind"], &html["entries"], &html["hits"]), (&json!("html"), &json!(2), &json!(2)), "{shown}");
        assert_eq!(html["valid_rate"], json!(1.0));
        let tagged = CacheWhich { tag: Some("rides".into()), ..CacheWhich::default() };
        let shown = trail.engine.source_cache(tagged.clone(), 50).await.unwrap();
        assert_eq!(shown["entries"].as_array().map(Vec::len), Some(1), "{shown}");

        let operator = Caller::operator();
        let cleared = trail.engine.source_cache_clear(&operator, tagged).await.unwrap();
        assert_eq!(cleared["removed"], 1);
        let which = CacheWhich { kind: Some(CacheKind::Html), ..CacheWhich::default() };
        let cleared = trail.engine.source_cache_clear(&operator, which).await.unwrap();
        assert_eq!(cleared["removed"], 1);
        let which = CacheWhich { pattern: Some("aerc/*".into()), ..CacheWhich::default() };
        assert!(trail.engine.source_cache_clear(&operator, which).await.unwrap()["removed"].as_u64() >= Some(2));
        trail.reads("aerc").await;
        assert_eq!(trail.site.asked("/list").len(), 2);
    }

    async fn a_row_that_resists_is_set_aside_and_costs_nobody_else_anything(db: Database) {
        let trail = Trail::open(db).await;
        let page = sample("ride-calendar.html");
        trail.site.shows(page.replacen("<td class=\"bold\">03/13/2027</td>", "<td class=\"bold\">13/45/2027</td>", 1));
        let run = trail.reads("aerc").await;
        assert_eq!(run["state"], "completed", "{run}");
        assert_eq!(counts(&run, ["rows", "inserted", "errors"]), [60, 58, 1], "{run}");
        let aside = trail.asides().await;
        assert!(aside[0]["reason"].as_str().unwrap().contains("is no date"), "{aside:?}");

        trail.site.shows(page);
        let run = trail.reads_anew().await;
        assert_eq!(counts(&run, ["inserted", "errors"]), [1, 0], "{run}");
        assert_eq!(trail.asides().await, Vec::<Json>::new());
    }

    async fn a_run_that_only_validates_writes_nothing(db: Database) {
        let trail = Trail::open(db).await;
        let run = trail.runs(calendar_with(WrittenFlags { validate: true, debug: true, ..WrittenFlags::default() })).await;
        assert_eq!(run["state"], "completed");
        assert_eq!(counts(&run, ["consolidated", "inserted"]), [59, 0]);
        assert!(codes(&run).contains(&"note"), "{run}");
        assert!(trail.events().await.is_empty());
    }

    async fn places_without_a_map_are_looked_up_once(db: Database) {
        let trail = Trail::that_looks_up(db).await;
        let run = trail.reads("aerc").await;
        assert_eq!(run["state"], "completed", "{run}");
        assert_eq!((trail.site.asked("/places").len(), counts(&run, ["completed"])), (26, [26]));
        let looked_up = trail.event(RIDE).await;
        assert_eq!((&looked_up.data["latitude"], &looked_up.data["longitude"]), (&json!(45.25), &json!(-121.5)));
        assert_eq!(looked_up.data["geocoding_attempted"], true);
        let nowhere = trail.event("15171").await;
        assert_eq!(nowhere.data["geocoding_attempted"], true, "it was asked for in vain");
        assert!(nowhere.data.get("latitude").is_none_or(Json::is_null));

        let run = trail.reads_anew().await;
        assert_eq!(trail.site.asked("/places").len(), 26, "nobody is asked twice");
        assert_eq!(counts(&run, ["updated", "unchanged"]), [0, 59], "{run}");
    }

    async fn a_place_that_is_refused_costs_no_other_one_anything_and_is_asked_for_again(db: Database) {
        let trail = Trail::that_looks_up(db).await;
        trail.site.refuses("Windy+Fairgrounds", StatusCode::BAD_REQUEST);
        let run = trail.reads("aerc").await;
        assert_eq!(run["state"], "completed", "{run}");
        assert_eq!((trail.site.asked("/places").len(), counts(&run, ["completed"])), (26, [25]), "{run}");
        assert!(codes(&run).contains(&"not_completed"), "{run}");
        let refused = trail.event(RIDE).await;
        assert!(refused.data.get("latitude").is_none_or(Json::is_null));
        assert_ne!(refused.data.get("geocoding_attempted"), Some(&json!(true)), "nobody said anything of it");

        trail.site.refuses_nothing();
        let run = trail.reads_anew().await;
        assert_eq!((trail.site.asked("/places").len(), counts(&run, ["completed"])), (27, [1]), "{run}");
        let found = trail.event(RIDE).await;
        assert_eq!((&found.data["latitude"], &found.data["geocoding_attempted"]), (&json!(45.25), &json!(true)));
    }

    async fn nonsense_about_a_place_is_not_kept_and_it_is_asked_for_again(db: Database) {
        let trail = Trail::that_looks_up(db).await;
        trail.site.refuses("Windy+Fairgrounds", StatusCode::OK);
        let run = trail.reads("aerc").await;
        assert_eq!((trail.site.asked("/places").len(), counts(&run, ["completed"])), (26, [25]), "{run}");
        assert_ne!(trail.event(RIDE).await.data.get("geocoding_attempted"), Some(&json!(true)));
        trail.site.refuses_nothing();
        let run = trail.reads("aerc").await;
        assert_eq!((trail.site.asked("/places").len(), counts(&run, ["completed"])), (27, [1]), "{run}");
    }

    async fn whoever_lets_nobody_in_is_asked_once(db: Database) {
        let trail = Trail::that_looks_up(db).await;
        trail.site.refuses("", StatusCode::UNAUTHORIZED);
        let run = trail.reads("aerc").await;
        assert_eq!(run["state"], "completed", "{run}");
        assert_eq!((trail.site.asked("/places").len(), counts(&run, ["completed"])), (1, [0]), "{run}");
    }

    async fn a_list_in_a_file_is_a_source_too(db: Database) {
        let trail = Trail::open(db).await;
        let run = trail.reads("regional").await;
        assert_eq!(counts(&run, ["inserted", "errors"]), [3, 0], "{run}");
        let ride = trail.event("OW-02").await;
        assert_eq!((text(&ride, "date_end"), text(&ride, "ride_days")), ("2027-05-09".into(), "2".into()));
        assert_eq!(counts(&trail.reads("regional").await, ["inserted", "unchanged"]), [0, 3]);
    }
}
