//! `mainstay models install`: a model that runs in this program, put into the data folder.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use models::local::{
    self,
    install::{self, Origin, Progress},
    package::{self, Package},
};
use serde_json::json;

use crate::{args::models::install::Install, environment::Environment, output::Output, wire::Site};

pub(super) async fn run(
    args: Install,
    environment: &Environment,
    output: Output,
) -> anyhow::Result<ExitCode> {
    let package = package::find(&args.model).context("there is no such model")?;
    // The data folder is enough: it may be filled before there is an application.
    let data = match &args.application.data.data {
        Some(data) => data.clone(),
        None => Site::find(&args.application, environment)?.data,
    };
    let from = origin(args.from);
    let bar = if output.json { ProgressBar::hidden() } else { bar(package)? };
    let wanted = install::Install {
        package,
        models: local::folder(&data),
        proxy: proxy(package, &from, environment),
        from,
    };
    let shown = bar.clone();
    let installed = install::install(wanted, move |progress| match progress {
        Progress::Fetched { done_bytes, .. } => shown.set_position(done_bytes),
        Progress::Unpacking => {
            shown.set_position(package.archive.size_bytes);
            shown.set_message("comparing and unpacking");
        }
    })
    .await;
    bar.finish_and_clear();
    let installed = installed?;
    let name = format!("{}/{}", package.name, package.model);
    let value = json!({
        "model": name, "folder": installed.folder, "size_bytes": installed.size_bytes,
        "was_there": installed.was_there,
    });
    output.show(&value, || {
        let did = if installed.was_there { "is there, and whole" } else { "is installed" };
        format!(
            "{name} {did}: {} MB in {}\n\
             to use it for embeddings, write `embedding: {name}` into config/llm.yaml",
            installed.size_bytes / 1_000_000,
            installed.folder.display(),
        )
    });
    Ok(ExitCode::SUCCESS)
}

fn bar(package: &Package) -> anyhow::Result<ProgressBar> {
    let bar = ProgressBar::new(package.archive.size_bytes);
    let style = "{bar:32} {bytes} of {total_bytes}, {binary_bytes_per_sec}  {msg}";
    bar.set_style(ProgressStyle::with_template(style)?);
    Ok(bar)
}

fn origin(from: Option<String>) -> Origin {
    match from {
        None => Origin::Publisher,
        Some(it) if it.starts_with("http://") || it.starts_with("https://") => Origin::Address(it),
        Some(it) => Origin::File(PathBuf::from(it)),
    }
}

/// The proxy that the environment names for this address.
fn proxy(package: &Package, from: &Origin, environment: &Environment) -> Option<String> {
    let names = match from {
        Origin::Publisher if package.address.starts_with("https:") => {
            ["HTTPS_PROXY", "https_proxy"]
        }
        Origin::Address(it) if it.starts_with("https:") => ["HTTPS_PROXY", "https_proxy"],
        Origin::Publisher | Origin::Address(_) => ["HTTP_PROXY", "http_proxy"],
        Origin::File(_) => return None,
    };
    names.into_iter().find_map(|it| environment.get(it)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_from_a_file() {
        assert_eq!(origin(None), Origin::Publisher);
        let mirror = "https://mirror.example/a.whl";
        assert_eq!(origin(Some(mirror.into())), Origin::Address(mirror.into()));
        assert_eq!(origin(Some("./http.whl".into())), Origin::File("./http.whl".into()));
    }
}
