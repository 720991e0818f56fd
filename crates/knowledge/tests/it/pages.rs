//! Pages of the web, from a real server on this machine: what is fetched, what is refused, and how a
//! site is walked through.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use base::ChatId;
use jiff::SignedDuration;
use knowledge::{
    Settings,
    document::{Filter, change::Change},
    web::{NewPage, NewSite, PageError},
};
use testkit::Database;

use crate::house::{House, settings, without_model};

/// A site that a test makes up.
struct Site {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<(String, String)>>>,
    server: tokio::task::JoinHandle<()>,
}

type Answers = Arc<dyn Fn(&str, usize) -> Response + Send + Sync>;

#[derive(Clone)]
struct Play {
    answers: Answers,
    asked: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<(String, String)>>>,
}

impl Site {
    /// Answers by path, and by how many requests came before.
    async fn start(answers: impl Fn(&str, usize) -> Response + Send + Sync + 'static) -> Self {
        let seen = Arc::<Mutex<Vec<_>>>::default();
        let play = Play { answers: Arc::new(answers), asked: Arc::default(), seen: seen.clone() };
        let routes = Router::new().fallback(answer).with_state(play);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        #[expect(clippy::disallowed_methods, reason = "its handle is kept, and aborted on drop")]
        let server = tokio::spawn(async move {
            let _ = axum::serve(listener, routes).await;
        });
        Self { address, seen, server }
    }

    fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The paths that were asked for, without those of `robots.txt`.
    fn paths(&self) -> Vec<String> {
        let seen = self.seen.lock().expect("no test panics with it");
        seen.iter().map(|it| it.0.clone()).filter(|it| it != "/robots.txt").collect()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(State(play): State<Play>, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path_and_query().map_or("/", |it| it.as_str()).to_owned();
    let agent = headers.get(header::USER_AGENT).and_then(|it| it.to_str().ok()).unwrap_or_default();
    play.seen.lock().expect("no test panics with it").push((path.clone(), agent.to_owned()));
    let before = match path.as_str() {
        "/robots.txt" => 0,
        _ => play.asked.fetch_add(1, Ordering::SeqCst),
    };
    // A site that thinks for long must not hold up the clock of who asks.
    let answers = play.answers.clone();
    tokio::task::spawn_blocking(move || answers(&path, before)).await.expect("it answers")
}

fn page(body: &str) -> Response {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], body.to_owned()).into_response()
}

fn nothing() -> Response {
    StatusCode::NOT_FOUND.into_response()
}

fn elsewhere(place: impl Into<String>) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, place.into())]).into_response()
}

fn with_web(change: impl FnOnce(&mut Settings)) -> Settings {
    let mut settings = settings();
    change(&mut settings);
    settings
}

const CARE: &str = "<html><head><title>Care of probes</title></head><body><nav><a href='/'>Home</a></nav>\
    <main><h1>Care</h1><p>The probe is calibrated every four weeks.</p><p>42</p></main></body></html>";

testkit::on_both! {
    async fn a_page_becomes_a_document_with_its_title_and_without_its_menu(db: Database) {
        let site = Site::start(|path, _| if path == "/care" { page(CARE) } else { nothing() }).await;
        let house = House::open(db, without_model()).await;
        let taken = house.knowledge.page(&house.ann, NewPage::new(house.tenant, site.at("/care#top"))).await.unwrap();
        let document = house.becomes_ready(taken.document.id).await;
        assert_eq!(document.title, "Care of probes");
        assert_eq!(document.url.as_deref(), Some(site.at("/care").as_str()));
        let content = house.knowledge.content(&house.ann.sight, document.id).await.unwrap();
        assert_eq!(content.text, "Care\n\nThe probe is calibrated every four weeks.");
        let seen = site.seen.lock().unwrap().clone();
        assert_eq!(seen[0].0, "/robots.txt", "the rules are asked first");
        assert!(seen.iter().all(|it| it.1.starts_with("mainstay/")), "it says who it is: {seen:?}");
    }

    async fn a_page_fetched_a_moment_ago_is_not_fetched_again(db: Database) {
        let site = Site::start(|path, _| if path == "/care" { page(CARE) } else { nothing() }).await;
        let house = House::open(db, without_model()).await;
        let new = || NewPage::new(house.tenant, site.at("/care"));
        let first = house.knowledge.page(&house.ann, new()).await.unwrap();
        house.becomes_ready(first.document.id).await;
        let again = house.knowledge.page(&house.ann, new()).await.unwrap();
        assert!(again.existed && again.document.id == first.document.id);
        assert_eq!(site.paths().len(), 1);
        house.passes(SignedDuration::from_mins(20));
        let later = house.knowledge.page(&house.ann, new()).await.unwrap();
        assert!(later.existed, "it has not changed");
        assert_eq!(site.paths().len(), 2);
        let other = house.knowledge.page(&house.bob, new()).await.unwrap();
        assert!(!other.existed, "Bob has a document of his own");
    }

    async fn a_page_that_changed_takes_the_place_of_what_it_was(db: Database) {
        let site = Site::start(|path, before| match (path, before) {
            ("/robots.txt", _) => nothing(),
            (_, 0) => page("<p>The old text of the page.</p>"),
            _ => page("<p>The new text of the page.</p>"),
        }).await;
        let house = House::open(db, without_model()).await;
        let new = || NewPage::new(house.tenant, site.at("/a"));
        let first = house.knowledge.page(&house.ann, new()).await.unwrap().document;
        house.becomes_ready(first.id).await;
        house.passes(SignedDuration::from_hours(1));
        let second = house.knowledge.page(&house.ann, new()).await.unwrap().document;
        house.becomes_ready(second.id).await;
        let began = std::time::Instant::now();
        while house.knowledge.get(&house.ann.sight, first.id).await.is_ok() {
            assert!(began.elapsed().as_secs() < 10, "the old one stays");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(house.knowledge.count(&house.ann.sight, &Filter::default()).await.unwrap(), 1);
    }

    async fn what_people_said_of_a_page_holds_on_when_it_is_fetched_anew(db: Database) {
        let site = Site::start(|path, before| match (path, before) {
            ("/robots.txt", _) => nothing(),
            (_, 0) => page("<title>Old</title><p>The old text of the page.</p>"),
            (_, before) => page(&format!("<title>New</title><p>The new text of the page: {before}.</p>")),
        }).await;
        let house = House::open(db, without_model()).await;
        let new = || NewPage::new(house.tenant, site.at("/a"));
        let said = NewPage { tags: vec!["pump".into()], shared: Some(true), ..new() };
        let first = house.knowledge.page(&house.ann, said).await.unwrap().document;
        let first = house.becomes_ready(first.id).await;
        assert_eq!(first.title, "Old");
        let change = Change { summary: Some("In short.".into()), ..Change::default() };
        house.knowledge.change(&house.ann, first.id, change).await.unwrap();

        house.passes(SignedDuration::from_hours(1));
        let second = house.knowledge.page(&house.ann, new()).await.unwrap().document;
        let began = std::time::Instant::now();
        // At no moment are both found, or none.
        while house.look(second.id).await.state.is_open() {
            let ready = house.count("SELECT count(*) AS total FROM knowledge_documents WHERE state = 'ready'").await;
            assert_eq!(ready, 1);
            assert!(began.elapsed().as_secs() < 30);
        }
        let second = house.becomes_ready(second.id).await;
        assert!(house.knowledge.get(&house.ann.sight, first.id).await.is_err(), "in the same moment");
        assert_eq!((second.tags.clone(), second.shared), (vec!["pump".to_owned()], true));
        assert_eq!((second.title.as_str(), second.summary.as_deref()), ("New", Some("In short.")));

        // A title that somebody gave it stays; what is said anew counts.
        let change = Change { title: Some("The pump".into()), ..Change::default() };
        house.knowledge.change(&house.ann, second.id, change).await.unwrap();
        house.passes(SignedDuration::from_hours(1));
        let said = NewPage { shared: Some(false), tags: vec!["seal".into()], ..new() };
        let third = house.knowledge.page(&house.ann, said).await.unwrap().document;
        let third = house.becomes_ready(third.id).await;
        assert_eq!((third.title.as_str(), third.shared, third.tags), ("The pump", false, vec!["seal".to_owned()]));
    }

    async fn a_site_of_dead_links_is_not_asked_for_all_of_them(db: Database) {
        let site = Site::start(|path, _| match path {
            "/" => {
                let links: String = (0..300).map(|it| format!("<a href='/gone-{it}'>x</a>")).collect();
                page(&format!("<p>The first page of it.</p>{links}"))
            }
            _ => nothing(),
        }).await;
        let house = House::open(db, without_model()).await;
        let new = NewSite { page: NewPage::new(house.tenant, site.at("/")), pages_max: 5, follow: true, combine: false };
        let job = house.knowledge.site(&house.ann, new).await.unwrap();
        assert_eq!(finished(&house, job).await["pages"], 1);
        assert_eq!(site.paths().len(), 15);
    }

    async fn a_site_for_a_chat_that_goes_meanwhile_is_not_fetched_on(db: Database) {
        let is_there = Arc::new(AtomicBool::new(true));
        let (asked, look) = (is_there.clone(), is_there);
        let site = Site::start(move |path, _| match path {
            "/robots.txt" => nothing(),
            "/" => page("<p>The first page.</p><a href='/a'>a</a><a href='/b'>b</a><a href='/c'>c</a>"),
            _ => {
                // As if somebody removed the chat just now.
                asked.store(false, Ordering::SeqCst);
                page("<p>Another page.</p>")
            }
        }).await;
        let house = House::open(db, without_model()).await;
        house.knowledge.keep_to_chats(move |_, _| Ok(look.load(Ordering::SeqCst)));
        let page = NewPage { chat: Some(ChatId::generate()), ..NewPage::new(house.tenant, site.at("/")) };
        let new = NewSite { page, pages_max: 10, follow: true, combine: false };
        let job = house.knowledge.site(&house.ann, new).await.unwrap();
        let began = std::time::Instant::now();
        let job = loop {
            let job = house.job(job).await.expect("a job");
            if job.state.is_finished() {
                break job;
            }
            assert!(began.elapsed().as_secs() < 30);
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        assert_eq!(job.error.expect("it says why").code, "chat_not_found");
        assert_eq!(site.paths(), ["/", "/a"]);
        house.passes(SignedDuration::from_mins(61));
        house.tend().await;
        assert_eq!(house.count("SELECT count(*) AS total FROM knowledge_documents").await, 0);
    }

    async fn addresses_of_ones_own_network_are_refused(db: Database) {
        let settings = with_web(|it| it.web.allow_private = false);
        let site = Site::start(|_, _| page(CARE)).await;
        let house = House::with(db, without_model(), settings).await;
        for url in [site.at("/care"), format!("http://localhost:{}/care", site.address.port()), "http://169.254.169.254/".into()] {
            let refused = house.knowledge.page(&house.ann, NewPage::new(house.tenant, url.clone())).await;
            assert_eq!(refused.unwrap_err().code(), "page_refused", "{url}");
        }
        assert!(site.seen.lock().unwrap().is_empty(), "nobody was asked");
    }

    async fn a_redirect_is_looked_at_like_any_address(db: Database) {
        let settings = with_web(|it| it.web.allow_hosts = vec!["127.0.0.1".into()]);
        let site = Site::start(|path, _| match path {
            "/robots.txt" => nothing(),
            "/metadata" => elsewhere("http://169.254.169.254/latest/meta-data"),
            "/file" => elsewhere("file:///etc/passwd"),
            "/here" => elsewhere("/care"),
            "/round" => elsewhere("/round"),
            _ => page(CARE),
        }).await;
        let house = House::with(db, without_model(), settings).await;
        let fetch = async |path: &str| house.knowledge.page(&house.ann, NewPage::new(house.tenant, site.at(path))).await;
        assert!(fetch("/here").await.is_ok());
        assert_eq!(fetch("/metadata").await.unwrap_err().code(), "page_refused");
        assert_eq!(fetch("/file").await.unwrap_err().code(), "page_refused");
        let round = fetch("/round").await.unwrap_err();
        assert!(round.to_string().contains("more than 5 times"), "{round}");
        assert_eq!(site.paths().iter().filter(|it| *it == "/round").count(), 6);
    }

    async fn what_a_site_does_not_allow_is_not_fetched(db: Database) {
        let site = Site::start(|path, _| match path {
            "/robots.txt" => "User-agent: *\nDisallow: /private\n".into_response(),
            _ => page(CARE),
        }).await;
        let house = House::open(db, without_model()).await;
        let fetch = async |path: &str| house.knowledge.page(&house.ann, NewPage::new(house.tenant, site.at(path))).await;
        let refused = fetch("/private/a").await.unwrap_err();
        assert!(matches!(refused, PageError::Robots), "{refused}");
        assert!(fetch("/open").await.is_ok());
        assert_eq!(site.paths(), ["/open"]);
    }

    async fn a_page_that_is_too_large_or_too_slow_or_away_says_so(db: Database) {
        let settings = with_web(|it| it.web.time_max = SignedDuration::from_secs(2));
        let site = Site::start(|path, _| match path {
            "/large" => page(&"x".repeat(5 * 1024 * 1024 + 1)),
            "/slow" => {
                std::thread::sleep(Duration::from_secs(8));
                page(CARE)
            }
            "/picture" => ([(header::CONTENT_TYPE, "image/png")], &b"\x89PNG\r\n\x1a\n0000"[..]).into_response(),
            _ => nothing(),
        }).await;
        let house = House::with(db, without_model(), settings).await;
        let fetch = async |url: String| house.knowledge.page(&house.ann, NewPage::new(house.tenant, url)).await.unwrap_err();
        assert_eq!(fetch(site.at("/large")).await.code(), "page_too_large");
        assert!(matches!(fetch(site.at("/slow")).await, PageError::TooSlow(2)));
        assert_eq!(fetch(site.at("/nothing")).await.code(), "page_unreachable");
        assert_eq!(fetch(site.at("/picture")).await.code(), "invalid_file_type");
        assert_eq!(fetch("http://127.0.0.1:9/".into()).await.code(), "page_unreachable");
    }

    async fn a_site_is_walked_through_within_its_bounds(db: Database) {
        let site = Site::start(|path, _| match path {
            "/robots.txt" => "User-agent: *\nDisallow: /secret\n".into_response(),
            "/" => page("<title>Start</title><p>The first page of it.</p><a href='/a'>a</a><a href='b.html#x'>b</a>\
                         <a href='/secret'>s</a><a href='/logo.png'>l</a><a href='https://other.example/'>o</a>"),
            "/a" => page("<title>A</title><p>The page about A.</p><a href='/'>back</a><a href='/c'>c</a>"),
            "/b.html" => page("<title>B</title><p>The page about B.</p>"),
            "/c" => page("<title>C</title><p>The page about C.</p>"),
            _ => nothing(),
        }).await;
        let house = House::open(db, without_model()).await;
        let new = NewSite { page: NewPage::new(house.tenant, site.at("/")), pages_max: 10, follow: true, combine: false };
        let job = house.knowledge.site(&house.ann, new.clone()).await.unwrap();
        let result = finished(&house, job).await;
        assert_eq!(result["pages"], 4, "{result}");
        let faults = result["faults"].as_array().unwrap();
        assert_eq!((faults.len(), faults[0]["code"].as_str()), (1, Some("page_refused")));
        let documents = result["documents"].as_array().unwrap();
        let mut titles = Vec::new();
        for id in documents {
            titles.push(house.becomes_ready(id.as_str().unwrap().parse().unwrap()).await.title);
        }
        titles.sort();
        assert_eq!(titles, ["A", "B", "C", "Start"]);
        assert!(!site.paths().iter().any(|it| it == "/secret" || it == "/logo.png"));

        let few = NewSite { pages_max: 2, ..new.clone() };
        let job = house.knowledge.site(&house.bob, few).await.unwrap();
        assert_eq!(finished(&house, job).await["pages"], 2);
        let together = NewSite { combine: true, ..new };
        let job = house.knowledge.site(&house.bob, together).await.unwrap();
        let result = finished(&house, job).await;
        let documents = result["documents"].as_array().unwrap();
        assert_eq!((result["pages"].as_u64(), documents.len()), (Some(4), 1));
        let document = house.becomes_ready(documents[0].as_str().unwrap().parse().unwrap()).await;
        let content = house.knowledge.content(&house.bob.sight, document.id).await.unwrap();
        assert!(["first page", "about A", "about B", "about C"].iter().all(|it| content.text.contains(it)));
        assert_eq!(document.title, "Start");
    }

    async fn a_site_whose_first_page_is_not_there_is_no_site(db: Database) {
        let site = Site::start(|_, _| StatusCode::NOT_FOUND.into_response()).await;
        let house = House::open(db, without_model()).await;
        let new = NewSite { page: NewPage::new(house.tenant, site.at("/")), pages_max: 3, follow: true, combine: false };
        let job = house.knowledge.site(&house.ann, new).await.unwrap();
        let began = std::time::Instant::now();
        let job = loop {
            let job = house.job(job).await.expect("a job");
            if job.error.is_some() {
                break job;
            }
            assert!(began.elapsed().as_secs() < 30);
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        assert_eq!(job.error.expect("an error").code, "page_unreachable");
        assert_eq!(house.knowledge.count(&house.ann.sight, &Filter::default()).await.unwrap(), 0);
    }

    async fn pages_can_be_switched_off(db: Database) {
        let settings = with_web(|it| it.web.enabled = false);
        let house = House::with(db, without_model(), settings).await;
        let refused = house.knowledge.page(&house.ann, NewPage::new(house.tenant, "example.com")).await;
        assert_eq!(refused.unwrap_err().code(), "web_disabled");
    }
}

/// Waits for a job that must succeed; hands back its result.
async fn finished(house: &House, id: base::JobId) -> serde_json::Value {
    let began = std::time::Instant::now();
    loop {
        let job = house.job(id).await.expect("a job");
        if job.state.is_finished() {
            assert_eq!(job.state, work::State::Completed, "{job:?}");
            return job.result.expect("a result");
        }
        assert!(began.elapsed().as_secs() < 60, "{job:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
