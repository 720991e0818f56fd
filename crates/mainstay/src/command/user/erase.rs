//! `mainstay user erase`: one person and everything that is theirs, counted first, then gone for good.
//!
//! The work is a job, done by whoever comes first: a running server, or this command itself. When the
//! command is ended before the job is, the person is gone already, and the job stays: the next server goes on
//! with it.

use std::{process::ExitCode, time::Duration};

use anyhow::Context;
use apps::person::{Counts, Erasure, Shared, Wish};
use identity::{Caller, user};
use serde_json::{Value as Json, json};

use crate::{
    args::Application,
    command::queue::Hands,
    environment::Environment,
    output::{self, Output},
    wire::House,
};

/// How long this command waits for the end of the job.
const WAIT: Duration = Duration::from_secs(24 * 3_600);

/// Who is to be erased, and whether that is meant.
pub(super) struct Wanted {
    pub(super) email: String,
    pub(super) shared: bool,
    pub(super) yes: bool,
}

pub(super) async fn run(
    application: &Application,
    environment: &Environment,
    output: Output,
    wanted: Wanted,
) -> anyhow::Result<ExitCode> {
    let house = House::find(application, environment).await?;
    let done = Box::pin(erased(&house, output, wanted)).await;
    house.leave().await;
    done
}

async fn erased(house: &House, output: Output, wanted: Wanted) -> anyhow::Result<ExitCode> {
    let asked = wanted.email.clone();
    let found = house.store.read(move |db| user::by_sign_in(db, &asked)).await?;
    let found = found.with_context(|| format!("there is no user {}", wanted.email))?;
    let shared = if wanted.shared { Shared::Erase } else { Shared::HandOver };
    let wish = Wish { user: found.id, shared };
    if !wanted.yes {
        let counts = house.engine.person_counts(&Caller::operator(), wish).await?;
        let told = json!({"user": found.id, "dry_run": true, "counts": counts});
        output.show(&told, || format!("erasing {} would remove:\n{}", found.id, table(counts)));
        if !output.json {
            output::note("nothing was erased; add --yes to do it, which cannot be undone");
        }
        return Ok(ExitCode::SUCCESS);
    }
    let Erasure { user, job, removed } = erase(house, wish).await?;
    let told = json!({"user": user, "dry_run": false, "job": job, "counts": removed});
    output.show(&told, || match removed {
        Some(counts) => format!("{user} is gone, and with them:\n{}", table(counts)),
        None => format!("{user} is gone; job {job} has not removed everything that was theirs"),
    });
    Ok(if removed.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Erases, and works on the queue until what was theirs is gone.
async fn erase(house: &House, wish: Wish) -> anyhow::Result<Erasure> {
    let hands = Hands::start(house);
    let erased = house.engine.person_erase(&Caller::operator(), wish, WAIT).await;
    hands.stop().await;
    Ok(erased?)
}

/// What there is of each kind; what there is nothing of is left out.
fn table(counts: Counts) -> String {
    let counts = json!(counts);
    let rows: Vec<Json> = counts
        .as_object()
        .into_iter()
        .flatten()
        .filter(|it| it.1.as_u64() != Some(0))
        .map(|(name, count)| json!({"what": name.replace('_', " "), "count": count}))
        .collect();
    output::table(&rows, &["what", "count"])
}
