//! What a zip archive is, by the names in its list of contents. Nothing is unpacked.

use super::{Kind, Unfit};

/// Names that are looked at; the telling ones come early in every file that programs write.
const NAMES_MAX: usize = 10_000;

pub(super) fn kind(bytes: &[u8]) -> Result<Kind, Unfit> {
    let names = names(bytes).unwrap_or_default();
    let has = |name: &[u8]| names.contains(&name);
    let within = |folder: &[u8]| names.iter().any(|it| it.starts_with(folder));
    match () {
        () if has(b"word/document.xml") => Ok(Kind::Docx),
        () if has(b"xl/workbook.xml") => Ok(Kind::Xlsx),
        () if has(b"xl/workbook.bin") => {
            Err(Unfit::Other("a binary workbook (XLSB); save it as XLSX"))
        }
        () if within(b"word/") => Err(Unfit::Other("a Word document without its text")),
        () if within(b"ppt/") => Err(Unfit::Other("a presentation")),
        () if has(b"META-INF/container.xml") => Err(Unfit::Other("an electronic book (EPUB)")),
        () if has(b"content.xml") => Err(Unfit::Other("an OpenDocument file")),
        () => Err(Unfit::Other("a zip archive")),
    }
}

/// The names, from the list at the end of the archive; none when it is not built as one.
fn names(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let number = |at: usize, length: usize| -> Option<usize> {
        let bytes = bytes.get(at..at.checked_add(length)?)?;
        let sum = bytes.iter().rev().fold(0u64, |sum, it| (sum << 8) | u64::from(*it));
        usize::try_from(sum).ok()
    };
    // The end may be followed by a comment of 65,535 bytes.
    let tail = bytes.len().saturating_sub(65_557);
    let end = tail + bytes[tail..].windows(4).rposition(|it| it == b"PK\x05\x06")?;
    let mut at = number(end + 16, 4)?;
    let mut names = Vec::new();
    while names.len() < NAMES_MAX && bytes.get(at..at.checked_add(4)?) == Some(b"PK\x01\x02") {
        let (name, extra, comment) =
            (number(at + 28, 2)?, number(at + 30, 2)?, number(at + 32, 2)?);
        names.push(bytes.get(at + 46..at + 46 + name)?);
        at += 46 + name + extra + comment;
    }
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An archive that holds nothing but these names.
    fn archive(names: &[&str]) -> Vec<u8> {
        let mut bytes = b"PK\x03\x04".to_vec();
        let start = bytes.len() as u32;
        for name in names {
            let mut entry = [0u8; 46];
            entry[..4].copy_from_slice(b"PK\x01\x02");
            entry[28..30].copy_from_slice(&(name.len() as u16).to_le_bytes());
            bytes.extend_from_slice(&entry);
            bytes.extend_from_slice(name.as_bytes());
        }
        let mut end = [0u8; 22];
        end[..4].copy_from_slice(b"PK\x05\x06");
        end[16..20].copy_from_slice(&start.to_le_bytes());
        bytes.extend_from_slice(&end);
        bytes
    }

    #[test]
    fn the_names_in_an_archive_tell_what_it_is() {
        let check = |names: &[&str], expected| assert_eq!(kind(&archive(names)), expected);
        check(&["[Content_Types].xml", "word/document.xml"], Ok(Kind::Docx));
        check(&["xl/workbook.xml"], Ok(Kind::Xlsx));
        check(&["ppt/presentation.xml"], Err(Unfit::Other("a presentation")));
        check(&["mimetype", "content.xml"], Err(Unfit::Other("an OpenDocument file")));
        check(&["a.txt"], Err(Unfit::Other("a zip archive")));
    }

    #[test]
    fn an_archive_that_is_cut_or_lies_is_just_an_archive() {
        let whole = archive(&["word/document.xml"]);
        for length in 4..whole.len() - 2 {
            assert_eq!(kind(&whole[..length]), Err(Unfit::Other("a zip archive")), "{length}");
        }
        let mut lies = whole;
        let end = lies.len();
        lies[end - 6..end - 2].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(kind(&lies), Err(Unfit::Other("a zip archive")));
    }
}
