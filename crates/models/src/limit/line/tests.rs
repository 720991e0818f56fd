use std::collections::HashMap;

use base::AppKeyId;
use proptest::prelude::*;
use tokio::sync::oneshot::Receiver;

use super::*;

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;

fn limit(per: Per) -> LimitSettings {
    LimitSettings {
        per,
        matches: None,
        requests_per_minute: None,
        tokens_per_minute: None,
        concurrency: None,
    }
}

fn line(limits: &[LimitSettings], depth: u32) -> Line {
    Line::new(limits, &QueueSettings { depth, tenant_share: Some(1.0), ..QueueSettings::default() })
}

fn tenants<const N: usize>() -> [TenantId; N] {
    std::array::from_fn(|_| TenantId::generate())
}

fn ask(tenant: TenantId) -> Subject<'static> {
    Subject::new(tenant, None, "local", "small")
}

/// A line whose waiters are asked what they were told.
struct House {
    line: Line,
    waiting: HashMap<Ticket, (usize, Receiver<Answer>)>,
}

impl House {
    fn new(limits: &[LimitSettings], depth: u32) -> Self {
        Self { line: line(limits, depth), waiting: HashMap::new() }
    }

    /// Comes, marked so; in at once, or waits, or is refused.
    fn comes(
        &mut self,
        mark: usize,
        subject: &Subject<'_>,
        tokens: u64,
        priority: Priority,
        now: i64,
    ) -> Result<Option<Taken>, Overloaded> {
        if let Some(taken) = self.line.enter(subject, tokens, now) {
            return Ok(Some(taken));
        }
        let (sender, receiver) = oneshot::channel();
        let ticket = self.line.wait(subject, tokens, priority, MINUTE * 1_000, now, sender)?;
        self.waiting.insert(ticket, (mark, receiver));
        Ok(None)
    }

    /// Who was let in or refused since the last look, in the order they came.
    fn heard(&mut self) -> Vec<(usize, Answer)> {
        let mut heard = Vec::new();
        self.waiting.retain(|ticket, (mark, receiver)| match receiver.try_recv() {
            Ok(answer) => {
                heard.push((*ticket, *mark, answer));
                false
            }
            Err(_) => true,
        });
        heard.sort_by_key(|it| it.0);
        heard.into_iter().map(|it| (it.1, it.2)).collect()
    }

    /// Ends what is under way until all have had their turn; says the order.
    fn order(&mut self, mut under_way: Vec<Taken>, mut now: i64) -> Vec<usize> {
        let mut order = Vec::new();
        while let Some(taken) = under_way.pop() {
            now += 1_000;
            self.line.over(&taken, None, now);
            for (mark, answer) in self.heard() {
                order.push(mark);
                under_way.push(answer.unwrap());
            }
        }
        order
    }
}

fn one_at_once() -> Vec<LimitSettings> {
    vec![LimitSettings { concurrency: Some(1), ..limit(Per::Provider) }]
}

#[test]
fn tenants_take_turns_however_many_requests_one_of_them_has() {
    let mut house = House::new(&one_at_once(), 256);
    let [greedy, modest] = tenants();
    let first = house.comes(0, &ask(greedy), 0, Priority::Normal, 0).unwrap().unwrap();
    for mark in 1..=50 {
        house.comes(mark, &ask(greedy), 0, Priority::Normal, 0).unwrap();
    }
    for mark in 101..=103 {
        house.comes(mark, &ask(modest), 0, Priority::Normal, 0).unwrap();
    }
    let order = house.order(vec![first], 0);
    assert_eq!(order[..6], [1, 101, 2, 102, 3, 103]);
    assert_eq!(order.len(), 53);
}

#[test]
fn a_turn_is_as_large_as_what_is_asked_for() {
    let mut house = House::new(&one_at_once(), 256);
    let [wordy, brief] = tenants();
    let first = house.comes(0, &ask(wordy), 0, Priority::Normal, 0).unwrap().unwrap();
    for mark in 1..=2 {
        house.comes(mark, &ask(wordy), 3_000, Priority::Normal, 0).unwrap();
    }
    for mark in 101..=108 {
        house.comes(mark, &ask(brief), 0, Priority::Normal, 0).unwrap();
    }
    let order = house.order(vec![first], 0);
    assert_eq!(order, [101, 102, 103, 1, 104, 105, 106, 107, 2, 108]);
}

#[test]
fn a_wish_for_any_number_of_tokens_puts_nobody_off_for_longer_than_what_can_be_had() {
    let narrow = LimitSettings { tokens_per_minute: Some(2_000), ..limit(Per::Tenant) };
    for (limits, turns) in [(vec![narrow], 3), (vec![], 1_050)] {
        let limits: Vec<_> = limits.into_iter().chain(one_at_once()).collect();
        let mut house = House::new(&limits, 4_096);
        let [greedy, modest] = tenants();
        let first = house.comes(0, &ask(greedy), 0, Priority::Normal, 0).unwrap().unwrap();
        for mark in 1..=2 {
            house.comes(mark, &ask(greedy), u64::MAX, Priority::Normal, 0).unwrap();
        }
        for mark in 101..=1_200 {
            house.comes(mark, &ask(modest), 0, Priority::Normal, 0).unwrap();
        }
        // A turn of nothing is a thousand: so many of the others come before it, and no more.
        let order = house.order(vec![first], 0);
        let at = order.iter().position(|it| *it == 1).unwrap();
        assert!(at <= turns, "{at} before it");
    }
}

#[test]
fn high_goes_first_and_low_has_its_turn_after_it_has_waited() {
    let mut house = House::new(&one_at_once(), 256);
    let [a] = tenants();
    let first = house.comes(0, &ask(a), 0, Priority::Normal, 0).unwrap().unwrap();
    house.comes(3, &ask(a), 0, Priority::Low, 0).unwrap();
    house.comes(2, &ask(a), 0, Priority::Normal, 0).unwrap();
    house.comes(1, &ask(a), 0, Priority::High, 0).unwrap();
    assert_eq!(house.order(vec![first], 0), [1, 2, 3]);

    // A flood of high ones does not keep a low one out for longer than it takes to move up twice.
    let mut house = House::new(&one_at_once(), 256);
    let mut under_way = house.comes(0, &ask(a), 0, Priority::High, 0).unwrap().unwrap();
    house.comes(1, &ask(a), 0, Priority::Low, 0).unwrap();
    let mut now = 0;
    loop {
        house.comes(2, &ask(a), 0, Priority::High, now).unwrap();
        now += SECOND;
        house.line.over(&under_way, None, now);
        let (mark, answer) = house.heard().remove(0);
        under_way = answer.unwrap();
        if mark == 1 {
            break;
        }
    }
    assert!(now <= 11 * SECOND, "{now}");
}

#[test]
fn nobody_is_overtaken_by_a_smaller_one_at_the_limit_they_wait_for() {
    let limits = [LimitSettings { tokens_per_minute: Some(100), ..limit(Per::Provider) }];
    let mut house = House::new(&limits, 256);
    let [a, b] = tenants();
    house.comes(0, &ask(a), 60, Priority::Normal, 0).unwrap().unwrap();
    assert!(house.comes(1, &ask(b), 90, Priority::Normal, SECOND).unwrap().is_none());
    // It would fit at once.
    assert!(house.comes(2, &ask(b), 10, Priority::Normal, SECOND).unwrap().is_none());
    house.line.turn(30 * SECOND);
    assert!(house.heard().is_empty());
    house.line.turn(62 * SECOND);
    assert_eq!(house.heard().iter().map(|it| it.0).collect::<Vec<_>>(), [1]);
}

#[test]
fn what_a_narrow_limit_keeps_back_does_not_keep_others_from_a_wide_one() {
    let [limited, free] = tenants();
    let limits = [
        LimitSettings {
            matches: Some(limited.to_string()),
            requests_per_minute: Some(1),
            ..limit(Per::Tenant)
        },
        LimitSettings { concurrency: Some(2), ..limit(Per::Provider) },
    ];
    let mut house = House::new(&limits, 256);
    let first = house.comes(0, &ask(limited), 0, Priority::Normal, 0).unwrap().unwrap();
    for mark in 1..10 {
        assert!(house.comes(mark, &ask(limited), 0, Priority::Normal, 0).unwrap().is_none());
    }
    house.line.over(&first, None, SECOND);
    for mark in 101..=102 {
        house.comes(mark, &ask(free), 0, Priority::Normal, SECOND).unwrap();
    }
    assert_eq!(house.heard().iter().map(|it| it.0).collect::<Vec<_>>(), [101, 102]);
}

#[test]
fn the_most_exact_limit_of_a_kind_is_the_only_one() {
    let [a, known] = tenants();
    let limits = [
        LimitSettings { requests_per_minute: Some(1), ..limit(Per::Tenant) },
        LimitSettings {
            matches: Some(known.to_string()),
            requests_per_minute: Some(3),
            ..limit(Per::Tenant)
        },
        LimitSettings {
            matches: Some("local/*".into()),
            requests_per_minute: Some(100),
            ..limit(Per::Model)
        },
        LimitSettings {
            matches: Some("local/big".into()),
            requests_per_minute: Some(1),
            ..limit(Per::Model)
        },
    ];
    let mut line = line(&limits, 0);
    let mut enters = |subject: Subject<'_>| line.enter(&subject, 0, 0).is_some();
    assert_eq!([enters(ask(a)), enters(ask(a))], [true, false]);
    assert_eq!([(); 4].map(|()| enters(ask(known))), [true, true, true, false]);
    let big = |tenant| Subject::of_model(tenant, "local", "big");
    assert_eq!([enters(big(a)), enters(big(known))], [true, false]);
    // A call that has passed its caller's limits is not counted there again.
    assert!(enters(Subject::of_model(a, "local", "small")));
    assert!(enters(Subject::of_caller(TenantId::generate(), Some(AppKeyId::generate()))));
}

#[test]
fn the_last_in_order_goes_when_the_line_is_too_long() {
    let mut house = House::new(&one_at_once(), 2);
    let [greedy, modest] = tenants();
    house.comes(0, &ask(greedy), 0, Priority::Normal, 0).unwrap().unwrap();
    house.comes(1, &ask(greedy), 0, Priority::Normal, 0).unwrap();
    house.comes(2, &ask(greedy), 0, Priority::Normal, 0).unwrap();
    let refused = house.comes(3, &ask(greedy), 0, Priority::Normal, 0).unwrap_err();
    assert_eq!((refused.of_tenant, refused.limit.kind), (2, LimitKind::Concurrency));
    assert!(house.comes(4, &ask(modest), 0, Priority::Normal, 0).unwrap().is_none());
    let heard = house.heard();
    assert!(heard[0].0 == 2 && heard[0].1.is_err(), "{heard:?}");
    assert_eq!(house.line.depth(), 2);
}

#[test]
fn nobody_fills_the_line_alone() {
    let limits = one_at_once();
    let queue = QueueSettings { depth: 4, tenant_share: Some(0.5), ..QueueSettings::default() };
    let mut house = House { line: Line::new(&limits, &queue), waiting: HashMap::new() };
    let [greedy, modest, third] = tenants();
    let first = house.comes(0, &ask(greedy), 0, Priority::Normal, 0).unwrap().unwrap();
    for mark in 1..=2 {
        assert!(house.comes(mark, &ask(greedy), 0, Priority::Normal, 0).unwrap().is_none());
    }
    for mark in 3..=20 {
        let refused = house.comes(mark, &ask(greedy), 0, Priority::Normal, 0).unwrap_err();
        assert_eq!(refused.of_tenant, 2);
    }
    // What is more urgent takes the place of its own tenant's last one, and of nobody else.
    assert!(house.comes(21, &ask(greedy), 0, Priority::High, 0).unwrap().is_none());
    assert!(matches!(house.heard()[..], [(2, Err(_))]));
    for mark in 101..=102 {
        assert!(house.comes(mark, &ask(modest), 0, Priority::Normal, 0).unwrap().is_none());
    }
    let refused = house.comes(103, &ask(modest), 0, Priority::Normal, 0).unwrap_err();
    // Four wait, and two of them are nobody's business.
    let told = refused.to_string();
    assert!(told.ends_with("is reached, and 2 of this tenant wait already"), "{told}");
    assert_eq!((house.line.depth(), house.heard().len()), (4, 0));
    // All have no more than their share, and there is no room: the last of all goes.
    assert!(house.comes(201, &ask(third), 0, Priority::High, 0).unwrap().is_none());
    assert!(matches!(house.heard()[..], [(102, Err(_))]));
    assert_eq!(house.order(vec![first], 0), [21, 201, 1, 101]);
}

#[test]
fn a_wait_without_hope_is_refused_at_once_with_the_true_time() {
    let limits = [LimitSettings { requests_per_minute: Some(2), ..limit(Per::Tenant) }];
    let mut line = line(&limits, 256);
    let [a] = tenants();
    line.enter(&ask(a), 0, 0).unwrap();
    line.enter(&ask(a), 0, 20 * SECOND).unwrap();
    let now = 25 * SECOND;
    let (sender, _receiver) = oneshot::channel();
    let refused = line.wait(&ask(a), 0, Priority::Normal, 30 * SECOND, now, sender).unwrap_err();
    let wait = i64::try_from(refused.retry_after.as_micros()).unwrap();
    assert_eq!(refused.limit.to_string(), format!("requests_per_minute of tenant {a}"));
    assert!(line.enter(&ask(a), 0, now + wait - SECOND).is_none());
    assert!(line.enter(&ask(a), 0, now + wait).is_some());
}

#[test]
fn who_leaves_gives_back_what_they_had_passed() {
    let [a] = tenants();
    let limits = [
        LimitSettings { requests_per_minute: Some(2), ..limit(Per::Tenant) },
        LimitSettings { concurrency: Some(1), ..limit(Per::Provider) },
    ];
    let mut house = House::new(&limits, 256);
    let first = house.comes(0, &ask(a), 0, Priority::Normal, 0).unwrap().unwrap();
    house.comes(1, &ask(a), 0, Priority::Normal, 0).unwrap();
    let ticket = *house.waiting.keys().next().unwrap();
    assert!(house.line.leave(ticket, SECOND).is_some());
    assert_eq!(house.line.leave(ticket, SECOND), None);
    house.line.over(&first, None, SECOND);
    assert!(house.line.enter(&ask(a), 0, SECOND).is_some());
    assert!(house.line.enter(&ask(a), 0, SECOND).is_none());
}

#[test]
fn those_who_wait_are_shown_by_tenant_and_priority() {
    let mut house = House::new(&one_at_once(), 256);
    let [a, b] = tenants();
    house.comes(0, &ask(a), 0, Priority::Normal, 0).unwrap().unwrap();
    house.comes(1, &ask(a), 0, Priority::Low, SECOND).unwrap();
    house.comes(2, &ask(b), 0, Priority::Normal, 2 * SECOND).unwrap();
    house.comes(3, &ask(b), 0, Priority::Normal, 3 * SECOND).unwrap();
    let shown = house.line.shown(4 * SECOND);
    let expected = [
        Waiting { tenant: b, priority: Priority::Normal, count: 2, longest_ms: 2_000 },
        Waiting { tenant: a, priority: Priority::Low, count: 1, longest_ms: 3_000 },
    ];
    assert_eq!(shown, expected);
}

#[test]
fn gates_that_nobody_misses_are_forgotten() {
    let limits = [LimitSettings { requests_per_minute: Some(1), ..limit(Per::Tenant) }];
    let mut line = line(&limits, 0);
    let [kept] = tenants();
    let mut now = 0;
    for _ in 0..20_000 {
        now += SECOND;
        let taken = line.enter(&ask(TenantId::generate()), 0, now).unwrap();
        line.over(&taken, None, now);
    }
    let taken = line.enter(&ask(kept), 0, now).unwrap();
    line.over(&taken, None, now);
    assert!(line.gates.known() < 5_000, "{}", line.gates.known());
    assert!(line.enter(&ask(kept), 0, now).is_none());
}

#[derive(Debug, Clone)]
struct Coming {
    pause: i64,
    tenant: usize,
    tokens: u64,
    priority: Priority,
    stays: i64,
}

fn coming() -> impl Strategy<Value = Coming> {
    let priority = prop::sample::select(Priority::ALL);
    (0..3 * SECOND, 0_usize..3, 1_u64..60, priority, 1..10 * SECOND).prop_map(
        |(pause, tenant, tokens, priority, stays)| Coming {
            pause,
            tenant,
            tokens,
            priority,
            stays,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Requests of three tenants and all priorities come, stay and go: nowhere is a limit passed in
    /// any sixty seconds, and everybody who waits has their turn.
    #[test]
    fn no_limit_is_passed_and_nobody_starves(
        all in prop::collection::vec(coming(), 1..80),
        requests in 1_u64..12,
        tokens in 60_u64..200,
        places in 1_u32..4,
    ) {
        let limits = [
            LimitSettings { requests_per_minute: Some(requests), ..limit(Per::Tenant) },
            LimitSettings {
                tokens_per_minute: Some(tokens),
                concurrency: Some(places),
                ..limit(Per::Provider)
            },
        ];
        let mut house = House::new(&limits, 1_000);
        let tenants: [TenantId; 3] = tenants();
        let mut now = 0;
        // Ends of what is under way; who was let in when.
        let mut under_way: Vec<(i64, Taken)> = Vec::new();
        let mut begun: Vec<(i64, usize)> = Vec::new();
        let mut next = 0;
        let mut idle = 0;
        while next < all.len() || !house.waiting.is_empty() || !under_way.is_empty() {
            let comes_at = all.get(next).map(|it| now + it.pause);
            let ends_at = under_way.iter().map(|it| it.0).min();
            let before = now;
            now = comes_at.into_iter().chain(ends_at).min().unwrap_or(now + SECOND).max(now);
            idle = if comes_at.is_none() && ends_at.is_none() { idle + 1 } else { 0 };
            prop_assert!(idle < 3_600, "nobody's turn comes: {:?}", house.line);
            if comes_at == Some(now) {
                let it = &all[next];
                let subject = ask(tenants[it.tenant]);
                if let Some(taken) =
                    house.comes(next, &subject, it.tokens, it.priority, now).unwrap()
                {
                    under_way.push((now + it.stays, taken));
                    begun.push((now, next));
                }
                next += 1;
            } else if now > before || ends_at == Some(now) {
                let over = under_way.iter().position(|it| it.0 <= now);
                if let Some(over) = over {
                    let (_, taken) = under_way.swap_remove(over);
                    house.line.over(&taken, None, now);
                }
            }
            house.line.turn(now);
            for (mark, answer) in house.heard() {
                under_way.push((now + all[mark].stays, answer.unwrap()));
                begun.push((now, mark));
            }
            prop_assert!(under_way.len() <= places as usize);
        }
        prop_assert_eq!(begun.len(), all.len());
        for (from, _) in &begun {
            let within: Vec<usize> = begun
                .iter()
                .filter(|it| (*from..*from + MINUTE).contains(&it.0))
                .map(|it| it.1)
                .collect();
            let sum: u64 = within.iter().map(|it| all[*it].tokens.min(tokens)).sum();
            prop_assert!(sum <= tokens, "{sum} of {tokens} tokens");
        }
    }
}
