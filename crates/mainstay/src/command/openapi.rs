//! `mainstay openapi`: the API description of an application, without serving it.

use std::process::ExitCode;

use observe::Tail;
use store::migrate;

use crate::{
    args::{Data, Openapi},
    environment::Environment,
    output,
    wire::{self, Site},
};

pub(crate) async fn run(args: Openapi, environment: Environment) -> anyhow::Result<ExitCode> {
    let Some(app) = args.app else {
        output::line(&serde_json::to_string_pretty(&server::openapi::built_in())?);
        return Ok(ExitCode::SUCCESS);
    };
    // The document needs a house, not its data: one is built in a folder that goes away.
    let folder = std::env::temp_dir().join(format!("mainstay-openapi-{}", std::process::id()));
    let data = Data { data: Some(folder.clone()) };
    let mut site = Site::at(app, &data, &environment)?;
    site.address = store::Address::Sqlite(folder.join("mainstay.sqlite"));
    let made = async {
        let store = site.open().await?;
        migrate::up(&store, &wire::migrations(), site.clock.now()).await?;
        store.close().await;
        let house = site.build().await?;
        let app = house.server(server::Settings::default(), Tail::default())?;
        let document = server::openapi::document(&app);
        house.store.close().await;
        anyhow::Ok(document)
    };
    let document = made.await;
    std::fs::remove_dir_all(&folder).ok();
    output::line(&serde_json::to_string_pretty(&document?)?);
    Ok(ExitCode::SUCCESS)
}
