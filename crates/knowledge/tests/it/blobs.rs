//! Documents whose files lie outside of the database.

use std::time::Duration;

use jiff::SignedDuration;
use knowledge::document::{State, upload::UploadError};
use store::blob::{self, Place, Settings};
use testkit::{Bucket, Database};

use crate::house::{House, sentences, settings, without_model};

testkit::on_both! {
    async fn a_document_whose_file_lies_elsewhere_is_read_handed_out_and_carried(db: Database) {
        let folder = tempfile::tempdir().unwrap();
        let directory = Some(folder.path().join("blobs"));
        let blobs = Settings { place: Place::Directory, directory, s3: None };
        let mut house = House::idle_in(db, without_model(), settings(), blobs).await;
        house.hire();
        let text = sentences(4);
        let document = house.ready(house.text(&text)).await;
        let file = house.knowledge.file(&house.ann.sight, document.id).await.unwrap();
        assert_eq!(file, text.as_bytes());
        let carried = house.knowledge.carry_out(&house.ann.sight, document.id).await.unwrap();
        let again = house.knowledge.carry_in(&house.ann, house.tenant, None, carried).await.unwrap();
        let again = house.becomes_ready(again.id).await;
        assert_eq!(house.knowledge.file(&house.ann.sight, again.id).await.unwrap(), file);
        assert_eq!(house.count("SELECT count(*) AS total FROM blobs WHERE place = 'directory'").await, 1);

        for id in [document.id, again.id] {
            house.knowledge.remove(&house.ann, id).await.unwrap();
        }
        let later = house.clock.now() + SignedDuration::from_hours(48);
        house.store.bookkeep("a test", move |tx| blob::sweep(tx, later, later)).await.unwrap();
        blob::clear(&house.store, later).await.unwrap();
        assert_eq!(std::fs::read_dir(folder.path().join("blobs")).unwrap().count(), 0);
    }

    async fn while_s3_is_away_nothing_is_taken_in_and_what_was_waits_for_it(db: Database) {
        let Some(bucket) = Bucket::make().await else { return };
        let mut house = House::idle_in(db, without_model(), settings(), bucket.settings()).await;
        let waiting = house.put(house.text(&sentences(3))).await.document;
        bucket.cut();
        let refused = house.knowledge.upload(&house.ann, house.text("Another one.")).await.unwrap_err();
        let UploadError::Document(knowledge::DocumentError::Store(error)) = refused else {
            panic!("{refused}")
        };
        assert!(error.is_unavailable(), "{error}");
        assert_eq!(house.count("SELECT count(*) AS total FROM knowledge_documents").await, 1);
        assert!(house.knowledge.file(&house.ann.sight, waiting.id).await.is_err());

        house.hire();
        house.until(waiting.id, |it| it.state == State::Extracting).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(house.look(waiting.id).await.state, State::Extracting, "it waits");
        bucket.mend();
        house.passes(SignedDuration::from_mins(5));
        house.becomes_ready(waiting.id).await;
    }
}
