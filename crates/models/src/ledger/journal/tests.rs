use super::*;
use crate::{
    ledger::{recover::sample_rows, sample},
    usage::Outcome,
};

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
    let left: Vec<_> = sample_rows(folder.path()).iter().map(|it| it.id).collect();
    assert_eq!(left, [slow.id]);
}

/// At every moment a process that is killed leaves what is under way and what is over and not saved,
/// and nothing of what reached nobody.
#[track_caller]
fn check_every_moment(file_bytes: u64) {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path(), Bounds { file_bytes, bytes_max: 1_000_000 });
    let mut needed: HashMap<UsageId, Outcome> = HashMap::new();
    let mut dismissed: Vec<UsageId> = Vec::new();
    let mut unsaved: VecDeque<UsageId> = VecDeque::new();
    let check = |needed: &HashMap<UsageId, Outcome>, dismissed: &[UsageId], what: &str| {
        let left: HashMap<_, _> =
            sample_rows(folder.path()).into_iter().map(|it| (it.id, it.outcome)).collect();
        for (id, outcome) in needed {
            assert_eq!(left.get(id), Some(outcome), "{what}, files of {file_bytes} bytes");
        }
        let taken_back = dismissed.iter().any(|it| left.contains_key(it));
        assert!(!taken_back, "{what}, files of {file_bytes} bytes: it reached nobody");
    };
    let slow = sample::entry();
    journal.begin(&slow).unwrap();
    needed.insert(slow.id, Outcome::Abandoned);
    for round in 0..12 {
        let mut entry = sample::entry();
        journal.begin(&entry).unwrap();
        needed.insert(entry.id, Outcome::Abandoned);
        check(&needed, &dismissed, "begun");
        if round % 3 == 0 {
            journal.dismiss(entry.id);
            needed.remove(&entry.id);
            dismissed.push(entry.id);
        } else {
            entry.outcome = Outcome::Ok;
            journal.end(&entry);
            needed.insert(entry.id, Outcome::Ok);
            unsaved.push_back(entry.id);
        }
        check(&needed, &dismissed, "over");
        if round % 4 == 0 {
            let noted = Entry { outcome: Outcome::Ok, ..sample::entry() };
            journal.note(&noted).unwrap();
            needed.insert(noted.id, Outcome::Ok);
            unsaved.push_back(noted.id);
            check(&needed, &dismissed, "noted");
        }
        while unsaved.len() > 1 {
            let saved = unsaved.pop_front().unwrap();
            needed.remove(&saved);
            journal.saved([saved]);
        }
        check(&needed, &dismissed, "saved");
    }
}

#[test]
fn a_line_that_fills_its_file_does_not_go_with_it() {
    // A file for each line, and every way in which lines can fall upon the ends of files.
    for file_bytes in (1..2_000).step_by(83) {
        check_every_moment(file_bytes);
    }
}
