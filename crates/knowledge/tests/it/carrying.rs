//! P4: a knowledge base is moved without reading or embedding anything again.

use base::{Actor, TenantId};
use knowledge::{
    document::{carry::Carried, upload::NewDocument},
    settings::Chunks,
};
use testkit::{Database, file, model::Script};

use crate::house::{House, embedded, person, scripted, sentences, settings, without_model};

testkit::on_both! {
    async fn a_document_is_carried_to_another_house_with_its_chunks_and_vectors(db: Database) {
        let script = Script::start().await;
        let first = House::open(Database::sqlite(), scripted(&script)).await;
        let pages = ["The probe is calibrated every four weeks.", "The seal is changed once a year."];
        let new = NewDocument { tags: vec!["pump".into()], ..first.file("manual.pdf", file::pdf(&pages)) };
        let document = first.ready(new).await;
        let asked = embedded(&script).len();
        let carried = first.knowledge.carry_out(&first.ann.sight, document.id).await.unwrap();
        let line = serde_json::to_string(&carried).unwrap();

        // Another house, in which text would be cut otherwise, and whose reader would read nothing.
        let mut other = settings();
        other.chunks = Chunks { tokens: 350, overlap: 60 };
        let second = House::with(db, scripted(&script), other).await;
        let read: Carried = serde_json::from_str(&line).unwrap();
        let taken = second.knowledge.carry_in(&second.ann, second.tenant, None, read).await.unwrap();
        assert_ne!(taken.id, document.id);
        let moved = second.becomes_ready(taken.id).await;
        assert_eq!(embedded(&script).len(), asked, "nothing is embedded again");
        assert_eq!((moved.title.as_str(), moved.tags), ("manual", vec!["pump".to_owned()]));
        let (before, after) = (&document.made, &moved.made);
        assert_eq!((after.chunks, after.vectors_done, after.pages), (before.chunks, before.chunks, 2));
        assert_eq!(after.model, before.model);
        let there = first.knowledge.content(&first.ann.sight, document.id).await.unwrap();
        let here = second.knowledge.content(&second.ann.sight, moved.id).await.unwrap();
        assert_eq!(there, here);
        let there = first.knowledge.file(&first.ann.sight, document.id).await.unwrap();
        let here = second.knowledge.file(&second.ann.sight, moved.id).await.unwrap();
        assert_eq!(there, here);
        assert_eq!(moved.owner, second.ann.actor.who.to_string(), "whoever carries it in owns it");
    }

    async fn what_a_document_lacks_is_made_where_it_arrives(db: Database) {
        let first = House::open(Database::sqlite(), without_model()).await;
        let document = first.ready(first.text(&sentences(5))).await;
        let carried = first.knowledge.carry_out(&first.ann.sight, document.id).await.unwrap();
        let script = Script::start().await;
        let second = House::open(db, scripted(&script)).await;
        let taken = second.knowledge.carry_in(&second.ann, second.tenant, None, carried).await.unwrap();
        let moved = second.becomes_ready(taken.id).await;
        assert_eq!((moved.made.chunks, moved.made.vectors_done), (5, 5));
    }

    async fn what_does_not_fit_together_is_refused_and_leaves_nothing(db: Database) {
        let script = Script::start().await;
        let house = House::open(db, scripted(&script)).await;
        let document = house.ready(house.text(&sentences(3))).await;
        let good = house.knowledge.carry_out(&house.ann.sight, document.id).await.unwrap();
        let mut chunk = good.clone();
        chunk.chunks[0].end_char = 1_000_000;
        let mut vectors = good.clone();
        vectors.vectors[0].chunks.push(0);
        let mut version = good.clone();
        version.version = 2;
        let mut file = good.clone();
        file.file = "not base64".into();
        for (what, bad) in [("chunk", chunk), ("vectors", vectors), ("version", version), ("file", file)] {
            let refused = house.knowledge.carry_in(&house.ann, house.tenant, None, bad).await;
            assert_eq!(refused.unwrap_err().code(), "invalid_input", "{what}");
        }
        assert_eq!(house.count("SELECT count(*) AS total FROM knowledge_documents").await, 1);
    }

    async fn every_document_of_a_tenant_can_be_carried(db: Database) {
        let house = House::open(db, without_model()).await;
        for at in 0..3 {
            house.ready(house.text(&format!("Document number {at}."))).await;
        }
        let tenant = TenantId::generate();
        let mover = person(tenant);
        let managing = knowledge::Sight::managing(house.tenant, mover.actor.who);
        let all = house
            .knowledge
            .list(&managing, &Default::default(), &base::PageRequest::first(10))
            .await
            .unwrap();
        for document in all.items {
            let carried = house.knowledge.carry_out(&managing, document.id).await.unwrap();
            let taken = house.knowledge.carry_in(&mover, tenant, None, carried).await.unwrap();
            house.becomes_ready(taken.id).await;
        }
        let totals = house.knowledge.totals(Some(tenant)).await.unwrap();
        assert_eq!((totals.documents, totals.ready), (3, 3));
        assert_ne!(mover.actor, Actor::house());
    }
}
