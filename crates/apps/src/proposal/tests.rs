use base::{PageRequest, ProposalId, RecordId, VersionId};
use identity::Reach;
use serde_json::{Value as Json, json};

use super::{
    Applied, Decided, Decision, Filter, NewProposal, Proposal, ProposalError, Status, apply,
    decide, decide_all, get, insert, list, plan, rejections, view,
};
use crate::{
    description::RecordRule,
    fixture::{self, Fixture},
    record::{Act, Record},
    version::{self, NewVersion, Origin, Version},
};

fn accept() -> Decision {
    Decision::Accept { notes: Some("good".into()) }
}

fn suggest(record: Option<RecordId>, suggested: Json) -> NewProposal {
    NewProposal {
        record,
        category: "naming".into(),
        suggestion: "do it".into(),
        change: Some(json!({"current": null, "suggested": suggested, "confidence": 0.9})),
    }
}

async fn listed(house: &Fixture, version: VersionId, filter: Filter) -> Vec<Proposal> {
    let reach = house.act().reach;
    let page =
        house.read(move |db, _| list(db, reach, version, &filter, &PageRequest::first(100))).await;
    page.expect("they are listed").items
}

async fn propose(house: &Fixture, version: VersionId, all: Vec<NewProposal>) -> Vec<ProposalId> {
    let (act, before) = (house.act(), listed(house, version, Filter::default()).await.len());
    house
        .store
        .bookkeep("propose", move |tx| insert(tx, &act, version, "rules", all))
        .await
        .expect("they are kept");
    listed(house, version, Filter::default())
        .await
        .into_iter()
        .skip(before)
        .map(|it| it.id)
        .collect()
}

async fn settle(
    house: &Fixture,
    act: &Act,
    id: ProposalId,
    decision: Decision,
) -> Result<Proposal, ProposalError> {
    house.write(act, move |tx, _, act| decide(tx, act, id, &decision)).await
}

async fn take(
    house: &Fixture,
    act: &Act,
    shelf: RecordId,
    ids: Vec<ProposalId>,
) -> Result<Applied, ProposalError> {
    house
        .write(act, move |tx, kits, act| {
            let new = NewVersion::new(shelf, Origin::Proposals, "Proposals");
            apply(tx, kits, act, &ids, new)
        })
        .await
}

/// Accepts and applies all of them.
async fn accepted(house: &Fixture, shelf: RecordId, ids: &[ProposalId]) -> Applied {
    for id in ids {
        settle(house, &house.act(), *id, accept()).await.expect("it is accepted");
    }
    take(house, &house.act(), shelf, ids.to_vec()).await.expect("they are applied")
}

async fn books(house: &Fixture, version: VersionId) -> Vec<Record> {
    house.read(move |db, _| version::records(db, version)).await.expect("they are read")
}

fn codes(books: &[Record]) -> String {
    let codes = books.iter().map(|it| it.data["code"].as_str().unwrap_or_default());
    codes.collect::<Vec<_>>().join(" ")
}

/// A shelf with an active version of the books A, B and C.
async fn shelf_of_three(house: &Fixture) -> (RecordId, Version, Vec<RecordId>) {
    let shelf = house.shelf("A").await;
    let data =
        ["A", "B", "C"].map(|it| json!({"code": it, "label": it, "metadata": {"unit": "EA"}}));
    let version = house.active(shelf.id, &data).await;
    let ids = books(house, version.id).await.iter().map(|it| it.id).collect();
    (shelf.id, version, ids)
}

#[test]
fn a_decision_is_taken_once() {
    let all = [
        accept(),
        Decision::Reject { reason: None, feedback: None },
        Decision::Dismiss { notes: None },
    ];
    for decision in all {
        assert_eq!(decision.on(Status::Pending), Ok(decision.status()));
        for taken in [Status::Accepted, Status::Rejected, Status::Dismissed] {
            assert_eq!(decision.on(taken), Err(taken));
        }
    }
}

testkit::on_both! {
    async fn proposals_are_listed_by_status_and_category(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let (_, version, ids) = shelf_of_three(&house).await;
        let mut all: Vec<NewProposal> =
            ids.iter().map(|it| suggest(Some(*it), json!({"code": "X"}))).collect();
        all.push(NewProposal { category: "other".into(), change: None, ..suggest(None, json!(null)) });
        all.push(suggest(Some(RecordId::generate()), json!({"code": "nowhere"})));
        let kept = propose(&house, version.id, all).await;
        assert_eq!(kept.len(), 4, "one spoke of a record that is not there");

        let other = Filter { category: Some("other".into()), ..Filter::default() };
        assert_eq!(listed(&house, version.id, other).await.len(), 1);
        settle(&house, &house.act(), kept[0], accept()).await.expect("it is accepted");
        let pending = Filter { status: Some(Status::Pending), ..Filter::default() };
        assert_eq!(listed(&house, version.id, pending.clone()).await.len(), 3);

        let reach = house.act().reach;
        let filter = Filter { count: true, ..pending };
        let (mut seen, mut request) = (Vec::new(), PageRequest::first(2));
        loop {
            let (asked, filter) = (request.clone(), filter.clone());
            let page = house.read(move |db, _| list(db, reach, version.id, &filter, &asked)).await.expect("listed");
            assert_eq!(page.total, Some(3));
            seen.extend(page.items.iter().map(|it| it.id));
            match page.next {
                Some(cursor) => request.cursor = Some(cursor),
                None => break,
            }
        }
        assert_eq!(seen, kept[1..]);
    }

    async fn a_proposal_shows_what_it_speaks_of(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let (_, version, ids) = shelf_of_three(&house).await;
        let kept = propose(&house, version.id, vec![suggest(Some(ids[1]), json!({"code": "X"})), suggest(None, json!({}))]).await;
        let all = listed(&house, version.id, Filter::default()).await;
        let shown = view(&all[0], &house.kits, "shelves");
        assert_eq!(shown["id"], json!(kept[0]));
        assert_eq!(shown["subject"], json!({"title": "B", "data": {"code": "B", "label": "B", "metadata": {"unit": "EA"}}}));
        assert_eq!((&shown["status"], &shown["produced_by"]), (&json!("pending"), &json!("rules")));
        assert_eq!(view(&all[1], &house.kits, "shelves")["subject"], Json::Null);
    }

    async fn a_record_that_broke_a_rule_before_there_was_one_takes_a_proposal_about_other_fields(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let (_, version, ids) = shelf_of_three(&house).await;
        propose(&house, version.id, vec![
            suggest(Some(ids[0]), json!({"metadata.unit": "LF"})),
            suggest(Some(ids[1]), json!({"code": "X", "label": "X"})),
        ])
        .await;
        let mut description = fixture::description();
        let rule = RecordRule { must: "it.code != it.label".into(), field: "label".into(), says: "must say more than the code".into() };
        description.collections.get_mut("books").expect("declared").rules.push(rule);
        let kits = fixture::kits(&description);
        let (there, all) = (books(&house, version.id).await, listed(&house, version.id, Filter::default()).await);
        let planned = plan(kits.get("books").expect("declared"), &there, &all);
        assert_eq!(planned.applied, [all[0].id], "{:?}", planned.conflicts);
        assert_eq!(planned.conflicts.len(), 1);
        assert!(planned.conflicts[0].why.contains("label must say more than the code"), "{:?}", planned.conflicts);
    }

    async fn another_tenant_finds_no_proposal(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let (shelf, version, ids) = shelf_of_three(&house).await;
        let id = propose(&house, version.id, vec![suggest(Some(ids[0]), json!({"code": "X"}))]).await[0];
        let (stranger, reach) = (house.stranger(), house.stranger().reach);
        let code = |it: ProposalError| it.code().to_owned();
        let found = house.read(move |db, _| get(db, reach, id)).await;
        assert_eq!(found.map_err(code).err().as_deref(), Some("proposal_not_found"));
        let decided = settle(&house, &stranger, id, accept()).await;
        assert_eq!(decided.map_err(code).err().as_deref(), Some("proposal_not_found"));
        let seen = house
            .read(move |db, _| list(db, reach, version.id, &Filter::default(), &PageRequest::first(9)))
            .await;
        assert_eq!(seen.map_err(code).err().as_deref(), Some("version_not_found"));
        let stranger_too = stranger.clone();
        let made = house
            .store
            .bookkeep("propose", move |tx| insert(tx, &stranger_too, version.id, "rules", vec![]))
            .await;
        assert_eq!(made.map_err(code).err().as_deref(), Some("version_not_found"));
        settle(&house, &house.act(), id, accept()).await.expect("it is accepted");
        let taken = take(&house, &stranger, shelf, vec![id]).await;
        assert_eq!(taken.map_err(code).err().as_deref(), Some("record_not_found"));
        let tenant = house.stranger;
        let refused = house.read(move |db, _| rejections(db, tenant, shelf, 9)).await;
        assert!(refused.expect("it is read").is_empty());
    }

    async fn a_decision_is_kept_with_who_and_why_and_taken_once(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let (shelf, version, ids) = shelf_of_three(&house).await;
        let all = ids.iter().map(|it| suggest(Some(*it), json!({"code": "X"}))).collect();
        let kept = propose(&house, version.id, all).await;
        let before = super::decide::DECIDED.value(&["rejected"]);
        let refuse = Decision::Reject { reason: Some("wrong".into()), feedback: Some("keep codes".into()) };
        let rejected = settle(&house, &house.act(), kept[0], refuse.clone()).await.expect("it is rejected");
        assert!(super::decide::DECIDED.value(&["rejected"]) > before);
        assert_eq!((rejected.status, rejected.decided_by.as_deref()), (Status::Rejected, Some("operator")));
        assert_eq!(rejected.decided_at, Some(house.clock.now()));
        let again = settle(&house, &house.act(), kept[0], accept()).await.expect_err("it is decided");
        assert_eq!(again.code(), "proposal_decided");

        let (first, second) = (house.act(), house.act());
        let (one, two) = tokio::join!(
            settle(&house, &first, kept[1], accept()),
            settle(&house, &second, kept[1], refuse),
        );
        assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
        let unknown = ProposalId::generate();
        let asked = vec![kept[0], kept[1], kept[2], unknown];
        let Decided { decided, skipped } = house
            .write(&house.act(), move |tx, _, act| {
                decide_all(tx, act, &asked, &Decision::Dismiss { notes: None })
            })
            .await
            .expect("they are decided");
        assert_eq!(decided.iter().map(|it| it.id).collect::<Vec<_>>(), [kept[2]]);
        assert_eq!(skipped, [kept[0], kept[1], unknown]);

        let tenant = house.tenant;
        let refused = house.read(move |db, _| rejections(db, tenant, shelf, 9)).await.expect("read");
        let words: Vec<_> = refused.iter().map(|it| (it.notes.as_deref(), it.feedback.as_deref())).collect();
        assert!(words.iter().all(|it| *it == (Some("wrong"), Some("keep codes"))), "{words:?}");
        assert!(!words.is_empty());
    }

    async fn several_accepted_changes_make_one_new_version(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let (shelf, version, ids) = shelf_of_three(&house).await;
        let kept = propose(&house, version.id, vec![
            suggest(Some(ids[0]), json!({"code": "A-1", "metadata": {"unit": "LF"}})),
            suggest(Some(ids[0]), json!({"metadata.size": 8})),
            suggest(Some(ids[1]), json!({"remove": true})),
            suggest(None, json!({"add": {"code": "D", "label": "fourth"}})),
            suggest(None, json!("think about it")),
        ]).await;
        let done = accepted(&house, shelf, &kept).await;
        let made = done.version.expect("a version is made");
        assert_eq!((made.number, made.is_active, made.record_count), (2, true, 3));
        assert_eq!((made.origin, made.based_on), (Origin::Proposals, Some(version.id)));
        assert_eq!(made.produced_by.as_deref(), Some("rules"));
        assert_eq!((done.applied.len(), done.advice, done.conflicts.len()), (4, vec![kept[4]], 0));
        let now = books(&house, made.id).await;
        assert_eq!(codes(&now), "A-1 C D");
        assert_eq!(now[0].data["metadata"], json!({"unit": "LF", "size": 8}));
        assert_eq!(codes(&books(&house, version.id).await), "A B C", "the old version stays");

        let again = take(&house, &house.act(), shelf, kept.clone()).await.expect("nothing is left");
        assert!(again.version.is_none() && again.applied.is_empty());
        let reach = house.act().reach;
        let id = kept[0];
        let found = house.read(move |db, _| get(db, reach, id)).await.expect("it is there");
        assert_eq!(found.applied_version, Some(made.id));
    }

    async fn a_proposal_for_an_older_version_meets_its_record_by_lineage(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let (shelf, version, ids) = shelf_of_three(&house).await;
        let kept = propose(&house, version.id, vec![
            suggest(Some(ids[0]), json!({"code": "Z"})),
            suggest(Some(ids[2]), json!({"remove": true})),
            suggest(Some(ids[2]), json!({"label": "too late"})),
        ]).await;
        accepted(&house, shelf, &kept[..1]).await;
        let done = accepted(&house, shelf, &kept[1..]).await;
        let made = done.version.expect("a version is made");
        assert_eq!(codes(&books(&house, made.id).await), "Z B");
        assert_eq!(done.applied, [kept[1]]);
        assert_eq!(done.conflicts.len(), 1);
        assert_eq!(done.conflicts[0].proposal, kept[2]);
        assert!(done.conflicts[0].why.contains("gone"), "{:?}", done.conflicts);
    }

    async fn what_cannot_be_applied_is_told_and_the_rest_is(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let (shelf, version, ids) = shelf_of_three(&house).await;
        let kept = propose(&house, version.id, vec![
            suggest(Some(ids[0]), json!({"code": "C"})),
            suggest(Some(ids[1]), json!({"colour": "red"})),
            suggest(Some(ids[1]), json!({"label": "fine"})),
            suggest(None, json!({"add": {"code": "A", "label": "the code is free? no"}})),
            suggest(None, json!({"add": {"code": "E"}})),
        ]).await;
        let done = accepted(&house, shelf, &kept).await;
        let mut refused: Vec<ProposalId> = done.conflicts.iter().map(|it| it.proposal).collect();
        refused.sort();
        assert_eq!(refused, [kept[0], kept[1], kept[3], kept[4]], "{:?}", done.conflicts);
        let now = books(&house, done.version.expect("a version is made").id).await;
        assert_eq!(codes(&now), "A B C");
        assert_eq!(now[1].data["label"], "fine");
    }

    async fn two_records_may_swap_what_must_differ(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let (shelf, version, ids) = shelf_of_three(&house).await;
        let kept = propose(&house, version.id, vec![
            suggest(Some(ids[0]), json!({"code": "B"})),
            suggest(Some(ids[1]), json!({"code": "A"})),
        ]).await;
        let done = accepted(&house, shelf, &kept).await;
        assert!(done.conflicts.is_empty(), "{:?}", done.conflicts);
        assert_eq!(codes(&books(&house, done.version.expect("made").id).await), "B A C");
    }

    async fn of_two_changes_to_the_same_code_the_first_record_keeps_it(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let (shelf, version, ids) = shelf_of_three(&house).await;
        let kept = propose(&house, version.id, vec![
            suggest(Some(ids[0]), json!({"code": "N"})),
            suggest(Some(ids[1]), json!({"code": "N"})),
            suggest(Some(ids[2]), json!({"code": "B"})),
        ]).await;
        let done = accepted(&house, shelf, &kept).await;
        // The second goes back to B, so the third cannot have that either.
        assert_eq!(codes(&books(&house, done.version.expect("made").id).await), "N B C");
        assert_eq!(done.applied, [kept[0]]);
    }

    async fn only_accepted_proposals_of_the_record_are_applied(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let (shelf, version, ids) = shelf_of_three(&house).await;
        let other = house.shelf("B").await;
        let kept = propose(&house, version.id, vec![suggest(Some(ids[0]), json!({"code": "X"}))]).await;
        let code = |it: ProposalError| it.code().to_owned();
        let early = take(&house, &house.act(), shelf, kept.clone()).await;
        assert!(matches!(early, Err(ProposalError::NotAccepted { .. })));
        settle(&house, &house.act(), kept[0], accept()).await.expect("it is accepted");
        let wrong = take(&house, &house.act(), other.id, kept.clone()).await;
        assert_eq!(wrong.map_err(code).err().as_deref(), Some("proposal_not_found"));
        let advice = propose(&house, version.id, vec![suggest(Some(ids[0]), json!("words"))]).await;
        let done = accepted(&house, shelf, &advice).await;
        assert!(done.version.is_none());
        assert_eq!(done.advice, advice);
    }

    async fn without_an_active_version_nothing_is_applied(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let shelf = house.shelf("A").await;
        let version = house.version(shelf.id, &[json!({"code": "A", "label": "A"})]).await;
        let book = books(&house, version.id).await[0].id;
        let kept = propose(&house, version.id, vec![suggest(Some(book), json!({"code": "X"}))]).await;
        settle(&house, &house.act(), kept[0], accept()).await.expect("it is accepted");
        let refused = take(&house, &house.act(), shelf.id, kept).await.expect_err("none is active");
        assert_eq!(refused.code(), "no_active_version");
    }

    async fn proposals_go_with_their_deleted_record(db: testkit::Database) {
        let house = Fixture::on(db).await;
        let (shelf, version, ids) = shelf_of_three(&house).await;
        let kept = propose(&house, version.id, vec![suggest(Some(ids[0]), json!({"code": "X"}))]).await;
        house
            .write(&house.act(), move |tx, kits, act| crate::record::delete(tx, kits, act, shelf, None, None))
            .await
            .expect("it is deleted");
        let refused = settle(&house, &house.act(), kept[0], accept()).await.expect_err("it is gone");
        assert_eq!((refused.code(), refused.detail()), ("deleted", Some("shelves")));
        let seen = house
            .read(move |db, _| list(db, Reach::All, version.id, &Filter::default(), &PageRequest::first(9)))
            .await;
        assert_eq!(seen.expect_err("it is gone").code(), "deleted");
    }
}
