//! What the house of any test here stands on: the tables of all rooms, the engine over a folder, people.

use std::path::Path;

use apps::{
    engine::{self, Engine},
    folder::Folder,
};
use base::{Actor, Clock, Role, TenantId, UserId};
use identity::{Caller, Reach, caller::Grant, tenant};
use models::Models;
use store::{Migration, Store};
use testkit::Database;

/// The rooms whose tables the engine needs.
pub(crate) const ROOMS: [&[Migration]; 6] = [
    identity::MIGRATIONS,
    work::MIGRATIONS,
    models::MIGRATIONS,
    knowledge::MIGRATIONS,
    sources::MIGRATIONS,
    apps::MIGRATIONS,
];

/// These tables, and one tenant, which is everybody's.
pub(crate) async fn of_everybody(db: &Database, clock: &Clock) -> Store {
    let store = db.migrated(&ROOMS).await;
    let nobody = Actor::house();
    let made = store.write(&nobody, clock.now(), |tx| tenant::ensure_default(tx, "All", "all"));
    made.await.expect("the tenant of everybody");
    store
}

/// An application without a fault.
pub(crate) fn folder(path: &Path) -> Folder {
    Folder::read(path).unwrap_or_else(|faults| panic!("{faults}"))
}

/// The engine of a process.
pub(crate) async fn engine(
    folder: Folder,
    store: &Store,
    clock: &Clock,
    models: models::Settings,
    settings: engine::Settings,
) -> Engine {
    testkit::install_tls();
    let models = Models::open(store.clone(), clock.clone(), models).expect("the models open");
    let engine = Engine::start(folder, store.clone(), models, clock.clone(), settings).await;
    engine.expect("the engine starts")
}

/// Somebody with this role in the tenant of everybody.
pub(crate) fn person(role: Role) -> Caller {
    person_of(TenantId::DEFAULT, role)
}

/// Somebody of a tenant with this role.
pub(crate) fn person_of(tenant: TenantId, role: Role) -> Caller {
    Caller {
        actor: Actor::user(UserId::generate()),
        name: "Ann".into(),
        reach: Reach::Tenant(tenant),
        grant: Grant::Role(role),
        without: Vec::new(),
        session: None,
    }
}
