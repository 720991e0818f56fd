use testkit::Database;

use super::*;
use crate::vector::fixture::{House, Put, Wish, tenant};

/// A document with these texts as its chunks.
async fn put(house: &House, wish: Wish<'_>, texts: &[&str]) -> Put {
    let vectors = texts.iter().map(|_| vec![1.0; 4]).collect();
    let put = house.put(Wish { vectors, ..wish }).await;
    let rows: Vec<(ChunkId, String)> = put
        .chunks
        .iter()
        .zip(texts)
        .map(|((chunk, _), text)| (*chunk, (*text).to_owned()))
        .collect();
    let (tenant, document) = (put.tenant, put.document);
    let write = move |tx: &Tx| -> Result<(), Error> {
        for (chunk, text) in &rows {
            let sql = "UPDATE knowledge_chunks SET text = $2 WHERE id = $1";
            tx.execute(sql, &params![*chunk, text])?;
        }
        index(tx, tenant, document)
    };
    house.store.bookkeep("write texts of a test", write).await.expect("they are written");
    put
}

async fn found(house: &House, tenant: TenantId, question: &'static str) -> Vec<Found> {
    let asked = move |db: &Db| -> Result<_, Error> {
        let weights = weights(db, tenant, &of_query(question))?;
        search(db, tenant, &weights, &Among::default(), 10)
    };
    house.store.read(asked).await.expect("the words are searched")
}

fn chunks(found: &[Found]) -> Vec<ChunkId> {
    found.iter().map(|it| it.chunk).collect()
}

const TEXTS: [&str; 4] = [
    "The probe must be calibrated every fourteen days with a clean reference.",
    "A travel form is signed by the head of the department before the journey.",
    "Probes are stored dry. A probe that was dropped is not used again.",
    "The reservoir gap was closed in September after the probe had reported it.",
];

testkit::on_both! {
    async fn the_chunk_with_the_rarest_words_of_a_question_comes_first(db: Database) {
        let house = House::on(&db).await;
        let put = put(&house, Wish::default(), &TEXTS).await;
        let found = found(&house, tenant(1), "How often must the probe be calibrated?").await;
        assert_eq!(found[0].chunk, put.chunks[0].0);
        assert_eq!(found.len(), 3, "those with some of the words follow");
        assert!(found[0].share > 0.4 && found[0].share < 1.0, "`often` is nowhere");
        assert!(found.windows(2).all(|it| it[0].rank >= it[1].rank));
    }

    async fn a_word_of_the_same_stem_finds_it(db: Database) {
        let house = House::on(&db).await;
        let put = put(&house, Wish::default(), &TEXTS).await;
        let found = found(&house, tenant(1), "calibrating").await;
        assert_eq!(chunks(&found), [put.chunks[0].0]);
        assert!((found[0].share - 1.0).abs() < 1e-9);
    }

    async fn a_tenant_finds_its_own_alone_and_what_others_have_changes_no_score(db: Database) {
        let house = House::on(&db).await;
        let ours = put(&house, Wish::default(), &TEXTS).await;
        let before = found(&house, tenant(1), "calibrated probe").await;
        for _ in 0..5 {
            put(&house, Wish { tenant: tenant(2), ..Wish::default() }, &TEXTS).await;
        }
        assert_eq!(found(&house, tenant(1), "calibrated probe").await, before);
        assert!(before.iter().all(|it| ours.chunks.iter().any(|own| own.0 == it.chunk)));
        assert_eq!(found(&house, tenant(3), "calibrated probe").await, []);
    }

    async fn what_is_removed_or_written_anew_is_found_as_it_is(db: Database) {
        let house = House::on(&db).await;
        let first = put(&house, Wish::default(), &TEXTS).await;
        let second = put(&house, Wish::default(), &["The seal is calibrated once."]).await;
        house.remove(&first).await;
        assert_eq!(chunks(&found(&house, tenant(1), "calibrated").await), [second.chunks[0].0]);
        let (chunk, document) = (second.chunks[0].0, second.document);
        let write = move |tx: &Tx| -> Result<(), Error> {
            let sql = "UPDATE knowledge_chunks SET text = 'The valve is open.' WHERE id = $1";
            tx.execute(sql, &params![chunk])?;
            index(tx, tenant(1), document)?;
            index(tx, tenant(1), document)
        };
        house.store.bookkeep("write anew", write).await.expect("it is written");
        assert_eq!(found(&house, tenant(1), "calibrated").await, []);
        assert_eq!(chunks(&found(&house, tenant(1), "valves").await), [chunk], "once");
    }

    async fn a_document_that_is_not_ready_is_not_found(db: Database) {
        let house = House::on(&db).await;
        let put = put(&house, Wish::default(), &TEXTS).await;
        let sql = "UPDATE knowledge_documents SET state = 'embedding' WHERE id = $1";
        house.execute(sql, params![put.document].to_vec()).await;
        assert_eq!(found(&house, tenant(1), "probe").await, []);
    }

    async fn conditions_hold_before_anything_is_ranked(db: Database) {
        let house = House::on(&db).await;
        // Bob's are better and many; Ann's is one.
        for _ in 0..30 {
            let wish = Wish { owner: "usr_bob", ..Wish::default() };
            put(&house, wish, &["probe probe probe calibrated"; 8]).await;
        }
        let anns = put(&house, Wish::default(), &["Somewhere in a long text about other things there is a probe."]).await;
        let asked = |db: &Db| -> Result<_, Error> {
            let among = Among {
                conditions: vec!["d.owner = $1".into()],
                values: vec!["usr_ann".into()],
            };
            let weights = weights(db, tenant(1), &of_query("calibrated probe"))?;
            search(db, tenant(1), &weights, &among, 5)
        };
        let found = house.store.read(asked).await.expect("it is searched");
        assert_eq!(chunks(&found), [anns.chunks[0].0]);
    }

    async fn a_question_without_words_finds_nothing(db: Database) {
        let house = House::on(&db).await;
        put(&house, Wish::default(), &TEXTS).await;
        for question in ["", "…?!", "'\" OR 1=1 --", "zyxwvut"] {
            assert_eq!(found(&house, tenant(1), question).await, [], "{question}");
        }
    }

    async fn words_of_any_alphabet_are_found(db: Database) {
        let house = House::on(&db).await;
        let put = put(&house, Wish::default(), &["Die Prüfung der Sonde", "Проверка датчика", "探針の校正"]).await;
        for (question, at) in [("prüfung", 0), ("ДАТЧИКА", 1), ("探針の校正", 2)] {
            assert_eq!(chunks(&found(&house, tenant(1), question).await), [put.chunks[at].0], "{question}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_databases_give_the_same_order_and_the_same_scores() {
    let ranked = std::sync::Mutex::new(Vec::new());
    let asked = async |db: Database| {
        let house = House::on(&db).await;
        let put = put(&house, Wish::default(), &TEXTS).await;
        let mut all = Vec::new();
        for question in ["probe reference days", "the head signs a form", "reservoir probe dropped"]
        {
            let found = found(&house, tenant(1), question).await;
            let places = found.iter().map(|it| {
                let at = put.chunks.iter().position(|own| own.0 == it.chunk);
                (at, format!("{:.6} {:.6}", it.rank, it.share))
            });
            all.push(places.collect::<Vec<_>>());
        }
        ranked.lock().unwrap().push(all);
    };
    testkit::run::on_sqlite(&asked).await;
    testkit::run::on_postgres(&asked).await;
    let ranked = ranked.into_inner().unwrap();
    assert!(ranked.windows(2).all(|it| it[0] == it[1]), "{ranked:?}");
}
