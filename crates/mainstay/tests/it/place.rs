//! A folder in which the program runs: its data, its environment, its servers and its commands.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use reqwest::{Method, header::HeaderMap};
use serde_json::{Value as Json, json};
use store::Address;
use tempfile::TempDir;
use testkit::Database;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

pub(crate) const EMAIL: &str = "admin@example.com";
pub(crate) const PASSWORD: &str = "A-long-odd-password-7";

/// The address at which nobody listens.
pub(crate) const NOBODY: &str = "127.0.0.1:9";

/// A folder of its own, in which commands run without further ado.
pub(crate) struct Place {
    folder: TempDir,
    app: PathBuf,
    environment: BTreeMap<String, String>,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A server that runs. It is killed when it is dropped.
pub(crate) struct Server {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    pub(crate) url: String,
    /// What it printed before it was ready.
    pub(crate) said: String,
    http: reqwest::Client,
}

/// Who asks: a server's address and what is sent in `Authorization`.
#[derive(Clone)]
pub(crate) struct Asker {
    http: reqwest::Client,
    url: String,
    pub(crate) token: Option<String>,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

/// The folder of `codebook` in this repository.
pub(crate) fn codebook() -> PathBuf {
    application("codebook")
}

/// The folder of an application in this repository.
pub(crate) fn application(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../apps").join(name);
    fs::canonicalize(folder).expect("the application is in the repository")
}

/// The application's own list of 27 items.
pub(crate) fn sample() -> Vec<u8> {
    fs::read(codebook().join("data/sample-items.csv")).expect("the sample can be read")
}

/// A list of this many items with labels of their own.
pub(crate) fn list(rows: usize) -> Vec<u8> {
    let mut text = String::from("label,description,unit,application,diameter\n");
    for row in 1..=rows {
        text.push_str(&format!(
            "\"{row}\"\" DIP CL350\",Ductile iron pipe {row} inch,LF,water,{row}\n"
        ));
    }
    text.into_bytes()
}

impl Place {
    /// With its data in SQLite, where the program puts it by itself.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        Self { folder, app: codebook(), environment: BTreeMap::new() }
            .with("MAINSTAY_ADMIN_EMAIL", EMAIL)
            .with("MAINSTAY_ADMIN_PASSWORD", PASSWORD)
    }

    /// With its data in this database.
    pub(crate) fn on(database: &Database) -> Self {
        let address = match database.address() {
            Address::Sqlite(path) => format!("sqlite:{}", path.display()),
            Address::Postgres(url) => url.reveal().clone(),
        };
        Self::new().with("MAINSTAY_DATABASE_URL", &address)
    }

    /// With another application of this repository.
    pub(crate) fn of_app(mut self, name: &str) -> Self {
        self.app = application(name);
        self
    }

    /// With this variable in its environment.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// Without this variable in its environment.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.environment.remove(name);
        self
    }

    /// With a copy of the application that counts no requests, and hardly any sign-ins.
    pub(crate) fn without_limits(mut self) -> Self {
        let app = self.own_app();
        fs::write(app.join("config/backend.yaml"), "limits: false\n")
            .expect("the copy can be written");
        fs::write(app.join("config/auth.yaml"), "sign_ins_per_minute: 1000\n")
            .expect("the copy can be written");
        self.app = app;
        self
    }

    /// Copies the application into this folder, to be changed there.
    pub(crate) fn own_app(&mut self) -> PathBuf {
        let copy = self.folder.path().join("codebook");
        copy_folder(&self.app, &copy);
        self.app.clone_from(&copy);
        copy
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Everything that servers in this place have logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Puts a file into the folder and gives its path.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, bytes).expect("the folder can be written");
        path.display().to_string()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mainstay"));
        command.args(arguments);
        self.at_home(command)
    }

    /// The command in this place: its folder, its environment.
    fn at_home(&self, mut command: Command) -> Command {
        command.current_dir(self.folder.path()).env_clear().envs(&self.environment);
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Runs a command to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Ended {
        Ended::of(self.command(arguments)).await
    }

    /// Runs a command that must succeed, and gives what it printed.
    #[track_caller]
    pub(crate) fn done(&self, arguments: &[&str]) -> impl Future<Output = String> {
        let command = self.command(arguments);
        let shown = arguments.join(" ");
        async move {
            let ended = Ended::of(command).await;
            assert_eq!(ended.code, 0, "`{shown}` failed: {}{}", ended.out, ended.err);
            ended.out
        }
    }

    /// Runs a command with `--json` that must succeed, and gives what it printed.
    pub(crate) async fn json(&self, arguments: &[&str]) -> Json {
        let out = self.done(&[arguments, &["--json"]].concat()).await;
        serde_json::from_str(&out)
            .unwrap_or_else(|error| panic!("{arguments:?} printed no JSON: {error}: {out}"))
    }

    pub(crate) async fn serve(&self) -> Server {
        self.serve_with(&[]).await
    }

    /// Starts a server on a free port and waits until it is ready.
    pub(crate) async fn serve_with(&self, more: &[&str]) -> Server {
        let app = self.app.display().to_string();
        let arguments = [&["serve", &app, "--listen", "127.0.0.1:0"], more].concat();
        self.ready(self.command(&arguments)).await
    }

    /// Starts a server none of whose files may grow beyond so many bytes: what it gets then is what
    /// it gets from a disk that is full.
    #[cfg(target_os = "linux")]
    pub(crate) async fn serve_within(&self, bytes: u64) -> Server {
        let app = self.app.display().to_string();
        let limited = "trap '' XFSZ; ulimit -S -f \"$0\"; exec \"$@\"";
        let blocks = (bytes / 512).to_string();
        let mut command = Command::new("sh");
        command.args(["-c", limited, &blocks, env!("CARGO_BIN_EXE_mainstay")]);
        command.args(["serve", &app, "--listen", "127.0.0.1:0"]);
        self.ready(self.at_home(command)).await
    }

    /// Waits until the server that the command starts is ready.
    async fn ready(&self, mut command: Command) -> Server {
        let log = File::options().create(true).append(true).open(self.folder.path().join("log"));
        command.stdout(Stdio::piped()).stderr(log.expect("the log can be written"));
        let mut child = command.spawn().expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let mut said = String::new();
        let url = loop {
            let line = tokio::time::timeout(Duration::from_secs(30), lines.next_line()).await;
            match line.expect("the server is ready in time").expect("its output can be read") {
                Some(line) => match line.strip_prefix("ready ") {
                    Some(url) => break url.to_owned(),
                    None => said.push_str(&format!("{line}\n")),
                },
                None => panic!("the server ended before it was ready: {}", self.log()),
            }
        };
        Server { child, lines, url, said, http: http(Duration::from_secs(20)) }
    }

    /// Starts a server, signs its first administrator in, and makes a client.
    pub(crate) async fn begun(&self) -> (Server, Asker, String) {
        let server = self.serve().await;
        let admin = server.admin().await;
        let client = admin.client("Acme Civil").await;
        (server, admin, client)
    }
}

impl Ended {
    async fn of(mut command: Command) -> Self {
        let running = tokio::time::timeout(Duration::from_secs(60), command.output()).await;
        let output = running.expect("the command ends").expect("the program starts");
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Server {
    /// An asker whom nobody knows.
    pub(crate) fn nobody(&self) -> Asker {
        Asker { http: self.http.clone(), url: self.url.clone(), token: None }
    }

    pub(crate) fn with(&self, token: &str) -> Asker {
        Asker { token: Some(token.to_owned()), ..self.nobody() }
    }

    pub(crate) async fn admin(&self) -> Asker {
        self.sign_in(EMAIL, PASSWORD).await
    }

    pub(crate) async fn sign_in(&self, email: &str, password: &str) -> Asker {
        let asked = json!({"email": email, "password": password});
        let tokens = self.nobody().post("/api/auth/login", &asked).await.is(200);
        self.with(tokens["access_token"].as_str().expect("a token"))
    }

    /// Ends it as a power cut does.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("it can be killed");
    }

    /// Asks it to stop, and waits for it.
    pub(crate) async fn stop(mut self) -> ExitStatus {
        self.terminate().await;
        self.ended().await
    }

    /// The id of its process.
    pub(crate) fn id(&self) -> String {
        self.child.id().expect("it runs").to_string()
    }

    /// Asks it to stop.
    pub(crate) async fn terminate(&self) {
        let id = self.id();
        Command::new("kill").args(["-TERM", &id]).status().await.expect("`kill` is there");
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let ended = tokio::time::timeout(Duration::from_secs(45), self.child.wait()).await;
        let status = ended.expect("it stops in time").expect("its end is known");
        while let Ok(Some(line)) = self.lines.next_line().await {
            self.said.push_str(&format!("{line}\n"));
        }
        status
    }
}

impl Asker {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Json) -> Answer {
        self.ask(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.ask(Method::DELETE, path, None).await
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, body: Option<&Json>) -> Answer {
        let shown = format!("{method} {path}");
        self.try_ask(method, path, body).await.unwrap_or_else(|error| panic!("{shown}: {error:?}"))
    }

    /// The same, where the server may be gone.
    pub(crate) async fn try_ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Json>,
    ) -> reqwest::Result<Answer> {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(body);
        }
        Answer::read(request).await
    }

    /// Sends this body as it is.
    pub(crate) async fn send(
        &self,
        path: &str,
        kind: &str,
        body: impl Into<reqwest::Body>,
    ) -> Answer {
        let request = self.request(Method::POST, path).header("content-type", kind).body(body);
        Answer::read(request).await.unwrap_or_else(|error| panic!("POST {path}: {error:?}"))
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends a form with a file.
    pub(crate) async fn upload(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        name: &str,
        file: &[u8],
    ) -> Answer {
        let mut body = Vec::new();
        for (field, value) in fields {
            let part = format!(
                "--frontier\r\ncontent-disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n"
            );
            body.extend(part.into_bytes());
        }
        let head = format!(
            "--frontier\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\ncontent-type: text/csv\r\n\r\n"
        );
        body.extend(head.into_bytes());
        body.extend(file);
        body.extend(b"\r\n--frontier--\r\n");
        self.send(path, "multipart/form-data; boundary=frontier", body).await
    }

    /// Makes a client and gives its id.
    pub(crate) async fn client(&self, name: &str) -> String {
        let made = self.post("/v1/clients", &json!({"name": name})).await.is(201);
        text(&made["data"]["id"])
    }

    /// Imports a list as a codebook, waits for it, and gives the ids of codebook and version.
    pub(crate) async fn codebook(&self, client: &str, name: &str, file: &[u8]) -> (String, String) {
        let path = format!("/v1/clients/{client}/codebooks/upload");
        let fields = [("name", name), ("type", "material")];
        let accepted = self.upload(&path, &fields, "items.csv", file).await.is(202);
        let job = self.finished(&accepted["data"]["job_id"]).await;
        assert_eq!(job["state"], "completed", "{job}");
        (text(&job["result"]["record"]), text(&job["result"]["version"]))
    }

    /// Waits until a job has ended, whatever its end.
    pub(crate) async fn finished(&self, job: &Json) -> Json {
        let path = format!("/api/jobs/{}", text(job));
        let start = Instant::now();
        loop {
            let found = self.get(&path).await.is(200);
            if !matches!(found["state"].as_str(), Some("pending" | "running")) {
                return found;
            }
            assert!(start.elapsed() < Duration::from_secs(90), "the job does not end: {found}");
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
    }

    /// The results of a job that must succeed.
    pub(crate) async fn result(&self, accepted: &Json) -> Json {
        let job = self.finished(&accepted["data"]["job_id"]).await;
        assert_eq!(job["state"], "completed", "{job}");
        job["result"].clone()
    }
}

impl Answer {
    pub(crate) async fn read(request: reqwest::RequestBuilder) -> reqwest::Result<Self> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Self { status, headers, bytes: response.bytes().await?.to_vec() })
    }

    /// The body, after checking the status.
    #[track_caller]
    pub(crate) fn is(&self, status: u16) -> Json {
        assert_eq!(self.status, status, "{}", self.text());
        if self.bytes.is_empty() { Json::Null } else { self.json() }
    }

    /// The body of a refusal in the application's form, after checking status and code.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: u32) -> Json {
        let error = self.is(status)["error"].clone();
        assert_eq!(error["code"], code, "{error}");
        for part in ["message", "request_id", "timestamp"] {
            assert!(error[part].as_str().is_some_and(|it| !it.is_empty()), "no {part} in {error}");
        }
        assert!(error.get("details").is_some(), "{error}");
        error
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Json {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|error| panic!("no JSON: {error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The text of a JSON string.
#[track_caller]
pub(crate) fn text(value: &Json) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// The entries of a JSON list.
#[track_caller]
pub(crate) fn entries(value: &Json) -> &Vec<Json> {
    value.as_array().unwrap_or_else(|| panic!("{value} is no list"))
}

fn http(patience: Duration) -> reqwest::Client {
    testkit::install_tls();
    let client = reqwest::Client::builder().timeout(patience).no_proxy().build();
    client.expect("a client can be built")
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("the application can be read").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a file can be copied");
        }
    }
}
