//! The model of this process through the doors of the house, while it is not installed. What it makes
//! when it is, the tests beside it and those with the real model show.

use base::TenantId;
use models::{
    EnvValues, ModelError, Settings,
    health::{Health, State},
    local,
    relay::{Asks, Body, Words},
    try_out::Tester,
};
use serde_json::{Value as Json, json};
use testkit::Database;

use crate::{
    gateway::{account, call, chat},
    house::{House, ask},
};

const MODEL: &str = "minilm/all-MiniLM-L6-v2";
const WAY_OUT: &str = "`mainstay models install minilm`";

async fn house(db: &Database, data: &tempfile::TempDir) -> House {
    let settings: Settings = serde_json::from_value(json!({"embedding": MODEL})).unwrap();
    let mut settings = Settings::from_parts(Some(settings), &EnvValues::default());
    settings.local.folder = Some(local::folder(data.path()));
    testkit::install_tls();
    House::open(db, settings).await
}

fn embeddings(more: &Json) -> Json {
    let mut body = json!({"model": MODEL, "input": ["brass gate valve"]});
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    body
}

testkit::on_both! {
    async fn without_the_model_everybody_is_told_how_to_get_it_and_nothing_is_written_down(db: Database) {
        let data = tempfile::tempdir().unwrap();
        let house = house(&db, &data).await;
        assert_eq!(house.models.can_embed().as_deref(), Some(MODEL));
        let error = house.models.embed(TenantId::DEFAULT, "search", vec!["valve".into()]).await.unwrap_err();
        assert!(matches!(&error, ModelError::NotReady { provider, .. } if provider == "minilm"), "{error:?}");
        assert!(error.to_string().contains(WAY_OUT), "{error}");
        assert!(error.is_absent() && !error.is_temporary(), "waiting does not mend it");

        let got = house.relay(call(Asks::Embeddings, embeddings(&json!({})))).await;
        let told = got.json();
        assert_eq!((got.status, &told["error"]["code"]), (503, &json!("model_not_ready")), "{told}");
        assert!(told["error"]["message"].as_str().unwrap().contains(WAY_OUT), "{told}");
        assert_eq!(got.header("x-should-retry"), Some("false"));

        let tester = Tester { tenant: TenantId::DEFAULT, caller: "operator".into() };
        let tried = house.models.try_out(&tester, None).await;
        let error = tried[0].error.as_ref().unwrap();
        assert_eq!((tried[0].ok, error.code.as_str()), (false, "not_ready"));
        assert!(error.message.contains(WAY_OUT), "{}", error.message);

        let Health::Providers(all) = house.models.health() else { panic!("there is a provider") };
        assert!(matches!(&all[0].state, State::Failing { why, .. } if why.contains(WAY_OUT)), "{all:?}");
        assert!(house.ledger().await.is_empty());
    }

    async fn it_makes_embeddings_of_one_length_and_nothing_else(db: Database) {
        let data = tempfile::tempdir().unwrap();
        let house = house(&db, &data).await;
        for (call, param) in [
            (chat(MODEL, "Hello?"), "model"),
            (call(Asks::Embeddings, embeddings(&json!({"model": "minilm/other"}))), "model"),
            (call(Asks::Embeddings, embeddings(&json!({"dimensions": 256}))), "dimensions"),
        ] {
            let got = house.relay(call).await;
            let told = got.json();
            assert_eq!((got.status, &told["error"]["param"]), (400, &json!(param)), "{told}");
        }
        assert!(matches!(house.models.complete(ask("Hello?")).await, Err(ModelError::NotConfigured)));
        assert!(house.ledger().await.is_empty());
    }

    async fn callers_see_it_among_the_models(db: Database) {
        let data = tempfile::tempdir().unwrap();
        let house = house(&db, &data).await;
        let Body::Whole(bytes) = house.models.listed(&account(), Words::Openai).await.body else { panic!("in one piece") };
        let listed: Json = serde_json::from_slice(&bytes).unwrap();
        assert!(listed["data"].as_array().unwrap().iter().any(|it| it["id"] == MODEL), "{listed}");
        assert_eq!(house.models.remote_models().await, [("minilm".to_owned(), Some(vec!["all-MiniLM-L6-v2".to_owned()]))]);
    }
}
