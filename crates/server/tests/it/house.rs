//! A whole small house for one test: rooms on a fresh database, the tiny application, a socket.

use std::{path::Path, sync::Arc, time::Duration};

use apps::{engine::Engine, folder::Folder};
use base::{Clock, CursorKey, Role, Scope, Secret, TenantId};
use futures::{StreamExt, stream::BoxStream};
use identity::{
    Caller, Identity, Reach,
    key::{self, Mode},
    tenant, user,
};
use knowledge::Knowledge;
use observe::{Health, Machine, Readiness, Stats, Tail};
use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::{Value as Json, json};
use server::{App, Serving, Settings, Wiring, serve};
use store::Store;
use testkit::Database;
use work::Workers;

use crate::contract::Contract;

/// The house.
pub(crate) struct House {
    pub(crate) app: App,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) identity: Identity,
    pub(crate) url: String,
    /// Two tenants.
    pub(crate) here: TenantId,
    pub(crate) there: TenantId,
    serving: Option<Serving>,
    workers: Option<Workers>,
    web: reqwest::Client,
    contract: Arc<Contract>,
}

/// Somebody who asks.
#[derive(Clone)]
pub(crate) struct Asker {
    url: String,
    token: Option<String>,
    web: reqwest::Client,
    headers: Vec<(String, String)>,
    contract: Arc<Contract>,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl House {
    /// A house with default settings.
    pub(crate) async fn open(db: &Database) -> Self {
        Self::open_with(db, Settings::default()).await
    }

    /// A house with these settings, at a free port.
    pub(crate) async fn open_with(db: &Database, settings: Settings) -> Self {
        Self::open_with_models(db, settings, models::Settings::default()).await
    }

    /// A house with these settings and these models.
    pub(crate) async fn open_with_models(
        db: &Database,
        settings: Settings,
        settings_of_models: models::Settings,
    ) -> Self {
        Self::open_whole(db, settings, settings_of_models, |_| ()).await
    }

    /// A house with these settings, in which people sign in otherwise.
    pub(crate) async fn open_otherwise(
        db: &Database,
        settings: Settings,
        change: impl FnOnce(&mut identity::Settings),
    ) -> Self {
        Self::open_whole(db, settings, models::Settings::default(), change).await
    }

    async fn open_whole(
        db: &Database,
        settings: Settings,
        settings_of_models: models::Settings,
        change: impl FnOnce(&mut identity::Settings),
    ) -> Self {
        let rooms = [
            identity::MIGRATIONS,
            work::MIGRATIONS,
            models::MIGRATIONS,
            knowledge::MIGRATIONS,
            sources::MIGRATIONS,
            apps::MIGRATIONS,
            server::MIGRATIONS,
        ];
        let store = db.migrated(&rooms).await;
        let clock = testkit::clock();
        let cheap =
            identity::settings::PasswordCost { memory_kib: 8, passes: 1, lanes: 1, at_once: 4 };
        let mut settings_of_identity = identity::Settings {
            key_prefix: "sh".into(),
            password: cheap,
            sign_ins_per_minute: 10_000,
            ..identity::Settings::default()
        };
        change(&mut settings_of_identity);
        let identity = Identity::open(store.clone(), clock.clone(), settings_of_identity)
            .await
            .expect("identity opens");
        let models = models::Models::open(store.clone(), clock.clone(), settings_of_models)
            .expect("models open");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/app");
        let kinds = server::configuration::kinds();
        let folder = Folder::read_as(&path, apps::template::FUEL, &kinds);
        let folder = folder.unwrap_or_else(|faults| panic!("{faults}"));
        let documents = Knowledge::open(knowledge::Parts {
            store: store.clone(),
            clock: clock.clone(),
            models: models.clone(),
            settings: knowledge::Settings::default(),
            // Nobody reads files here: what comes of one is not what these tests are about.
            program: knowledge::extract::Program {
                path: "/bin/false".into(),
                arguments: Vec::new(),
            },
            folder: None,
            tasks: tokio_util::task::TaskTracker::new(),
        })
        .expect("documents open");
        let engine_settings = apps::engine::Settings {
            allow_private_webhooks: true,
            knowledge: Some(documents.clone()),
            ..apps::engine::Settings::default()
        };
        let engine =
            Engine::start(folder, store.clone(), models.clone(), clock.clone(), engine_settings)
                .await
                .expect("the engine starts");
        let (here, there) = tenants(&store, &clock).await;
        let mut handlers = engine.handlers();
        handlers.extend(documents.handlers());
        let workers = Workers::start(
            store.clone(),
            clock.clone(),
            work::Settings { poll: Duration::from_millis(50), ..work::Settings::default() },
            handlers,
            &tokio_util::sync::CancellationToken::new(),
        );
        let health = Health::new("0.0.0", clock.clone());
        health.set_readiness(Readiness::Ready);
        let app = App::new(Wiring {
            store: store.clone(),
            clock: clock.clone(),
            identity: identity.clone(),
            models,
            knowledge: documents,
            engine,
            health,
            stats: Stats::new("0.0.0", clock.clone()),
            machine: Machine::new(path, "0.0.0"),
            cursor_key: CursorKey::new([7; 32]),
            settings: Settings { listen: ([127, 0, 0, 1], 0).into(), ..settings },
            logs: Tail::default(),
        })
        .unwrap_or_else(|error| panic!("{error}"));
        let serving = serve::bind(app.clone()).await.expect("a free port");
        let web = reqwest::Client::builder()
            .no_proxy()
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .build()
            .expect("a client");
        Self {
            url: format!("http://{}", serving.addr()),
            contract: Arc::new(Contract::of(&app)),
            app,
            store,
            clock,
            identity,
            here,
            there,
            serving: Some(serving),
            workers: Some(workers),
            web,
        }
    }

    /// Somebody without any key.
    pub(crate) fn nobody(&self) -> Asker {
        Asker {
            url: self.url.clone(),
            token: None,
            web: self.web.clone(),
            headers: Vec::new(),
            contract: self.contract.clone(),
        }
    }

    /// Somebody with this token or key.
    pub(crate) fn with(&self, token: impl Into<String>) -> Asker {
        Asker { token: Some(token.into()), ..self.nobody() }
    }

    /// A new user, signed in.
    pub(crate) async fn signed_in(&self, role: Role, reach: Reach) -> Asker {
        let (email, password) = self.user(role, reach).await;
        let answer = self
            .nobody()
            .post("/api/auth/login", json!({"email": email, "password": password}))
            .await;
        self.with(answer.is(200)["access_token"].as_str().expect("a token"))
    }

    /// A new user: e-mail address and password.
    pub(crate) async fn user(&self, role: Role, reach: Reach) -> (String, String) {
        let email = format!("{}@example.com", base::RecordId::generate());
        let password = "correct horse battery staple";
        let new = user::New {
            email: Secret::new(email.clone()),
            username: None,
            name: "Ann".into(),
            password: user::NewPassword::Plain(Secret::new(password.into())),
            role,
            reach,
        };
        user::create(&self.identity, &Caller::house(), new).await.expect("a user");
        (email, password.into())
    }

    /// Somebody who may everything everywhere.
    pub(crate) async fn owner(&self) -> Asker {
        self.signed_in(Role::Owner, Reach::All).await
    }

    /// An editor of the first tenant.
    pub(crate) async fn editor(&self) -> Asker {
        self.signed_in(Role::Editor, Reach::Tenant(self.here)).await
    }

    /// A viewer of the first tenant.
    pub(crate) async fn viewer(&self) -> Asker {
        self.signed_in(Role::Viewer, Reach::Tenant(self.here)).await
    }

    /// An application key of the first tenant.
    pub(crate) async fn key(&self, scopes: &[Scope]) -> Asker {
        let new = key::New {
            tenant: self.here,
            name: "a key".into(),
            scopes: scopes.to_vec(),
            mode: Mode::Live,
            expires_at: None,
            user: None,
        };
        let made = key::create(&self.identity, &Caller::house(), new).await.expect("a key");
        self.with(made.1.reveal().clone())
    }

    /// A shelf of the first tenant.
    pub(crate) async fn shelf(&self, name: &str) -> Json {
        let path = format!("/api/collections/shelves?tenant={}", self.here);
        self.owner().await.post(&path, json!({"name": name})).await.is(201)
    }

    /// Waits until a job has ended, and gives it.
    pub(crate) async fn job_ended(&self, asker: &Asker, job: &str) -> Json {
        for _ in 0..400 {
            let job = asker.get(&format!("/api/jobs/{job}")).await.is(200);
            if !matches!(job["state"].as_str(), Some("pending" | "running")) {
                return job;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("job {job} did not end");
    }

    /// The metrics, once they have all of `words`: a request is counted just after its answer went out.
    pub(crate) async fn metrics_with(&self, words: &[&str]) -> Answer {
        for _ in 0..400 {
            let metrics = self.nobody().get("/metrics").await;
            if words.iter().all(|it| metrics.text.contains(it)) {
                return metrics;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("the metrics never have all of {words:?}");
    }

    /// A shelf with things in its first version, imported as a list: record and version.
    pub(crate) async fn stocked(&self, name: &str, labels: &[&str]) -> (String, String) {
        let editor = self.editor().await;
        let items: Vec<Json> = labels.iter().map(|it| json!({"label": it, "code": it})).collect();
        let body = json!({"name": name, "items": items});
        let accepted = editor.post("/api/collections/shelves/import", body).await.is(202);
        let job = self.job_ended(&editor, accepted["job"].as_str().expect("a job")).await;
        assert_eq!(job["state"], "completed", "{job}");
        let record = accepted["record"].as_str().expect("a record").to_owned();
        let shelf = editor.get(&format!("/api/records/{record}")).await.is(200);
        let version = shelf["active_version"]["id"].as_str().expect("an active version");
        (record, version.to_owned())
    }

    /// Notes of the first tenant, all but the newest put away: the archive.
    pub(crate) async fn archived(&self, asker: &Asker, notes: &[&str]) -> String {
        for text in notes {
            let path = format!("/api/collections/notes?tenant={}", self.here);
            asker.post(&path, json!({"text": text})).await.is(201);
            self.clock.advance(jiff::SignedDuration::from_secs(1));
        }
        let wish = json!({"tenant": self.here, "collection": "notes"});
        let accepted = asker.post("/api/archives", wish).await.is(202);
        let job = self.job_ended(asker, accepted["job"].as_str().expect("a job")).await;
        assert_eq!(job["state"], "completed", "{job}");
        let kept = asker.get(&format!("/api/archives?tenant={}", self.here)).await.is(200);
        kept["items"][0]["id"].as_str().expect("an archive").to_owned()
    }

    /// Stops serving, as at the end of the program.
    pub(crate) async fn stop(&mut self) -> server::Stopped {
        let serving = self.serving.take().expect("it serves");
        let stopped = serving.stop().await;
        if let Some(workers) = self.workers.take() {
            workers.drain(Duration::from_secs(5)).await;
        }
        stopped
    }

    /// Takes what serves, to stop it in a way of one's own.
    pub(crate) fn take_serving(&mut self) -> Serving {
        self.serving.take().expect("it serves")
    }
}

async fn tenants(store: &Store, clock: &Clock) -> (TenantId, TenantId) {
    let house = base::Actor::house();
    let made = store.write(&house, clock.now(), |tx| {
        let new = |name: &str| tenant::New { name: name.into(), slug: None, data: json!({}) };
        let here = tenant::create(tx, new("Here"))?;
        let there = tenant::create(tx, new("There"))?;
        Ok::<_, tenant::TenantError>((here.id, there.id))
    });
    made.await.expect("two tenants")
}

impl Asker {
    /// Their token or key.
    pub(crate) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// The same with one more header.
    pub(crate) fn header(&self, name: &str, value: impl Into<String>) -> Self {
        let mut asker = self.clone();
        asker.headers.push((name.to_owned(), value.into()));
        asker
    }

    /// A request to be sent.
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let mut request = self.web.request(method, format!("{}{path}", self.url));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request
    }

    /// Sends a request. The answer must be one that the API's description promises.
    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let request = request.build().expect("a request that can be sent");
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let response = self.web.execute(request).await.expect("the server answers");
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.expect("a whole body");
        let answer = Answer { status, headers, text };
        let kind = answer.header("content-type").unwrap_or_default();
        // What is compressed is read by nobody here.
        if answer.header("content-encoding").is_none() {
            self.contract.hold(&method, &path, status.as_u16(), kind, &answer.text);
        }
        answer
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Json) -> Answer {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    /// Sends a form with these fields, and a file when there is one: its name and what is in it.
    pub(crate) async fn form(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        file: Option<(&str, &str)>,
    ) -> Answer {
        self.form_of_bytes(path, fields, file.map(|(name, text)| (name, text.as_bytes()))).await
    }

    /// The same with a file that is no text.
    pub(crate) async fn form_of_bytes(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        file: Option<(&str, &[u8])>,
    ) -> Answer {
        let boundary = base::RecordId::generate().to_string();
        let mut body: Vec<u8> = Vec::new();
        let mut part = |disposition: String, bytes: &[u8]| {
            let head =
                format!("--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n");
            body.extend([head.as_bytes(), bytes, &b"\r\n"[..]].concat());
        };
        for (name, value) in fields {
            part(format!("name=\"{name}\""), value.as_bytes());
        }
        if let Some((name, bytes)) = file {
            part(format!("name=\"file\"; filename=\"{name}\""), bytes);
        }
        body.extend(format!("--{boundary}--\r\n").into_bytes());
        let kind = format!("multipart/form-data; boundary={boundary}");
        self.send(self.request(Method::POST, path).header("content-type", kind).body(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Json) -> Answer {
        self.send(self.request(Method::PUT, path).json(&body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Json) -> Answer {
        self.send(self.request(Method::PATCH, path).json(&body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }
}

impl Answer {
    /// The body, which must have come with this status.
    #[track_caller]
    pub(crate) fn is(&self, status: u16) -> Json {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self.json()
    }

    /// The body as JSON; null when there is none.
    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// A refusal with this status and code.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) -> Json {
        let body = self.is(status);
        assert_eq!(body["code"], code, "{body}");
        body
    }

    /// The text of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|it| it.to_str().ok())
    }
}

/// An answer that comes in pieces.
pub(crate) type Pieces = BoxStream<'static, reqwest::Result<bytes::Bytes>>;

/// Reads until the text is there, at most for twelve seconds.
pub(crate) async fn read_until(pieces: &mut Pieces, wanted: &str) -> String {
    let mut seen = String::new();
    let read = async {
        while let Some(Ok(piece)) = pieces.next().await {
            seen.push_str(&String::from_utf8_lossy(&piece));
            if seen.contains(wanted) {
                return;
            }
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(12), read).await;
    assert!(in_time.is_ok() && seen.contains(wanted), "no `{wanted}` in: {seen}");
    seen
}
