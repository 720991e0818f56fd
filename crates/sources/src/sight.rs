//! What all expressions of a description see, whatever they are for: the environment as far as they name
//! it, tables, the tenant, and which day it is.

use base::Timestamp;
use indexmap::IndexMap;
use jiff::tz::TimeZone;
use serde_json::{Value as Json, json};

use crate::{
    expression::{Data, Scope, value_of},
    program::{Mention, Thing},
    room::Sources,
};

/// For whom it is.
pub(crate) struct Sight<'a> {
    pub(crate) mentions: Vec<Mention>,
    pub(crate) tables: &'a IndexMap<String, Json>,
    pub(crate) zone: Option<&'a str>,
    pub(crate) tenant: &'a Json,
}

/// The day it is in a time zone; in UTC when none is named.
pub(crate) fn today(now: Timestamp, zone: Option<&str>) -> String {
    let zone = zone.and_then(|it| TimeZone::get(it).ok()).unwrap_or(TimeZone::UTC);
    now.to_zoned(zone).date().to_string()
}

impl Sight<'_> {
    /// Gives all of it to expressions.
    pub(crate) fn give(self, room: &Sources, scope: &mut Scope) {
        let mut environment = Data::new();
        for mention in self.mentions {
            if let Thing::Environment(name) = mention.thing {
                let value = room.environment().get(&name).cloned();
                environment.insert(name, value.map_or(Json::Null, Json::String));
            }
        }
        let now = room.now();
        let today = today(now, self.zone);
        let year = today.get(..4).and_then(|it| it.parse::<i64>().ok()).unwrap_or_default();
        scope
            .set("env", value_of(&Json::Object(environment)))
            .set("tables", value_of(&json!(self.tables)))
            .set("tenant", value_of(self.tenant))
            .set("today", value_of(&Json::String(today)))
            .set("year", value_of(&json!(year)))
            .set("now", value_of(&Json::String(now.to_string())));
    }
}
