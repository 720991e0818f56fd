//! The keys that sign access tokens: seen, and replaced by hand. By themselves they are replaced when they are old.

use base::Permission;
use identity::key_ring::{self, SigningKey};
use serde_json::{Value as Json, json};

use crate::{
    operation::{Answer, Call, Kind, Nothing, Operation},
    problem::Problem,
};

pub(super) fn all() -> Vec<Operation> {
    // Tokens of all tenants are signed by the same keys, and how long one signs is in the configuration.
    let manage = Permission::ManageConfiguration;
    vec![
        Operation::new(
            "signing_keys.list",
            manage,
            Kind::One,
            "SigningKeys",
            "Lists the keys that sign access tokens, the oldest first, without their secrets. The newest signs, the others verify until they are retired.",
            list,
        ),
        Operation::new(
            "signing_keys.rotate",
            manage,
            Kind::One,
            "SigningKey",
            "Has another key sign access tokens from now on. What older ones signed stays valid, nobody is signed out.",
            rotate,
        ),
    ]
}

async fn list(call: Call, _: Nothing) -> Result<Answer, Problem> {
    let most = call.app.identity.settings().signing_key_max_age;
    let keys = known(&call).await?;
    Ok(Answer::one(json!({"keys": keys, "max_age_s": most.map(|it| it.as_secs())})))
}

async fn rotate(call: Call, _: Nothing) -> Result<Answer, Problem> {
    let made = key_ring::rotate(&call.app.identity, &call.caller.actor).await?;
    let found = known(&call).await?.into_iter().find(|it| it["id"] == made.as_str());
    found.map(Answer::one).ok_or_else(|| Problem::internal("the key that was just made is gone"))
}

async fn known(call: &Call) -> Result<Vec<Json>, Problem> {
    let now = call.now();
    let keys = call.app.store.read(move |db| key_ring::list(db, now)).await?;
    let newest = keys.last().map(|it| it.kid.clone());
    Ok(keys.iter().map(|it| view(it, newest.as_deref() == Some(it.kid.as_str()))).collect())
}

fn view(key: &SigningKey, is_signing: bool) -> Json {
    json!({
        "id": key.kid,
        "is_signing": is_signing,
        "created_at": key.created_at,
        "retired_at": key.retired_at,
        "sessions": key.sessions,
    })
}
