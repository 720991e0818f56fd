//! Generations: one serves, another is built, they change places.

use base::Timestamp;
use testkit::moment;

use super::*;
use crate::MIGRATIONS;

fn now() -> Timestamp {
    moment(testkit::START)
}

fn wanted(model: &str) -> Wanted {
    Wanted { engine: "builtin".into(), model: model.into(), dimensions: 4 }
}

async fn began(store: &store::Store, id: &'static str, model: &'static str) -> Generation {
    let begun = store.bookkeep("begin", move |tx| begin(tx, id, &wanted(model), now())).await;
    begun.expect("a generation is begun")
}

testkit::on_both! {
    async fn the_first_serves_at_once_and_the_next_is_built_beside_it(db: testkit::Database) {
        let store = db.migrated(&[work::MIGRATIONS, MIGRATIONS]).await;
        assert_eq!(began(&store, "v1", "a/one").await.state, State::Serving);
        assert_eq!(began(&store, "v2", "a/two").await.state, State::Building);
        // The same wish finds what is there.
        assert_eq!(began(&store, "v3", "a/two").await.id, "v2");
        let serving = store.read(serving).await.expect("it is read");
        assert_eq!(serving.map(|it| it.id).as_deref(), Some("v1"));
    }

    async fn a_switch_retires_the_one_that_served(db: testkit::Database) {
        let store = db.migrated(&[work::MIGRATIONS, MIGRATIONS]).await;
        began(&store, "v1", "a/one").await;
        began(&store, "v2", "a/two").await;
        let switched = store.bookkeep("switch", |tx| switch(tx, "v2", now())).await;
        assert!(switched.expect("it is there"));
        let again = store.bookkeep("switch", |tx| switch(tx, "v2", now())).await;
        assert!(!again.expect("it serves already"));
        let states = store.read(all).await.expect("they are read");
        let mut states: Vec<_> = states.into_iter().map(|it| (it.id, it.state)).collect();
        states.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(states, [("v1".into(), State::Retired), ("v2".into(), State::Serving)]);
    }

    async fn only_one_may_serve_whatever_is_written(db: testkit::Database) {
        let store = db.migrated(&[work::MIGRATIONS, MIGRATIONS]).await;
        began(&store, "v1", "a/one").await;
        began(&store, "v2", "a/two").await;
        let second = store
            .bookkeep("break it", |tx| {
                tx.execute("UPDATE knowledge_spaces SET state = 'serving' WHERE id = 'v2'", &[])
            })
            .await;
        assert!(second.expect_err("one serves").violates("knowledge_spaces_state"));
    }
}

#[test]
fn the_names_of_spaces_suit_every_engine() {
    let generation = Generation {
        id: "v1a2b3c4d".into(),
        engine: "qdrant".into(),
        model: "minilm/all-MiniLM-L6-v2".into(),
        dimensions: 384,
        state: State::Building,
        position: 0,
        created_at: now(),
        switched_at: None,
        wanted_at: now(),
        has_served: false,
    };
    for space in generation.spaces() {
        let is_plain = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_';
        assert!(space.name.len() <= 45 && space.name.chars().all(is_plain), "{}", space.name);
    }
    assert_eq!(generation.documents().metric, Metric::Cosine);
    assert_eq!(generation.documents().kind, Kind::Ivf { lists: 128 });
    assert_eq!(generation.chats().metric, Metric::InnerProduct);
    assert!(matches!(generation.chats().kind, Kind::Hnsw { .. }));
}
