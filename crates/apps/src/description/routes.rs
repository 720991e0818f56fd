//! Routes: the engine's operations at an application's own paths, in its own shapes and errors.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::Constants;

/// The whole of `routes:`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Routes {
    /// Put before each path.
    #[serde(default)]
    pub prefix: String,
    /// What answers are wrapped in.
    #[serde(default)]
    pub envelope: Envelope,
    /// How lists are paged.
    #[serde(default)]
    pub lists: Lists,
    /// `METHOD /path/{name}` → what answers there.
    pub paths: IndexMap<String, RouteSpec>,
    /// Name → the fields of an answer: field ← where it is in the engine's answer; `...` spreads an
    /// object, and `$` is the whole answer.
    #[serde(default)]
    pub shapes: IndexMap<String, IndexMap<String, String>>,
    /// The engine's error code, or `code.detail`, → the application's.
    #[serde(default)]
    pub errors: IndexMap<String, CatalogueError>,
}

/// Templates of answers. `$data`, `$request_id`, `$timestamp`, `$next_cursor`, `$prev_cursor`,
/// `$has_more`, `$total_count`; for errors `$code`, `$name`, `$message`, `$details`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Envelope {
    /// Around one thing.
    pub one: Option<Json>,
    /// Around a page of things.
    pub list: Option<Json>,
    /// Around an error; problem+json when left out.
    pub error: Option<Json>,
}

/// How lists are paged.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Lists {
    /// Rows when the caller names no limit.
    pub limit: u32,
    /// The most rows.
    pub most: u32,
    /// Whether the rows of the whole list are counted.
    pub count: bool,
}

impl Default for Lists {
    fn default() -> Self {
        Self { limit: 50, most: 500, count: false }
    }
}

/// What answers at a path.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteSpec {
    /// The operation.
    #[serde(rename = "do")]
    pub operation: String,
    /// Arguments with a fixed value.
    #[serde(default)]
    pub set: Constants,
    /// Argument ← the name it has in the path, the query or the body; `body` is the whole body;
    /// `title | Title` takes the first of several that is given; `data.x` sets one field inside the
    /// argument `data`.
    #[serde(default)]
    pub from: IndexMap<String, String>,
    /// Field ← the query parameter or body field that narrows by it.
    #[serde(default)]
    pub filters: IndexMap<String, String>,
    /// Field ← the name of a switch. On (`true`), the list shows only what is true in that field;
    /// off or left out, the switch changes nothing.
    #[serde(default)]
    pub switches: IndexMap<String, String>,
    /// Rows of a list when the caller names no limit; that of `lists` when left out.
    pub limit: Option<u32>,
    /// The shape of the answer.
    #[serde(rename = "as")]
    pub shape: Option<String>,
    /// The status of success; the operation's own when left out.
    pub status: Option<u16>,
    /// One sentence for the API description; the operation's own when left out.
    pub summary: Option<String>,
}

/// An error of the application's own catalogue.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CatalogueError {
    /// HTTP status.
    pub status: u16,
    /// The code in the body.
    pub code: Json,
    /// The name in the body.
    #[serde(default)]
    pub name: String,
}
