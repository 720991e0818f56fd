//! The operations, one file for each kind of thing. Each is a doorway: take the arguments, call one
//! room, shape the answer. Permissions are checked before they are called; SQL is never seen here.

mod analyses;
mod app;
mod archives;
mod ask;
mod audit;
mod auth;
mod budgets;
mod chats;
mod configuration;
mod deprecations;
mod documents;
mod exports;
mod feedback;
mod health;
mod imports;
mod internals;
mod jobs;
mod keys;
mod language;
mod lookups;
mod me;
mod models;
mod progress;
mod prompts;
mod proposals;
mod questions;
mod records;
mod results;
mod schedules;
mod search;
mod sessions;
mod signing_keys;
mod sources;
mod tasks;
mod tenants;
mod usage;
mod users;
mod versions;
mod vigil;
mod webhooks;

use crate::operation::Operation;

/// Every operation, room by room.
pub(crate) fn all() -> Vec<Operation> {
    let rooms: &[fn() -> Vec<Operation>] = &[
        auth::all,
        me::all,
        sessions::all,
        users::all,
        keys::all,
        signing_keys::all,
        tenants::all,
        app::all,
        records::all,
        imports::all,
        versions::all,
        exports::all,
        tasks::all,
        proposals::all,
        search::all,
        documents::all,
        chats::all,
        ask::all,
        questions::all,
        progress::all,
        analyses::all,
        results::all,
        feedback::all,
        language::all,
        jobs::all,
        sources::all,
        lookups::all,
        schedules::all,
        archives::all,
        deprecations::all,
        audit::all,
        usage::all,
        models::all,
        budgets::all,
        webhooks::all,
        prompts::all,
        configuration::all,
        crate::llm::all,
        health::all,
        internals::all,
    ];
    rooms.iter().flat_map(|it| it()).collect()
}
