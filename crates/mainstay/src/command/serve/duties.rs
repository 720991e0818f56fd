//! What this process does again and again while it serves: looking after what is being made, counted
//! and changed, beginning what comes round by the clock, removing what is past its time.
//!
//! Each duty is a task of its own: a vector engine that is slow must not keep this process from saying
//! that it is still at its answers, or another one would end them. None outlasts the stop. Start at
//! [`begin`].

use std::{fmt::Display, time::Duration};

use base::{Actor, Clock};
use tokio::time::MissedTickBehavior;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{info, warn};
use work::schedule::Begun;

use crate::wire::House;

/// How often what is past its time is removed.
const SWEEP: Duration = Duration::from_secs(3600);
/// How often the usage ledger is looked after: leases of budgets last for half a minute. Answers in the
/// making, documents and counts are looked after as often.
const TEND: Duration = Duration::from_secs(5);
/// How often it is looked whether records lack vectors that nobody has asked for lately.
const LACKING: Duration = Duration::from_secs(600);
/// How often it is looked what comes round by the clock.
const ROUND: Duration = Duration::from_secs(1);
/// How often it is looked whether somebody has changed a document of the configuration.
const FOLLOW: Duration = Duration::from_secs(1);

/// Begins all of them. They are over when the stop has come and each has finished its turn.
pub(super) fn begin(house: &House, app: &server::App, stop: &CancellationToken) -> TaskTracker {
    let duties = TaskTracker::new();
    let clock = house.site.clock.clone();
    duties.spawn(sweep(
        house.engine.clone(),
        house.identity.clone(),
        house.models.clone(),
        app.clone(),
        clock.clone(),
        stop.clone(),
    ));

    let models = house.models.clone();
    duties.spawn(again(TEND, "look after the usage ledger", stop.clone(), move || {
        let models = models.clone();
        async move { models.tend_ledger().await.map(drop) }
    }));

    // From the stop on `Engine::close` looks after answers.
    let (engine, time) = (house.engine.clone(), clock.clone());
    duties.spawn(again(TEND, "look after answers", stop.clone(), move || {
        let (engine, now) = (engine.clone(), time.now());
        async move { engine.tend(now).await }
    }));

    let (knowledge, time) = (house.knowledge.clone(), clock.clone());
    duties.spawn(again(TEND, "look after documents", stop.clone(), move || {
        let (knowledge, now) = (knowledge.clone(), time.now());
        async move { knowledge.tend(now).await }
    }));

    let (engine, time) = (house.engine.clone(), clock.clone());
    duties.spawn(again(LACKING, "look for records without vectors", stop.clone(), move || {
        let (engine, now) = (engine.clone(), time.now());
        async move { engine.tend_vectors(now).await }
    }));

    let counted = app.clone();
    duties.spawn(again(TEND, "write down who called what will go", stop.clone(), move || {
        let counted = counted.clone();
        async move { counted.tend().await }
    }));

    // What somebody has changed of the configuration, in this process or another, is taken over.
    let engine = house.engine.clone();
    duties.spawn(again(FOLLOW, "look for changed documents", stop.clone(), move || {
        let engine = engine.clone();
        async move { engine.follow_configuration().await }
    }));

    // Every process does: whichever moves a schedule on writes its jobs, in one transaction, so that no
    // run is begun twice.
    let (keeper, store) = (house.engine.keeper(), house.store.clone());
    duties.spawn(again(ROUND, "begin what comes round", stop.clone(), move || {
        let (keeper, store, now) = (keeper.clone(), store.clone(), clock.now());
        async move { keeper.tick(&store, now).await.map(|begun| begun.iter().for_each(tell)) }
    }));
    duties
}

/// Does this every so often until the stop. What does not answer is said once, not each time.
async fn again<Act, Doing, Error>(
    every: Duration,
    what: &'static str,
    stop: CancellationToken,
    act: Act,
) where
    Act: Fn() -> Doing,
    Doing: Future<Output = Result<(), Error>>,
    Error: Display,
{
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_told = false;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        match act().await {
            Ok(()) => is_told = false,
            Err(error) if !is_told => {
                is_told = true;
                warn!(error = %error, "Could not {what}; trying again every {} s", every.as_secs());
            }
            Err(_) => {}
        }
    }
}

/// Says what came round.
fn tell(begun: &Begun) {
    let late_s = begun.late.as_secs();
    info!(
        schedule = begun.schedule,
        jobs = begun.jobs.len(),
        missed = begun.missed,
        late_s,
        "{} comes round",
        begun.schedule
    );
}

/// Removes what is past its time, once an hour.
async fn sweep(
    engine: apps::engine::Engine,
    identity: identity::Identity,
    models: models::Models,
    app: server::App,
    clock: Clock,
    stop: CancellationToken,
) {
    let mut hours = tokio::time::interval(SWEEP);
    hours.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = hours.tick() => {}
        }
        let now = clock.now();
        if let Err(error) = engine.sweep(now).await {
            warn!(error = %error, "Could not remove what is past its time; trying again in an hour");
        }
        match engine.sweep_tenants(now).await {
            Ok(erased) if erased.is_empty() => {}
            Ok(erased) => {
                identity.forget_callers();
                erased.iter().for_each(|it| app.tenants.forget(*it));
                info!(tenants = erased.len(), "Erased {} tenants for good", erased.len());
            }
            Err(error) => {
                warn!(error = %error, "Could not erase tenants for good; trying again in an hour");
            }
        }
        let week = jiff::SignedDuration::from_hours(7 * 24);
        if let Err(error) = identity::session::sweep(&identity, week).await {
            warn!(error = %error, "Could not remove ended sessions; trying again in an hour");
        }
        if let Err(error) = identity::key_ring::tend(&identity, &Actor::house()).await {
            warn!(error = %error, "Could not look after the keys that sign tokens; trying again in an hour");
        }
        if let Err(error) = models.sweep(now).await {
            warn!(error = %error, "Could not look through the usage ledger; trying again in an hour");
        }
        if let Err(error) = app.sweep(now).await {
            warn!(error = %error, "Could not remove kept answers; trying again in an hour");
        }
    }
}
