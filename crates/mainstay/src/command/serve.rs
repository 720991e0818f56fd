//! `mainstay serve`: an application until SIGTERM.

mod duties;

use std::{io::IsTerminal, process::ExitCode, time::Duration};

use anyhow::Context;
use apps::folder::Folder;
use base::Secret;
use identity::user;
use observe::{
    LineFormat, Logging, Readiness, Tail,
    logs::{self, Format},
};
use store::migrate;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use work::Workers;

use super::queue;
use crate::{
    args::Serve,
    environment::Environment,
    output,
    wire::{self, House, Site},
};

/// How long before the end of the drain answers that are still being made are stopped.
const ANSWERS_STOPPED_BEFORE: Duration = Duration::from_secs(3);

pub(crate) async fn run(args: Serve, environment: Environment) -> anyhow::Result<ExitCode> {
    let site = Site::at(args.app.clone(), &args.data, &environment)?;
    // With what the application says of variables that have no value.
    let environment = site.environment.clone();
    site.require(&site.files()?)?;
    let store = site.open().await?;
    // Before the first line is written: how lines are written may have been changed while it ran.
    let tail = start_logs(&site.settle(&store).await?, &environment)?;
    if args.no_migrate {
        migrate::check(&store, &wire::migrations()).await?;
    } else {
        let applied = migrate::up(&store, &wire::migrations(), site.clock.now()).await?;
        if !applied.is_empty() {
            info!(migrations = applied.len(), "Applied {} migrations", applied.len());
        }
    }
    store.close().await;

    let house = site.build().await?;
    let journal = house.site.data.join("ledger");
    house.models.keep_journal(&journal, models::ledger::Bounds::default()).await?;
    first_administrator(&house).await?;
    let mut settings: server::Settings =
        wire::document(&house.folder, "backend")?.unwrap_or_default();
    settings.security = wire::document(&house.folder, "security")?.unwrap_or_default();
    settings.performance = wire::document(&house.folder, "performance")?.unwrap_or_default();
    let jobs_at_once = args.workers.unwrap_or(settings.performance.jobs_at_once);
    settings.listen = listen(&args, &environment, settings.listen)?;
    settings.debug |= environment.is_on("DEBUG");
    if let Some(origins) = environment.get("MAINSTAY_ALLOWED_ORIGINS") {
        settings.allowed_origins = origins.split(',').map(|it| it.trim().to_owned()).collect();
    }
    let app = house.server(settings, tail)?;

    let stop = CancellationToken::new();
    let lease = Duration::from_secs(args.job_lease);
    let settings = work::Settings {
        workers: jobs_at_once,
        lease,
        heartbeat: lease / 3,
        ..work::Settings::default()
    };
    let (store, clock) = (house.store.clone(), house.site.clock.clone());
    let workers = Workers::start(store, clock, settings, queue::handlers(&house), &stop);
    let duties = duties::begin(&house, &app, &stop);

    let serving = server::serve::bind(app.clone()).await?;
    app.health.set_readiness(Readiness::Ready);
    output::line(&format!("ready http://{}", serving.addr()));
    info!(address = %serving.addr(), "Serving {}", house.folder.description().title);

    stopped().await?;
    info!(
        "Stopping: what is being answered is finished, jobs are handed back after {} s",
        args.drain
    );
    stop.cancel();
    let drain = Duration::from_secs(args.drain);
    // What is still being answered a moment before the end is stopped, kept and told.
    let answers = drain.saturating_sub(ANSWERS_STOPPED_BEFORE);
    let (_, drained, ()) =
        tokio::join!(serving.stop(), workers.drain(drain), house.engine.close(answers));
    duties.close();
    duties.wait().await;
    if let Err(error) = app.tend().await {
        warn!(error = %error, "Could not write down who called what will go");
    }
    if drained.handed_back > 0 {
        info!(
            jobs = drained.handed_back,
            "Handed back {} jobs; they run again at the next start", drained.handed_back
        );
    }
    house.knowledge.close().await;
    house.tasks.close();
    house.tasks.wait().await;
    house.models.close().await;
    drop(app);
    house.store.close().await;
    Ok(ExitCode::SUCCESS)
}

fn listen(
    args: &Serve,
    environment: &Environment,
    settings: std::net::SocketAddr,
) -> anyhow::Result<std::net::SocketAddr> {
    match (args.listen, environment.get("PORT")) {
        (Some(given), _) => Ok(given),
        (None, Some(port)) => {
            Ok(([0, 0, 0, 0], port.parse::<u16>().context("PORT is not a port")?).into())
        }
        (None, None) => Ok(settings),
    }
}

/// Lines go to standard error: standard output is for `ready` and for the first password.
fn start_logs(folder: &Folder, environment: &Environment) -> anyhow::Result<Tail> {
    let settings: Logging = wire::document(folder, "logging")?.unwrap_or_default();
    let terminal = std::io::stderr().is_terminal();
    let default = if environment.is_on("DEBUG") { "debug" } else { settings.level.as_str() };
    let wanted = match environment.get("MAINSTAY_LOG_FORMAT") {
        Some("json") => LineFormat::Json,
        Some("human") => LineFormat::Human,
        _ => settings.format,
    };
    let format = match wanted {
        LineFormat::Json => Format::Json,
        LineFormat::Auto if !terminal => Format::Json,
        LineFormat::Human | LineFormat::Auto => Format::Human { coloured: terminal },
    };
    let options = logs::Options {
        service: folder.description().app.clone(),
        format,
        levels: environment.get("LOG_LEVEL").unwrap_or(default).to_lowercase(),
    };
    let tail = Tail::new(settings.kept_lines);
    let subscriber =
        logs::subscriber(&options, std::io::stderr, base::Clock::system(), tail.clone())
            .context("LOG_LEVEL")?;
    tracing::subscriber::set_global_default(subscriber)?;
    Ok(tail)
}

async fn first_administrator(house: &House) -> anyhow::Result<()> {
    let environment = &house.site.environment;
    let email = environment.get("MAINSTAY_ADMIN_EMAIL").unwrap_or("admin@localhost");
    let password: Option<Secret<String>> = environment.secret("MAINSTAY_ADMIN_PASSWORD");
    let made = user::first_administrator(&house.identity, email, password).await?;
    let or_name = match house.identity.settings().sign_in {
        identity::settings::SignInBy::Email => "",
        identity::settings::SignInBy::Username => ", or admin,",
    };
    if let Some(password) = made.and_then(|it| it.generated) {
        output::line(&format!(
            "\n  The first administrator is {email}{or_name}\n  with the password    {}\n  It is shown this once; change it after signing in.\n",
            password.reveal()
        ));
    }
    Ok(())
}

async fn stopped() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    Ok(())
}
