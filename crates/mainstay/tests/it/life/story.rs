//! What a `life.yaml` says: who stands in for the network and for models, and the steps of a life in
//! four chapters. docs/guides/lives.md has it for people.
//!
//! Read as a whole before anything runs, so that a word that is not known is told with its line.

use std::{collections::BTreeMap, fs, path::Path};

use apps::marked::{self, Place};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value as Json;

/// The chapters, in the order in which they are lived.
pub(crate) const CHAPTERS: [&str; 4] = ["install", "load", "use", "upgrade"];

/// A life.
pub(crate) struct Story {
    pub(crate) setting: Setting,
    pub(crate) steps: Vec<Step>,
}

/// What is there before it begins.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Setting {
    /// Variables of the program.
    pub(crate) environment: BTreeMap<String, String>,
    /// What is on the network, by path.
    pub(crate) network: BTreeMap<String, Served>,
    /// What a model says; the first line that fits.
    pub(crate) models: Vec<Line>,
}

/// What is served at a path of the network: a file of the application's folder.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Served {
    /// As it is.
    pub(crate) file: String,
    /// Lines of JSON, behind the number that is asked for.
    pub(crate) records: String,
    /// Their field with the number.
    pub(crate) number: String,
    /// The word of the query for the number.
    pub(crate) after: String,
    /// The word of the query for how many.
    pub(crate) limit: String,
    /// Words of the query that must stand in fields of the same name.
    pub(crate) same: Vec<String>,
    /// The form that must come along.
    pub(crate) form: Option<String>,
    /// Only the first so many.
    pub(crate) most: Option<usize>,
}

/// What a model says when all these words are in the question.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line {
    #[serde(default)]
    pub(crate) when: Words,
    /// A text, or what it says as JSON.
    pub(crate) says: Json,
    /// It takes so long.
    #[serde(default)]
    pub(crate) after_ms: u64,
}

/// One text, or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Words {
    One(String),
    Many(Vec<String>),
}

impl Default for Words {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl Words {
    pub(crate) fn all(&self) -> &[String] {
        match self {
            Self::One(word) => std::slice::from_ref(word),
            Self::Many(words) => words,
        }
    }
}

/// A step, and where it stands.
pub(crate) struct Step {
    pub(crate) chapter: &'static str,
    pub(crate) line: u32,
    pub(crate) act: Act,
}

pub(crate) enum Act {
    /// The server starts, and is ready.
    Start,
    /// It is asked to stop, and ends well.
    Stop,
    /// It is ended as a power cut does.
    Kill,
    Ask(Box<Ask>),
    Run(Box<Run>),
    Change(Change),
    /// Pages of the network become others.
    Network(BTreeMap<String, Served>),
}

/// A request, and what must be answered.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ask {
    /// `POST /v1/things`
    pub(crate) ask: String,
    /// The name under which a token was kept; nobody when left out.
    #[serde(default, rename = "as")]
    pub(crate) caller: Option<String>,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) json: Option<Json>,
    /// Fields beside the file.
    #[serde(default)]
    pub(crate) form: BTreeMap<String, String>,
    /// A file of the application's folder, sent as `file` of a form.
    #[serde(default)]
    pub(crate) file: Option<String>,
    #[serde(default = "ok")]
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) has: BTreeMap<String, Json>,
    #[serde(default)]
    pub(crate) says: Words,
    /// Name → where in the answer.
    #[serde(default)]
    pub(crate) keep: BTreeMap<String, String>,
    /// Asked again until it is so, for as long.
    #[serde(default)]
    pub(crate) within_s: Option<u64>,
}

/// A command of the program, without its name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Run {
    pub(crate) command: Vec<String>,
    #[serde(default)]
    pub(crate) code: i32,
    /// What it prints with `--json`.
    #[serde(default)]
    pub(crate) has: BTreeMap<String, Json>,
    #[serde(default)]
    pub(crate) says: Words,
    #[serde(default)]
    pub(crate) keep: BTreeMap<String, String>,
}

/// A file of the application's folder becomes another.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    pub(crate) change: String,
    /// What stands there exactly once, and what comes in its place.
    #[serde(default)]
    pub(crate) from: Option<String>,
    #[serde(default)]
    pub(crate) to: String,
    /// The whole of it, when nothing is said to stand there.
    #[serde(default)]
    pub(crate) text: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rebuilt {
    network: BTreeMap<String, Served>,
}

fn ok() -> u16 {
    200
}

impl Story {
    /// Reads a life; what is wrong in it fails the test, with its line.
    pub(crate) fn read(file: &Path) -> Self {
        let shown = file.display();
        let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{shown}: {error}"));
        let marked = marked::yaml(&text).unwrap_or_else(|fault| panic!("{shown}: {fault}"));
        if let Some((twice, place)) = marked.repeated.first() {
            panic!("{shown}:{}: {twice} stands there twice", place.line);
        }
        let Json::Object(mut whole) = marked.value.clone() else {
            panic!("{shown}: this is no life")
        };
        assert!(whole.remove("about").is_some_and(|it| it.is_string()), "{shown}: no `about`");
        let mut steps = Vec::new();
        for chapter in CHAPTERS {
            let Some(Json::Array(chapters)) = whole.remove(chapter) else {
                panic!("{shown}: no `{chapter}`")
            };
            for (at, step) in chapters.iter().enumerate() {
                let Place { line, .. } = marked.place(&format!("/{chapter}/{at}"));
                let act = act(step).unwrap_or_else(|fault| panic!("{shown}:{line}: {fault}"));
                steps.push(Step { chapter, line, act });
            }
        }
        let setting = read(&Json::Object(whole));
        Self { setting: setting.unwrap_or_else(|fault| panic!("{shown}: {fault}")), steps }
    }
}

fn act(step: &Json) -> Result<Act, String> {
    let has = |name: &str| step.get(name).is_some();
    match step.as_str() {
        Some("start") => Ok(Act::Start),
        Some("stop") => Ok(Act::Stop),
        Some("kill") => Ok(Act::Kill),
        Some(other) => Err(format!("there is no act `{other}`; there are start, stop and kill")),
        None if has("ask") => read(step).map(|it| Act::Ask(Box::new(it))),
        None if has("command") => read(step).map(|it| Act::Run(Box::new(it))),
        None if has("change") => read(step).map(Act::Change),
        None if has("network") => read::<Rebuilt>(step).map(|it| Act::Network(it.network)),
        None => Err("a step has one of `ask`, `command`, `change` and `network`".to_owned()),
    }
}

fn read<T: DeserializeOwned>(value: &Json) -> Result<T, String> {
    serde_json::from_value(value.clone()).map_err(|error| error.to_string())
}
