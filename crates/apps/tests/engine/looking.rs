//! What is looked up while a rider waits: once for all who ask the same, from what was said a short while
//! ago, and from what is kept where nobody answers.

use apps::error::EngineError;
use base::RecordId;
use futures::future::join_all;
use identity::Caller;
use jiff::SignedDuration;
use serde_json::{Value as Json, json};
use testkit::Database;

use crate::trail::{Outfit, Sky, Trail, counts};

/// A ride that has a place, and its day as the calendar gives it.
const RIDE: &str = "15085";
/// Another one on the same day.
const OTHER: &str = "15163";

/// The calendar was read, and it is three days before the rides.
async fn nearly_there(db: Database) -> Trail {
    let trail = Trail::fitted(db, Outfit { weather: true, ..Outfit::default() }).await;
    trail.reads("aerc").await;
    trail.clock.advance(SignedDuration::from_hours(24 * 81));
    trail
}

async fn weather(trail: &Trail, ride: &str) -> Result<Json, EngineError> {
    let id = trail.event(ride).await.id;
    trail.engine.look_up(&Caller::operator(), "weather", id).await
}

fn asked(trail: &Trail) -> usize {
    trail.site.asked("/forecast").len()
}

testkit::on_both! {
    async fn what_is_looked_up_is_said_now_and_kept_for_a_while(db: Database) {
        let trail = nearly_there(db).await;
        let told = weather(&trail, RIDE).await.expect("somebody knows it");
        assert_eq!((&told["found"], &told["lookup"]), (&json!("live"), &json!("weather")), "{told}");
        assert_eq!(told["answer"]["forecast"]["weather"], "light rain", "{told}");
        assert_eq!((&told["answer"]["date"], &told["answer"]["forecast_at"]), (&json!("2027-02-13"), &told["asked_at"]));
        assert!(told["asked_at"].as_str().is_some_and(|it| it.starts_with("2027-02-10T")), "{told}");

        trail.clock.advance(SignedDuration::from_mins(20));
        let again = weather(&trail, RIDE).await.expect("it is known");
        assert_eq!((&again["asked_at"], asked(&trail)), (&told["asked_at"], 1), "{again}");
        trail.clock.advance(SignedDuration::from_mins(20));
        weather(&trail, RIDE).await.expect("somebody knows it");
        assert_eq!(asked(&trail), 2, "what is old is asked for anew");
    }

    async fn rides_at_one_place_are_one_question(db: Database) {
        let trail = nearly_there(db).await;
        let here = trail.event(RIDE).await.data;
        let place = json!({"latitude": here["latitude"], "longitude": here["longitude"], "date_start": here["date_start"]});
        let other = trail.event(OTHER).await.id;
        trail.corrects(other, place).await;
        weather(&trail, RIDE).await.expect("somebody knows it");
        let told = weather(&trail, OTHER).await.expect("it is known");
        assert_eq!((told["record"].as_str(), asked(&trail)), (Some(other.to_string().as_str()), 1), "{told}");
    }

    async fn many_who_ask_at_once_ask_once(db: Database) {
        let trail = nearly_there(db).await;
        trail.site.dawdles(std::time::Duration::from_millis(300));
        let all = join_all((0..8).map(|_| weather(&trail, RIDE))).await;
        assert!(all.iter().all(Result::is_ok), "{all:?}");
        assert_eq!(asked(&trail), 1);
    }

    async fn where_nobody_answers_what_is_kept_is_given(db: Database) {
        let trail = nearly_there(db).await;
        for sky in [Sky::Away, Sky::Nonsense] {
            trail.site.weather_is(sky);
            let error = weather(&trail, RIDE).await.expect_err("nothing is kept yet");
            assert_eq!(error.code(), "external_service", "{error}");
            assert!(!error.to_string().contains("127.0.0.1"), "no address is told: {error}");
        }
        trail.site.weather_is(Sky::Told);
        trail.reads("weather").await;
        let kept = trail.event(RIDE).await.data["forecast_at"].clone();
        trail.site.weather_is(Sky::Nonsense);
        let told = weather(&trail, RIDE).await.expect("it is kept");
        assert_eq!((&told["found"], &told["asked_at"]), (&json!("kept"), &Json::Null), "{told}");
        assert_eq!((&told["answer"]["forecast_at"], &told["answer"]["forecast"]["weather"]), (&kept, &json!("light rain")));
        trail.site.weather_is(Sky::Told);
        let told = weather(&trail, RIDE).await.expect("somebody knows it");
        assert_eq!(told["found"], "live", "nonsense is not kept: {told}");
    }

    async fn nobody_is_asked_about_a_ride_of_another_week(db: Database) {
        let trail = Trail::fitted(db, Outfit { weather: true, ..Outfit::default() }).await;
        trail.reads("aerc").await;
        let told = weather(&trail, RIDE).await.expect("that is no fault");
        assert_eq!((&told["found"], &told["answer"]["forecast"]), (&json!("nothing"), &Json::Null), "{told}");
        assert_eq!((&told["answer"]["date"], asked(&trail)), (&json!("2027-02-13"), 0), "{told}");
    }

    async fn a_ride_that_lacks_a_field_is_passed_over_and_is_no_fault(db: Database) {
        let trail = nearly_there(db).await;
        let ride = trail.event(RIDE).await.id;
        let without = json!({"latitude": null, "longitude": null, "is_gone": null, "is_canceled": null});
        trail.corrects(ride, without).await;
        assert!(trail.event(RIDE).await.data.get("latitude").is_none(), "what is null is not kept");
        let told = weather(&trail, RIDE).await.expect("that is no fault");
        assert_eq!((&told["found"], asked(&trail)), (&json!("nothing"), 0), "{told}");
        let run = trail.reads("weather").await;
        assert_eq!(run["state"], "completed", "{run}");
        assert_eq!(counts(&run, ["rows", "completed"]), [1, 1], "the other one: {run}");
    }

    async fn look_ups_are_listed_with_what_they_ask_and_give_but_not_with_whom_they_ask(db: Database) {
        let trail = nearly_there(db).await;
        let all = trail.engine.lookup_list();
        let [weather] = all.as_slice() else { panic!("one look-up: {all:?}") };
        assert_eq!((&weather["name"], &weather["of"]), (&json!("weather"), &json!("events")), "{weather}");
        let asked_with = weather["asked_with"].as_array().expect("names");
        assert!(asked_with.contains(&json!("latitude")) && asked_with.contains(&json!("start_date")), "{weather}");
        assert_eq!((&weather["needs"], &weather["good_for_s"], &weather["waits_ms"]), (&json!(["forecast"]), &json!(1800), &json!(5000)));
        assert_eq!((&weather["is_conditional"], &weather["has_otherwise"]), (&json!(true), &json!(true)));
        let told = weather.to_string();
        assert!(!told.contains("://") && !told.contains("WEATHER_URL"), "no address is told: {told}");
        assert_eq!(asked(&trail), 0);
    }

    async fn what_is_not_there_is_not_looked_up(db: Database) {
        let trail = nearly_there(db).await;
        let (operator, id) = (Caller::operator(), trail.event(RIDE).await.id);
        let error = trail.engine.look_up(&operator, "weather", RecordId::generate()).await;
        assert_eq!(error.expect_err("there is no such record").code(), "record_not_found");
        let error = trail.engine.look_up(&operator, "tides", id).await;
        assert_eq!(error.expect_err("there is no such look-up").code(), "not_found");
        assert_eq!(asked(&trail), 0);
    }
}
