//! Archives: old records in a folder and in a bucket, what goes wrong on the way, and the way back.

use apps::record::{self, Act};
use base::{Actor, RecordId};
use identity::{Caller, Reach};
use jiff::SignedDuration;
use serde_json::json;
use store::blob::{self, Place};
use testkit::{Bucket, Database};
use work::State;

use crate::{
    house::job_of,
    yard::{Yard, app, started},
};

const DAY: SignedDuration = SignedDuration::from_hours(24);

testkit::on_both! {
    async fn what_is_old_lies_in_files_and_comes_back_as_it_was(db: Database) {
        let yard = Yard::open(&db).await;
        let first = yard.make("plans", "first", None).await;
        yard.make("remarks", "beside the first", Some(first)).await;
        for name in ["second", "third", "newest"] {
            yard.make("plans", name, None).await;
        }
        let before = yard.store.read(move |db| record::get(db, Reach::All, first, None)).await.expect("a plan");
        let told = yard.put_away("plans").await;
        assert_eq!((&told["records"], &told["rows"]), (&json!(3), &json!(4)), "{told}");
        assert_eq!((&told["archive_count"], &told["too_large_count"]), (&json!(2), &json!(0)), "{told}");
        assert_eq!(yard.names("plans").await, ["newest"]);
        assert!(yard.names("remarks").await.is_empty(), "what lay in it went along");
        let kept = yard.archives().await;
        assert_eq!(kept.iter().map(|it| it.record_count).collect::<Vec<_>>(), [2, 1], "batches of two");
        assert!(kept.iter().all(|it| it.place == Some(Place::Directory)), "{kept:?}");
        assert_eq!(yard.files().len(), 2);
        assert_eq!(yard.put_away("plans").await["records"], 0, "the newest stays");

        for archive in &kept {
            for _ in 0..2 {
                let job = yard.bring_back(archive.id, &[]).await;
                assert_eq!(job.state, State::Completed, "{job:?}");
            }
        }
        assert_eq!(yard.names("plans").await, ["first", "newest", "second", "third"]);
        assert_eq!(yard.names("remarks").await, ["beside the first"]);
        let after = yard.store.read(move |db| record::get(db, Reach::All, first, None)).await.expect("a plan");
        assert_eq!(after, before);
        assert_eq!(yard.put_away("plans").await["records"], 0, "what came back rests for a while");
        yard.sweep_after(DAY * 40).await;
        assert_eq!(yard.files().len(), 2, "archives stay");
    }

    async fn records_come_back_by_their_ids_and_what_is_not_in_the_archive_is_told(db: Database) {
        let yard = Yard::open(&db).await;
        let old = yard.make("plans", "old", None).await;
        for name in ["older", "newest"] {
            yard.make("plans", name, None).await;
        }
        yard.put_away("plans").await;
        let stranger = RecordId::generate();
        let job = yard.bring_back(yard.archives().await[0].id, &[old, stranger]).await;
        let told = job.result.expect("a result");
        assert_eq!((&told["records"], &told["unknown"]), (&json!(1), &json!([stranger])), "{told}");
        assert_eq!(yard.names("plans").await, ["newest", "old"]);
    }

    async fn a_damaged_or_lost_archive_brings_nothing_back_and_says_why(db: Database) {
        let yard = Yard::open(&db).await;
        for name in ["old", "newest"] {
            yard.make("plans", name, None).await;
        }
        yard.put_away("plans").await;
        let file = yard.files().remove(0);
        let whole = std::fs::read(&file).expect("the archive");
        let mut spoilt = whole.clone();
        spoilt[whole.len() / 2] ^= 1;
        for (bytes, harm) in [(Some(spoilt), "damaged"), (None, "missing")] {
            match bytes {
                Some(bytes) => std::fs::write(&file, bytes).expect("the archive can be damaged"),
                None => std::fs::remove_file(&file).expect("the archive can be lost"),
            }
            let job = yard.bring_all_back().await;
            assert_eq!(job.state, State::Failed);
            let error = job.error.expect("a reason");
            assert_eq!(error.code, "archive_damaged");
            assert!(error.message.contains("in directory") && error.message.contains(harm), "{error:?}");
            assert_eq!(yard.names("plans").await, ["newest"]);
        }
        std::fs::write(&file, &whole).expect("the archive is whole again");
        assert_eq!(yard.bring_all_back().await.state, State::Completed);
        assert_eq!(yard.names("plans").await, ["newest", "old"]);
    }

    async fn what_an_attempt_left_that_was_killed_is_given_up_by_the_next(db: Database) {
        let yard = Yard::open(&db).await;
        for name in ["old", "newest"] {
            yard.make("plans", name, None).await;
        }
        // Of two that were killed: one before its file had a name, one before its records were removed.
        yard.kept(b"without a name").await;
        let half = yard.half_made(b"half of it").await;
        assert!(yard.archives().await.is_empty(), "nobody is told of it");
        assert_eq!(yard.put_away("plans").await["records"], 1);
        let kept = yard.archives().await;
        assert!(kept.len() == 1 && kept[0].id != half, "{kept:?}");
        assert_eq!((yard.count("archives").await, yard.files().len()), (1, 3));
        yard.sweep_after(DAY).await;
        assert_eq!(yard.files().len(), 2, "what had no name is gone after a day");
        yard.sweep_after(DAY * 40).await;
        assert_eq!(yard.files().len(), 1, "what nobody uses is gone like any other file");
        assert_eq!(yard.bring_all_back().await.state, State::Completed);
        assert_eq!(yard.names("plans").await, ["newest", "old"]);
    }

    async fn what_nobody_goes_on_with_is_given_up_by_the_sweep(db: Database) {
        let yard = Yard::open(&db).await;
        yard.half_made(b"its job is gone").await;
        yard.sweep_after(SignedDuration::from_hours(1)).await;
        assert_eq!((yard.count("archives").await, yard.files().len()), (0, 1));
        yard.sweep_after(DAY * 40).await;
        assert!(yard.files().is_empty());
    }

    async fn what_another_record_stands_in_the_way_of_is_told_and_left(db: Database) {
        let yard = Yard::open(&db).await;
        for name in ["old", "older", "newest"] {
            yard.make("plans", name, None).await;
        }
        yard.put_away("plans").await;
        let in_the_way = yard.make("plans", "old", None).await;
        for (records, left) in [(1, 1), (0, 1)] {
            let told = yard.bring_all_back().await.result.expect("a result");
            assert_eq!((&told["records"], &told["left_count"]), (&json!(records), &json!(left)), "{told}");
            assert_eq!(yard.names("plans").await, ["newest", "old", "older"]);
        }
        let (engine, now) = (yard.engine.clone(), yard.clock.now());
        let erase = move |tx: &store::Tx| {
            record::erase(tx, engine.folder().kits(), &Act::house(now), in_the_way, None)
        };
        yard.store.write(&Actor::house(), now, erase).await.expect("it goes");
        assert_eq!(yard.bring_all_back().await.result.expect("a result")["records"], 1);
        assert_eq!(yard.names("plans").await, ["newest", "old", "older"]);
    }

    async fn a_record_does_not_come_back_into_one_that_is_gone(db: Database) {
        let yard = Yard::open(&db).await;
        let first = yard.make("plans", "first", None).await;
        for name in ["dust", "fresh"] {
            yard.make("remarks", name, Some(first)).await;
        }
        assert_eq!(yard.put_away("remarks").await["records"], 1);
        yard.make("plans", "newest", None).await;
        yard.put_away("plans").await;
        let kept = yard.archives().await;
        let (remarks, plans) = (kept[0].id, kept[1].id);
        let told = yard.bring_back(remarks, &[]).await.result.expect("a result");
        assert_eq!((&told["records"], &told["left_count"]), (&json!(0), &json!(1)), "{told}");
        for archive in [plans, remarks] {
            let told = yard.bring_back(archive, &[]).await.result.expect("a result");
            assert_eq!((&told["records"], &told["left_count"]), (&json!(1), &json!(0)), "{told}");
        }
        assert_eq!(yard.names("remarks").await, ["dust", "fresh"]);
    }

    async fn the_archives_of_a_tenant_go_with_it(db: Database) {
        let yard = Yard::open(&db).await;
        for name in ["old", "newest"] {
            yard.make("plans", name, None).await;
        }
        yard.put_away("plans").await;
        yard.half_made(b"half of another").await;
        assert_eq!(yard.files().len(), 2);
        let (tenant, now) = (yard.tenant, yard.clock.now());
        let actor = Actor::house();
        let erased = yard.store.write(&actor, now, move |tx| {
            apps::tenant::erase(tx, &Act::house(now), tenant)
        });
        erased.await.expect("it is erased");
        assert_eq!((yard.count("archives").await, yard.count("archived_records").await), (0, 0));
        yard.sweep_after(SignedDuration::from_hours(1)).await;
        assert!(yard.files().is_empty(), "{:?}", yard.files());
        let gone = yard.engine.archive_make(&Caller::operator(), tenant, "plans").await;
        assert_eq!(gone.expect_err("there is no such tenant").code(), "tenant_not_found");
    }

    async fn archives_move_with_all_files_and_come_back_from_where_they_lie(db: Database) {
        let yard = Yard::open(&db).await;
        for name in ["old", "newest"] {
            yard.make("plans", name, None).await;
            yard.make("drawings", name, None).await;
        }
        yard.put_away("plans").await;
        yard.clock.advance(SignedDuration::from_secs(1));
        yard.put_away("drawings").await;
        let places: Vec<_> = yard.archives().await.iter().map(|it| it.place).collect();
        assert_eq!(places, [Some(Place::Directory), Some(Place::Database)]);
        let now = yard.clock.now();
        for (to, moved) in [(Place::Directory, 1), (Place::Database, 2)] {
            let batch = blob::transfer(&yard.store, to, None, now).await.expect("they move");
            assert_eq!((batch.done, batch.damaged.len()), (moved, 0));
            assert!(yard.archives().await.iter().all(|it| it.place == Some(to)));
        }
        for archive in yard.archives().await {
            assert_eq!(yard.bring_back(archive.id, &[]).await.state, State::Completed);
        }
        assert_eq!(yard.names("plans").await, ["newest", "old"]);
        assert_eq!(yard.names("drawings").await, ["newest", "old"]);
    }

    async fn s3_keeps_what_is_old_and_while_it_is_away_nothing_is_removed(db: Database) {
        let Some(bucket) = Bucket::make().await else { return };
        let yard = Yard::with(&db, bucket.settings()).await;
        for name in ["old", "newest"] {
            yard.make("drawings", name, None).await;
        }
        bucket.cut();
        let accepted = yard.ask_to_put_away("drawings").await;
        let id = job_of(&accepted);
        let mut error = None;
        for _ in 0..1_000 {
            let job = yard.store.read(move |db| work::get(db, None, id)).await.expect("jobs");
            let job = job.expect("the job is there");
            assert!(!job.state.is_finished(), "it waits: {job:?}");
            error = job.error;
            if error.is_some() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        assert_eq!(error.expect("it was tried").code, "unavailable");
        assert_eq!(yard.names("drawings").await, ["newest", "old"]);
        assert!(yard.archives().await.is_empty());

        bucket.mend();
        yard.clock.advance(SignedDuration::from_mins(2));
        let job = yard.ended(&accepted).await;
        assert_eq!(job.state, State::Completed, "{job:?}");
        assert_eq!(yard.names("drawings").await, ["newest"]);
        let archive = yard.archives().await.remove(0);
        assert_eq!(archive.place, Some(Place::S3));
        let named = archive.blob.to_string();
        assert!(bucket.objects().await.iter().any(|it| it.contains(&named)), "it lies there");
        assert_eq!(yard.bring_back(archive.id, &[]).await.state, State::Completed);
        assert_eq!(yard.names("drawings").await, ["newest", "old"]);
    }

    async fn a_place_that_nobody_set_up_keeps_the_application_from_starting(db: Database) {
        let yard = Yard::open(&db).await;
        let copy = tempfile::tempdir().expect("a folder");
        let yaml = std::fs::read_to_string(app().join("app.yaml")).expect("the description");
        let yaml = yaml.replace("place: directory", "place: s3");
        std::fs::write(copy.path().join("app.yaml"), yaml).expect("a copy");
        std::fs::create_dir(copy.path().join("schemas")).expect("a folder");
        let schema = "schemas/plan.json";
        std::fs::copy(app().join(schema), copy.path().join(schema)).expect("a copy");
        let refused = started(copy.path(), &yard.store, &yard.clock).await.err();
        let told = refused.expect("there is no bucket").to_string();
        assert!(told.contains("archives of `plans` are put into s3"), "{told}");
    }
}
