//! Looking at jobs, and clearing them away.

use base::{JobId, PageRequest, RecordId, TenantId};
use work::{Counts, Filter, NewJob, State};

use crate::kitchen::{Kitchen, done, quick};

async fn page(kitchen: &Kitchen, filter: &Filter, page: &PageRequest) -> base::Page<JobId> {
    let (filter, page) = (filter.clone(), page.clone());
    let found = kitchen.store.read(move |db| work::list(db, &filter, &page)).await;
    found.unwrap().map(|it| it.id)
}

async fn ids(kitchen: &Kitchen, filter: &Filter) -> Vec<JobId> {
    page(kitchen, filter, &PageRequest::first(50)).await.items
}

testkit::on_both! {
    async fn a_list_is_walked_forth_and_back_newest_first(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let mut newest_first = Vec::new();
        for _ in 0..7 {
            newest_first.insert(0, kitchen.order(kitchen.job("soup")).await);
        }
        for filter in [
            Filter::default(),
            Filter { tenant: Some(TenantId::DEFAULT), ..Filter::default() },
        ] {
            let mut request = PageRequest::first(3);
            let mut seen = Vec::new();
            let mut last = None;
            loop {
                let found = page(&kitchen, &filter, &request).await;
                seen.extend(found.items);
                last = found.prev.or(last);
                let Some(next) = found.next else { break };
                request.cursor = Some(next);
            }
            assert_eq!(seen, newest_first);
            request.cursor = last;
            let back = page(&kitchen, &filter, &request).await;
            assert_eq!(back.items, newest_first[3..6]);
        }
    }

    async fn who_is_at_a_record_is_the_newest_job_that_has_not_ended(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let table = RecordId::generate();
        let at_work = async || {
            let read = kitchen.store.read(move |db| work::at_work(db, TenantId::DEFAULT, table));
            let found: Result<_, store::Error> = read.await;
            found.unwrap().map(|it| it.id)
        };
        assert_eq!(at_work().await, None);
        let stew = kitchen.order(NewJob { subject: Some(table), ..kitchen.job("stew") }).await;
        for _ in 0..7 {
            let soup = kitchen.order(NewJob { subject: Some(table), ..kitchen.job("soup") }).await;
            kitchen.cancel(soup).await.unwrap();
        }
        kitchen.order(NewJob { subject: Some(RecordId::generate()), ..kitchen.job("soup") }).await;
        assert_eq!(at_work().await, Some(stew), "however many came and went since");
        kitchen.cancel(stew).await.unwrap();
        assert_eq!(at_work().await, None);
    }

    async fn a_filter_shows_what_it_says(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let guest = TenantId::from_uuid(JobId::generate().uuid());
        let table = RecordId::generate();
        let soup = kitchen.order(kitchen.job("soup")).await;
        let stew = kitchen.order(NewJob { subject: Some(table), ..kitchen.job("stew") }).await;
        let theirs = kitchen.order(NewJob { tenant: guest, ..kitchen.job("soup") }).await;
        kitchen.cancel(soup).await.unwrap();

        let all = Filter::default();
        let cases = [
            (all.clone(), vec![theirs, stew, soup]),
            (Filter { tenant: Some(guest), ..all.clone() }, vec![theirs]),
            (Filter { state: Some(State::Cancelled), ..all.clone() }, vec![soup]),
            (Filter { kind: Some("soup".into()), ..all.clone() }, vec![theirs, soup]),
            (Filter { subject: Some(table), ..all.clone() }, vec![stew]),
            (Filter { subject: Some(table), tenant: Some(guest), ..all.clone() }, vec![]),
            (Filter { dead: Some(true), ..all.clone() }, vec![]),
            (Filter { dead: Some(false), ..all }, vec![theirs, stew, soup]),
        ];
        for (filter, expected) in cases {
            assert_eq!(ids(&kitchen, &filter).await, expected, "{filter:?}");
            let of = filter.clone();
            let count = kitchen.store.read(move |db| work::count(db, &of)).await.unwrap();
            assert_eq!(count, expected.len() as u64, "{filter:?}");
        }
    }

    async fn jobs_are_counted_by_state(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let soup = kitchen.order(kitchen.job("soup")).await;
        let stew = kitchen.order(kitchen.job("stew")).await;
        kitchen.order(kitchen.job("stew")).await;
        let workers = kitchen.hire(quick(), vec![("soup", done())]);
        kitchen.becomes(soup, State::Completed).await;
        kitchen.cancel(stew).await.unwrap();
        let counts = kitchen.store.read(work::counts).await.unwrap();
        let expected = Counts { pending: 1, completed: 1, cancelled: 1, ..Counts::default() };
        assert_eq!(counts, expected);
        drop(workers);
    }

    async fn a_sweep_removes_what_ended_long_ago_and_nothing_else(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let waiting = kitchen.order(kitchen.job("soup")).await;
        let old = kitchen.order(kitchen.job("soup")).await;
        kitchen.cancel(old).await.unwrap();
        kitchen.passes(30 * 24 * 3600);
        let fresh = kitchen.order(kitchen.job("soup")).await;
        kitchen.cancel(fresh).await.unwrap();
        kitchen.passes(1);

        let older_than = kitchen.now() - work::act::KEPT;
        let sweep = move |tx: &store::Tx| work::sweep(tx, older_than);
        assert_eq!(kitchen.store.bookkeep("sweep", sweep).await.unwrap(), 1);
        assert_eq!(ids(&kitchen, &Filter::default()).await, [fresh, waiting]);
    }

    async fn erasing_a_tenant_removes_its_jobs_only(db: testkit::Database) {
        let kitchen = Kitchen::open(&db).await;
        let guest = TenantId::from_uuid(JobId::generate().uuid());
        let ours = kitchen.order(kitchen.job("soup")).await;
        kitchen.order(NewJob { tenant: guest, ..kitchen.job("soup") }).await;
        let erase = move |tx: &store::Tx| work::erase(tx, guest);
        assert_eq!(kitchen.store.bookkeep("erase", erase).await.unwrap(), 1);
        assert_eq!(ids(&kitchen, &Filter::default()).await, [ours]);
    }
}
