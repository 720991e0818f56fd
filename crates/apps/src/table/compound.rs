//! The container of old Office files (MS-CFB), as far as a workbook needs it: a stream by its name.
//!
//! `calamine` reads the same container and trusts it: a chain of sectors that runs in a circle makes
//! it grow until memory is gone. Here every chain ends, so a file whose streams were found here can
//! be read there. What is only odd is refused too: whatever this reads differently would pass by
//! the bounds that are kept on it.

use encoding_rs::UTF_16LE;

const END: u32 = 0xffff_fffe;
/// Sector numbers from here on are marks.
const MARKS: u32 = 0xffff_fffa;
const NO_SECTOR: u32 = 0xffff_fffc;
const ENTRY: usize = 128;
/// Streams below this size lie in small sectors.
const SMALL_BELOW: u64 = 4_096;
const SMALL_SECTOR: usize = 64;

/// A container that was opened.
pub(super) struct Compound<'a> {
    sectors: Sectors<'a>,
    next: Vec<u32>,
    entries: Vec<Entry>,
    small: Vec<u8>,
    small_next: Vec<u32>,
}

struct Entry {
    name: String,
    start: u32,
    bytes: u64,
}

#[derive(Clone, Copy)]
struct Sectors<'a> {
    bytes: &'a [u8],
    size: usize,
}

impl<'a> Compound<'a> {
    /// Opens a container; none when its tables are damaged.
    pub(super) fn open(file: &'a [u8]) -> Option<Self> {
        let size = match u16_at(file, 30)? {
            9 => 512,
            12 => 4_096,
            _ => return None,
        };
        let sectors = Sectors { bytes: file.get(size..)?, size };
        let next = table(file, sectors)?;
        let directory = sectors.chain(u32_at(file, 48)?, &next, u64::MAX)?;
        let entries: Vec<Entry> =
            directory.chunks_exact(ENTRY).map(|it| Entry::read(it, size)).collect::<Option<_>>()?;
        let small_tables = u64::from(u32_at(file, 64)?);
        let (small, small_next) = if small_tables > 0 {
            let root = entries.first()?;
            let numbers = sectors.chain(u32_at(file, 60)?, &next, small_tables * size as u64)?;
            (sectors.chain(root.start, &next, root.bytes)?, numbers_of(&numbers).collect())
        } else {
            (Vec::new(), Vec::new())
        };
        Some(Self { sectors, next, entries, small, small_next })
    }

    /// The stream of this name: `None` when there is none, `Some(None)` when it is damaged.
    pub(super) fn stream(&self, name: &str) -> Option<Option<Vec<u8>>> {
        let entry = self.entries.iter().find(|it| it.name.eq_ignore_ascii_case(name))?;
        Some(if entry.bytes < SMALL_BELOW {
            let small = Sectors { bytes: &self.small, size: SMALL_SECTOR };
            small.chain(entry.start, &self.small_next, entry.bytes)
        } else {
            self.sectors.chain(entry.start, &self.next, entry.bytes)
        })
    }
}

impl Entry {
    fn read(entry: &[u8], sector_size: usize) -> Option<Self> {
        let name = UTF_16LE.decode(&entry[..64]).0;
        let name = name.split('\0').next().unwrap_or_default().to_owned();
        let low = u64::from(u32_at(entry, 120)?);
        let high = u64::from(u32_at(entry, 124)?);
        let bytes = if sector_size == 512 { low } else { (high << 32) | low };
        Some(Self { name, start: u32_at(entry, 116)?, bytes })
    }
}

impl Sectors<'_> {
    fn count(&self) -> usize {
        self.bytes.len().div_ceil(self.size)
    }

    fn get(&self, number: u32) -> Option<&[u8]> {
        let start = usize::try_from(number).ok()?.checked_mul(self.size)?;
        let end = (start + self.size).min(self.bytes.len());
        self.bytes.get(start..end).filter(|it| !it.is_empty())
    }

    /// The first `most` bytes of the chain that begins at `start`; none when it leads out of the
    /// file or in a circle, or when a sector that is not its last one is cut off.
    fn chain(&self, start: u32, next: &[u32], most: u64) -> Option<Vec<u8>> {
        let (mut out, mut at, mut steps) = (Vec::new(), start, 0);
        while at != END {
            if steps >= self.count() || out.len() % self.size != 0 {
                return None;
            }
            steps += 1;
            let sector = self.get(at)?;
            let left = most - out.len() as u64;
            let taken = sector.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            out.extend_from_slice(&sector[..taken]);
            if out.len() as u64 >= most {
                break;
            }
            at = *next.get(usize::try_from(at).ok()?)?;
        }
        Some(out)
    }
}

/// Which sector follows which: the table whose own sectors the header lists, and sectors that go on
/// with that list.
fn table(file: &[u8], sectors: Sectors<'_>) -> Option<Vec<u32>> {
    let mut list: Vec<u32> = numbers_of(file.get(76..512)?).collect();
    let (mut more, mut steps) = (u32_at(file, 68)?, 0);
    while more < MARKS {
        if steps >= sectors.count() {
            return None;
        }
        steps += 1;
        list.extend(numbers_of(sectors.get(more)?));
        more = list.pop()?;
    }
    list.retain(|it| *it < NO_SECTOR);
    // A sector listed twice is a table that grows out of nothing.
    if list.len() > sectors.count() {
        return None;
    }
    let mut next = Vec::with_capacity(list.len() * sectors.size / 4);
    for number in list {
        let sector = sectors.get(number).filter(|it| it.len() == sectors.size)?;
        next.extend(numbers_of(sector));
    }
    Some(next)
}

fn numbers_of(bytes: &[u8]) -> impl Iterator<Item = u32> + '_ {
    let (numbers, _) = bytes.as_chunks::<4>();
    numbers.iter().map(|it| u32::from_le_bytes(*it))
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}
