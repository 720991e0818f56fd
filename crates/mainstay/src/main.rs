//! The binary: the command line, and `wire.rs`, the one place where rooms meet.
//!
//! It alone reads the environment. Each command is one file under `command/`, which parses what was
//! given, calls one room, and prints. Exit codes: 0 done, 1 failed, 2 wrong usage.
//!
//! Start at [`args`] for what there is, at [`wire`] for how the rooms are put together.

mod args;
mod command;
mod environment;
mod output;
mod wire;

use std::process::ExitCode;

use clap::Parser;

use crate::{
    args::{Args, Command},
    environment::Environment,
};

/// A request makes many small things of short life on several threads, which the allocator of the C
/// library is slow at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let args = Args::parse();
    // Before there are threads, connections and an environment: it may have none of them.
    if let Command::Extract(it) = args.command {
        return command::extract::run(it);
    }
    spare_looking_for_processors();
    rustls::crypto::ring::default_provider().install_default().ok();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return output::failed(&anyhow::Error::from(error)),
    };
    let ended = runtime.block_on(async move {
        let environment = Environment::read(args.env_file.as_deref())?;
        run(args, environment).await
    });
    match ended {
        Ok(code) => code,
        Err(error) => output::failed(&error),
    }
}

async fn run(args: Args, environment: Environment) -> anyhow::Result<ExitCode> {
    let output = output::Output { json: args.json };
    match args.command {
        Command::Serve(it) => command::serve::run(it, environment).await,
        Command::Check(it) => command::check::run(&it, output),
        Command::Config(it) => Box::pin(command::config::run(it, environment, output)).await,
        Command::Migrate(it) => command::migrate::run(it, &environment, output).await,
        Command::User(it) => command::user::run(it, environment, output).await,
        Command::Tenant(it) => Box::pin(command::tenant::run(it, environment, output)).await,
        Command::Key(it) => command::key::run(it, environment, output).await,
        Command::Audit(it) => command::audit::run(it, &environment, output).await,
        Command::Import(it) => Box::pin(command::import::run(it, environment, output)).await,
        Command::Export(it) => Box::pin(command::export::run(it, environment, output)).await,
        Command::AskData(it) => Box::pin(command::ask_data::run(it, environment, output)).await,
        Command::Progress(it) => Box::pin(command::progress::run(it, environment, output)).await,
        Command::Report(it) => Box::pin(command::report::run(it, environment, output)).await,
        Command::Sources(it) => Box::pin(command::sources::run(it, environment, output)).await,
        Command::Schedules(it) => Box::pin(command::schedules::run(it, environment, output)).await,
        Command::Archives(it) => Box::pin(command::archives::run(it, environment, output)).await,
        Command::Jobs(it) => command::jobs::run(it, &environment, output).await,
        Command::Models(it) => Box::pin(command::models::run(it, &environment, output)).await,
        Command::Documents(it) => Box::pin(command::documents::run(it, environment, output)).await,
        Command::Ask(it) => Box::pin(command::ask::run(it, environment, output)).await,
        Command::Blobs(it) => Box::pin(command::blobs::run(it, &environment, output)).await,
        Command::Vectors(it) => Box::pin(command::vectors::run(it, environment, output)).await,
        Command::Doctor(it) => command::doctor::run(it, environment, output).await,
        Command::Openapi(it) => command::openapi::run(it, environment).await,
        Command::Extract(it) => Ok(command::extract::run(it)),
    }
}

/// The library under the model of this process reads `/proc/cpuinfo` before each product of matrices
/// unless this says how many processors there are: on a large machine that takes longer than the
/// product.
#[expect(unsafe_code, reason = "the environment is changed while there is one thread only")]
fn spare_looking_for_processors() {
    const NAME: &str = "RAYON_NUM_THREADS";
    #[expect(clippy::disallowed_methods, reason = "this is the program, not a room")]
    let is_given = std::env::var_os(NAME).is_some();
    if !is_given {
        let count = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        // SAFETY: no other thread runs yet.
        unsafe { std::env::set_var(NAME, count.to_string()) };
    }
}
