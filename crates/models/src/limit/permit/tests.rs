use std::sync::atomic::{AtomicUsize, Ordering};

use base::TenantId;
use jiff::SignedDuration;
use tokio::task::JoinSet;

use super::*;
use crate::limit::{LimitKind, Per};

fn limits(clock: &Clock, limit: LimitSettings, wait_ms: i64) -> Limits {
    let wait = SignedDuration::from_millis(wait_ms);
    let queue = QueueSettings { wait, tenant_share: Some(1.0), ..QueueSettings::default() };
    Limits::new(clock.clone(), &[limit], &queue)
}

fn at_once(places: u32) -> LimitSettings {
    LimitSettings {
        per: Per::Provider,
        matches: None,
        requests_per_minute: None,
        tokens_per_minute: None,
        concurrency: Some(places),
    }
}

fn a_minute(requests: Option<u64>, tokens: Option<u64>) -> LimitSettings {
    LimitSettings {
        requests_per_minute: requests,
        tokens_per_minute: tokens,
        concurrency: None,
        ..at_once(1)
    }
}

const ASK: Subject<'static> = Subject {
    tenant: TenantId::DEFAULT,
    counts_caller: true,
    key: None,
    model: Some(("local", "small")),
    answer_tokens: 0,
};

async fn enter(limits: &Limits, tokens: u64) -> Result<Permit, Overloaded> {
    limits.enter(&ASK, tokens, Priority::Normal, None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn never_more_than_the_limit_are_in_and_all_have_their_turn() {
    let limits = limits(&Clock::system(), at_once(3), 20_000);
    let (inside, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut asking = JoinSet::new();
    for at in 0..200 {
        let (limits, inside, most) = (limits.clone(), inside.clone(), most.clone());
        asking.spawn(async move {
            if at % 10 == 0 {
                // Some do not wait for it.
                let soon = Duration::from_millis(at / 10);
                let _ = tokio::time::timeout(soon, enter(&limits, 1)).await;
                return 0;
            }
            let permit = enter(&limits, 1).await.unwrap();
            most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            sleep(Duration::from_millis(1)).await;
            inside.fetch_sub(1, Ordering::SeqCst);
            drop(permit);
            1
        });
    }
    let mut served = 0;
    while let Some(one) = asking.join_next().await {
        served += one.unwrap();
    }
    assert_eq!((served, limits.depth()), (180, 0));
    assert_eq!(most.load(Ordering::SeqCst), 3);
    // All places are free again, those of who gave up too.
    let again: Vec<_> = [enter(&limits, 1).await, enter(&limits, 1).await, enter(&limits, 1).await]
        .into_iter()
        .map(|it| it.unwrap().waited())
        .collect();
    assert_eq!(again, [Duration::ZERO; 3]);
}

#[tokio::test]
async fn a_permit_says_how_long_its_turn_took_and_how_many_waited() {
    let limits = limits(&Clock::system(), at_once(1), 20_000);
    let first = enter(&limits, 1).await.unwrap();
    assert_eq!((first.waited(), first.depth_of_tenant()), (Duration::ZERO, 0));
    let waits = limits.clone();
    let mut asking = JoinSet::new();
    asking.spawn(async move { enter(&waits, 1).await.unwrap() });
    while limits.depth() == 0 {
        tokio::task::yield_now().await;
    }
    sleep(Duration::from_millis(30)).await;
    assert_eq!(limits.queue()[0].count, 1);
    drop(first);
    let second = asking.join_next().await.unwrap().unwrap();
    assert!(second.waited() >= Duration::from_millis(30), "{:?}", second.waited());
    assert_eq!(second.depth_of_tenant(), 1);
}

#[tokio::test]
async fn whoever_waits_in_vain_is_told_when_to_come_again() {
    let clock = testkit::clock();
    let limits = limits(&clock, at_once(1), 50);
    let _first = enter(&limits, 1).await.unwrap();
    let begun = Instant::now();
    let refused = enter(&limits, 1).await.err().unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(50));
    assert_eq!(refused.limit.kind, LimitKind::Concurrency);
    assert!(refused.retry_after > Duration::ZERO && limits.depth() == 0);
    // A deadline that comes sooner counts.
    let patient = self::limits(&clock, at_once(1), 60_000);
    let _first = enter(&patient, 1).await.unwrap();
    let begun = Instant::now();
    let soon = Some(begun + Duration::from_millis(5));
    assert!(patient.enter(&ASK, 1, Priority::High, soon).await.is_err());
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn the_time_that_is_told_is_true() {
    let clock = testkit::clock();
    let limits = limits(&clock, a_minute(Some(2), None), 30_000);
    drop(enter(&limits, 1).await.unwrap());
    clock.advance(SignedDuration::from_secs(10));
    drop(enter(&limits, 1).await.unwrap());
    let refused = enter(&limits, 1).await.err().unwrap();
    assert_eq!(refused.retry_after, Duration::from_secs(50));
    assert_eq!(refused.limit.to_string(), "requests_per_minute of provider local");
    clock.advance(SignedDuration::try_from(refused.retry_after).unwrap());
    drop(enter(&limits, 1).await.unwrap());
}

#[tokio::test]
async fn what_was_reserved_is_corrected_by_what_was_used() {
    let clock = testkit::clock();
    let limits = limits(&clock, a_minute(None, Some(100)), 0);
    enter(&limits, 90).await.unwrap().settle(20);
    enter(&limits, 80).await.unwrap().settle(95);
    assert!(enter(&limits, 1).await.is_err());
    clock.advance(SignedDuration::from_secs(61));
    // What was never sent is as if it had not come; what is not said counts as reserved.
    enter(&limits, 100).await.unwrap().undo();
    drop(enter(&limits, 60).await.unwrap());
    assert!(enter(&limits, 41).await.is_err());
    enter(&limits, 40).await.unwrap().settle(40);
}

#[tokio::test]
async fn what_a_provider_says_of_itself_holds_without_any_setting() {
    let clock = testkit::clock();
    let limits = Limits::new(
        clock.clone(),
        &[],
        &QueueSettings { wait: SignedDuration::ZERO, ..QueueSettings::default() },
    );
    let rates = Rates {
        requests_left: Some(1),
        requests_reset: Some(Duration::from_secs(20)),
        ..Rates::default()
    };
    limits.learn("local", "small", &rates);
    drop(enter(&limits, 1).await.unwrap());
    let refused = enter(&limits, 1).await.err().unwrap();
    assert_eq!(refused.limit.to_string(), "provider_rate of model local/small");
    let other = Subject { model: Some(("local", "big")), ..ASK };
    drop(limits.enter(&other, 1, Priority::Normal, None).await.unwrap());
    clock.advance(SignedDuration::from_secs(20));
    drop(enter(&limits, 1).await.unwrap());
}

#[tokio::test]
async fn questions_and_answers_wait_for_what_is_left_of_each() {
    let limits = Limits::new(
        testkit::clock(),
        &[],
        &QueueSettings { wait: SignedDuration::ZERO, ..QueueSettings::default() },
    );
    let rates = |input, output| Rates {
        input_left: Some(input),
        input_reset: Some(Duration::from_secs(20)),
        output_left: Some(output),
        output_reset: Some(Duration::from_secs(40)),
        ..Rates::default()
    };
    let ask = async |question: u64, answer: u64| {
        let subject = ASK.answering(answer);
        limits.enter(&subject, question + answer, Priority::Normal, None).await
    };
    // All there is, and then what is left of it.
    limits.learn("local", "small", &rates(1_000, 100));
    limits.learn("local", "small", &rates(900, 10));
    drop(ask(500, 10).await.unwrap());
    // There is room for its question, and for its answer when forty-five of a hundred have come back.
    let refused = ask(400, 45).await.err().unwrap();
    assert_eq!(refused.limit.to_string(), "provider_rate of model local/small");
    assert_eq!(refused.retry_after, Duration::from_secs(18));
    // And the other way round.
    limits.learn("local", "small", &rates(0, 100));
    let refused = ask(500, 10).await.err().unwrap();
    assert_eq!(refused.retry_after, Duration::from_secs(10));
    drop(ask(0, 100).await.unwrap());
}
