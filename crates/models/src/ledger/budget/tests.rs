use std::sync::Arc;

use base::{Actor, AppKeyId, TenantId};
use jiff::SignedDuration;
use serde_json::json;
use tokio::task::JoinSet;

use super::{table::BudgetSetError, *};
use crate::{
    Usage,
    ledger::{
        Bounds, Ledger,
        house::{House, Who, spend},
        spent,
    },
    usage::{self, Outcome},
};

/// A budget of so many billionths of a dollar a month.
fn budget(scope: Scope, limit: i64) -> Budget {
    Budget {
        name: scope.name().to_owned(),
        scope,
        matches: None,
        period: Period::Month,
        limit_usd: Some(NanoUsd(limit)),
        limit_tokens: None,
        warn_at: 0.8,
        at_limit: AtLimit::Refuse,
        downgrade_to: None,
    }
}

fn nobody() -> Who {
    Who::default()
}

#[track_caller]
fn over<T>(held: Result<T, BudgetError>) -> OverBudget {
    match held {
        Err(BudgetError::Over(over)) => *over,
        Err(why) => panic!("{why}"),
        Ok(_) => panic!("it fits"),
    }
}

async fn set(house: &House, budget: Budget) -> Result<(), BudgetSetError> {
    let now = house.clock.now();
    house.store.write(&Actor::operator(), now, move |tx| table::set(tx, &budget)).await
}

async fn told(house: &House) -> Vec<(event::Kind, i64)> {
    let since = Timestamp::UNIX_EPOCH;
    let events = house.store.read(move |db| event::list(db, None, since, 50)).await.unwrap();
    let mut all: Vec<_> = events.into_iter().map(|it| (it.kind, it.spent)).collect();
    all.sort();
    all
}

testkit::on_both! {
    async fn a_budget_that_is_used_up_says_by_what_and_until_when(db: testkit::Database) {
        let house = House::open(db).await;
        let ledger = house.replica(&[budget(Scope::Whole, 1_000)]);
        ledger.spends(nobody(), 900).await.unwrap();
        let under_way = ledger.holds(nobody(), 60).await.unwrap();
        let over = over(ledger.holds(nobody(), 101).await);
        assert_eq!((over.limit, over.spent), (Amount::Usd(NanoUsd(1_000)), Amount::Usd(NanoUsd(900))));
        assert_eq!((over.held, over.in_flight), (Amount::Usd(NanoUsd(60)), Amount::Usd(NanoUsd(60))));
        assert_eq!(over.resets_at, testkit::moment("2026-12-01T00:00:00Z"));
        let wait = BudgetError::from(Box::new(over)).retry_after(house.clock.now());
        assert_eq!(house.clock.now() + wait, testkit::moment("2026-12-01T00:00:00Z"));
        // What is not used goes back, whichever way.
        drop(under_way);
        ledger.spends(nobody(), 100).await.unwrap();
        assert_eq!(house.spent().await, spend(1_000));
        // Not even those go on whose cost nobody knows.
        assert!(ledger.holds(nobody(), 0).await.is_err());
        house.verified().await;
    }

    async fn a_budget_that_is_only_held_is_not_used_up_and_no_end_is_told(db: testkit::Database) {
        let house = House::open(db).await;
        let budgets = [budget(Scope::Whole, 1_000)];
        let (ledger, other) = (house.replica(&budgets), house.replica(&budgets));
        let mut under_way = Vec::new();
        for _ in 0..10 {
            under_way.push(ledger.holds(nobody(), 100).await.unwrap());
        }
        // The database says so, memory repeats it, and another replica hears the same.
        for ledger in [&ledger, &ledger, &other] {
            let held = over(ledger.holds(nobody(), 100).await);
            let words = held.to_string();
            assert!(held.is_only_held && words.contains("`whole` is held by requests under way"), "{words}");
            assert!(!words.contains('$'), "{words}");
            let wait = BudgetError::from(Box::new(held)).retry_after(house.clock.now());
            assert_eq!(wait, HELD_WAIT);
        }
        assert_eq!(told(&house).await, []);
        for hold in under_way {
            ledger.uses(nobody(), hold, 1).await;
        }
        ledger.spends(nobody(), 100).await.unwrap();
        house.verified().await;
    }

    async fn a_request_that_does_not_fit_beside_what_was_spent_tells_the_end(db: testkit::Database) {
        let house = House::open(db).await;
        let ledger = house.replica(&[budget(Scope::Whole, 1_000)]);
        for _ in 0..3 {
            let hold = ledger.holds(nobody(), 300).await.unwrap();
            ledger.uses(nobody(), hold, 250).await;
        }
        // A quarter is left for others who ask for less.
        assert!(!over(ledger.holds(nobody(), 300).await).is_only_held);
        assert_eq!(told(&house).await, []);
        ledger.spends(nobody(), 100).await.unwrap();
        assert!(!over(ledger.holds(nobody(), 300).await).is_only_held);
        assert_eq!(told(&house).await, [(event::Kind::Warned, 850), (event::Kind::Reached, 850)]);
        ledger.spends(nobody(), 150).await.unwrap();
    }

    async fn a_larger_request_is_not_refused_for_the_reason_of_a_smaller_one(db: testkit::Database) {
        let house = House::open(db).await;
        let ledger = house.replica(&[budget(Scope::Whole, 1_000)]);
        ledger.spends(nobody(), 400).await.unwrap();
        let under_way = ledger.holds(nobody(), 500).await.unwrap();
        assert!(over(ledger.holds(nobody(), 200).await).is_only_held);
        assert_eq!(told(&house).await, []);
        assert!(!over(ledger.holds(nobody(), 700).await).is_only_held);
        assert_eq!(told(&house).await, []);
        assert!(over(ledger.holds(nobody(), 200).await).is_only_held);
        drop(under_way);
    }

    async fn what_is_on_its_way_into_the_database_was_spent(db: testkit::Database) {
        let house = House::open(db).await;
        let ledger = house.replica(&[budget(Scope::Whole, 1_000)]);
        let folder = tempfile::tempdir().unwrap();
        ledger.keep_journal(folder.path(), Bounds::default()).unwrap();
        house.db.raw("ALTER TABLE model_usage RENAME TO away").await;
        ledger.spends(nobody(), 900).await.unwrap();
        let refused = over(ledger.holds(nobody(), 200).await);
        assert!(!refused.is_only_held);
        assert_eq!((refused.spent, refused.held), (Amount::Usd(NanoUsd(900)), Amount::Usd(NanoUsd(0))));
        assert_eq!(told(&house).await, [(event::Kind::Reached, 900)]);
        house.db.raw("ALTER TABLE away RENAME TO model_usage").await;
        ledger.finish().await;
        house.verified().await;
    }

    async fn each_tenant_key_and_task_has_a_budget_of_its_own(db: testkit::Database) {
        let house = House::open(db).await;
        let (a, b, key) = (TenantId::generate(), TenantId::generate(), AppKeyId::generate());
        let small = Budget {
            name: "small".into(),
            matches: Some(b.to_string()),
            limit_usd: None,
            limit_tokens: Some(50),
            ..budget(Scope::Tenant, 0)
        };
        let ledger = house.replica(&[
            budget(Scope::Tenant, 100),
            small,
            budget(Scope::Key, 70),
            Budget { matches: Some("sort".into()), ..budget(Scope::Task, 60) },
        ]);
        ledger.spends(Who::tenant(a), 100).await.unwrap();
        assert_eq!(over(ledger.holds(Who::tenant(a), 1).await).id, a.to_string());
        assert_eq!(over(ledger.holds(Who::tenant(b), 51).await).name, "small");
        let other = TenantId::generate();
        let keyed = Who { key: Some(key), ..Who::tenant(other) };
        assert_eq!(over(ledger.holds(keyed, 71).await).name, "key");
        let sorting = Who { task: Some("sort"), ..Who::tenant(other) };
        assert_eq!(over(ledger.holds(sorting, 61).await).name, "task");
        // What did not fit in one is held in none.
        ledger.spends(Who::tenant(other), 100).await.unwrap();
        ledger.spends(Who { task: Some("shuffle"), ..Who::tenant(b) }, 50).await.unwrap();
        house.verified().await;
    }

    async fn replicas_together_never_pass_a_budget(db: testkit::Database) {
        let house = Arc::new(House::open(db).await);
        let limit = 20_000;
        let budgets = [budget(Scope::Whole, limit), budget(Scope::Tenant, 15_000)];
        let replicas: Vec<Ledger> = (0..4).map(|_| house.replica(&budgets)).collect();
        let tenants = [TenantId::generate(), TenantId::generate()];
        let mut asking = JoinSet::new();
        for worker in 0_u64..16 {
            let ledger = replicas[worker as usize % replicas.len()].clone();
            let who = Who::tenant(tenants[worker as usize / 4 % 2]);
            asking.spawn(async move {
                for round in 0_u64..60 {
                    let estimate = 20 + (worker * 7 + round * 13) % 80;
                    let Ok(hold) = ledger.holds(who, estimate).await else { continue };
                    // Some use less, some nothing, some are given up.
                    match round % 4 {
                        0 => drop(hold),
                        1 => ledger.uses(who, hold, estimate / 2).await,
                        _ => ledger.uses(who, hold, estimate).await,
                    }
                }
            });
        }
        while let Some(asked) = asking.join_next().await {
            asked.unwrap();
        }
        let spent = house.spent().await.cost.0;
        assert!(spent <= limit, "{spent}");
        for ledger in &replicas {
            ledger.budgets().tend().await.unwrap();
        }
        for tenant in tenants {
            let pot = spent::Pot {
                scope: Scope::Tenant,
                id: tenant.to_string(),
                period: Period::Month,
                starts_at: Period::Month.starts_at(house.clock.now()),
            };
            let of_tenant = house.store.read(move |db| spent::spent(db, &pot)).await.unwrap();
            assert!(of_tenant.cost.0 <= 15_000, "{}", of_tenant.cost.0);
        }
        house.verified().await;
        // What nobody uses is not kept from those who would: the rest can be spent to the last one.
        house.clock.advance(SignedDuration::from_secs(2));
        for ledger in &replicas {
            ledger.budgets().tend().await.unwrap();
            ledger.budgets().tend().await.unwrap();
        }
        let rest = u64::try_from(limit - spent).unwrap();
        if rest > 0 {
            replicas[0].spends(Who::tenant(TenantId::generate()), rest).await.unwrap();
        }
        assert_eq!(house.spent().await.cost, NanoUsd(limit));
        house.verified().await;
    }

    /// Replicas hold, use, give up, are killed and are born, in whatever order: at no moment is more
    /// spent than the limit and what requests cost beyond what was held for them.
    async fn whatever_happens_to_replicas_a_budget_is_passed_by_what_was_in_flight_only(db: testkit::Database) {
        use rand::{RngExt, SeedableRng};
        let house = House::open(db).await;
        for seed in 0..4 {
            let mut dice = rand::rngs::StdRng::seed_from_u64(seed);
            let who = Who { task: Some(["a", "b", "c", "d"][seed as usize]), ..nobody() };
            let limit = 1_200;
            let budgets = [budget(Scope::Task, limit)];
            let pot = spent::Pot {
                scope: Scope::Task,
                id: who.task.unwrap().to_owned(),
                period: Period::Month,
                starts_at: Period::Month.starts_at(house.clock.now()),
            };
            let mut replicas: Vec<Ledger> = (0..3).map(|_| house.replica(&budgets)).collect();
            let mut under_way: Vec<(usize, u64, super::Hold)> = Vec::new();
            let (mut beyond, mut refused) = (0, 0);
            for _ in 0..150 {
                let at = dice.random_range(0..replicas.len());
                match dice.random_range(0..100) {
                    0..55 => {
                        let estimate = dice.random_range(1..120);
                        match replicas[at].holds(who, estimate).await {
                            Ok(hold) => under_way.push((at, estimate, hold)),
                            Err(_) => refused += 1,
                        }
                    }
                    55..90 if !under_way.is_empty() => {
                        let (at, estimate, hold) = under_way.swap_remove(dice.random_range(0..under_way.len()));
                        let used = dice.random_range(0..estimate * 5 / 4 + 1);
                        beyond += used.saturating_sub(estimate);
                        replicas[at].uses(who, hold, used).await;
                    }
                    90..93 if !under_way.is_empty() => drop(under_way.pop()),
                    93..95 => {
                        // Killed: what it held is lost with it, and another takes its place.
                        let (gone, left): (Vec<_>, Vec<_>) = under_way.drain(..).partition(|it| it.0 == at);
                        gone.into_iter().for_each(|it| std::mem::forget(it.2));
                        under_way = left;
                        replicas[at] = house.replica(&budgets);
                    }
                    _ => {
                        house.clock.advance(SignedDuration::from_secs(12));
                        for ledger in &replicas {
                            ledger.budgets().tend().await.unwrap();
                        }
                    }
                }
                let at = pot.clone();
                let spent = house.store.read(move |db| spent::spent(db, &at)).await.unwrap().tokens;
                assert!(spent <= limit as u64 + beyond, "seed {seed}: {spent} of {limit}, {beyond} beyond");
            }
            assert!(refused > 0, "seed {seed} never came to the limit");
        }
        house.verified().await;
    }

    async fn two_replicas_at_ninety_nine_percent_let_through_what_is_left_and_no_more(db: testkit::Database) {
        let house = House::open(db).await;
        let budgets = [budget(Scope::Whole, 100_000)];
        let (one, other) = (house.replica(&budgets), house.replica(&budgets));
        one.spends(nobody(), 99_000).await.unwrap();
        one.budgets().tend().await.unwrap();
        one.budgets().tend().await.unwrap();
        let mut asking = JoinSet::new();
        for at in 0..20 {
            let ledger = if at % 2 == 0 { one.clone() } else { other.clone() };
            asking.spawn(async move {
                let hold = ledger.holds(nobody(), 300).await?;
                // It cost more than was thought.
                ledger.uses(nobody(), hold, 310).await;
                Ok::<_, BudgetError>(())
            });
        }
        let mut passed = 0;
        while let Some(asked) = asking.join_next().await {
            passed += i64::from(asked.unwrap().is_ok());
        }
        assert!((1..=3).contains(&passed), "{passed}");
        let spent = house.spent().await.cost.0;
        assert_eq!(spent, 99_000 + passed * 310);
        assert!(spent <= 100_000 + passed * 10, "passed by more than what was in flight: {spent}");
        house.verified().await;
    }

    async fn a_lease_of_a_replica_that_is_gone_comes_back_by_itself(db: testkit::Database) {
        let house = House::open(db).await;
        let budgets = [budget(Scope::Whole, 1_000)];
        let (gone, ledger) = (house.replica(&budgets), house.replica(&budgets));
        let held = gone.holds(nobody(), 800).await.unwrap();
        std::mem::forget(held);
        assert!(ledger.holds(nobody(), 300).await.is_err());
        house.clock.advance(SignedDuration::from_secs(31));
        assert!(ledger.holds(nobody(), 300).await.is_err(), "its clock may be behind");
        house.clock.advance(SignedDuration::from_secs(5));
        ledger.spends(nobody(), 300).await.unwrap();
    }

    async fn a_lease_that_is_over_is_not_spent_from(db: testkit::Database) {
        let house = House::open(db).await;
        let budgets = [budget(Scope::Whole, 1_000)];
        let (asleep, awake) = (house.replica(&budgets), house.replica(&budgets));
        drop(asleep.holds(nobody(), 500).await.unwrap());
        house.clock.advance(SignedDuration::from_secs(40));
        awake.spends(nobody(), 990).await.unwrap();
        assert!(asleep.holds(nobody(), 20).await.is_err());
        // But for what the other has leased of it.
        asleep.spends(nobody(), 9).await.unwrap();
    }

    async fn a_lease_that_was_asked_about_without_an_answer_is_not_spent_from(db: testkit::Database) {
        let house = House::open(db).await;
        let budgets = [budget(Scope::Whole, 1_000)];
        let (one, other) = (house.replica(&budgets), house.replica(&budgets));
        // It has leased fifty more than it spent.
        one.spends(nobody(), 500).await.unwrap();
        house.db.raw("ALTER TABLE model_budget_leases RENAME TO away").await;
        let unanswered = one.holds(nobody(), 60).await;
        assert!(matches!(unanswered, Err(BudgetError::Unknown { .. })));
        house.db.raw("ALTER TABLE away RENAME TO model_budget_leases").await;
        // As if the database had done it after all, and told nobody.
        house.db.raw("DELETE FROM model_budget_leases").await;
        let under_way = other.holds(nobody(), 500).await.unwrap();
        house.clock.advance(SignedDuration::from_secs(2));
        assert!(over(one.holds(nobody(), 10).await).is_only_held);
        drop(under_way);
    }

    async fn a_lease_is_renewed_and_given_back_by_those_who_tend_it(db: testkit::Database) {
        let house = House::open(db).await;
        let budgets = [budget(Scope::Whole, 1_000)];
        let (one, other) = (house.replica(&budgets), house.replica(&budgets));
        let held = one.holds(nobody(), 800).await.unwrap();
        for _ in 0..6 {
            house.clock.advance(SignedDuration::from_secs(10));
            one.budgets().tend().await.unwrap();
        }
        assert!(other.holds(nobody(), 300).await.is_err(), "it is still held for");
        drop(held);
        house.clock.advance(SignedDuration::from_secs(10));
        one.budgets().tend().await.unwrap();
        other.spends(nobody(), 1_000).await.unwrap();
    }

    async fn a_new_period_begins_at_the_edge_and_a_clock_that_jumps_over_it_spends_nothing_twice(db: testkit::Database) {
        let house = House::open(db).await;
        let ledger = house.replica(&[Budget { period: Period::Day, ..budget(Scope::Whole, 1_000) }]);
        ledger.spends(nobody(), 1_000).await.unwrap();
        assert!(ledger.holds(nobody(), 1).await.is_err());
        // From eight in the morning to a microsecond before midnight.
        house.clock.advance(SignedDuration::from_hours(16) - SignedDuration::from_micros(1));
        assert!(ledger.holds(nobody(), 1).await.is_err());
        house.clock.advance(SignedDuration::from_micros(1));
        ledger.spends(nobody(), 600).await.unwrap();
        let held = ledger.holds(nobody(), 300).await.unwrap();
        // Back over the edge: yesterday is still used up, and today's is where it was.
        house.clock.advance(SignedDuration::from_secs(-5));
        assert!(ledger.holds(nobody(), 1).await.is_err());
        house.clock.advance(SignedDuration::from_secs(10));
        assert!(ledger.holds(nobody(), 200).await.is_err());
        ledger.uses(nobody(), held, 300).await;
        ledger.spends(nobody(), 100).await.unwrap();
        house.verified().await;
    }

    async fn a_request_larger_than_the_whole_budget_does_not_use_it_up(db: testkit::Database) {
        let house = House::open(db).await;
        let ledger = house.replica(&[budget(Scope::Whole, 1_000)]);
        let told_of = over(ledger.holds(nobody(), 1_001).await);
        assert!(told_of.is_hopeless);
        assert_eq!(told_of.wanted, Amount::Usd(NanoUsd(1_001)));
        assert!(told_of.to_string().contains("more than the whole budget"), "{told_of}");
        assert_eq!(told(&house).await, []);
        ledger.spends(nobody(), 1_000).await.unwrap();
        assert!(!over(ledger.holds(nobody(), 1).await).is_hopeless);
        assert_eq!(told(&house).await.last(), Some(&(event::Kind::Reached, 1_000)));
    }

    async fn a_refusal_tells_what_its_tenant_spent_and_nothing_of_others(db: testkit::Database) {
        let house = House::open(db).await;
        let ledger = house.replica(&[budget(Scope::Whole, 7_000), Budget { name: "each".into(), ..budget(Scope::Tenant, 3_000) }]);
        let (one, other) = (Who::tenant(TenantId::generate()), Who::tenant(TenantId::generate()));
        ledger.spends(one, 3_000).await.unwrap();
        let own = over(ledger.holds(one, 1).await);
        assert!(!own.is_shared && own.to_string().contains(" spent, "), "{own}");
        ledger.spends(other, 2_000).await.unwrap();
        let of_all = over(ledger.holds(Who::tenant(TenantId::generate()), 2_500).await);
        let words = of_all.to_string();
        assert!(of_all.is_shared && !of_all.is_hopeless);
        assert!(words.contains("`whole`") && words.contains("it resets at"), "{words}");
        assert!(!words.contains('$'), "{words}");
        // How much all may spend is told no more than how much they did.
        let too_much = over(house.replica(&[budget(Scope::Whole, 7_000)]).holds(other, 8_900).await);
        assert!(too_much.is_shared && too_much.is_hopeless);
        assert!(!too_much.to_string().contains(&too_much.limit.to_string()), "{too_much}");
    }

    async fn the_share_that_is_shown_begins_anew_with_the_period(db: testkit::Database) {
        let house = House::open(db).await;
        let name = format!("anew-{}", base::UsageId::generate());
        let daily = Budget { name: name.clone(), period: Period::Day, ..budget(Scope::Whole, 1_000) };
        let ledger = house.replica(&[daily]);
        let shown = || {
            let all = base::metric::exposition();
            let line = all.lines().find(|it| it.starts_with("budget_used_ratio") && it.contains(&name));
            line.and_then(|it| it.rsplit_once(' ')?.1.parse::<f64>().ok())
        };
        ledger.spends(nobody(), 500).await.unwrap();
        assert_eq!(shown(), Some(0.5));
        house.clock.advance(SignedDuration::from_hours(24));
        ledger.budgets().tend().await.unwrap();
        assert_eq!(shown(), Some(0.0));
        ledger.spends(nobody(), 100).await.unwrap();
        assert_eq!(shown(), Some(0.1));
        ledger.budgets().tend().await.unwrap();
        assert_eq!(shown(), Some(0.1));
    }

    async fn a_warning_is_told_once_however_many_come_to_it(db: testkit::Database) {
        let house = House::open(db).await;
        let budgets = [budget(Scope::Whole, 1_000)];
        let (one, other) = (house.replica(&budgets), house.replica(&budgets));
        one.spends(nobody(), 799).await.unwrap();
        assert_eq!(told(&house).await, []);
        other.spends(nobody(), 1).await.unwrap();
        one.spends(nobody(), 50).await.unwrap();
        other.spends(nobody(), 50).await.unwrap();
        assert_eq!(told(&house).await, [(event::Kind::Warned, 800)]);
        // Neither keeps more of a lease than it uses.
        for ledger in [&one, &other] {
            ledger.budgets().tend().await.unwrap();
            ledger.budgets().tend().await.unwrap();
        }
        // What is only held is told to nobody but those who are refused.
        let rest = one.holds(nobody(), 100).await.unwrap();
        for ledger in [&one, &other] {
            assert!(over(ledger.holds(nobody(), 1).await).is_only_held);
        }
        drop(rest);
        assert_eq!(told(&house).await, [(event::Kind::Warned, 800)]);
        for ledger in [&one, &other] {
            assert!(!over(ledger.holds(nobody(), 101).await).is_only_held);
        }
        assert_eq!(told(&house).await, [(event::Kind::Warned, 800), (event::Kind::Reached, 900)]);
        let standings = one.budgets().standings(house.clock.now()).await.unwrap();
        assert_eq!(standings.len(), 1);
        assert_eq!((standings[0].used_ratio, standings[0].spent), (0.9, Amount::Usd(NanoUsd(900))));
    }

    async fn a_downgrade_goes_on_beyond_its_budget_and_not_beyond_others(db: testkit::Database) {
        let house = House::open(db).await;
        let soft = Budget {
            name: "soft".into(),
            at_limit: AtLimit::Downgrade,
            downgrade_to: Some("local/tiny".into()),
            ..budget(Scope::Whole, 100)
        };
        let ledger = house.replica(&[soft, budget(Scope::Tenant, 150)]);
        ledger.spends(nobody(), 100).await.unwrap();
        let over = over(ledger.holds(nobody(), 40).await);
        assert_eq!(over.downgrade_to, ModelRef::parse("local/tiny"));
        let subject = Subject { tenant: TenantId::DEFAULT, key: None, task: None };
        let hold = ledger.budgets().hold_downgraded(&subject, spend(40)).await.unwrap();
        ledger.uses(nobody(), hold, 40).await;
        assert!(ledger.budgets().hold_downgraded(&subject, spend(40)).await.is_err());
        assert_eq!(house.spent().await.cost, NanoUsd(140));
    }

    async fn a_budget_that_is_only_held_leads_to_its_cheaper_model_too(db: testkit::Database) {
        let house = House::open(db).await;
        let soft = Budget {
            at_limit: AtLimit::Downgrade,
            downgrade_to: Some("local/tiny".into()),
            ..budget(Scope::Whole, 100)
        };
        let ledger = house.replica(&[soft]);
        let under_way = ledger.holds(nobody(), 90).await.unwrap();
        let held = over(ledger.holds(nobody(), 40).await);
        assert_eq!((held.is_only_held, held.downgrade_to), (true, ModelRef::parse("local/tiny")));
        assert_eq!(told(&house).await, []);
        drop(under_way);
    }

    async fn tokens_count_although_nobody_knows_what_they_cost(db: testkit::Database) {
        let house = House::open(db).await;
        let tokens = Budget {
            name: "tokens".into(),
            limit_usd: None,
            limit_tokens: Some(100),
            ..budget(Scope::Whole, 0)
        };
        let ledger = house.replica(&[tokens, budget(Scope::Tenant, 10)]);
        let hold = ledger.budgets().hold(&Subject { tenant: TenantId::DEFAULT, key: None, task: None }, Spend { cost: NanoUsd::ZERO, tokens: 90 }).await.unwrap();
        let mut tab = ledger.begins(nobody(), "unpriced", hold);
        tab.answered(200, Usage { tokens_in: 60, tokens_out: 30, ..Usage::default() });
        tab.end(Outcome::Ok).await;
        let rows = house.rows().await;
        assert_eq!((rows[0].cost, rows[0].prices.as_deref()), (crate::Cost::Unknown, None));
        assert_eq!(house.spent().await, Spend { cost: NanoUsd::ZERO, tokens: 90 });
        assert_eq!(over(ledger.holds(nobody(), 11).await).name, "tokens");
    }

    async fn without_the_database_a_replica_goes_on_for_a_twentieth_and_then_says_so(db: testkit::Database) {
        let house = House::open(db).await;
        let ledger = house.replica(&[budget(Scope::Whole, 1_000)]);
        ledger.spends(nobody(), 100).await.unwrap();
        ledger.budgets().tend().await.unwrap();
        house.db.raw("ALTER TABLE model_budget_leases RENAME TO away").await;
        // Its lease is there, whatever it is; beyond it, fifty.
        let mut held = Vec::new();
        let stopped = loop {
            match ledger.holds(nobody(), 10).await {
                Ok(hold) => held.push(hold),
                Err(why) => break why,
            }
            assert!(held.len() < 12, "no end");
        };
        assert!(matches!(stopped, BudgetError::Unknown { .. }), "{stopped}");
        assert!(held.len() >= 5, "{}", held.len());
        house.db.raw("ALTER TABLE away RENAME TO model_budget_leases").await;
        house.clock.advance(SignedDuration::from_secs(2));
        ledger.spends(nobody(), 500).await.unwrap();
        let left = 1_000 - 600 - 10 * held.len() as u64;
        assert!(ledger.holds(nobody(), left + 1).await.is_err(), "what was held meanwhile counts");
        drop(held);
        ledger.spends(nobody(), 400).await.unwrap();
    }

    async fn a_budget_that_is_set_at_run_time_takes_the_place_of_its_namesake(db: testkit::Database) {
        let house = House::open(db).await;
        let ledger = house.replica(&[budget(Scope::Whole, 100)]);
        ledger.spends(nobody(), 90).await.unwrap();
        assert!(ledger.holds(nobody(), 20).await.is_err());
        set(&house, budget(Scope::Whole, 200)).await.unwrap();
        ledger.budgets().tend().await.unwrap();
        ledger.spends(nobody(), 20).await.unwrap();
        let wrong = set(&house, Budget { warn_at: 7.0, ..budget(Scope::Whole, 1) }).await;
        assert!(matches!(wrong, Err(BudgetSetError::Invalid { field: "warn_at", .. })));
        let (now, operator) = (house.clock.now(), Actor::operator());
        let remove = |name: &'static str| {
            house.store.write(&operator, now, move |tx| table::remove(tx, name))
        };
        remove("whole").await.unwrap();
        assert!(matches!(remove("whole").await, Err(BudgetSetError::NoSuchBudget(_))));
        ledger.budgets().tend().await.unwrap();
        assert!(ledger.holds(nobody(), 1).await.is_err());
        let filter = store::audit::Filter::default();
        let page = base::PageRequest::first(10);
        let audited = house.store.read(move |db| store::audit::list(db, &filter, &page)).await.unwrap();
        let mut actions: Vec<_> = audited.items.iter().map(|it| it.action.as_str()).collect();
        actions.sort_unstable();
        assert_eq!(actions, ["budget_removed", "budget_set"]);
        let set = audited.items.iter().find(|it| it.action == "budget_set").unwrap();
        assert_eq!(set.after.as_ref().unwrap()["limit_usd"], json!(200e-9));
    }

    async fn what_is_erased_or_swept_stays_counted_where_it_must(db: testkit::Database) {
        let house = House::open(db).await;
        let (a, b) = (TenantId::generate(), TenantId::generate());
        let ledger = house.replica(&[budget(Scope::Whole, 1_000), budget(Scope::Tenant, 1_000)]);
        for (tenant, tokens) in [(a, 10), (b, 20), (a, 30)] {
            ledger.spends(Who { task: Some("sort"), ..Who::tenant(tenant) }, tokens).await.unwrap();
            house.clock.advance(SignedDuration::from_hours(24));
        }
        let before = testkit::moment("2026-11-22T12:00:00Z");
        let swept: Result<u64, store::Error> = house.store.bookkeep("sweep", move |tx| usage::sweep(tx, before)).await;
        assert_eq!(swept.unwrap(), 2);
        assert_eq!(house.spent().await.cost, NanoUsd(60), "the month goes on");
        house.verified().await;
        let now = house.clock.now();
        let erased: Result<u64, store::Error> = house.store.write(&Actor::house(), now, move |tx| {
            tx.audit(store::audit::Entry::new(a, "tenant_erased", format!("tenants/{a}"), "Erased"));
            usage::erase(tx, a)
        }).await;
        assert_eq!(erased.unwrap(), 1);
        assert_eq!(house.spent().await.cost, NanoUsd(60), "it was spent all the same");
        house.verified().await;
        // A sum that somebody changed is found.
        house.db.raw("UPDATE model_spent SET nano_usd = nano_usd + 1 WHERE scope = 'task' AND period = 'month'").await;
        let drifts = house.store.read(|db| spent::verify(db, Timestamp::UNIX_EPOCH)).await.unwrap();
        assert_eq!(drifts.len(), 1);
        assert_eq!((drifts[0].pot.id.as_str(), drifts[0].counted.cost.0 - drifts[0].rows.cost.0), ("sort", 1));
    }

    async fn a_replica_that_stops_gives_back_what_it_leased(db: testkit::Database) {
        let house = House::open(db).await;
        let one = house.replica(&[budget(Scope::Whole, 100)]);
        let under_way = one.holds(nobody(), 10).await.unwrap();
        one.spends(nobody(), 20).await.unwrap();
        one.finish().await;
        let other = house.replica(&[budget(Scope::Whole, 100)]);
        assert!(other.holds(nobody(), 75).await.is_err(), "ten are still held");
        drop(under_way);
        one.finish().await;
        house.clock.advance(SignedDuration::from_secs(2));
        drop(other.holds(nobody(), 80).await.unwrap());
        // Whoever goes on after all takes a new lease.
        other.finish().await;
        one.spends(nobody(), 80).await.unwrap();
        assert!(one.holds(nobody(), 1).await.is_err());
    }
}
