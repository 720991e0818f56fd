//! What no calendar has is completed: from the websites of rides by a model, from whoever knows the
//! weather; and a calendar that was rebuilt is read by another description.

use std::{collections::BTreeSet, fs, path::Path};

use identity::Caller;
use jiff::SignedDuration;
use serde_json::{Value as Json, json};
use testkit::{
    Database,
    model::{Reply, Script},
};

use crate::{
    house::{scripted, text},
    trail::{Outfit, Trail, codes, counts, sample},
};

/// Rides of the next three months that have a website, as the sample's day sees it.
const SOON: [&str; 6] = ["15017", "15035", "15057", "15067", "15085", "15163"];

/// A ride with a website of which it is more than three months to go, and less 40 days later.
const LATER: &str = "15075";

/// What a model makes of a website.
fn details(fee: u32) -> Json {
    json!({
        "fees": [{"description": "Entry, 50 miles", "amount": fee, "words": format!("Entry ${fee}")}],
        "schedule": [], "amenities": [], "vets": [], "rules": [], "contact": null, "terrain": null,
    })
}

/// A house whose calendar leads to websites that are here, and a model that a script plays.
async fn with_websites(db: Database, script: &Script) -> Trail {
    with_websites_of(db, script, &sample("ride-calendar.html")).await
}

async fn with_websites_of(db: Database, script: &Script, list: &str) -> Trail {
    let outfit = Outfit { models: scripted(script, false), ..Outfit::default() };
    let trail = Trail::fitted(db, outfit).await;
    trail.site.shows(trail.site.hosting(list));
    trail.site.says(Some("Entry $120. Ride meeting at six."));
    assert_eq!(trail.reads("aerc").await["state"], "completed");
    trail
}

/// The calendar with one of its rows alone.
fn only(ride: &str) -> String {
    let (page, mark) = (sample("ride-calendar.html"), format!("tag=\"{ride}\""));
    let parts = page.split("<div class=\"calendarRow\"").enumerate();
    let parts = parts.filter(|(at, it)| *at == 0 || it.contains(&mark)).map(|(_, it)| it);
    parts.collect::<Vec<_>>().join("<div class=\"calendarRow\"")
}

fn fee(details: &Json) -> Option<u64> {
    details["fees"][0]["amount"].as_u64()
}

/// What of an event every description of the calendar can tell.
const TOLD: [&str; 15] = [
    "name",
    "region",
    "event_type",
    "date_start",
    "date_end",
    "ride_days",
    "is_multi_day_event",
    "is_pioneer_ride",
    "is_canceled",
    "is_past",
    "has_intro_ride",
    "location_name",
    "city",
    "state",
    "ride_manager",
];

testkit::on_both! {
    async fn websites_of_the_next_rides_are_read_by_a_model(db: Database) {
        let script = Script::start().await;
        script.always(|_| Reply::json(&details(120)));
        let trail = with_websites(db, &script).await;
        let run = trail.reads("websites_soon").await;
        assert_eq!(run["state"], "completed", "{run}");
        assert_eq!(counts(&run, ["rows", "completed", "updated", "inserted"]), [6, 6, 6, 0], "{run}");
        let events = trail.events().await;
        for (ride, event) in &events {
            let is_soon = SOON.contains(&ride.as_str());
            let there = event.data.get("event_details").filter(|it| !it.is_null());
            assert_eq!(there.and_then(fee), is_soon.then_some(120), "ride {ride}");
            assert_eq!(event.data.get("last_website_check_at").is_some_and(Json::is_string), is_soon, "ride {ride}");
        }
        let asked = script.requests();
        assert_eq!(asked.len(), 6);
        assert!(asked.iter().all(|it| it.prompt().contains("Ride meeting at six.") && !it.prompt().contains("let x")));
        let run = trail.reads("aerc").await;
        assert_eq!(counts(&run, ["updated", "unchanged"]), [0, 59], "the calendar leaves alone what is not its own: {run}");
    }

    async fn what_a_model_quotes_that_stands_nowhere_is_thrown_out(db: Database) {
        let script = Script::start().await;
        script.always(|_| {
            let mut answer = details(120);
            let invented = json!({"description": "Free beer", "amount": 0, "words": "Free beer for all"});
            answer["fees"].as_array_mut().expect("a list").push(invented);
            answer["contact"] = json!({"description": "Bob", "words": "Call Bob."});
            answer["terrain"] = json!({"description": "At six", "words": "Ride meeting  at six."});
            Reply::json(&answer)
        });
        let trail = with_websites(db, &script).await;
        trail.reads("websites_soon").await;
        let kept = &trail.event("15035").await.data["event_details"];
        assert_eq!((kept["fees"].as_array().map(Vec::len), fee(kept)), (Some(1), Some(120)), "{kept}");
        assert_eq!((&kept["contact"], &kept["terrain"]["description"]), (&Json::Null, &json!("At six")), "{kept}");
    }

    async fn a_document_where_nobody_reads_any_is_told_and_asked_about_by_nobody(db: Database) {
        let script = Script::start().await;
        script.always(|_| Reply::json(&details(120)));
        let trail = with_websites(db, &script).await;
        trail.site.hands_out(testkit::file::pdf(&["Entry $120."]));
        let run = trail.reads("websites_soon").await;
        assert_eq!(counts(&run, ["completed", "updated"]), [0, 0], "{run}");
        let told = run["findings"][0]["message"].as_str().expect("a finding");
        assert!(told.contains("6 records") && told.contains("a PDF, and nobody reads it"), "{run}");
        assert!(script.requests().is_empty());
    }

    async fn a_website_that_is_away_costs_nothing_and_corrections_stay(db: Database) {
        let script = Script::start().await;
        script.always(|_| Reply::json(&details(120)));
        let trail = with_websites(db, &script).await;
        trail.reads("websites_soon").await;
        let corrected = trail.event("15057").await.id;
        trail.corrects(corrected, json!({"event_details": {"fees": [{"amount": 99}]}})).await;

        trail.site.says(None);
        trail.clock.advance(SignedDuration::from_hours(24));
        let run = trail.reads("websites_soon").await;
        assert_eq!(run["state"], "completed", "{run}");
        assert_eq!(counts(&run, ["completed", "updated"]), [0, 0], "{run}");
        assert!(codes(&run).contains(&"not_completed"), "{run}");
        assert_eq!(fee(&trail.event("15035").await.data["event_details"]), Some(120));

        trail.site.says(Some("Entry $140."));
        script.always(|_| Reply::json(&details(140)));
        trail.clock.advance(SignedDuration::from_hours(24));
        let run = trail.reads("websites_soon").await;
        assert_eq!(counts(&run, ["completed"]), [6], "{run}");
        assert_eq!(fee(&trail.event("15035").await.data["event_details"]), Some(140));
        assert_eq!(fee(&trail.event("15057").await.data["event_details"]), Some(99), "corrected by hand");
    }

    async fn what_another_source_placed_is_no_correction_by_hand(db: Database) {
        let script = Script::start().await;
        script.always(|_| Reply::json(&details(120)));
        let trail = with_websites_of(db, &script, &only(LATER)).await;
        trail.reads("websites_later").await;
        let ride = trail.event(LATER).await;
        assert_eq!(fee(&ride.data["event_details"]), Some(120));

        trail.clock.advance(SignedDuration::from_hours(40 * 24));
        trail.site.says(Some("Entry $140."));
        script.always(|_| Reply::json(&details(140)));
        let run = trail.reads("websites_soon").await;
        assert_eq!(run["state"], "completed", "{run}");
        assert!(!codes(&run).contains(&"fields_locked"), "{run}");
        assert_eq!(fee(&trail.event(LATER).await.data["event_details"]), Some(140));
        let origins = trail.engine.source_origins(&Caller::operator(), ride.id).await.expect("its origins");
        assert!(origins.iter().all(|it| it["locked"] == json!([])), "{origins:?}");

        trail.corrects(ride.id, json!({"event_details": {"fees": [{"amount": 99}]}})).await;
        trail.clock.advance(SignedDuration::from_hours(24));
        trail.site.says(Some("Entry $160."));
        script.always(|_| Reply::json(&details(160)));
        let run = trail.reads("websites_soon").await;
        assert!(codes(&run).contains(&"fields_locked"), "{run}");
        assert_eq!(fee(&trail.event(LATER).await.data["event_details"]), Some(99), "what nobody placed is by hand");
    }

    async fn without_a_model_rides_keep_what_the_calendar_says(db: Database) {
        let trail = Trail::open(db).await;
        trail.site.shows(trail.site.hosting(&sample("ride-calendar.html")));
        trail.site.says(Some("Entry $120."));
        trail.reads("aerc").await;
        let run = trail.reads("websites_soon").await;
        assert_eq!(run["state"], "completed", "{run}");
        assert_eq!(counts(&run, ["completed", "updated"]), [0, 0], "{run}");
    }

    async fn rides_of_the_next_days_get_their_weather(db: Database) {
        let trail = Trail::fitted(db, Outfit { weather: true, ..Outfit::default() }).await;
        trail.reads("aerc").await;
        let run = trail.reads("weather").await;
        assert_eq!((&run["state"], counts(&run, ["rows"])), (&json!("completed"), [0]), "{run}");

        trail.clock.advance(SignedDuration::from_hours(24 * 81));
        let run = trail.reads("weather").await;
        assert_eq!(counts(&run, ["rows", "completed", "updated"]), [2, 2, 2], "{run}");
        let asked = trail.site.asked("/forecast");
        assert_eq!(asked.len(), 2);
        assert!(asked.iter().all(|it| it.contains("start_date=2027-02-13&end_date=2027-02-13")), "{asked:?}");
        let event = trail.event("15085").await;
        let expected = json!({
            "weather": "light rain", "temp_high_c": 10.0, "temp_high_f": 50.0, "temp_low_c": -5.0,
            "temp_low_f": 23.0, "precipitation_chance": 80, "wind_kmh": 16.09344, "wind_mph": 10.0, "humidity": 72,
        });
        for (name, value) in expected.as_object().expect("an object") {
            let there = &event.data["forecast"][name];
            let is_same = there == value || (there.is_number() && there.as_f64() == value.as_f64());
            assert!(is_same, "{name}: {there} is not {value}");
        }
        assert!(text(&event, "forecast_at").starts_with("2027-02-10T"));
    }

    async fn where_nobody_knows_the_weather_nobody_is_asked(db: Database) {
        let trail = Trail::open(db).await;
        trail.reads("aerc").await;
        trail.clock.advance(SignedDuration::from_hours(24 * 81));
        let run = trail.reads("weather").await;
        assert_eq!((&run["state"], counts(&run, ["rows"])), (&json!("completed"), [0]), "{run}");
        assert!(trail.site.asked("/forecast").is_empty());
        assert!(trail.event("15085").await.data.get("forecast").is_none_or(Json::is_null));
    }

    async fn a_page_of_cards_is_refused_by_the_description_of_rows(db: Database) {
        let trail = Trail::open(db).await;
        trail.reads("aerc").await;
        trail.site.shows(sample("ride-calendar-changed.html"));
        let run = trail.reads_anew().await;
        assert_eq!(run["state"], "failed", "{run}");
        assert!(codes(&run).contains(&"structure_changed"), "{run}");
        assert_eq!(trail.events().await.len(), 59);
    }

    async fn an_adapted_description_reads_the_same_events_from_cards(db: Database) {
        let adapted = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/aerc-cards.yaml");
        let adapted = fs::read_to_string(adapted).expect("the adapted description is there");
        let trail = Trail::fitted(db, Outfit { aerc: Some(adapted), ..Outfit::default() }).await;
        trail.site.shows(sample("ride-calendar-changed.html"));
        let run = trail.reads("aerc").await;
        assert_eq!(run["state"], "completed", "{run}");
        assert_eq!(counts(&run, ["rows", "consolidated", "inserted", "errors"]), [60, 59, 59, 0], "{run}");
        let events = trail.events().await;
        let expected: Json = serde_json::from_str(&sample("ride-calendar-expected.json")).unwrap();
        for event in expected["events"].as_array().unwrap() {
            let ride = event["ride_id"].as_str().unwrap();
            let found = &events[ride].data;
            for field in TOLD {
                assert_eq!(found.get(field).unwrap_or(&Json::Null), &event[field], "{field} of ride {ride}");
            }
            // A ride that is over has links to results instead of distances in the old page.
            if event["is_past"] == false {
                assert_eq!(entries(&found["distances"]), entries(&event["distances"]), "distances of ride {ride}");
            }
        }
    }
}

/// Distances, days and times of a list, in whatever order.
fn entries(list: &Json) -> BTreeSet<String> {
    let all = list.as_array().into_iter().flatten();
    all.map(|it| format!("{} {} {}", it["distance"], it["date"], it["start_time"])).collect()
}
