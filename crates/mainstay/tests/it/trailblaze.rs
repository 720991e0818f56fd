//! The application `trailblaze` from end to end, at the paths of its description: a calendar on the network is
//! read by the program itself, a script plays the model.

use std::{collections::BTreeSet, fs, io, path::Path};

use base::RecordId;
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use reqwest::Method;
use serde_json::{Value as Json, json};
use testkit::{
    Database, file,
    model::{Reply, Script},
    site::{self, Page},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::place::{Answer, Asker, Place, Server, entries, text};

/// A ride that stands in one row.
const RIDE: &str = "15075";

/// A calendar on the network, as the public one answers. It stops when it is dropped.
struct Site {
    url: String,
    _server: JoinSet<()>,
}

impl Site {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let mut server = JoinSet::new();
        server.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                // Who hangs up is no fault of the calendar.
                let _ = answer(&mut stream).await;
            }
        });
        Self { url, _server: server }
    }
}

async fn answer(stream: &mut TcpStream) -> io::Result<()> {
    let (mut bytes, mut part) = (Vec::new(), [0; 4096]);
    let path = loop {
        let count = stream.read(&mut part).await?;
        if count == 0 {
            return Ok(());
        }
        bytes.extend_from_slice(&part[..count]);
        let asked = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = asked.split_once("\r\n\r\n") else { continue };
        let lower = head.to_ascii_lowercase();
        let length = lower.lines().find_map(|it| it.strip_prefix("content-length:"));
        let length = length.and_then(|it| it.trim().parse::<usize>().ok()).unwrap_or(0);
        if body.len() >= length {
            break head.split_whitespace().nth(1).unwrap_or_default().to_owned();
        }
    };
    let (status, page) = match path.as_str() {
        "/calendar" => ("200 OK", sample("ride-calendar-page.html")),
        "/list" => ("200 OK", sample("ride-calendar.html")),
        _ => ("404 Not Found", String::new()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        page.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(page.as_bytes()).await?;
    stream.shutdown().await
}

fn sample(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../apps/trailblaze/data/samples");
    fs::read_to_string(folder.join(name)).expect("the sample is there")
}

/// What a correct reader makes of the calendar.
fn expected() -> Vec<Json> {
    let all: Json = serde_json::from_str(&sample("ride-calendar-expected.json")).unwrap();
    entries(&all["events"]).clone()
}

/// A place for the application, with the calendar and perhaps a model. Nothing of it is gone before its time,
/// whenever the test runs, and nobody is counted.
fn place(db: &Database, site: &Site, script: Option<&Script>) -> Place {
    let mut place = Place::on(db)
        .of_app("trailblaze")
        .with("MAINSTAY_ALLOW_PRIVATE_SOURCES", "1")
        .with("AERC_CALENDAR_URL", &format!("{}/calendar", site.url))
        .with("AERC_LIST_URL", &format!("{}/list", site.url));
    let app = place.own_app();
    let described = fs::read_to_string(app.join("app.yaml")).expect("the copy can be read");
    let later = described.replace("sunset: \"2027-", "sunset: \"2099-");
    fs::write(app.join("app.yaml"), later).expect("the copy can be written");
    fs::write(app.join("config/backend.yaml"), "limits: false\n").expect("the copy can be written");
    match script {
        None => place,
        Some(script) => place
            .with("OPENAI_BASE_URL", &script.base_url())
            .with("OPENAI_API_KEY", "scripted")
            .with("MODEL_PROVIDER", "openai")
            .with("MODEL_NAME", "scripted"),
    }
}

/// Has the calendar read, as a data keeper does.
async fn gathered(server: &Server) -> Asker {
    let admin = server.admin().await;
    let accepted = admin.post("/v2/sources/aerc/run", &json!({})).await.is(202);
    assert_eq!(accepted["source"], "aerc", "{accepted}");
    let job = admin.finished(&accepted["run"]).await;
    assert_eq!(job["state"], "completed", "{job}");
    admin
}

/// The rides of a list, by the number that the calendar gives them.
fn rides(list: &Json) -> BTreeSet<String> {
    entries(&list["items"]).iter().map(|it| text(&it["ride_id"])).collect()
}

/// The expected rides of which this is true.
fn those(is_one: impl Fn(&Json) -> bool) -> BTreeSet<String> {
    expected().iter().filter(|it| is_one(it)).map(|it| text(&it["ride_id"])).collect()
}

/// A refusal in the words of the application.
#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    let body = answer.is(status);
    assert_eq!(body["code"], code, "{body}");
    assert!(body["detail"].as_str().is_some_and(|it| !it.is_empty()), "{body}");
}

/// The script proposes this to be asked next, whatever was answered.
fn proposes(script: &Script, question: &'static str) {
    script.always(move |_| Reply::json(&json!({"followups": [question]})));
}

/// What the model was asked last, but for what could be asked next.
fn asked_last(script: &Script) -> String {
    let mut all = script.requests().into_iter().rev().map(|it| it.prompt());
    all.find(|it| !it.contains("could ask next")).expect("a model was asked")
}

async fn id_of(asker: &Asker, ride: &str) -> u64 {
    let list = asker.get("/v2/events?limit=100&include_canceled=true").await.is(200);
    let found = entries(&list["items"]).iter().find(|it| it["ride_id"] == ride);
    let id = found.unwrap_or_else(|| panic!("there is no ride {ride}"))["id"].as_u64();
    id.expect("the id of an event is an integer")
}

/// A day in the next seven, by the clock of the server.
async fn soon(admin: &Asker) -> String {
    let far = json!({"name": "Far", "source": "OTHER", "date_start": "2099-01-01", "date_end": "2099-01-01"});
    let made = admin.post("/v2/events", &far).await.is(201);
    let now: Timestamp = text(&made["created_at"]).parse().expect("a time");
    (now.to_zoned(TimeZone::UTC).date() + 2.days()).to_string()
}

/// What whoever knows the weather says.
fn forecast() -> Page {
    let daily = json!({
        "weather_code": [61], "temperature_2m_max": [10.0], "temperature_2m_min": [-5.0],
        "precipitation_probability_max": [80], "wind_speed_10m_max": [16.0], "relative_humidity_2m_mean": [72],
    });
    let bytes = json!({"daily": daily}).to_string().into_bytes();
    Page::File { kind: "application/json".to_owned(), bytes }
}

testkit::on_both! {
    async fn a_flyer_is_read_by_what_is_in_it(db: Database) {
        let (site, script) = (Site::start().await, Script::start().await);
        let flyers = site::Site::start().await;
        let place = place(&db, &site, Some(&script));
        let source = place.path().join("codebook/config/sources/websites_soon.yaml");
        let described = fs::read_to_string(&source).expect("the copy can be read");
        let hurried = described.replace("pace: 1s", "pace: 1ms").replace("  tries: 2\n", "  tries: 2\n  bytes_max: 20000\n");
        fs::write(&source, hurried).expect("the copy can be written");
        script.always(|_| {
            Reply::json(&json!({
                "fees": [
                    {"description": "Entry, 50 miles", "amount": 140, "words": "Entry fee 50 miles: $140"},
                    {"description": "Free beer", "amount": 0, "words": "Free beer for all"},
                ],
                "schedule": [], "amenities": [], "vets": [], "rules": [], "contact": null, "terrain": null,
            }))
        });
        let server = place.serve().await;
        let admin = server.admin().await;
        let day = soon(&admin).await;
        let mut huge = file::pdf(&["Entry fee 50 miles: $140"]);
        huge.resize(40_000, b'\n');
        let all = [
            ("F1", "text/html", file::pdf(&["Entry fee 50 miles: $140\nRide meeting at six."])),
            ("F2", "application/pdf", file::pdf_locked()),
            ("F3", "application/octet-stream", file::pdf_of_pictures(2)),
            ("F4", "application/pdf", file::pdf(&[" "])),
            ("F5", "application/pdf", huge),
        ];
        let mut read = Json::Null;
        for (ride, kind, bytes) in all {
            flyers.put(&format!("/{ride}"), Page::File { kind: kind.to_owned(), bytes });
            let flyer = format!("{}/{ride}", flyers.address());
            let new = json!({"name": ride, "source": "OTHER", "ride_id": ride, "date_start": day, "date_end": day, "flyer_url": flyer});
            let made = admin.post("/v2/events", &new).await.is(201);
            if ride == "F1" {
                read = made["id"].clone();
            }
        }
        let accepted = admin.post("/v2/sources/websites_soon/run", &json!({})).await.is(202);
        assert_eq!(admin.finished(&accepted["run"]).await["state"], "completed");
        let run = admin.get(&format!("/v2/sources/websites_soon/runs/{}", text(&accepted["run"]))).await.is(200);
        assert_eq!((&run["counts"]["rows"], &run["counts"]["completed"]), (&json!(5), &json!(1)), "{run}");
        let findings: Vec<String> = entries(&run["findings"]).iter().map(|it| text(&it["message"])).collect();
        for told in ["a PDF that is locked with a password", "a PDF that holds pictures without text", "a PDF without a word in it", "more than 20000 bytes"] {
            let found = findings.iter().filter(|it| it.contains(told) && it.starts_with("1 records without event_details")).count();
            assert_eq!(found, 1, "{told}: {findings:?}");
        }
        let event = admin.get(&format!("/v2/events/{read}")).await.is(200);
        assert_eq!(event["event_details"]["fees"], json!([{"description": "Entry, 50 miles", "amount": 140, "words": "Entry fee 50 miles: $140"}]), "{event}");
        let asked = script.requests();
        assert_eq!(asked.len(), 1, "nobody is asked about a flyer without words");
        assert!(asked[0].prompt().contains("Ride meeting at six."));
    }

    async fn the_weather_is_asked_while_a_rider_waits(db: Database) {
        let (site, sky) = (Site::start().await, site::Site::start().await);
        sky.put("/forecast", forecast());
        let place = place(&db, &site, None).with("WEATHER_URL", &format!("{}/forecast", sky.address()));
        let server = place.serve().await;
        let admin = server.admin().await;
        let day = soon(&admin).await;
        let new = json!({"name": "Near", "source": "OTHER", "date_start": day, "date_end": day, "latitude": 45.25, "longitude": -121.5});
        let ride = admin.post("/v2/events", &new).await.is(201)["id"].clone();
        let at = format!("/v2/events/{ride}/weather");
        let told = server.nobody().get(&at).await.is(200);
        assert_eq!((&told["event_id"], &told["date"], &told["weather"]), (&ride, &json!(day), &json!("light rain")), "{told}");
        assert!(told["forecast_at"].is_string() && told["temp_high_f"].as_f64() == Some(50.0), "{told}");

        let closed = || Page::File { kind: "text/html".to_owned(), bytes: b"<p>Closed</p>".to_vec() };
        sky.put("/forecast", closed());
        assert_eq!(server.nobody().get(&at).await.is(200), told, "it was said a short while ago");
        assert_eq!(admin.delete("/v2/cache?tag=forecast").await.is(200)["removed"], 1);
        refused(&server.nobody().get(&at).await, 502, "EXTERNAL_SERVICE_ERROR");
        refused(&server.nobody().get("/v2/events/01a1fc96-0241-7626-afe9-000000000000/weather").await, 404, "EVENT_NOT_FOUND");
        let answer = admin.get(&format!("/api/records/{ride}/lookups/tides")).await;
        assert_eq!(answer.is(404)["code"], "not_found");

        sky.put("/forecast", forecast());
        server.stop().await;
        let app = place.path().join("codebook").display().to_string();
        let all = place.json(&["sources", "lookups", "--app", &app]).await;
        assert_eq!((&all[0]["name"], &all[0]["of"]), (&json!("weather"), &json!("events")), "{all}");
        let looked = place.json(&["sources", "lookup", "--app", &app, "weather", &ride.to_string()]).await;
        assert_eq!((&looked["found"], &looked["answer"]["forecast"]["weather"]), (&json!("live"), &json!("light rain")), "{looked}");
        place.done(&["sources", "cache", "--app", &app, "--tag", "forecast", "--clear"]).await;

        // A private address is asked by those alone who are told that they may.
        let place = place.without("MAINSTAY_ALLOW_PRIVATE_SOURCES");
        let server = place.serve().await;
        refused(&server.nobody().get(&at).await, 502, "EXTERNAL_SERVICE_ERROR");
        assert!(!place.log().contains("latitude="), "no address is logged");
    }

    async fn the_calendar_is_served_exactly_as_it_is(db: Database) {
        let site = Site::start().await;
        let place = place(&db, &site, None);
        let server = place.serve().await;
        let admin = gathered(&server).await;
        let list = admin.get("/v2/events?limit=100&include_canceled=true").await.is(200);
        assert_eq!((&list["total"], entries(&list["items"]).len()), (&json!(59), 59));
        for event in expected() {
            let found = entries(&list["items"]).iter().find(|it| it["ride_id"] == event["ride_id"]);
            let found = found.unwrap_or_else(|| panic!("ride {} is missing", event["ride_id"]));
            for (field, value) in event.as_object().expect("an object") {
                assert_eq!(found.get(field).unwrap_or(&Json::Null), value, "{field} of ride {}", event["ride_id"]);
            }
        }
        let days: Vec<String> = entries(&list["items"]).iter().map(|it| text(&it["date_start"])).collect();
        assert!(days.is_sorted(), "the next one first: {days:?}");
    }

    async fn events_are_found_by_all_that_riders_ask_for(db: Database) {
        let site = Site::start().await;
        let place = place(&db, &site, None);
        let server = place.serve().await;
        let admin = gathered(&server).await;
        let find = |query: &str| {
            let (admin, path) = (admin.clone(), format!("/v2/events?limit=100&include_canceled=true&{query}"));
            async move { rides(&admin.get(&path).await.is(200)) }
        };
        let day = |event: &Json, field: &str| text(&event[field]);
        let in_march = those(|it| day(it, "date_end").as_str() >= "2027-03-01" && day(it, "date_start").as_str() <= "2027-03-31");
        assert!(in_march.contains(RIDE));
        assert_eq!(find("date_from=2027-03-01&date_to=2027-03-31").await, in_march);
        assert_eq!(find("state=OR").await, those(|it| it["state"] == "OR"));
        assert_eq!(find("region=W&country=USA").await, those(|it| it["region"] == "W" && it["country"] == "USA"));
        assert_eq!(find("location=FAIRGROUNDS").await, those(|it| text(&it["location_name"]).contains("Fairgrounds")));
        assert_eq!(find("has_intro_ride=true").await, those(|it| it["has_intro_ride"] == true));
        assert_eq!(find("is_canceled=true").await, those(|it| it["is_canceled"] == true));
        let held = rides(&admin.get("/v2/events?limit=100").await.is(200));
        assert_eq!(held, those(|it| it["is_canceled"] == false), "cancelled ones are shown to those who ask for them");
        let canceled = rides(&admin.get("/v2/events?limit=100&is_canceled=true").await.is(200));
        assert_eq!(canceled, those(|it| it["is_canceled"] == true));
        assert_eq!(find("event_type=competitive_trail").await, those(|it| it["event_type"] == "competitive_trail"));
        let is_of_fifty = |it: &Json| entries(&it["distances"]).iter().any(|it| it["distance"] == "50 miles");
        assert_eq!(find("distance=50").await, those(is_of_fifty));
        assert_eq!(find("distance=50%20miles").await, those(is_of_fifty));
        let here = expected().into_iter().find(|it| it["ride_id"] == "15085").expect("a ride with a place");
        let around = |miles: u32| format!("lat={}&lng={}&radius={miles}", here["latitude"], here["longitude"]);
        assert!(find(&around(1)).await.contains("15085"));
        assert_eq!(find(&around(12_500)).await, those(|it| !it["latitude"].is_null()));
        assert_eq!(find("q=windy%20gap%20express").await, BTreeSet::from([RIDE.to_owned()]));

        let latest = admin.get("/v2/events?sort=-date_start&limit=1").await.is(200);
        let last = expected().iter().map(|it| text(&it["date_start"])).max();
        assert_eq!(Some(text(&latest["items"][0]["date_start"])), last);
        let (mut seen, mut path) = (BTreeSet::new(), "/v2/events?include_canceled=true".to_owned());
        loop {
            let page = admin.get(&path).await.is(200);
            assert!(entries(&page["items"]).len() <= 20);
            seen.extend(rides(&page));
            match page["next_cursor"].as_str() {
                Some(cursor) => path = format!("/v2/events?include_canceled=true&cursor={cursor}"),
                None => break,
            }
        }
        assert_eq!(seen.len(), 59);
        for query in ["limit=101", "date_from=soon", "lat=45&lng=1", "lat=1&lng=1&radius=far", "sort=price"] {
            refused(&admin.get(&format!("/v2/events?{query}")).await, 400, "VALIDATION_ERROR");
        }
        refused(&admin.get("/v2/events?cursor=made-up").await, 400, "INVALID_REQUEST");
    }

    async fn events_are_kept_by_those_who_may(db: Database) {
        let site = Site::start().await;
        let place = place(&db, &site, None);
        let server = place.serve().await;
        let admin = gathered(&server).await;
        let new = json!({"name": "Moonlit Loop", "source": "OTHER", "date_start": "2027-06-12", "date_end": "2027-06-12",
            "ride_days": 1, "is_multi_day_event": false, "state": "OR", "distances": [{"distance": "25 miles"}],
            "control_judges": [{"name": "Ulla Brindle"}, {"name": "Corwin Stone", "role": "Head Control Judge"}]});
        refused(&server.nobody().post("/v2/events", &new).await, 401, "UNAUTHORIZED");
        let made = admin.post("/v2/events", &new).await.is(201);
        let at = format!("/v2/events/{}", made["id"]);
        let first = admin.get(&at).await;
        assert_eq!(first.is(200)["name"], "Moonlit Loop");
        let roles: Vec<String> = entries(&first.is(200)["control_judges"]).iter().map(|it| text(&it["role"])).collect();
        assert_eq!(roles, ["Control Judge", "Head Control Judge"], "a judge without a role has the one of the schema");
        assert_eq!(admin.get(&at).await.header("x-mainstay-cache"), Some("hit"));
        let put = admin.ask(Method::PUT, &at, Some(&json!({"ride_manager": "Ann"}))).await.is(200);
        assert_eq!((&put["name"], &put["ride_manager"]), (&json!("Moonlit Loop"), &json!("Ann")));
        assert_eq!(admin.get(&at).await.is(200)["ride_manager"], "Ann", "a change ends what is kept");
        for wrong in [
            json!({"name": "No day"}),
            json!({"name": "", "source": "OTHER", "date_start": "2027-06-12", "date_end": "2027-06-12"}),
            json!({"name": "Backwards", "source": "OTHER", "date_start": "2027-06-12", "date_end": "2027-06-11"}),
            json!({"name": "Half a place", "source": "OTHER", "date_start": "2027-06-12", "latitude": 45}),
            json!({"name": "Place", "source": "OTHER", "date_start": "2027-06-12", "date_end": "2027-06-12", "latitude": 91}),
            json!({"name": "Phone", "source": "OTHER", "date_start": "2027-06-12", "date_end": "2027-06-12", "manager_phone": "555"}),
        ] {
            refused(&admin.post("/v2/events", &wrong).await, 400, "VALIDATION_ERROR");
        }
        let miscounted = json!({"name": "Two days", "source": "OTHER", "date_start": "2027-06-12", "date_end": "2027-06-13",
            "is_multi_day_event": false, "ride_days": 1});
        let counted = admin.post("/v2/events", &miscounted).await.is(201);
        assert_eq!((&counted["ride_days"], &counted["is_multi_day_event"]), (&json!(2), &json!(true)), "the house counts days");
        refused(&admin.get("/v2/events/01a1fc96-0241-7626-afe9-000000000000").await, 404, "EVENT_NOT_FOUND");
        refused(&admin.get("/v2/events/not-an-id").await, 400, "INVALID_REQUEST");

        // What was corrected outlasts the next run, and says so.
        let ride = format!("/v2/events/{}", id_of(&admin, RIDE).await);
        admin.ask(Method::PUT, &ride, Some(&json!({"ride_manager": "Ann By Hand"}))).await.is(200);
        gathered(&server).await;
        assert_eq!(admin.get(&ride).await.is(200)["ride_manager"], "Ann By Hand");
        let origins = admin.get(&format!("{ride}/origins")).await.is(200);
        assert_eq!(origins["items"][0]["locked"], json!(["ride_manager"]), "{origins}");

        // Announcements, weather, regulations.
        let said = json!({"title": "Moved", "content": "The start moved to the upper camp.", "is_important": true});
        let told = admin.post(&format!("{at}/announcements"), &said).await.is(201);
        assert_eq!(told["event_id"], made["id"], "{told}");
        let all = admin.get(&format!("{at}/announcements?is_important=true")).await.is(200);
        assert_eq!((&all["total"], &all["items"][0]["title"]), (&json!(1), &json!("Moved")));
        let weather = admin.get(&format!("{at}/weather")).await.is(200);
        assert_eq!((&weather["event_id"], &weather["forecast_at"]), (&made["id"], &Json::Null), "nobody knows it: {weather}");
        assert!(weather.get("temp_high_c").is_none(), "{weather}");
        // A new announcement ends the kept answer that shows those of an event.
        assert_eq!(admin.get(&at).await.is(200)["announcements"][0]["title"], "Moved");
        let rules = admin.get("/v2/assistant/regulations?organization=AERC").await.is(200);
        assert_eq!(rules["organization"], "AERC", "{rules}");
        refused(&admin.get("/v2/assistant/regulations?organization=NOBODY").await, 404, "ORGANIZATION_NOT_FOUND");
        refused(&admin.get("/v2/assistant/regulations").await, 400, "VALIDATION_ERROR");
        assert!(entries(&admin.get("/v2/organizations").await.is(200)["items"]).len() > 1);

        admin.delete(&at).await.is(204);
        refused(&admin.get(&at).await, 404, "EVENT_NOT_FOUND");
    }

    async fn an_event_has_an_integer_for_an_id(db: Database) {
        let (site, script) = (Site::start().await, Script::start().await);
        let place = place(&db, &site, Some(&script));
        let server = place.serve().await;
        let (admin, nobody) = (server.admin().await, server.nobody());
        let new = |name: &str| json!({"name": name, "source": "OTHER", "date_start": "2099-06-12"});
        let made = admin.post("/v1/events", &new("Moonlit Loop")).await.is(201);
        assert_eq!((&made["id"], &made["name"]), (&json!(1), &json!("Moonlit Loop")), "{made}");
        let uuid = "00000000-0000-8000-8000-000000000001";
        let seen = admin.get("/v1/events/1").await.is(200);
        assert_eq!((&seen["id"], &seen["announcements"]), (&json!(1), &json!([])), "{seen}");
        assert_eq!(admin.get("/v1/events").await.is(200)["items"][0]["id"], 1);
        // Kept for whoever names it by its UUID too, and no longer than it is true.
        let kept = admin.get(&format!("/v1/events/{uuid}")).await;
        assert_eq!((kept.is(200), kept.header("x-mainstay-cache")), (seen, Some("hit")));
        let put = admin.ask(Method::PUT, "/v1/events/1", Some(&json!({"ride_manager": "Ann"}))).await.is(200);
        assert_eq!((&put["id"], &put["ride_manager"]), (&json!(1), &json!("Ann")));
        assert_eq!(admin.get("/v1/events/1").await.is(200)["ride_manager"], "Ann");

        let said = json!({"title": "Moved", "content": "The start moved to the upper camp."});
        let told = admin.post("/v1/events/1/announcements", &said).await.is(201);
        assert_eq!((&told["id"], &told["event_id"]), (&json!(2), &json!(1)), "a number is counted over all: {told}");
        let all = nobody.get("/v1/events/1/announcements").await.is(200);
        assert_eq!((&all["items"][0]["id"], &all["items"][0]["event_id"]), (&json!(2), &json!(1)), "{all}");
        let seen = nobody.get("/v1/events/1").await.is(200);
        assert_eq!((&seen["announcements"][0]["id"], &seen["announcements"][0]["event_id"]), (&json!(2), &json!(1)), "{seen}");
        admin.ask(Method::PUT, "/v1/announcements/2", Some(&json!({"title": "Moved on"}))).await.is(200);
        assert_eq!(nobody.get("/v1/events/1").await.is(200)["announcements"][0]["title"], "Moved on");
        assert_eq!(nobody.get("/v1/events/1/weather").await.is(200)["event_id"], 1);
        assert_eq!(admin.get("/v1/events/1/origins").await.is(200)["items"], json!([]));

        for id in [json!(1), json!("1"), json!(uuid)] {
            script.answers(Reply::text("Ann [1]."));
            proposes(&script, "Where is it?");
            let asked = json!({"question": "Who manages it?", "event_id": id});
            let answer = nobody.post("/v1/assistant/ask", &asked).await.is(200);
            assert_eq!(answer["sources"][0]["event_id"], 1, "{answer}");
        }
        for id in [json!(0), json!(-1), json!(1.5), json!("1e3"), json!("01"), json!(" 1")] {
            let asked = json!({"question": "Who manages it?", "event_id": id});
            refused(&nobody.post("/v1/assistant/ask", &asked).await, 400, "INVALID_REQUEST");
        }
        for wrong in ["0", "-1", "01", "1e3", "%201", "1.0", "1000000000000000"] {
            let answer = nobody.get(&format!("/v1/events/{wrong}")).await;
            refused(&answer, 400, "INVALID_REQUEST");
            assert!(answer.text().contains("a UUID, or a whole number from 1 on"), "{}", answer.text());
        }
        let missing = nobody.get("/v1/events/999").await;
        refused(&missing, 404, "EVENT_NOT_FOUND");
        assert!(missing.text().contains("999 does not exist"), "{}", missing.text());
        refused(&nobody.get("/v1/events/2").await, 404, "EVENT_NOT_FOUND");
        refused(&nobody.post("/v1/assistant/ask", &json!({"question": "Who?", "event_id": 999})).await, 404, "EVENT_NOT_FOUND");

        // At the server's own paths it keeps its UUID, with the number beside it.
        let own = admin.get("/api/records/1").await.is(200);
        assert_eq!((&own["id"], &own["number"]), (&json!(uuid), &json!(1)), "{own}");
        let own = admin.get("/api/records/2").await.is(200);
        assert_eq!((&own["parent"], &own["number"]), (&json!(uuid), &json!(2)), "{own}");

        // What is gone keeps its number.
        admin.delete("/v1/events/1").await.is(204);
        refused(&nobody.get("/v1/events/1").await, 404, "EVENT_NOT_FOUND");
        assert_eq!(admin.post("/v2/events", &new("Sunlit Loop")).await.is(201)["id"], 3);
        assert_eq!(admin.post("/v1/events/1/restore", &json!({})).await.is(200)["id"], 1);
        assert_eq!(nobody.get("/v1/events/1").await.is(200)["name"], "Moonlit Loop");

        let api = nobody.get("/openapi.json").await.is(200);
        let get = &api["paths"]["/v1/events/{event_id}"]["get"];
        assert_eq!((&get["parameters"][0]["name"], &get["parameters"][0]["schema"]["type"]), (&json!("event_id"), &json!("integer")), "{get}");
        let given = &get["responses"]["200"]["content"]["application/json"]["schema"]["properties"]["id"];
        assert_eq!(given["type"], "integer", "{given}");
        let ask = &api["paths"]["/v1/assistant/ask"]["post"]["requestBody"]["content"]["application/json"]["schema"];
        assert_eq!(ask["properties"]["event_id"]["type"], json!(["integer", "null"]), "{ask}");
        assert!(!api.to_string().contains("x-numbered"));
    }

    async fn whoever_has_no_key_reads_and_asks_and_changes_nothing(db: Database) {
        let (site, script) = (Site::start().await, Script::start().await);
        let place = place(&db, &site, Some(&script));
        let server = place.serve().await;
        gathered(&server).await;
        let nobody = server.nobody();
        let list = nobody.get("/v2/events?limit=100&include_canceled=true").await.is(200);
        assert_eq!(list["total"], 59, "{list}");
        let event = format!("/v2/events/{}", id_of(&nobody, RIDE).await);
        assert_eq!(nobody.get(&event).await.is(200)["ride_id"], RIDE);
        assert_eq!(nobody.get("/v1/events?limit=1").await.is(200)["items"].as_array().map(Vec::len), Some(1));
        script.answers(Reply::text("On March 13, 2027."));
        proposes(&script, "Who manages the Windy Gap Express?");
        let asked = json!({"question": "When is the Windy Gap Express?"});
        let answer = nobody.post("/v2/assistant/ask", &asked).await.is(200);
        assert_eq!(answer["answer"], "On March 13, 2027.", "{answer}");
        assert_eq!(answer["related_questions"], json!(["Who manages the Windy Gap Express?"]), "{answer}");

        refused(&nobody.ask(Method::PUT, &event, Some(&json!({"ride_manager": "Eve"}))).await, 401, "UNAUTHORIZED");
        refused(&nobody.delete(&event).await, 401, "UNAUTHORIZED");
        refused(&nobody.post("/v2/sources/aerc/run", &json!({})).await, 401, "UNAUTHORIZED");
        refused(&nobody.delete("/v2/cache").await, 401, "UNAUTHORIZED");
        nobody.get("/api/collections/events").await.is(401);
    }

    async fn a_visitor_asks_less_often_than_others(db: Database) {
        let site = Site::start().await;
        let place = place(&db, &site, None);
        let settings = place.path().join("codebook/config/backend.yaml");
        fs::write(settings, "limits: true\n").expect("the copy can be written");
        let server = place.serve().await;
        for (asker, limit, left) in [(server.nobody(), "60", "59"), (server.admin().await, "100", "99")] {
            let answer = asker.get("/v2/events?limit=1").await;
            let told = (answer.header("x-ratelimit-limit"), answer.header("x-ratelimit-remaining"));
            assert_eq!(told, (Some(limit), Some(left)), "{}", answer.text());
        }
    }

    async fn the_old_version_keeps_its_names_and_says_that_it_will_go(db: Database) {
        let site = Site::start().await;
        let place = place(&db, &site, None);
        let server = place.serve().await;
        let admin = server.admin().await;
        let run = admin.post("/v1/scrapers/run?scraper_id=aerc", &json!({})).await;
        let accepted = run.is(202);
        assert_eq!((&accepted["scraper_id"], &accepted["status"]), (&json!("aerc"), &json!("running")), "{accepted}");
        assert_eq!(admin.finished(&accepted["run"]).await["state"], "completed");
        let unknown = admin.post("/v1/scrapers/run?scraper_id=nowhere", &json!({})).await;
        refused(&unknown, 400, "INVALID_REQUEST");
        assert_eq!(unknown.json().as_object().map(serde_json::Map::len), Some(2), "{}", unknown.text());
        let scrapers = admin.get("/v1/scrapers").await.is(200);
        let aerc = entries(&scrapers["items"]).iter().find(|it| it["id"] == "aerc").expect("the calendar");
        assert_eq!((&aerc["name"], &aerc["status"]), (&json!("AERC calendar"), &json!("active")), "{aerc}");
        let runs = admin.get("/v1/scrapers/aerc/runs").await.is(200);
        assert_eq!((&runs["items"][0]["status"], &runs["items"][0]["counts"]["inserted"]), (&json!("completed"), &json!(59)), "{runs}");

        let old = admin.get("/v1/events?limit=3&include_canceled=true").await;
        let body = old.is(200);
        assert_eq!((&body["metadata"]["total"], entries(&body["items"]).len()), (&json!(59), 3), "{body}");
        assert!(body["metadata"]["next_cursor"].is_string());
        assert!(old.header("deprecation").is_some(), "{:?}", old.headers);
        assert!(old.header("sunset").is_some_and(|it| it.contains("2099")), "{:?}", old.headers);
        assert!(old.header("link").is_some_and(|it| it.contains("/v2/events")), "{:?}", old.headers);
        assert!(admin.get("/v2/events?limit=3").await.header("deprecation").is_none());
        admin.get("/v2/scrapers").await.is(404);
        admin.get("/v1/sources").await.is(404);

        let cache = admin.get("/v2/cache").await.is(200);
        assert!(entries(&cache["kinds"]).iter().any(|it| it["kind"] == "html" && it["entries"] == 2), "{cache}");
        assert_eq!(admin.delete("/v2/cache?kind=html").await.is(200)["removed"], 2);
    }

    async fn riders_are_answered_by_a_model_from_what_is_known(db: Database) {
        let (site, script) = (Site::start().await, Script::start().await);
        let place = place(&db, &site, Some(&script));
        let server = place.serve().await;
        let admin = gathered(&server).await;
        let ride = id_of(&admin, RIDE).await;

        script.answers(Reply::text("On March 13, 2027."));
        proposes(&script, "Who manages it?");
        let asked = json!({"question": "When is the Windy Gap Express?"});
        let answer = admin.post("/v2/assistant/ask", &asked).await.is(200);
        assert_eq!((&answer["answer"], &answer["success"]), (&json!("On March 13, 2027."), &json!(true)), "{answer}");
        assert_eq!(answer["related_questions"], json!(["Who manages it?"]), "{answer}");
        let prompt = asked_last(&script);
        assert!(prompt.contains("Windy Gap Express") && prompt.contains("2027-03-13"), "{prompt}");
        // What could be asked next is made from the same sources, and from the answer.
        let prompt = script.last_request().prompt();
        assert!(prompt.contains("2027-03-13") && prompt.contains("<answer>\nOn March 13, 2027."), "{prompt}");

        // Asked about one event, it is shown all of that one first, and names it.
        script.answers(Reply::text("Maeve Larkenfeld, 891-555-0182 [1]."));
        let about = json!({"question": "Who manages it?", "event_id": ride});
        let answer = server.nobody().post("/v2/assistant/ask", &about).await.is(200);
        assert_eq!(answer["sources"][0]["event_id"], json!(ride), "{answer}");
        assert_eq!(answer["related_questions"], json!([]), "nobody is to ask the same again: {answer}");
        let prompt = asked_last(&script);
        assert!(prompt.contains("891-555-0182") && prompt.contains("the ride of source [1]"), "{prompt}");
        let gone = json!({"question": "Who manages it?", "event_id": "01a1fc96-0241-7626-afe9-000000000000"});
        refused(&server.nobody().post("/v2/assistant/ask", &gone).await, 404, "EVENT_NOT_FOUND");
        refused(&admin.post("/v2/assistant/ask", &json!({"question": "?"})).await, 400, "VALIDATION_ERROR");

        script.answers(Reply::json(&json!({"answer": "Maeve Larkenfeld.", "success": true, "sources": ["AERC calendar"], "related_questions": ["How far is it?"]})));
        let answer = admin.post(&format!("/v2/events/{ride}/ask"), &json!({"question": "Who manages it?"})).await.is(200);
        assert_eq!((&answer["answer"], &answer["related_questions"][0]), (&json!("Maeve Larkenfeld."), &json!("How far is it?")), "{answer}");
        let prompt = script.last_request().prompt();
        assert!(prompt.contains("Maeve Larkenfeld") && prompt.contains("891-555-0182"), "all that is known: {prompt}");

        let tips = json!({"terrain": ["Rocky."], "gear": ["Boots."], "nutrition": ["Water."], "horse": ["Pace."], "vet": ["Pulse."]});
        script.answers(Reply::json(&tips));
        let told = admin.get(&format!("/v2/assistant/ride-tips?event_id={ride}&rider_experience=beginner")).await.is(200);
        assert_eq!(told["gear"], json!(["Boots."]), "{told}");
        assert!(script.last_request().prompt().contains("beginner"));
        let wrong = format!("/v2/assistant/ride-tips?event_id={ride}&rider_experience=king");
        refused(&admin.get(&wrong).await, 400, "VALIDATION_ERROR");

        let long = "a ".repeat(600);
        for question in ["", long.as_str()] {
            refused(&admin.post("/v2/assistant/ask", &json!({"question": question})).await, 400, "VALIDATION_ERROR");
        }
        refused(&admin.post(&format!("/v2/events/{ride}/ask"), &json!({"question": "?"})).await, 400, "VALIDATION_ERROR");
        assert!(!place.log().contains("Windy Gap"), "no question is logged");
    }

    async fn the_command_line_asks_about_a_ride(db: Database) {
        let (site, script) = (Site::start().await, Script::start().await);
        let place = place(&db, &site, Some(&script));
        let server = place.serve().await;
        let admin = gathered(&server).await;
        let (ride, other) = (id_of(&admin, RIDE).await, id_of(&admin, "15085").await.to_string());
        let id = RecordId::numbered(ride).expect("the number of a record");
        let ride = ride.to_string();
        server.stop().await;

        proposes(&script, "How long is it?");
        let answer = || script.answers(Reply::text("Maeve Larkenfeld [1]."));
        answer();
        let told = place.json(&["ask", "--record", &ride, "Who manages it?"]).await;
        assert_eq!((&told["answer"], &told["context_used"]["record"]), (&json!("Maeve Larkenfeld [1]."), &json!(id)), "{told}");
        assert_eq!((&told["citations"][0]["record_id"], &told["followups"]), (&json!(id), &json!(["How long is it?"])), "{told}");
        assert!(asked_last(&script).contains("the ride of source [1]"));
        answer();
        let people = place.done(&["ask", "--record", &ride, "Who manages it?"]).await;
        assert!(people.contains("\n[1] Windy Gap") && people.ends_with("\n\n- How long is it?\n"), "{people}");

        // A chat about it, which is gone on with, and about nothing else.
        answer();
        let begun = place.run(&["ask", "--chat", "new", "--record", &ride, "Who manages it?"]).await;
        assert_eq!(begun.code, 0, "{}", begun.err);
        let chat = begun.err.rsplit("--chat ").next().expect("a chat").trim().to_owned();
        answer();
        let on = place.json(&["ask", "--chat", &chat, "And by phone?"]).await;
        assert_eq!((&on["chat_id"], &on["context_used"]["record"]), (&json!(chat), &json!(id)), "{on}");
        for (words, why) in [
            (vec!["ask", "--chat", chat.as_str(), "--record", other.as_str(), "And this?"], "is not what this chat is about"),
            (vec!["ask", "--record", "01a1fc96-0241-7626-afe9-000000000000", "Who?"], "does not exist"),
        ] {
            let refused = place.run(&words).await;
            assert!(refused.code == 1 && refused.err.contains(why), "{words:?}: {}", refused.err);
        }
    }

    async fn without_a_model_nothing_is_made_up(db: Database) {
        let site = Site::start().await;
        let place = place(&db, &site, None);
        let server = place.serve().await;
        let admin = gathered(&server).await;
        let ride = id_of(&admin, RIDE).await;
        let asked = json!({"question": "When is the Windy Gap Express?"});
        refused(&admin.post("/v2/assistant/ask", &asked).await, 503, "ASSISTANT_UNAVAILABLE");
        refused(&admin.post(&format!("/v2/events/{ride}/ask"), &asked).await, 503, "ASSISTANT_UNAVAILABLE");
        let tips = format!("/v2/assistant/ride-tips?event_id={ride}");
        refused(&admin.get(&tips).await, 503, "ASSISTANT_UNAVAILABLE");
    }
}
