//! The life of each application, as its own `life.yaml` tells it: installed, loaded, used, killed and
//! upgraded, by the real program, on both databases.
//!
//! The network and the models are played on this machine (`testkit::site`, `testkit::model`);
//! everything else is the product. Each life ends with an audit log that is whole. Start at [`live`].

mod answer;
mod story;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::{Map, Value as Json};
use testkit::{
    Database,
    model::{Reply, Script},
    site::{Page, Records, Site},
};

use self::story::{Act, Ask, Change, Line, Run, Served, Story};
use crate::place::{Answer, EMAIL, PASSWORD, Place, Server, application};

/// Whose life is told below. A test sees to it that nobody is missing.
const LIVES: [&str; 5] = ["analyzer", "codebook", "knowledge-chat", "memo-coach", "trailblaze"];

testkit::on_both! {
    async fn the_analyzer_lives(db: Database) {
        Box::pin(live("analyzer", db)).await;
    }

    async fn the_codebook_lives(db: Database) {
        Box::pin(live("codebook", db)).await;
    }

    async fn the_knowledge_chat_lives(db: Database) {
        Box::pin(live("knowledge-chat", db)).await;
    }

    async fn the_memo_coach_lives(db: Database) {
        Box::pin(live("memo-coach", db)).await;
    }

    async fn trailblaze_lives(db: Database) {
        Box::pin(live("trailblaze", db)).await;
    }
}

#[test]
fn every_application_has_a_life_that_is_lived() {
    let folder = application("codebook").join("..");
    let named = |it: fs::DirEntry| it.file_name().to_string_lossy().into_owned();
    let all = fs::read_dir(&folder).expect("the applications can be read").flatten();
    let all: BTreeSet<String> =
        all.filter(|it| it.path().join("app.yaml").is_file()).map(named).collect();
    assert_eq!(all, BTreeSet::from(LIVES.map(str::to_owned)));
    for name in LIVES {
        Story::read(&application(name).join("life.yaml"));
    }
}

/// An application on its way.
struct Life {
    place: Place,
    /// Its folder, which changes on the way.
    folder: PathBuf,
    site: Site,
    server: Option<Server>,
    /// What was kept of answers, by name.
    known: Map<String, Json>,
    /// The models, for as long.
    _script: Script,
}

/// Lives the life that the application tells.
async fn live(name: &str, db: Database) {
    let Story { setting, steps } = Story::read(&application(name).join("life.yaml"));
    let (site, script) = (Site::start().await, Script::start().await);
    let lines = setting.models.clone();
    script.always(move |asked| said(&lines, asked));
    let mut place = Place::on(&db).of_app(name).with("MAINSTAY_ALLOW_PRIVATE_SOURCES", "1");
    let folder = place.own_app();
    let given = [
        ("folder", folder.display().to_string()),
        ("network", site.address()),
        ("models", script.address()),
        ("email", EMAIL.to_owned()),
        ("password", PASSWORD.to_owned()),
    ];
    let known = given.map(|(name, it)| (name.to_owned(), Json::String(it))).into_iter().collect();
    let mut life = Life { place, folder, site, server: None, known, _script: script };
    for (variable, value) in &setting.environment {
        let value = life.filled(value).unwrap_or_else(|fault| panic!("{variable}: {fault}"));
        life.place = life.place.with(variable, &value);
    }
    life.serve_pages(&setting.network).unwrap_or_else(|fault| panic!("the network: {fault}"));
    for step in steps {
        if let Err(fault) = life.step(&step.act).await {
            let (chapter, line, log) = (step.chapter, step.line, life.place.log());
            let log: Vec<&str> = log.lines().rev().take(12).collect();
            panic!("apps/{name}/life.yaml:{line} ({chapter}): {fault}\n{}", log.join("\n"));
        }
    }
    let app = life.folder.display().to_string();
    let verified = life.place.json(&["audit", "verify", "--app", app.as_str()]).await;
    assert_eq!(verified["whole"], true, "{verified}");
    life.server.expect("it still runs at the end").stop().await;
}

impl Life {
    async fn step(&mut self, act: &Act) -> Result<(), String> {
        match act {
            Act::Start => {
                if self.server.is_some() {
                    return Err("the server runs already".to_owned());
                }
                // What a killed process was at is taken up soon.
                self.server = Some(self.place.serve_with(&["--job-lease", "2"]).await);
                Ok(())
            }
            Act::Stop => {
                let ended = self.server.take().ok_or("no server runs")?.stop().await;
                if ended.success() { Ok(()) } else { Err(format!("the server ended with {ended}")) }
            }
            Act::Kill => {
                self.server.take().ok_or("no server runs")?.kill().await;
                Ok(())
            }
            Act::Ask(ask) => self.ask(ask).await,
            Act::Run(run) => self.run(run).await,
            Act::Change(change) => self.change(change),
            Act::Network(pages) => self.serve_pages(pages),
        }
    }

    /// Asks, again and again where the answer may take a while.
    async fn ask(&mut self, ask: &Ask) -> Result<(), String> {
        let (began, mut pause) = (Instant::now(), Duration::from_millis(100));
        loop {
            let outcome = self.ask_once(ask).await;
            let is_over = ask.within_s.is_none_or(|it| began.elapsed() > Duration::from_secs(it));
            if outcome.is_ok() || is_over {
                let shown = &ask.ask;
                return outcome.map_err(|fault| format!("{shown}: {fault}"));
            }
            tokio::time::sleep(pause).await;
            // Who asks too often is told so.
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }

    async fn ask_once(&mut self, ask: &Ask) -> Result<(), String> {
        let asked = self.filled(&ask.ask)?;
        let (method, path) = asked.split_once(' ').ok_or("`ask` is a method and a path")?;
        let server = self.server.as_ref().ok_or("no server runs")?;
        let asker = match &ask.caller {
            None => server.nobody(),
            Some(name) => server.with(&self.filled(&format!("{{{{ {name} }}}}"))?),
        };
        let answer = if let Some(file) = &ask.file {
            let bytes = self.file(file)?;
            let mut fields = Vec::new();
            for (name, value) in &ask.form {
                fields.push((name.as_str(), self.filled(value)?));
            }
            let fields: Vec<_> = fields.iter().map(|(name, it)| (*name, it.as_str())).collect();
            let name = Path::new(file).file_name().unwrap_or_default().to_string_lossy();
            asker.upload(path, &fields, &name, &bytes).await
        } else {
            let method = Method::from_bytes(method.as_bytes()).map_err(|it| it.to_string())?;
            let mut request = asker.request(method, path);
            for (name, value) in &ask.headers {
                request = request.header(name, self.filled(value)?);
            }
            if let Some(body) = &ask.json {
                request = request.json(&self.filled_json(body)?);
            }
            Answer::read(request).await.map_err(|error| format!("{error:?}"))?
        };
        let text = answer.text();
        if answer.status != ask.status {
            return Err(format!("{} and not {}: {}", answer.status, ask.status, cut(&text)));
        }
        self.told(&text, &ask.has, ask.says.all(), &ask.keep)
    }

    async fn run(&mut self, run: &Run) -> Result<(), String> {
        let mut words = Vec::new();
        for word in &run.command {
            words.push(self.filled(word)?);
        }
        if !(run.has.is_empty() && run.keep.is_empty()) {
            words.push("--json".to_owned());
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let ended = self.place.run(&words).await;
        let shown = words.join(" ");
        if ended.code != run.code {
            let (code, wanted) = (ended.code, run.code);
            return Err(format!(
                "`{shown}`: {code} and not {wanted}: {}{}",
                cut(&ended.out),
                ended.err
            ));
        }
        self.told(&ended.out, &run.has, run.says.all(), &run.keep)
            .map_err(|fault| format!("`{shown}`: {fault}"))
    }

    /// Is what was told as it should be? Keeps of it what is asked for.
    fn told(
        &mut self,
        text: &str,
        has: &BTreeMap<String, Json>,
        says: &[String],
        keep: &BTreeMap<String, String>,
    ) -> Result<(), String> {
        for words in says {
            let words = self.filled(words)?;
            if !text.contains(&words) {
                return Err(format!("does not say `{words}`: {}", cut(text)));
            }
        }
        if has.is_empty() && keep.is_empty() {
            return Ok(());
        }
        let value: Json =
            serde_json::from_str(text).map_err(|it| format!("{it}: {}", cut(text)))?;
        for (path, wanted) in has {
            if let Some(fault) = answer::fault(&self.filled_json(wanted)?, answer::at(&value, path))
            {
                return Err(format!("{path}: {}: {}", cut(&fault), cut(text)));
            }
        }
        for (name, path) in keep {
            let found = answer::at(&value, path).filter(|it| !it.is_null());
            let found = found.ok_or_else(|| format!("nothing is at {path}: {}", cut(text)))?;
            self.known.insert(name.clone(), found.clone());
        }
        Ok(())
    }

    fn change(&self, change: &Change) -> Result<(), String> {
        let path = self.folder.join(&change.change);
        let after = match (&change.from, &change.text) {
            (Some(from), None) => {
                let before = String::from_utf8_lossy(&self.file(&change.change)?).into_owned();
                let times = before.matches(from.as_str()).count();
                if times != 1 {
                    return Err(format!("`{from}` stands {times} times in {}", change.change));
                }
                before.replacen(from.as_str(), &change.to, 1)
            }
            (None, Some(text)) => text.clone(),
            _ => return Err("a change has `from` and `to`, or `text`".to_owned()),
        };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| error.to_string())?;
        }
        fs::write(&path, after).map_err(|error| format!("{}: {error}", path.display()))
    }

    fn serve_pages(&self, pages: &BTreeMap<String, Served>) -> Result<(), String> {
        for (path, served) in pages {
            self.site.put(path, self.page(served)?);
        }
        Ok(())
    }

    fn page(&self, served: &Served) -> Result<Page, String> {
        if served.records.is_empty() {
            let kind = match Path::new(&served.file).extension().and_then(|it| it.to_str()) {
                Some("html") => "text/html; charset=utf-8",
                Some("json") => "application/json",
                _ => "text/plain; charset=utf-8",
            };
            return Ok(Page::File { kind: kind.to_owned(), bytes: self.file(&served.file)? });
        }
        let lines = String::from_utf8_lossy(&self.file(&served.records)?).into_owned();
        let lines = lines.lines().take(served.most.unwrap_or(usize::MAX));
        let all = lines.map(serde_json::from_str).collect::<Result<Vec<Json>, _>>();
        Ok(Page::Records(Records {
            all: all.map_err(|error| format!("{}: {error}", served.records))?,
            number: served.number.clone(),
            after: served.after.clone(),
            limit: served.limit.clone(),
            same: served.same.clone(),
            form: served.form.clone(),
        }))
    }

    /// A file of the application's folder.
    fn file(&self, name: &str) -> Result<Vec<u8>, String> {
        fs::read(self.folder.join(name)).map_err(|error| format!("{name}: {error}"))
    }

    /// The text, with what is known in the place of `{{ names }}`; a name with a slash is a file of the folder.
    fn filled(&self, text: &str) -> Result<String, String> {
        let (mut out, mut rest) = (String::new(), text);
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, after) = after.split_once("}}").ok_or("`{{` without `}}`")?;
            let name = name.trim();
            out.push_str(before);
            match self.known.get(name) {
                Some(Json::String(value)) => out.push_str(value),
                Some(value) => out.push_str(&value.to_string()),
                None if name.contains('/') => {
                    out.push_str(&String::from_utf8_lossy(&self.file(name)?));
                }
                None => return Err(format!("nobody knows `{name}` yet")),
            }
            rest = after;
        }
        Ok(out + rest)
    }

    /// The same in all texts of a value. One that is nothing but a name becomes what is known, whatever it is.
    fn filled_json(&self, value: &Json) -> Result<Json, String> {
        Ok(match value {
            Json::String(text) => {
                let name = text.strip_prefix("{{").and_then(|it| it.strip_suffix("}}"));
                match name.and_then(|it| self.known.get(it.trim())) {
                    Some(known) => known.clone(),
                    None => Json::String(self.filled(text)?),
                }
            }
            Json::Array(entries) => {
                let each = entries.iter().map(|it| self.filled_json(it));
                Json::Array(each.collect::<Result<Vec<Json>, String>>()?)
            }
            Json::Object(fields) => {
                let mut all = Map::new();
                for (name, it) in fields {
                    all.insert(name.clone(), self.filled_json(it)?);
                }
                Json::Object(all)
            }
            other => other.clone(),
        })
    }
}

/// What the first line says whose words are all in the question.
fn said(lines: &[Line], asked: &Json) -> Reply {
    let question = asked["messages"].to_string();
    let fits = |it: &&Line| it.when.all().iter().all(|word| question.contains(word.as_str()));
    match lines.iter().find(fits) {
        None => Reply::status(500),
        Some(line) => {
            let reply = match &line.says {
                Json::String(text) => Reply::text(text.as_str()),
                value => Reply::json(value),
            };
            reply.delayed(Duration::from_millis(line.after_ms))
        }
    }
}

/// Enough of a text to see what it is.
fn cut(text: &str) -> String {
    text.chars().take(1_500).collect()
}
