//! A session in a cookie: what browsers keep, and what a page of somebody else cannot do with it.

use std::collections::BTreeMap;

use base::{Role, Scope};
use identity::{Reach, settings::Cookie};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value as Json, json};
use server::Settings;
use testkit::Database;
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Error, client::IntoClientRequest, http::HeaderValue},
};

use crate::house::{Answer, Asker, House};

const SESSION: &str = "__Host-shelf-session";
const REFRESH: &str = "__Secure-shelf-refresh";
const CSRF: &str = "__Host-shelf-csrf";

/// A house in which browsers keep sessions; an access token outlives a CSRF token here.
async fn house(db: &Database) -> House {
    house_with(db, Settings::default()).await
}

async fn house_with(db: &Database, settings: Settings) -> House {
    House::open_otherwise(db, settings, |it| {
        it.cookie = Some(Cookie::default());
        it.access_ttl = SignedDuration::from_hours(3);
    })
    .await
}

/// A browser in which somebody has signed in.
struct Browser {
    /// Name → value, as the server has set them.
    cookies: BTreeMap<String, String>,
    /// What was said at the sign-in.
    told: Json,
}

impl Browser {
    async fn of(house: &House, role: Role) -> Self {
        let (email, password) = house.user(role, Reach::Tenant(house.here)).await;
        let signing = json!({"email": email, "password": password});
        let answer = house.nobody().post("/api/auth/login", signing).await;
        Self { cookies: kept(&answer), told: answer.is(200) }
    }

    fn csrf(&self) -> &str {
        self.told["csrf_token"].as_str().unwrap()
    }

    /// What the browser sends with a request for an ordinary path.
    fn line(&self) -> String {
        format!("theme=dark; {SESSION}={}; {CSRF}={}", self.cookies[SESSION], self.cookies[CSRF])
    }

    /// A request by cookie alone.
    fn asker(&self, house: &House) -> Asker {
        house.nobody().header("cookie", self.line())
    }

    /// The same with the CSRF token, as a page of the server sends it.
    fn page(&self, house: &House) -> Asker {
        self.asker(house).header("x-csrf-token", self.csrf())
    }
}

/// The lines with which cookies are set.
fn set(answer: &Answer) -> Vec<String> {
    let all = answer.headers.get_all("set-cookie").iter();
    all.map(|it| it.to_str().unwrap().to_owned()).collect()
}

fn kept(answer: &Answer) -> BTreeMap<String, String> {
    let pair = |it: &String| {
        let (name, value) = it.split(';').next().unwrap().split_once('=').unwrap();
        (name.to_owned(), value.to_owned())
    };
    set(answer).iter().map(pair).collect()
}

async fn rename(asker: &Asker, name: &str) -> Answer {
    asker.patch("/api/me", json!({"name": name})).await
}

testkit::on_both! {
    async fn who_signs_in_is_known_by_the_cookie_alone(db: Database) {
        let house = house(&db).await;
        let ann = Browser::of(&house, Role::Editor).await;
        let me = ann.asker(&house).get("/api/me").await.is(200);
        assert_eq!((&me["role"], &me["session"]), (&json!("editor"), &ann.told["session"]));
        assert_eq!(rename(&ann.page(&house), "Ann Lee").await.is(200)["name"], "Ann Lee");
        let shelves = format!("/api/collections/shelves?tenant={}", house.here);
        ann.page(&house).post(&shelves, json!({"name": "oak"})).await.is(201);
    }

    async fn each_cookie_has_its_flags_and_its_path_and_the_age_of_its_token(db: Database) {
        let house = house(&db).await;
        let (email, password) = house.user(Role::Viewer, Reach::All).await;
        let signing = json!({"email": email, "password": password});
        let answer = house.nobody().post("/api/auth/login", signing).await;
        let told = answer.is(200);
        let text = |name: &str| told[name].as_str().unwrap().to_owned();
        let month = 30 * 24 * 3600;
        assert_eq!(
            set(&answer),
            [
                format!("{SESSION}={}; Path=/; Max-Age=10800; HttpOnly; SameSite=Strict; Secure", text("access_token")),
                format!("{CSRF}={}; Path=/; Max-Age={month}; SameSite=Strict; Secure", text("csrf_token")),
                format!("{REFRESH}={}; Path=/api/auth/refresh; Max-Age={month}; HttpOnly; SameSite=Strict; Secure", text("refresh_token")),
            ]
        );
    }

    async fn a_change_by_cookie_needs_a_token_of_that_session(db: Database) {
        let house = house(&db).await;
        let (ann, bob) = (Browser::of(&house, Role::Editor).await, Browser::of(&house, Role::Editor).await);
        let refused = rename(&ann.asker(&house), "x").await.refused(403, "csrf");
        assert!(refused["hint"].as_str().unwrap().contains("csrf_token"), "{refused}");
        // That it comes along as a cookie shows nothing: cookies come by themselves.
        let forged = [bob.csrf(), ann.told["access_token"].as_str().unwrap(), "", "x", "a.b.c"];
        for token in forged {
            rename(&ann.asker(&house).header("x-csrf-token", token), "x").await.refused(403, "csrf");
        }
        let asker = ann.asker(&house);
        for (method, path) in [
            (Method::POST, "/api/auth/logout"),
            (Method::PUT, "/api/configuration/backend"),
            (Method::DELETE, "/api/me/picture"),
        ] {
            asker.send(asker.request(method, path)).await.refused(403, "csrf");
        }
        assert_eq!(ann.asker(&house).get("/api/me").await.is(200)["name"], "Ann");
    }

    async fn an_expired_token_is_refused_and_a_fresh_one_is_had_by_asking(db: Database) {
        let house = house(&db).await;
        let ann = Browser::of(&house, Role::Editor).await;
        house.clock.advance(SignedDuration::from_mins(59));
        rename(&ann.page(&house), "Ann Lee").await.is(200);
        house.clock.advance(SignedDuration::from_mins(1));
        let refused = rename(&ann.page(&house), "x").await.refused(403, "csrf");
        assert!(refused["detail"].as_str().unwrap().contains("expired"), "{refused}");
        let asked = ann.asker(&house).get("/api/me").await;
        let fresh = asked.is(200)["csrf_token"].as_str().unwrap().to_owned();
        assert_eq!(kept(&asked), BTreeMap::from([(CSRF.to_owned(), fresh.clone())]));
        rename(&ann.asker(&house).header("x-csrf-token", fresh), "Ann").await.is(200);
    }

    async fn a_page_of_another_origin_does_nothing_by_cookie_whatever_it_knows(db: Database) {
        let house = house_with(&db, Settings { allowed_origins: vec!["https://app.example".into()], ..Settings::default() }).await;
        let ann = Browser::of(&house, Role::Editor).await;
        let others = [
            ("origin", "https://evil.example"), ("origin", "https://app.example"), ("origin", "null"),
            ("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"),
        ];
        for (header, value) in others {
            let refused = rename(&ann.page(&house).header(header, value), "x").await.refused(403, "csrf");
            assert!(refused["detail"].as_str().unwrap().contains("other origins"), "{refused}");
            let told = ann.asker(&house).header(header, value).get("/api/me").await;
            assert_eq!((told.is(200).get("csrf_token"), set(&told).len()), (None, 0), "{value}");
        }
        for (header, value) in [("origin", house.url.as_str()), ("sec-fetch-site", "same-origin")] {
            rename(&ann.page(&house).header(header, value), "Ann").await.is(200);
        }
    }

    async fn who_says_who_they_are_in_a_header_needs_no_token(db: Database) {
        let house = house(&db).await;
        let ann = Browser::of(&house, Role::Editor).await;
        let token = ann.told["access_token"].as_str().unwrap();
        let far = house.with(token).header("origin", "https://evil.example").header("sec-fetch-site", "cross-site");
        rename(&far, "Ann").await.is(200);
        rename(&house.nobody().header("x-session-token", token), "Ann").await.is(200);
        let key = house.key(&[Scope::Read, Scope::Write]).await;
        let shelves = format!("/api/collections/shelves?tenant={}", house.here);
        key.post(&shelves, json!({"name": "oak"})).await.is(201);
        // The header is who calls, also where the cookie is somebody else's, and also where it is no good.
        let bob = Browser::of(&house, Role::Viewer).await;
        let both = house.with(token).header("cookie", bob.line());
        assert_eq!(both.get("/api/me").await.is(200)["session"], ann.told["session"]);
        rename(&both, "Ann").await.is(200);
        house.with("banana").header("cookie", bob.line()).get("/api/me").await.refused(401, "key_invalid");
    }

    async fn signing_out_ends_the_session_and_its_cookies(db: Database) {
        let house = house(&db).await;
        let ann = Browser::of(&house, Role::Editor).await;
        let answer = ann.page(&house).post("/api/auth/logout", json!({})).await;
        assert_eq!(answer.status, 204);
        let names: Vec<_> = kept(&answer).into_iter().collect();
        let empty = |it: &str| (it.to_owned(), String::new());
        assert_eq!(names, [empty(CSRF), empty(SESSION), empty(REFRESH)]);
        let lines = set(&answer);
        assert!(lines.iter().all(|it| it.contains("; Max-Age=0; ") && it.ends_with("; Secure")), "{lines:?}");
        ann.asker(&house).get("/api/me").await.refused(401, "session_ended");
        let bob = Browser::of(&house, Role::Editor).await;
        let by_header = house.with(bob.told["access_token"].as_str().unwrap());
        assert_eq!(set(&by_header.post("/api/auth/logout", json!({})).await).len(), 3);
    }

    async fn the_cookie_of_the_refresh_token_brings_the_next_cookies_and_no_script_reads_them(db: Database) {
        let house = house(&db).await;
        let ann = Browser::of(&house, Role::Editor).await;
        let line = format!("{REFRESH}={}; {CSRF}={}", ann.cookies[REFRESH], ann.cookies[CSRF]);
        let asker = house.nobody().header("cookie", line);
        let path = "/api/auth/refresh";
        // Away for longer than either token lasts.
        house.clock.advance(SignedDuration::from_hours(5));
        asker.post(path, json!({})).await.refused(403, "csrf");
        let page = asker.header("x-csrf-token", ann.csrf());
        page.header("sec-fetch-site", "cross-site").post(path, json!({})).await.refused(403, "csrf");
        let bob = Browser::of(&house, Role::Editor).await;
        asker.header("x-csrf-token", bob.csrf()).post(path, json!({})).await.refused(401, "token_invalid");
        let answer = page.send(page.request(Method::POST, path)).await;
        let told = answer.is(200);
        assert_eq!((told.get("access_token"), told.get("refresh_token")), (None, None), "{told}");
        assert_eq!(told["session"], ann.told["session"]);
        let next = Browser { cookies: kept(&answer), told };
        assert_ne!(next.cookies[REFRESH], ann.cookies[REFRESH]);
        rename(&next.page(&house), "Ann").await.is(200);
        // A refresh token that is said is answered as ever, with cookies beside.
        let said = json!({"refresh_token": next.cookies[REFRESH]});
        let answer = house.nobody().post(path, said).await;
        let told = answer.is(200);
        assert_eq!(told["refresh_token"].as_str(), kept(&answer).get(REFRESH).map(String::as_str));
        house.nobody().post(path, json!({})).await.refused(422, "invalid_input");
    }

    async fn nobody_is_signed_in_by_a_page_of_somebody_else(db: Database) {
        let house = house(&db).await;
        let (email, password) = house.user(Role::Editor, Reach::Tenant(house.here)).await;
        let signing = json!({"email": email, "password": password});
        for (header, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
            let answer = house.nobody().header(header, value).post("/api/auth/login", signing.clone()).await;
            let told = answer.is(200);
            assert!(told["access_token"].is_string(), "programs have origins of their own");
            assert_eq!((told.get("csrf_token"), set(&answer).len()), (None, 0));
        }
        // A cookie that is no good any more, or no token beside it, keeps nobody from signing in.
        let ann = Browser::of(&house, Role::Editor).await;
        for asker in [ann.asker(&house), house.nobody().header("cookie", format!("{SESSION}=x"))] {
            let answer = asker.post("/api/auth/login", signing.clone()).await;
            answer.is(200);
            assert_eq!(set(&answer).len(), 3);
        }
    }

    async fn a_cookie_that_is_no_token_is_refused_and_one_of_others_ignored(db: Database) {
        let house = house(&db).await;
        let (ann, bob) = (Browser::of(&house, Role::Editor).await, Browser::of(&house, Role::Editor).await);
        let good = format!("{SESSION}={}", ann.cookies[SESSION]);
        let other = format!("{SESSION}={}", bob.cookies[SESSION]);
        let key = house.key(&[Scope::Read]).await;
        let asks = async |line: String| house.nobody().header("cookie", line).get("/api/me").await;
        asks(format!("{good}; {other}")).await.refused(401, "token_invalid");
        asks(format!("{good}; {good}")).await.is(200);
        asks(format!("a=1; broken; =; {good} ; {}", "b".repeat(20_000))).await.is(200);
        asks(format!("{SESSION}={}", "a".repeat(5_000))).await.refused(401, "token_invalid");
        asks(format!("{SESSION}={}", key.token().unwrap())).await.refused(401, "token_invalid");
        asks(format!("{SESSION}=")).await.refused(401, "key_missing");
        asks(format!("shelf-session={}", ann.cookies[SESSION])).await.refused(401, "key_missing");
        let two_lines = house.nobody().header("cookie", "theme=dark").header("cookie", good);
        two_lines.get("/api/me").await.is(200);
    }

    async fn a_socket_by_cookie_is_for_pages_of_this_server(db: Database) {
        let house = house(&db).await;
        let ann = Browser::of(&house, Role::Editor).await;
        let connect = async |origin: Option<&str>| {
            let address = format!("{}/ws?tenant={}", house.url.replace("http://", "ws://"), house.here);
            let mut request = address.into_client_request().unwrap();
            let mut header = |name: &'static str, value: &str| {
                request.headers_mut().insert(name, HeaderValue::from_str(value).unwrap());
            };
            header("cookie", &ann.line());
            if let Some(origin) = origin {
                header("origin", origin);
            }
            match connect_async(request).await {
                Ok(_) => 101,
                Err(Error::Http(response)) => response.status().as_u16(),
                Err(error) => panic!("not refused, but broken: {error}"),
            }
        };
        assert_eq!(connect(Some(&house.url)).await, 101);
        assert_eq!(connect(Some("https://evil.example")).await, 403);
        assert_eq!(connect(None).await, 403);
    }

    async fn cookies_are_described_with_what_goes_beside_them(db: Database) {
        let house = house(&db).await;
        let document = house.nobody().get("/openapi.json").await.is(200);
        let schemes = &document["components"]["securitySchemes"];
        assert_eq!((&schemes["cookie"]["in"], &schemes["cookie"]["name"]), (&json!("cookie"), &json!(SESSION)));
        assert_eq!(schemes["csrf"]["name"], "X-CSRF-Token");
        let ways = |path: &str, method: &str| document["paths"][path][method]["security"].clone();
        assert!(document["security"].as_array().unwrap().contains(&json!({"cookie": []})));
        assert_eq!(ways("/api/me", "get"), Json::Null);
        assert!(ways("/api/me", "patch").as_array().unwrap().contains(&json!({"cookie": [], "csrf": []})));
        assert!(!ways("/api/me", "patch").as_array().unwrap().contains(&json!({"cookie": []})));
        assert_eq!(ways("/api/auth/login", "post"), json!([]));
    }

    async fn where_no_cookie_is_declared_none_is_set_read_or_described(db: Database) {
        let house = House::open(&db).await;
        let (email, password) = house.user(Role::Editor, Reach::Tenant(house.here)).await;
        let signing = json!({"email": email, "password": password});
        let answer = house.nobody().post("/api/auth/login", signing).await;
        let told = answer.is(200);
        assert_eq!((told.get("csrf_token"), set(&answer).len()), (None, 0));
        let line = format!("{SESSION}={}", told["access_token"].as_str().unwrap());
        house.nobody().header("cookie", line).get("/api/me").await.refused(401, "key_missing");
        let document = house.nobody().get("/openapi.json").await.is(200);
        assert_eq!(document["components"]["securitySchemes"].get("cookie"), None);
    }

    async fn pages_of_allowed_origins_ask_without_cookies(db: Database) {
        let origin = "https://app.example";
        let house = house_with(&db, Settings { allowed_origins: vec![origin.into()], ..Settings::default() }).await;
        let nobody = house.nobody().header("origin", origin).header("access-control-request-method", "PATCH");
        let allowed = nobody.send(nobody.request(Method::OPTIONS, "/api/me")).await;
        assert_eq!(allowed.header("access-control-allow-origin"), Some(origin));
        assert_eq!(allowed.header("access-control-allow-credentials"), None);
        let evil = house.nobody().header("origin", "https://evil.example").get("/health/live").await;
        assert_eq!((evil.header("access-control-allow-origin"), evil.header("access-control-allow-credentials")), (None, None));
    }
}
