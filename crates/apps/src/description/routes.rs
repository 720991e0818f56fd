//! Routes: the engine's operations at an application's own paths, in its own shapes and errors; several
//! versions of them side by side, each under a prefix of its own.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use super::{Constants, schedule};

/// The shape that every application has: ids of records of collections with `ids: integer` become their
/// numbers, also in a list; everything else stays as it is.
pub const NUMBER: &str = "number";

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
    /// object, and `$` is the whole answer; `=true` is that value, whatever was answered. `path | shape` gives
    /// what lies there another shape; `path | number` is the number of the record whose id lies there.
    #[serde(default)]
    pub shapes: IndexMap<String, IndexMap<String, String>>,
    /// The engine's error code, or `code.detail`, → the application's. The detail is the field at fault, the
    /// collection, or the permission that is missing: `permission_missing.manage_users`.
    #[serde(default)]
    pub errors: IndexMap<String, CatalogueError>,
    /// Other versions of these paths, beside them: prefix → what is different there.
    #[serde(default)]
    pub versions: IndexMap<String, RouteVersion>,
}

/// Another version of the paths. What it does not say is as in the main one; `shapes` and `errors` are
/// laid over those.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteVersion {
    /// It has the paths of the main version too, unless it has one of its own at the same address.
    #[serde(default)]
    pub inherits: bool,
    /// Paths of the main version that it does not have.
    #[serde(default)]
    pub without: Vec<String>,
    /// It will go: every path of it that does not say otherwise. `use` is the prefix of the version that
    /// takes its place.
    pub deprecated: Option<Deprecated>,
    /// What answers are wrapped in.
    pub envelope: Option<Envelope>,
    /// How lists are paged.
    pub lists: Option<Lists>,
    /// `METHOD /path/{name}` → what answers there.
    #[serde(default)]
    pub paths: IndexMap<String, RouteSpec>,
    /// Name → the fields of an answer.
    #[serde(default)]
    pub shapes: IndexMap<String, IndexMap<String, String>>,
    /// The engine's error code → the application's.
    #[serde(default)]
    pub errors: IndexMap<String, CatalogueError>,
}

/// Something that will go: it is marked, counted, and after its last day answers 410 with where to go.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deprecated {
    /// Since which day nobody should begin to use it: `2026-06-01`.
    pub since: String,
    /// The day from which on it is gone.
    pub sunset: Option<String>,
    /// What to use instead: a whole path, with the same names in braces; of a version, its prefix.
    #[serde(rename = "use")]
    pub instead: Option<String>,
}

/// How long the answers of a route are kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteCache {
    /// How long at most: `300s`, `5m`.
    pub ttl: String,
    /// The collections whose changes end it sooner; the route's own when left out.
    #[serde(default)]
    pub tags: Vec<String>,
}

/// Templates of answers. `$data`, `$request_id`, `$timestamp`, `$next_cursor`, `$prev_cursor`,
/// `$has_more`, `$total_count`; for errors `$code`, `$name`, `$message`, `$details`, `$field`.
///
/// `{$each: TEMPLATE}` in that of errors is a list: the template once for each fault of what was sent, and
/// once for the whole where there is none.
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
    /// `title | Title` takes the first of several that is given; `header X-UI-Language` among them is
    /// looked at last, and alone it is the only place; `data.x` sets one field inside the argument `data`.
    #[serde(default)]
    pub from: IndexMap<String, String>,
    /// Field ← the query parameter or body field that narrows by it.
    #[serde(default)]
    pub filters: IndexMap<String, String>,
    /// Field ← the name of a switch. On (`true`), the list shows only what is true in that field;
    /// off or left out, the switch changes nothing.
    #[serde(default)]
    pub switches: IndexMap<String, String>,
    /// Field ← the name that shows what is hidden: what is true in the field is left out of the list, unless
    /// that name is given as true.
    #[serde(default)]
    pub hides: IndexMap<String, String>,
    /// Rows of a list when the caller names no limit; that of `lists` when left out.
    pub limit: Option<u32>,
    /// The shape of the answer.
    #[serde(rename = "as")]
    pub shape: Option<String>,
    /// The status of success; the operation's own when left out. What answers with nothing answers 204 without
    /// a body; with another status it answers `null`, in the envelope.
    pub status: Option<u16>,
    /// One sentence for the API description; the operation's own when left out.
    pub summary: Option<String>,
    /// It will go.
    pub deprecated: Option<Deprecated>,
    /// Its answers are kept for a while: of a GET, and of those whose answers are the same for all who
    /// reach the same tenants.
    pub cache: Option<RouteCache>,
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

impl RouteSpec {
    /// The collections whose records always go along with the one that is answered.
    pub fn with(&self) -> impl Iterator<Item = &str> {
        let with = self.set.get("with").and_then(Json::as_array);
        with.into_iter().flatten().filter_map(Json::as_str)
    }
}

impl Routes {
    /// All versions, the main one first, each as a whole: with what it takes from the main one, and with
    /// its deprecation in each of its paths.
    pub fn sides(&self) -> Vec<Self> {
        let main = Self { versions: IndexMap::new(), ..self.clone() };
        let others = self.versions.iter().map(|(prefix, it)| main.side(prefix, it));
        let mut sides: Vec<Self> = others.collect();
        sides.insert(0, main);
        let known: BTreeSet<String> =
            sides.iter().flat_map(Self::addresses).map(|it| address(&it)).collect();
        for (side, version) in sides.iter_mut().skip(1).zip(self.versions.values()) {
            let Some(deprecated) = &version.deprecated else { continue };
            for (path, spec) in &mut side.paths {
                if spec.deprecated.is_none() {
                    spec.deprecated = Some(deprecated.of_path(path, &known));
                }
            }
        }
        sides
    }

    /// The collections whose changes end the life of kept answers.
    pub fn watched(&self) -> BTreeSet<String> {
        let all = self.sides();
        let specs = all.iter().flat_map(|it| it.paths.values());
        specs.filter_map(|it| Some(it.cache.as_ref()?.watched(it))).flatten().collect()
    }

    /// Another version as a whole; this is the main one.
    fn side(&self, prefix: &str, version: &RouteVersion) -> Self {
        let own = |path: &str| version.paths.keys().any(|it| address(it) == address(path));
        let gone = |path: &str| version.without.iter().any(|it| address(it) == address(path));
        let mut paths = version.paths.clone();
        if version.inherits {
            let kept = self.paths.iter().filter(|(path, _)| !own(path) && !gone(path));
            paths.extend(kept.map(|(path, spec)| (path.clone(), spec.clone())));
        }
        let (mut shapes, mut errors) = (self.shapes.clone(), self.errors.clone());
        shapes.extend(version.shapes.clone());
        errors.extend(version.errors.clone());
        Self {
            prefix: prefix.to_owned(),
            envelope: version.envelope.clone().unwrap_or_else(|| self.envelope.clone()),
            lists: version.lists.clone().unwrap_or_else(|| self.lists.clone()),
            paths,
            shapes,
            errors,
            versions: IndexMap::new(),
        }
    }

    /// Every whole path, its prefix in front and without its method.
    fn addresses(&self) -> impl Iterator<Item = String> {
        let paths = self.paths.keys().filter_map(|it| it.split_once(' '));
        paths.map(move |(_, path)| format!("{}{}", self.prefix, path.trim()))
    }
}

impl Deprecated {
    /// The first moment at which it was deprecated.
    pub fn since(&self) -> Option<Timestamp> {
        day(&self.since)
    }

    /// The first moment at which it is gone.
    pub fn sunset(&self) -> Option<Timestamp> {
        day(self.sunset.as_deref()?)
    }

    /// The deprecation of a version, for one of its paths: the same path of the version that takes its
    /// place, when that has it.
    fn of_path(&self, path: &str, known: &BTreeSet<String>) -> Self {
        let prefix = self.instead.as_deref().unwrap_or_default();
        let there = path.split_once(' ').map(|it| format!("{prefix}{}", it.1.trim()));
        let there = there.filter(|it| !prefix.is_empty() && known.contains(&address(it)));
        Self { instead: there.or_else(|| self.instead.clone()), ..self.clone() }
    }
}

impl RouteCache {
    /// How long an answer is kept; none when the text is no length of time.
    pub fn ttl(&self) -> Option<SignedDuration> {
        schedule::length(&self.ttl).filter(|it| !it.is_zero())
    }

    /// The collections whose changes end it: those that are named, else the route's own and those whose
    /// records go along.
    pub fn watched(&self, route: &RouteSpec) -> Vec<String> {
        if !self.tags.is_empty() {
            return self.tags.clone();
        }
        let own = route.set.get("collection").and_then(Json::as_str);
        own.into_iter().chain(route.with()).map(str::to_owned).collect()
    }
}

/// The first moment of a day.
fn day(text: &str) -> Option<Timestamp> {
    let date: Date = text.parse().ok()?;
    Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// A path with its parameters unnamed, so that two that meet are the same.
fn address(path: &str) -> String {
    let parts = path.split('/').map(|it| if it.starts_with('{') { "{}" } else { it.trim() });
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn routes() -> Routes {
        let yaml = json!({
            "prefix": "/v2",
            "paths": {
                "GET /events": {"do": "records.list", "set": {"collection": "events"}, "cache": {"ttl": "300s"}},
                "GET /events/{id}": {"do": "records.get", "from": {"record": "id"}, "as": "event"},
                "POST /events": {"do": "records.create", "set": {"collection": "events"}},
            },
            "shapes": {"event": {"id": "id", "name": "data.name"}},
            "versions": {
                "/v1": {
                    "inherits": true,
                    "without": ["POST /events"],
                    "deprecated": {"since": "2026-06-01", "sunset": "2027-06-01", "use": "/v2"},
                    "paths": {
                        "GET /events/{event_id}": {"do": "records.get", "from": {"record": "event_id"}, "as": "event"},
                        "GET /rides": {"do": "records.list", "set": {"collection": "events"},
                                       "deprecated": {"since": "2026-01-01", "use": "/v2/events"}},
                    },
                    "shapes": {"event": {"event_id": "id"}},
                },
            },
        });
        serde_json::from_value(yaml).expect("routes as they are declared")
    }

    #[test]
    fn a_version_has_the_paths_of_the_main_one_but_for_its_own() {
        let sides = routes().sides();
        assert_eq!(sides.len(), 2);
        assert_eq!((sides[0].prefix.as_str(), sides[0].paths.len()), ("/v2", 3));
        let old: Vec<&str> = sides[1].paths.keys().map(String::as_str).collect();
        assert_eq!(old, ["GET /events/{event_id}", "GET /rides", "GET /events"]);
        assert!(sides[1].shapes["event"].contains_key("event_id"));
        assert!(sides[0].shapes["event"].contains_key("name"));
    }

    #[test]
    fn a_path_of_a_deprecated_version_leads_to_the_same_path_of_the_new_one() {
        let sides = routes().sides();
        let instead = |path: &str| {
            let deprecated = sides[1].paths[path].deprecated.as_ref().expect("it is deprecated");
            deprecated.instead.clone().expect("there is another")
        };
        assert_eq!(instead("GET /events"), "/v2/events");
        assert_eq!(instead("GET /rides"), "/v2/events", "its own word counts");
        assert_eq!(instead("GET /events/{event_id}"), "/v2/events/{event_id}");
        assert!(sides[0].paths.values().all(|it| it.deprecated.is_none()));
    }

    #[test]
    fn a_day_begins_at_midnight_utc() {
        let deprecated =
            Deprecated { since: "2026-06-01".into(), sunset: Some("soon".into()), instead: None };
        assert_eq!(deprecated.since(), Some(testkit::moment("2026-06-01T00:00:00Z")));
        assert_eq!(deprecated.sunset(), None);
    }

    #[test]
    fn what_is_kept_ends_with_a_change_of_its_own_collection() {
        assert_eq!(routes().watched().into_iter().collect::<Vec<_>>(), ["events"]);
    }
}
