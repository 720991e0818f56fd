use std::time::Instant;

use super::*;
use crate::ledger::sample;

fn open(folder: &Path, bounds: Bounds) -> Journal {
    let started = "2026-11-21T08:00:00Z".parse().unwrap();
    Journal::open(folder, started, "a1b2", bounds).unwrap()
}

fn small() -> Bounds {
    Bounds { file_bytes: 2_000, bytes_max: 20_000 }
}

fn on_disk(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).unwrap();
    files.map(|it| it.unwrap().metadata().unwrap().len()).sum()
}

#[test]
fn what_is_saved_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path(), small());
    for _ in 0..100 {
        let entry = sample::entry();
        journal.begin(&entry).unwrap();
        journal.end(&entry);
        journal.saved([entry.id]);
    }
    assert_eq!((journal.bytes(), on_disk(folder.path())), (0, 0));
    drop(journal);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_database_that_is_away_fills_the_journal_to_its_bound_and_then_nothing_is_begun() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path(), small());
    let mut waiting = Vec::new();
    let refused = loop {
        let entry = sample::entry();
        match journal.begin(&entry) {
            Ok(()) => journal.end(&entry),
            Err(why) => break why,
        }
        waiting.push(entry.id);
    };
    assert!(matches!(refused, LedgerFull::Waiting { .. }), "{refused}");
    assert!(journal.bytes() <= small().bytes_max + 1_000, "{}", journal.bytes());
    assert_eq!(journal.bytes(), on_disk(folder.path()));
    // What needs no request takes no room that nothing else may have.
    while journal.note(&sample::entry()).is_ok() {
        assert!(journal.bytes() <= small().bytes_max, "{}", journal.bytes());
    }
    journal.saved(waiting);
    journal.begin(&sample::entry()).unwrap();
    journal.note(&sample::entry()).unwrap();
}

#[test]
fn what_takes_long_is_carried_over_and_does_not_fill_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path(), small());
    let slow: Vec<_> = (0..3).map(|_| sample::entry()).collect();
    let mut begun = slow.iter();
    for round in 0..500 {
        if round % 7 == 0
            && let Some(slow) = begun.next()
        {
            journal.begin(slow).unwrap();
        }
        let entry = sample::entry();
        journal.begin(&entry).unwrap();
        journal.end(&entry);
        journal.saved([entry.id]);
    }
    assert!(journal.bytes() < 10_000, "{}", journal.bytes());
    assert_eq!(journal.bytes(), on_disk(folder.path()));
    let text: String = fs::read_dir(folder.path())
        .unwrap()
        .map(|it| fs::read_to_string(it.unwrap().path()).unwrap())
        .collect();
    for slow in &slow {
        assert!(text.contains(&slow.id.to_string()), "the line of {} is gone", slow.id);
        journal.end(slow);
    }
    journal.saved(slow.iter().map(|it| it.id));
    assert_eq!(journal.bytes(), 0);
}

#[test]
fn what_reached_nobody_leaves_no_row() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path(), small());
    let (slow, gone) = (sample::entry(), sample::entry());
    journal.begin(&slow).unwrap();
    journal.begin(&gone).unwrap();
    // Whole files come and go between the two lines.
    for _ in 0..20 {
        let entry = sample::entry();
        journal.begin(&entry).unwrap();
        journal.end(&entry);
        journal.saved([entry.id]);
    }
    journal.dismiss(gone.id);
    let left = crate::ledger::recover::sample_rows(folder.path());
    assert_eq!(left, [slow.id]);
}

#[test]
fn a_line_is_written_within_ten_microseconds() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path(), Bounds::default());
    let entry = sample::entry();
    let mut best = f64::MAX;
    // The best of several rounds: other tests share the machine.
    for _ in 0..20 {
        let started = Instant::now();
        for _ in 0..50 {
            journal.begin(&entry).unwrap();
        }
        best = best.min(started.elapsed().as_secs_f64() / 50.0);
    }
    let most = if cfg!(debug_assertions) { 200e-6 } else { 10e-6 };
    assert!(best <= most, "{:.1} µs", best * 1e6);
}
