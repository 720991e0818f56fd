//! What an application folder says: the types of `app.yaml`.
//!
//! A [`Description`] is read once at start and never changes while the server runs. It holds no
//! data and does no I/O; reading and checking a folder is [`crate::folder`].
//!
//! Start at [`Description`]. The names here are the keys of the file; each comment is its manual.

pub mod archive;
pub mod assistant;
pub mod collection;
pub mod configuration;
pub mod progress;
pub mod question;
pub mod recent;
pub mod report;
pub mod result;
pub mod routes;
pub mod schedule;
pub mod task;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

pub use archive::Archive;
pub use assistant::{Assistant, AssistantSource};
pub use collection::{
    Collection, Embed, Export, Ids, Import, Located, Numbered, RecordRule, UnknownWord, ValueWords,
    Versioned,
};
pub use configuration::{
    Category, ConfigPart, ConfigSource, ConfigurationSpec, CrossCheck, DocumentSpec, Places,
};
pub use progress::{Progress, ProgressSource};
pub use question::Questions;
pub use recent::Recent;
pub use report::Report;
pub use result::{
    Computed, DocumentPart, Part, QuotedAt, ResultOf, Segments, TaskLanguages, Unfound,
};
pub use routes::{
    CatalogueError, Deprecated, Envelope, RouteCache, RouteSpec, RouteVersion, Routes,
};
pub use schedule::{Schedule, ScheduledAct};
pub use task::{Counted, Each, Fills, ModelPolicy, Proposes, RunMode, SummaryFields, Task};

/// The whole of `app.yaml`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// Short name: lower-case letters, digits and hyphens. Names the application in logs and metrics.
    pub app: String,
    /// The name people see.
    pub title: String,
    /// One sentence for people.
    #[serde(default)]
    pub about: String,
    /// Environment variables the application needs.
    #[serde(default)]
    pub environment: Environment,
    /// Who shares this server. Without it there is one tenant and nobody sees the word.
    pub tenants: Option<Tenants>,
    /// The application's own names for roles.
    #[serde(default)]
    pub roles: IndexMap<String, RoleName>,
    /// How its people are known.
    #[serde(default)]
    pub users: Users,
    /// Whether visitors may make an account of their own.
    pub sign_up: Option<SignUp>,
    /// What those may do at the application's own paths who have not signed in: `read_records`,
    /// `read_jobs`, `run_tasks`, `use_assistants`.
    #[serde(default)]
    pub visitors: Vec<base::Permission>,
    /// The documents of `config/`, and what must hold of them.
    #[serde(default)]
    pub configuration: ConfigurationSpec,
    /// What it keeps.
    #[serde(default)]
    pub collections: IndexMap<String, Collection>,
    /// What it asks models to do.
    #[serde(default)]
    pub tasks: IndexMap<String, Task>,
    /// Who answers questions in it.
    #[serde(default)]
    pub assistants: IndexMap<String, Assistant>,
    /// What can be asked of its data in words.
    #[serde(default)]
    pub questions: IndexMap<String, Questions>,
    /// What it tells of results over time.
    #[serde(default)]
    pub progress: IndexMap<String, Progress>,
    /// Documents (PDF) of single records.
    #[serde(default)]
    pub reports: IndexMap<String, Report>,
    /// The languages of its people, as `en`, the usual one first.
    #[serde(default = "default_languages")]
    pub languages: Vec<String>,
    /// Where records come from: name → the document that says how they are fetched, read and kept
    /// (`config/sources/calendar.yaml`).
    #[serde(default)]
    pub sources: IndexMap<String, String>,
    /// What somebody outside is asked about a record while somebody waits: name → the document that says
    /// how (`config/lookups/weather.yaml`).
    #[serde(default)]
    pub lookups: IndexMap<String, String>,
    /// What comes round by the clock.
    #[serde(default)]
    pub schedules: IndexMap<String, Schedule>,
    /// What completes a delta list.
    #[serde(default)]
    pub changes: Changes,
    /// What it tells others.
    #[serde(default)]
    pub webhooks: Webhooks,
    /// How much of it a caller may use.
    #[serde(default)]
    pub limits: IndexMap<String, Limit>,
    /// How its jobs run.
    #[serde(default)]
    pub jobs: Jobs,
    /// Its own names for acts in the audit log.
    #[serde(default)]
    pub audit: AuditNames,
    /// Its own names for what models are used for.
    #[serde(default)]
    pub usage: UsageNames,
    /// The order and extras of its pages in the interface.
    #[serde(default)]
    pub pages: Vec<PageSpec>,
    /// Its own paths over the engine's operations.
    pub routes: Option<Routes>,
}

/// Environment variables by name.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Environment {
    /// The server refuses to start without these.
    pub required: Vec<String>,
    /// Used when given.
    pub optional: Vec<String>,
    /// What optional ones are when they are not given: texts, numbers, true and false.
    pub defaults: IndexMap<String, Json>,
    /// What each is for: told to whoever must set it.
    pub about: IndexMap<String, String>,
}

impl Environment {
    /// The variables that it names, required or not.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.required.iter().chain(&self.optional).map(String::as_str)
    }

    /// What a variable is when it is not given.
    pub fn default_of(&self, name: &str) -> Option<String> {
        self.defaults.get(name).map(crate::field::display)
    }
}

/// Who shares a server: clients, organisations, workspaces.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tenants {
    /// What people call one.
    pub noun: String,
    /// What people call several; `noun` + `s` when left out.
    pub plural: Option<String>,
    /// JSON Schema of a tenant: `name` and `slug` are kept apart, every other field in its data.
    pub schema: String,
    /// The letters before `_live_` in its keys.
    #[serde(default = "default_key_prefix")]
    pub key_prefix: String,
    /// Days in which a deleted tenant or record can be restored.
    #[serde(default = "default_restore_days")]
    pub restore_days: u32,
    /// Fields of its schema that no two living ones share, where they hold something.
    #[serde(default)]
    pub unique: Vec<String>,
    /// The slug of one that is there from the start; `env.NAME`: what the environment says.
    pub first: Option<String>,
}

/// How people are known.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Users {
    /// What they sign in by.
    pub sign_in: SignIn,
    /// The role of whoever is made without one, by its name under `roles`.
    pub role: Option<String>,
}

/// What people sign in by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignIn {
    /// An e-mail address, which each of them has.
    #[default]
    Email,
    /// A name, which is theirs whatever the case of its letters; an e-mail address they may have, and may sign in by.
    Username,
}

/// An application's name for a role.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleName {
    /// The role it is.
    #[serde(rename = "as")]
    pub role: base::Role,
    /// Whether its holders reach all tenants or one.
    #[serde(default)]
    pub tenants: TenantReach,
    /// What its holders may not do here, though the role of the house may: `read_audit`.
    #[serde(default)]
    pub without: Vec<base::Permission>,
    /// One sentence for people.
    #[serde(default)]
    pub about: String,
}

/// Visitors make accounts of their own. Only where nobody shares the server: a visitor could not say
/// to whom they belong.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignUp {
    /// What they become: one of the application's own roles that reaches one tenant.
    pub role: String,
}

/// How many tenants the holder of a role reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TenantReach {
    /// Every tenant.
    All,
    /// The one the user belongs to.
    #[default]
    One,
}

/// What completes a delta list before it is kept.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Changes {
    /// Tasks run over the new records, in order.
    pub tasks: Vec<String>,
}

/// What an application tells others.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Webhooks {
    /// Event name → what raises it.
    pub events: IndexMap<String, EventSource>,
}

/// What raises an event.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventSource {
    /// The engine's own event.
    pub on: EngineEvent,
    /// Only jobs of this task.
    pub task: Option<String>,
}

/// What the engine can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
pub enum EngineEvent {
    /// A job ended well.
    #[serde(rename = "job.completed")]
    JobCompleted,
    /// A job failed for good.
    #[serde(rename = "job.failed")]
    JobFailed,
    /// A version became the active one.
    #[serde(rename = "version.activated")]
    VersionActivated,
}

/// One limit.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Who has it.
    pub per: LimitPer,
    /// Whom it is for; everybody when left out.
    #[serde(rename = "for")]
    pub whose: Option<LimitFor>,
    /// `100/minute`, `5/hour`: never more than that within any minute, any hour.
    pub rate: Option<String>,
    /// How many at the same moment.
    pub most: Option<u32>,
    /// The operations it counts; empty means all.
    #[serde(default)]
    pub operations: Vec<String>,
    /// The error code of a refusal; `rate_limited` when left out (`too_many_at_once` for `most`).
    pub error: Option<String>,
}

/// Whose limit it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimitPer {
    /// One key or one person.
    Caller,
    /// One tenant.
    Tenant,
    /// One network address.
    Address,
}

/// Whom a limit is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimitFor {
    /// Those who are not signed in.
    Visitors,
    /// Application keys.
    Keys,
    /// Those who are signed in.
    People,
}

/// How jobs run.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Jobs {
    /// Seconds after which a job is given up.
    pub timeout_s: u64,
    /// Attempts in all.
    pub attempts: u32,
    /// Days for which finished jobs are kept.
    pub keep_days: u32,
    /// The application's names for kinds of jobs: `import`, `change`, `revert`, `proposals`, `task.NAME`.
    pub names: IndexMap<String, String>,
}

impl Default for Jobs {
    fn default() -> Self {
        Self { timeout_s: 300, attempts: 4, keep_days: 30, names: IndexMap::new() }
    }
}

/// The application's names for acts.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AuditNames {
    /// The engine's action, or `action.detail`, → the name shown.
    pub names: IndexMap<String, String>,
}

/// The application's names for what models are used for, as lists and sums of usage show them.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct UsageNames {
    /// A task, an assistant, `embed` (records and documents made findable), `search`, `title` or
    /// `summary` → its name. Several may share one.
    pub names: IndexMap<String, String>,
    /// The name of all the rest; each keeps its own when left out.
    pub other: Option<String>,
}

impl UsageNames {
    /// The application's name for what a model was used for.
    pub fn name<'a>(&'a self, operation: &'a str) -> &'a str {
        let named = self.names.get(operation).or(self.other.as_ref());
        named.map_or(operation, String::as_str)
    }
}

/// One page of the interface beyond those drawn by themselves.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PageSpec {
    /// The collection it shows.
    pub collection: String,
    /// Its title; the collection's plural when left out.
    pub title: Option<String>,
}

/// A JSON object of fixed values.
pub type Constants = IndexMap<String, Json>;

fn default_key_prefix() -> String {
    "mk".into()
}

fn default_languages() -> Vec<String> {
    vec!["en".into()]
}

fn default_restore_days() -> u32 {
    30
}

/// The plural people see.
pub fn plural(noun: &str, given: Option<&str>) -> String {
    given.map_or_else(|| format!("{noun}s"), str::to_owned)
}
