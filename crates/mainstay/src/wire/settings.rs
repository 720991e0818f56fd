//! What rooms are told: their documents, and over them what the environment says.

use anyhow::{Context, bail};
use apps::{
    description::{SignIn, TenantReach},
    folder::Folder,
};
use server::configuration::Surroundings;

use super::{Site, document};
use crate::environment::Environment;

/// A shorter secret can be guessed from a single token; 32 or more are better.
const JWT_SECRET_BYTES_MIN: usize = 16;

/// Who may come in, and how.
pub(super) fn identity(site: &Site, folder: &Folder) -> anyhow::Result<identity::Settings> {
    let file = document(&site.files()?, "auth")?.unwrap_or_default();
    let changed = document(folder, "auth")?.unwrap_or_default();
    let client_ids = google_client_ids(&site.environment);
    let mut settings = identity::Settings::changed(changed, file, client_ids);
    settings.sign_in = match folder.description().users.sign_in {
        SignIn::Email => identity::settings::SignInBy::Email,
        SignIn::Username => identity::settings::SignInBy::Username,
    };
    let roles = folder.description().roles.values().filter(|it| !it.without.is_empty());
    settings.lesser = roles
        .map(|it| identity::settings::Lesser {
            role: it.role,
            reaches_all: it.tenants == TenantReach::All,
            without: it.without.clone(),
        })
        .collect();
    if let Some(tenants) = &folder.description().tenants {
        settings.key_prefix = tenants.key_prefix.clone();
    }
    if let Some(algorithm) = site.environment.get("JWT_ALGORITHM").filter(|it| *it != "HS256") {
        bail!("JWT_ALGORITHM is {algorithm}; only HS256 is supported");
    }
    let count = |name: &str| -> anyhow::Result<Option<i64>> {
        let Some(given) = site.environment.get(name) else { return Ok(None) };
        let count = given.trim().parse::<i64>().ok().filter(|it| (1..=100_000).contains(it));
        count.map(Some).with_context(|| format!("{name} is no number between 1 and 100000"))
    };
    if let Some(minutes) = count("ACCESS_TOKEN_EXPIRE_MINUTES")? {
        settings.access_ttl = jiff::SignedDuration::from_mins(minutes);
    }
    if let Some(days) = count("REFRESH_TOKEN_EXPIRE_DAYS")? {
        settings.refresh_ttl = jiff::SignedDuration::from_hours(24 * days);
        settings.session_max = settings.session_max.max(settings.refresh_ttl);
    }
    settings.jwt_secret = site.environment.secret("JWT_SECRET_KEY");
    if settings.jwt_secret.as_ref().is_some_and(|it| it.reveal().len() < JWT_SECRET_BYTES_MIN) {
        bail!(
            "JWT_SECRET_KEY is too short to keep tokens from being forged: give it at least \
             {JWT_SECRET_BYTES_MIN} characters, or leave it out to have a key drawn"
        );
    }
    Ok(settings)
}

/// Which models there are.
pub(super) fn models(site: &Site, folder: &Folder) -> anyhow::Result<models::Settings> {
    let file = document(&site.files()?, "llm")?;
    let values = of_models(&site.environment);
    let mut settings = models::Settings::changed(document(folder, "llm")?, file, &values);
    settings.local.folder = Some(models::local::folder(&site.data));
    if folder.description().tenants.is_none() {
        settings.queue.tenant_share.get_or_insert(1.0);
    }
    Ok(settings)
}

/// How documents are read and found.
pub(super) fn knowledge(site: &Site, folder: &Folder) -> anyhow::Result<knowledge::Settings> {
    let file = document(&site.files()?, "knowledge")?.unwrap_or_default();
    let changed = document(folder, "knowledge")?.unwrap_or_default();
    let settings = knowledge::Settings::changed(changed, file, of_vectors(&site.environment));
    settings.map_err(|it| anyhow::anyhow!("{}: {}", it.path, it.message))
}

/// What the environment says that documents are held against.
pub(super) fn surroundings(environment: &Environment) -> Surroundings {
    Surroundings {
        google_client_ids: google_client_ids(environment),
        models: of_models(environment),
        vectors: of_vectors(environment),
        blobs: super::blobs::given(environment),
    }
}

fn google_client_ids(environment: &Environment) -> Option<Vec<String>> {
    let given = environment.get("GOOGLE_CLIENT_ID")?;
    Some(given.split(',').map(|it| it.trim().to_owned()).collect())
}

fn of_models(environment: &Environment) -> models::EnvValues {
    models::EnvValues::read(|name| environment.get(name).map(str::to_owned))
}

fn of_vectors(environment: &Environment) -> knowledge::vector::EnvValues {
    let text = |name: &str| environment.get(name).map(str::to_owned);
    knowledge::vector::EnvValues {
        vector_engine: text("VECTOR_ENGINE"),
        pgvector_url: environment.secret("PGVECTOR_URL"),
        qdrant_url: text("QDRANT_URL"),
        qdrant_api_key: environment.secret("QDRANT_API_KEY"),
        milvus_host: text("MILVUS_HOST"),
        milvus_port: text("MILVUS_PORT"),
        milvus_token: environment.secret("MILVUS_TOKEN"),
        pinecone_api_key: environment.secret("PINECONE_API_KEY"),
    }
}

/// The search of the web, when one is named: WEB_SEARCH, WEB_SEARCH_URL, WEB_SEARCH_KEY.
pub(super) fn web_search(
    site: &Site,
) -> anyhow::Result<Option<apps::assistant::web_search::Settings>> {
    let environment = &site.environment;
    let address = environment.get("WEB_SEARCH_URL").map(str::to_owned);
    let kind = match (environment.get("WEB_SEARCH"), &address) {
        (Some(kind), _) => {
            kind.parse().map_err(|why: String| anyhow::anyhow!("WEB_SEARCH: {why}"))?
        }
        (None, Some(_)) => apps::assistant::web_search::Engine::Searxng,
        (None, None) => return Ok(None),
    };
    let key = environment.secret("WEB_SEARCH_KEY");
    Ok(Some(apps::assistant::web_search::Settings { kind, address, key }))
}
