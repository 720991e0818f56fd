//! Bytes in the database, in a folder and in a bucket: kept before they are named, never lost while they
//! are, taken away when they are nobody's.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may stop")]

use std::{fs, path::Path};

use base::{TenantId, Timestamp};
use bytes::Bytes;
use jiff::SignedDuration;
use store::{
    Error, Options, Store, Tx,
    blob::{self, BlobId, Harm, Kept, Place, Settings},
    migrate,
};
use tempfile::TempDir;
use testkit::{Bucket, Database};

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A store with its blobs in one place.
struct House {
    store: Store,
    place: Place,
    folder: TempDir,
    bucket: Option<Bucket>,
    tenant: TenantId,
    now: Timestamp,
}

impl House {
    /// None where there is no such place.
    async fn open(db: &Database, place: Place) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let bucket = if place == Place::S3 { Some(Bucket::make().await?) } else { None };
        let settings = bucket.as_ref().map_or_else(Settings::default, Bucket::settings);
        let directory = Some(folder.path().join("blobs"));
        let blobs = Settings { place, directory, ..settings };
        db.migrated(&[]).await.close().await;
        let store = db.open(Options { blobs, ..Options::default() }).await;
        let now = testkit::moment(testkit::START);
        let empty = |tx: &Tx| {
            tx.execute("DELETE FROM blobs", &[])?;
            tx.execute("DELETE FROM blob_leftovers", &[])
        };
        store.bookkeep("a test", empty).await.unwrap();
        Some(Self { store, place, folder, bucket, tenant: TenantId::generate(), now })
    }

    /// With both places outside of the database, and new bytes in this one.
    async fn with_all(db: &Database, place: Place) -> Option<Self> {
        let house = Self::open(db, Place::S3).await?;
        let directory = Some(house.folder.path().join("blobs"));
        let blobs = Settings { place, directory, ..house.bucket.as_ref()?.settings() };
        let store = db.open(Options { blobs, ..Options::default() }).await;
        Some(Self { store, place, ..house })
    }

    async fn keep(&self, bytes: &[u8]) -> Result<Kept, Error> {
        blob::keep(&self.store, self.tenant, Bytes::copy_from_slice(bytes), self.now).await
    }

    async fn name(&self, kept: Kept) -> Result<BlobId, Error> {
        let now = self.now;
        self.change(move |tx| blob::put(tx, &kept, now)).await
    }

    async fn put(&self, bytes: &[u8]) -> BlobId {
        let kept = self.keep(bytes).await.unwrap();
        self.name(kept).await.unwrap()
    }

    async fn change<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Tx) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.store.bookkeep("a test", f).await
    }

    async fn give_back(&self, id: &BlobId) {
        let (tenant, id, now) = (self.tenant, id.clone(), self.now);
        assert!(self.change(move |tx| blob::remove(tx, tenant, &id, now)).await.unwrap());
    }

    async fn read(&self, id: &BlobId) -> Result<Option<Bytes>, Error> {
        blob::read(&self.store, self.tenant, id).await
    }

    /// Rows that nobody uses go, then objects that nobody names.
    async fn sweep_at(&self, moment: Timestamp) {
        self.change(move |tx| blob::sweep(tx, moment, moment)).await.unwrap();
        blob::clear(&self.store, moment).await.unwrap();
    }

    /// What really lies there.
    async fn objects(&self) -> Vec<String> {
        let mut found = Vec::new();
        files(&self.folder.path().join("blobs"), &mut found);
        if let Some(bucket) = &self.bucket {
            found.extend(bucket.objects().await);
        }
        found
    }

    async fn count(&self, table: &'static str) -> u64 {
        let sql = format!("SELECT count(*) AS total FROM {table}");
        let row = self.store.read(move |db| db.one(sql.as_str(), &[])).await;
        row.unwrap().get("total").unwrap()
    }

    /// Another content for the only object there is, or none.
    async fn spoil(&self, bytes: Option<&[u8]>) {
        let object = self.objects().await.pop().unwrap();
        match (&self.bucket, bytes) {
            (Some(bucket), Some(bytes)) => bucket.overwrite(&object, bytes).await,
            (Some(bucket), None) => bucket.lose(&object).await,
            (None, Some(bytes)) => fs::write(object, bytes).unwrap(),
            (None, None) => fs::remove_file(object).unwrap(),
        }
    }

    fn go_away(&self) {
        match &self.bucket {
            Some(bucket) => bucket.cut(),
            None => fs::write(self.folder.path().join("blobs"), b"a file").unwrap(),
        }
    }

    fn come_back(&self) {
        match &self.bucket {
            Some(bucket) => bucket.mend(),
            None => fs::remove_file(self.folder.path().join("blobs")).unwrap(),
        }
    }
}

fn files(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => files(&path, found),
            path => found.push(path.display().to_string()),
        }
    }
}

/// The places outside of the database.
const OUTSIDE: [Place; 2] = [Place::Directory, Place::S3];

testkit::on_both! {
    async fn bytes_are_kept_once_and_swept_when_nobody_uses_them(db: Database) {
        for place in Place::ALL {
            let Some(house) = House::open(&db, place).await else { continue };
            let (first, again) = (house.put(b"bytes\0").await, house.put(b"bytes\0").await);
            assert_eq!((&first, &first), (&again, &BlobId::of(b"bytes\0")));
            let later = house.now + DAY + DAY;
            for is_there_after in [true, false] {
                house.give_back(&first).await;
                house.sweep_at(later).await;
                assert_eq!(house.read(&first).await.unwrap().is_some(), is_there_after, "{place}");
                let objects = usize::from(is_there_after && place != Place::Database);
                assert_eq!(house.objects().await.len(), objects, "{place}");
            }
            assert_eq!(house.count("blob_leftovers").await, 0);
        }
    }

    async fn bytes_whose_transaction_never_came_are_deleted_after_a_day_and_not_before(db: Database) {
        for place in OUTSIDE {
            let Some(house) = House::open(&db, place).await else { continue };
            // One whose process was killed in between, and one whose transaction was undone.
            house.keep(b"never named").await.unwrap();
            let (kept, now) = (house.keep(b"undone").await.unwrap(), house.now);
            let undone = house.change(move |tx| {
                blob::put(tx, &kept, now)?;
                Err::<(), _>(Error::NoRow)
            });
            assert!(undone.await.is_err());
            assert_eq!((house.objects().await.len(), house.count("blobs").await), (2, 0));
            house.sweep_at(house.now + DAY - SignedDuration::from_secs(1)).await;
            assert_eq!(house.objects().await.len(), 2, "{place}: somebody may still be at it");
            house.sweep_at(house.now + DAY).await;
            assert_eq!(house.objects().await, Vec::<String>::new(), "{place}");
        }
    }

    async fn bytes_that_wait_are_named_or_refused_but_never_named_and_deleted(db: Database) {
        for place in OUTSIDE {
            let Some(house) = House::open(&db, place).await else { continue };
            let (in_time, late) = (house.keep(b"in time").await.unwrap(), house.keep(b"late").await.unwrap());
            let named = house.name(in_time).await.unwrap();
            blob::clear(&house.store, house.now + DAY).await.unwrap();
            assert_eq!(house.read(&named).await.unwrap().unwrap(), "in time");
            let refused = house.name(late.clone()).await.unwrap_err();
            assert!(refused.is_unavailable(), "{refused}");
            assert_eq!(house.read(late.id()).await.unwrap(), None);
        }
    }

    async fn the_same_bytes_of_two_tenants_do_not_go_with_each_other(db: Database) {
        for place in Place::ALL {
            let Some(house) = House::open(&db, place).await else { continue };
            let ours = house.put(b"ours and theirs").await;
            let others = House { tenant: TenantId::generate(), ..house };
            let theirs = others.put(b"ours and theirs").await;
            assert_eq!(ours, theirs);
            others.give_back(&theirs).await;
            others.sweep_at(others.now + DAY).await;
            assert_eq!(others.read(&theirs).await.unwrap(), None);
            // Of the first one, who is still there, nothing went.
            let rows = others.count("blobs").await;
            assert_eq!(rows, 1, "{place}");
            assert_eq!(others.objects().await.len(), usize::from(place != Place::Database));
        }
    }

    async fn everything_of_a_tenant_that_is_erased_is_deleted(db: Database) {
        for place in Place::ALL {
            let Some(house) = House::open(&db, place).await else { continue };
            for at in 0..120_u32 {
                house.put(&at.to_le_bytes()).await;
            }
            let (tenant, now) = (house.tenant, house.now);
            assert_eq!(house.change(move |tx| blob::erase(tx, tenant, now)).await.unwrap(), 120);
            let cleared = blob::clear(&house.store, now).await.unwrap();
            assert_eq!(cleared, if place == Place::Database { 0 } else { 120 });
            assert_eq!(house.objects().await, Vec::<String>::new(), "{place}");
        }
    }

    async fn a_damaged_or_missing_object_is_named_and_mended_by_the_same_file(db: Database) {
        for place in OUTSIDE {
            let Some(house) = House::open(&db, place).await else { continue };
            for (spoilt, harm) in [(Some(&b"others"[..]), Harm::Damaged), (None, Harm::Missing)] {
                let id = house.put(b"the right bytes").await;
                house.sweep_at(house.now + DAY).await;
                house.spoil(spoilt).await;
                let error = house.read(&id).await.unwrap_err();
                let found = matches!(&error, Error::BlobDamaged { id: of, harm: found, place: at } if (of, *found, *at) == (&id, harm, place));
                assert!(found, "{place}: {error}");
                assert!(!error.is_unavailable(), "asking again does not help");
                let verified = blob::verify(&house.store, None).await.unwrap();
                assert_eq!((verified.done, verified.damaged.len()), (0, 1));
                house.put(b"the right bytes").await;
                assert_eq!(house.read(&id).await.unwrap().unwrap(), "the right bytes");
            }
        }
    }

    async fn a_place_that_is_away_takes_and_gives_nothing_and_leaves_nothing_half_done(db: Database) {
        for place in OUTSIDE {
            let Some(house) = House::open(&db, place).await else { continue };
            house.go_away();
            let refused = house.keep(b"not now").await.unwrap_err();
            assert!(matches!(&refused, Error::BlobsAway { retry_after, why } if !retry_after.is_zero() && !why.is_empty()), "{refused}");
            assert!(matches!(blob::look(&house.store).await, Err(Error::BlobsAway { .. })));
            assert_eq!(house.count("blobs").await, 0);
            house.come_back();
            assert_eq!(blob::look(&house.store).await.unwrap(), place);
            let id = house.put(b"now").await;
            if let Some(bucket) = &house.bucket {
                bucket.cut();
                assert!(house.read(&id).await.unwrap_err().is_unavailable());
                let waiting = blob::clear(&house.store, house.now + DAY).await;
                assert!(waiting.unwrap_err().is_unavailable());
                bucket.mend();
            }
            assert_eq!(house.read(&id).await.unwrap().unwrap(), "now");
            house.sweep_at(house.now + DAY).await;
            assert_eq!((house.objects().await.len(), house.count("blob_leftovers").await), (1, 0));
        }
    }

    async fn blobs_move_from_place_to_place_and_a_stopped_move_goes_on(db: Database) {
        let Some(house) = House::with_all(&db, Place::Database).await else { return };
        let mut all = Vec::new();
        for at in 0..70_u32 {
            all.push(house.put(&[at.to_le_bytes().as_slice(), &vec![7; 70_000]].concat()).await);
        }
        for to in [Place::Directory, Place::S3, Place::Database] {
            // The first batch only, as if it had been killed then.
            let first = blob::transfer(&house.store, to, None, house.now).await.unwrap();
            assert_eq!((first.done, first.next.is_some()), (50, true));
            let mut moved = 0;
            let mut after = None;
            loop {
                let batch = blob::transfer(&house.store, to, after, house.now).await.unwrap();
                moved += batch.done;
                assert!(batch.damaged.is_empty(), "{:?}", batch.damaged);
                after = batch.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(moved, 20, "to {to}");
            house.sweep_at(house.now + DAY).await;
            let status = blob::status(&house.store).await.unwrap();
            assert_eq!((status.held.len(), status.held[0].place, status.held[0].count), (1, to, 70));
            assert_eq!(house.objects().await.len(), if to == Place::Database { 0 } else { 70 });
            for id in &all {
                assert_eq!(house.read(id).await.unwrap().unwrap().len(), 70_004);
            }
        }
    }

    async fn bytes_may_be_kept_elsewhere_than_new_ones_are_and_say_where_they_lie(db: Database) {
        let Some(house) = House::with_all(&db, Place::Database).await else { return };
        let mut blobs = vec![(house.tenant, house.put(b"here").await)];
        for place in OUTSIDE {
            assert!(blob::is_set_up(&house.store, place));
            let bytes = Bytes::from_static(place.name().as_bytes());
            let kept = blob::keep_in(&house.store, place, house.tenant, bytes, house.now).await;
            blobs.push((house.tenant, house.name(kept.unwrap()).await.unwrap()));
        }
        blobs.push((TenantId::generate(), blobs[0].1.clone()));
        let asked = blobs.clone();
        let places = house.store.read(move |db| blob::places_of(db, &asked)).await.unwrap();
        assert_eq!(places, [Some(Place::Database), Some(Place::Directory), Some(Place::S3), None]);
        for (_, id) in &blobs {
            assert!(house.read(id).await.unwrap().is_some());
        }
    }

    async fn blobs_in_a_place_that_is_set_up_no_more_are_missed_by_name(db: Database) {
        let Some(house) = House::open(&db, Place::Directory).await else { return };
        let id = house.put(b"somewhere").await;
        let store = db.open(Options::default()).await;
        let status = blob::status(&store).await.unwrap();
        assert_eq!((status.chosen, status.held[0].is_set_up), (Place::Database, false));
        assert!(!blob::is_set_up(&store, Place::Directory) && blob::is_set_up(&store, Place::Database));
        let error = blob::read(&store, house.tenant, &id).await.unwrap_err();
        assert!(error.to_string().contains("do not say where"), "{error}");
    }

    async fn a_database_with_blobs_elsewhere_does_not_forget_them_by_a_step_back(db: Database) {
        let Some(house) = House::open(&db, Place::Directory).await else { return };
        let id = house.put(b"elsewhere").await;
        let back = migrate::down(&house.store, store::MIGRATIONS, 1).await;
        assert!(format!("{:?}", back.unwrap_err()).contains("move_blobs_to_the_database_first"));
        assert_eq!(house.read(&id).await.unwrap().unwrap(), "elsewhere");
        blob::transfer(&house.store, Place::Database, None, house.now).await.unwrap();
        migrate::down(&house.store, store::MIGRATIONS, 1).await.unwrap();
        migrate::up(&house.store, store::MIGRATIONS, house.now).await.unwrap();
        assert_eq!(house.read(&id).await.unwrap().unwrap(), "elsewhere");
    }

    async fn whoever_puts_while_others_sweep_and_move_keeps_what_was_acknowledged(db: Database) {
        for place in OUTSIDE {
            let Some(house) = House::open(&db, place).await else { continue };
            let house = std::sync::Arc::new(house);
            let mut busy = tokio::task::JoinSet::new();
            for worker in 0..4_u8 {
                let house = house.clone();
                busy.spawn(async move {
                    for round in 0..12_u8 {
                        // Two names for all workers, so that they are in each other's way.
                        let bytes = [round % 2; 10];
                        let id = match house.keep(&bytes).await {
                            Ok(kept) => match house.name(kept).await {
                                Ok(id) => id,
                                Err(error) => {
                                    assert!(error.is_unavailable(), "{error}");
                                    continue;
                                }
                            },
                            Err(error) => panic!("{error}"),
                        };
                        let read = house.read(&id).await.unwrap();
                        assert_eq!(read.as_deref(), Some(&bytes[..]), "{place}, worker {worker}");
                        house.give_back(&id).await;
                    }
                });
            }
            for _ in 0..2 {
                let house = house.clone();
                busy.spawn(async move {
                    for _ in 0..20 {
                        // Rows that are nobody's at this moment, and copies that were moved away; not
                        // what is just being put, which nobody may be at for a day.
                        let (soon, now) = (house.now + SignedDuration::from_secs(1), house.now);
                        // Who was in others' way once too often sweeps the next time.
                        if let Err(error) = house.change(move |tx| blob::sweep(tx, soon, now)).await {
                            assert!(error.is_unavailable(), "{error}");
                        }
                        let later = now + SignedDuration::from_hours(2);
                        blob::clear(&house.store, later).await.unwrap();
                        tokio::time::sleep(std::time::Duration::from_millis(3)).await;
                    }
                });
            }
            let mover = house.clone();
            busy.spawn(async move {
                for _ in 0..10 {
                    for to in [Place::Database, mover.place] {
                        let moved = blob::transfer(&mover.store, to, None, mover.now).await;
                        // What took longer than the sweeper's days is refused, and stays where it is.
                        assert!(moved.as_ref().map_or_else(Error::is_unavailable, |it| it.damaged.is_empty()), "{moved:?}");
                    }
                }
            });
            while let Some(ended) = busy.join_next().await {
                ended.unwrap();
            }
            house.sweep_at(house.now + DAY + DAY).await;
            assert_eq!((house.count("blobs").await, house.objects().await.len()), (0, 0), "{place}");
        }
    }
}
