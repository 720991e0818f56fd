use super::*;

const MODEL: &str = "a/model";

fn line(number: u8) -> Line {
    Line {
        tenant: TenantId::DEFAULT,
        document: DocumentId::generate(),
        chunk: ChunkId::generate(),
        hash: format!("hash {number}"),
        vector: BASE64_STANDARD.encode(rows::encode(&[f32::from(number), 1.0])),
    }
}

fn written(folder: &tempfile::TempDir, count: u8) -> PathBuf {
    let path = folder.path().join("a.jsonl");
    let head = Head {
        format: FORMAT.into(),
        version: 1,
        model: MODEL.into(),
        dimensions: 2,
        made_at: testkit::moment(testkit::START),
    };
    let mut out = Out::begin(&path, &head).unwrap();
    (0..count).for_each(|it| out.line(&line(it)).unwrap());
    assert_eq!(out.end().unwrap(), u64::from(count));
    path
}

fn skimmed(path: &Path) -> Result<Backup, ArchiveError> {
    In::open(path)?.skim()
}

#[test]
fn what_was_written_is_read_back_page_by_page() {
    let folder = tempfile::tempdir().unwrap();
    for count in [0, 1, 7] {
        let path = written(&folder, count);
        let backup = skimmed(&path).unwrap();
        assert_eq!((backup.vectors, backup.head.model.as_str()), (u64::from(count), MODEL));
        let mut file = In::open(&path).unwrap();
        assert_eq!(file.page().unwrap().len(), usize::from(count));
        assert_eq!(file.page().unwrap().len(), 0);
    }
}

#[test]
fn whatever_byte_is_another_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(&folder, 3);
    let good = std::fs::read(&path).unwrap();
    // But for the last, which is the end of a line: nothing is lost with it.
    for at in 0..good.len() - 1 {
        let mut bad = good.clone();
        bad[at] ^= 0x01;
        std::fs::write(&path, &bad).unwrap();
        assert!(skimmed(&path).is_err(), "byte {at}: {:?}", bad[at] as char);
        std::fs::write(&path, &good[..at]).unwrap();
        assert!(skimmed(&path).is_err(), "cut at {at}");
    }
    std::fs::write(&path, [&good[..], b"more\n"].concat()).unwrap();
    assert!(skimmed(&path).is_err(), "something after its end");
}

#[test]
fn another_file_is_no_backup() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    for text in [&b""[..], b"{}", b"\xff\xfe", b"{\"format\":\"other\",\"version\":1}"] {
        std::fs::write(&path, text).unwrap();
        assert!(matches!(skimmed(&path), Err(ArchiveError::NoBackup(_))), "{text:?}");
    }
    assert!(matches!(skimmed(&folder.path().join("none")), Err(ArchiveError::File { .. })));
}
