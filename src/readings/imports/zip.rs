//! The one file that matters in `export.zip`: found by the list at the archive's end, read where it lies.

use std::ops::Range;

use super::Unreadable;
use crate::error::Result;

/// The list of an archive's files. Apple puts a file for every workout into it: ten thousand take one megabyte.
const LIST: u64 = 16 * 1024 * 1024;

/// The end of an archive, with the longest comment.
const END: u64 = 22 + 65_535 + 20;

/// The largest file that is unpacked: ten times that of somebody who has worn a watch for ten years.
const LARGEST: u64 = 32 * 1024 * 1024 * 1024;

/// Text packs to a thirtieth at best; what packs to less was made to fill disks.
const PACKED: u64 = 200;

const DAMAGED: Unreadable = Unreadable::new("The archive is damaged: it cannot be unpacked. Export it again.");
const NOT_THERE: Unreadable = Unreadable::new("The archive holds no export.xml of Apple Health.");
const LOCKED: Unreadable = Unreadable::new("The archive is locked with a password. Send it without.");
const HUGE: Unreadable = Unreadable::new("What the archive holds is larger than any export. It is not taken.");

/// A file in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Where its bytes lie.
    pub range: Range<u64>,
    /// Whether they are packed.
    pub packed: bool,
    /// How many they are unpacked.
    pub size: u64,
}

/// Bytes that can be read from anywhere.
pub(super) trait Parts {
    /// Those in `range`.
    fn part(&self, range: Range<u64>) -> impl Future<Output = Result<Vec<u8>>> + Send;
}

/// Finds the export in an archive of `size` bytes.
///
/// # Errors
/// Where the archive cannot be read; inside, where it is none or holds no export.
pub(super) async fn find(archive: &(impl Parts + Sync), size: u64) -> Result<Result<Entry, Unreadable>> {
    let begin = size.saturating_sub(END);
    let end = archive.part(begin..size).await?;
    let list = match list(&end, begin) {
        Ok(List::Here(list)) => list,
        Ok(List::Far(at)) => {
            let far = at..at.saturating_add(56);
            if far.end > size {
                return Ok(Err(DAMAGED));
            }
            match far_list(&archive.part(far).await?) {
                Some(list) => list,
                None => return Ok(Err(DAMAGED)),
            }
        }
        Err(why) => return Ok(Err(why)),
    };
    if list.end > size || list.end < list.start || list.end - list.start > LIST {
        return Ok(Err(DAMAGED));
    }
    let found = match best(&archive.part(list).await?) {
        Ok(found) => found,
        Err(why) => return Ok(Err(why)),
    };
    let head = found.offset..found.offset.saturating_add(30);
    if head.end > size {
        return Ok(Err(DAMAGED));
    }
    let head = archive.part(head).await?;
    let (Some(b"PK\x03\x04"), Some(name), Some(extra)) = (head.get(..4), short(&head, 26), short(&head, 28)) else {
        return Ok(Err(DAMAGED));
    };
    let start = found.offset + 30 + u64::from(name) + u64::from(extra);
    let range = start..start.saturating_add(found.packed_size);
    if range.end > size {
        return Ok(Err(DAMAGED));
    }
    Ok(Ok(Entry { range, packed: found.packed, size: found.size }))
}

enum List {
    Here(Range<u64>),
    /// Archives of more than four gigabytes name it elsewhere.
    Far(u64),
}

fn list(end: &[u8], begin: u64) -> Result<List, Unreadable> {
    let at = end.windows(4).rposition(|four| four == b"PK\x05\x06").ok_or(DAMAGED)?;
    let (size, offset) = long(end, at + 12).zip(long(end, at + 16)).ok_or(DAMAGED)?;
    let far = at.checked_sub(20).filter(|far| end.get(*far..far + 4) == Some(b"PK\x06\x07"));
    if let Some(far) = far {
        return huge(end, far + 8).map(List::Far).ok_or(DAMAGED);
    }
    let range = u64::from(offset)..u64::from(offset) + u64::from(size);
    if range.end > begin + at as u64 { Err(DAMAGED) } else { Ok(List::Here(range)) }
}

fn far_list(record: &[u8]) -> Option<Range<u64>> {
    let (size, offset) = huge(record, 40).zip(huge(record, 48))?;
    (record.get(..4) == Some(b"PK\x06\x06")).then(|| offset..offset.saturating_add(size))
}

#[derive(Clone, Copy)]
struct Listed {
    packed: bool,
    packed_size: u64,
    size: u64,
    offset: u64,
}

/// The largest XML in the list that is not the clinical document beside the export. Its name is in the language of the telephone.
fn best(mut list: &[u8]) -> Result<Listed, Unreadable> {
    let mut best: Option<Listed> = None;
    while list.get(..4) == Some(b"PK\x01\x02") {
        let part = |at| short(list, at).map(usize::from).ok_or(DAMAGED);
        let (name_length, extra_length, comment) = (part(28)?, part(30)?, part(32)?);
        let after = 46 + name_length + extra_length + comment;
        let name = list.get(46..46 + name_length).ok_or(DAMAGED)?.to_ascii_lowercase();
        let extra = list.get(46 + name_length..46 + name_length + extra_length).ok_or(DAMAGED)?;
        let wanted = name.ends_with(b".xml") && !name.windows(3).any(|part| part == b"cda");
        if wanted {
            let found = listed(list, extra).ok_or(DAMAGED)?;
            if best.is_none_or(|best| found.size > best.size) {
                if part(8)? & 1 == 1 {
                    return Err(LOCKED);
                }
                if !matches!(part(10)?, 0 | 8) {
                    return Err(DAMAGED);
                }
                best = Some(found);
            }
        }
        list = list.get(after..).ok_or(DAMAGED)?;
    }
    let best = best.ok_or(NOT_THERE)?;
    if best.size > LARGEST || best.size / PACKED > best.packed_size {
        return Err(HUGE);
    }
    Ok(best)
}

fn listed(entry: &[u8], extra: &[u8]) -> Option<Listed> {
    let mut sizes = [long(entry, 24)?, long(entry, 20)?, long(entry, 42)?].map(u64::from);
    if sizes.contains(&u64::from(u32::MAX)) {
        // Those that do not fit stand in an extra field, in this order.
        let mut field = extra;
        while short(field, 0)? != 1 {
            field = field.get(4 + usize::from(short(field, 2)?)..)?;
        }
        let mut at = 4;
        for size in sizes.iter_mut().filter(|size| **size == u64::from(u32::MAX)) {
            *size = huge(field, at)?;
            at += 8;
        }
    }
    let [size, packed_size, offset] = sizes;
    Some(Listed { packed: short(entry, 10)? == 8, packed_size, size, offset })
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at.checked_add(2)?).and_then(|two| two.try_into().ok()).map(u16::from_le_bytes)
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?).and_then(|four| four.try_into().ok()).map(u32::from_le_bytes)
}

fn huge(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at.checked_add(8)?).and_then(|eight| eight.try_into().ok()).map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use proptest::prelude::*;

    use super::*;

    /// An archive with these files, each packed.
    pub fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let (mut bytes, mut list) = (Vec::new(), Vec::new());
        for (name, content) in files {
            let mut packed = Vec::new();
            flate2::read::DeflateEncoder::new(*content, flate2::Compression::default())
                .read_to_end(&mut packed)
                .unwrap();
            let offset = u32::try_from(bytes.len()).unwrap();
            let mut common = vec![20, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            common.extend(u32::try_from(packed.len()).unwrap().to_le_bytes());
            common.extend(u32::try_from(content.len()).unwrap().to_le_bytes());
            common.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
            common.extend([0, 0]);
            bytes.extend(b"PK\x03\x04");
            bytes.extend(&common);
            bytes.extend(name.as_bytes());
            bytes.extend(packed);
            list.extend(b"PK\x01\x02\x14\x00");
            list.extend(&common);
            list.extend([0; 10]);
            list.extend(offset.to_le_bytes());
            list.extend(name.as_bytes());
        }
        let offset = u32::try_from(bytes.len()).unwrap();
        bytes.extend(&list);
        bytes.extend(b"PK\x05\x06\x00\x00\x00\x00");
        bytes.extend(u16::try_from(files.len()).unwrap().to_le_bytes().repeat(2));
        bytes.extend(u32::try_from(list.len()).unwrap().to_le_bytes());
        bytes.extend(offset.to_le_bytes());
        bytes.extend([0, 0]);
        bytes
    }

    impl Parts for &[u8] {
        async fn part(&self, range: Range<u64>) -> Result<Vec<u8>> {
            let at = |place: u64| usize::try_from(place).unwrap();
            Ok(self[at(range.start)..at(range.end)].to_vec())
        }
    }

    fn look(bytes: &[u8]) -> Result<Entry, Unreadable> {
        futures::executor::block_on(find(&bytes, bytes.len() as u64)).expect("it can be read")
    }

    #[test]
    fn the_export_is_found_whatever_lies_beside_it() {
        let export = b"<HealthData/>".repeat(50);
        let bytes = archive(&[
            ("apple_health_export/export_cda.xml", &[b'x'; 4_000]),
            ("apple_health_export/workout-routes/route.gpx", &[b'y'; 9_000]),
            ("apple_health_export/Export.xml", &export),
        ]);
        let entry = look(&bytes).expect("found");
        assert!(entry.packed && entry.size == export.len() as u64);
        let packed = &bytes[usize::try_from(entry.range.start).unwrap()..usize::try_from(entry.range.end).unwrap()];
        let mut unpacked = Vec::new();
        flate2::read::DeflateDecoder::new(packed).read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, export);
    }

    #[test]
    fn bombs_and_strangers_are_refused() {
        assert_eq!(look(&archive(&[("a.txt", b"x")])), Err(NOT_THERE));
        assert_eq!(look(&archive(&[("export.xml", &vec![b' '; 4_000_000])])), Err(HUGE));
        assert_eq!(look(b"PK\x03\x04 and then nothing"), Err(DAMAGED));
    }

    proptest! {
        #[test]
        fn nothing_that_was_cut_or_changed_does_harm(cut in 0usize..400, at in 0usize..400, bit in 0u32..8) {
            let mut bytes = archive(&[("export.xml", b"<HealthData>some more than nothing</HealthData>"), ("b", b"c")]);
            let length = bytes.len();
            bytes[at % length] ^= 1 << bit;
            bytes.truncate(length - cut % length);
            let size = bytes.len() as u64;
            if let Ok(entry) = look(&bytes) {
                prop_assert!(entry.range.end <= size && entry.size <= LARGEST);
            }
        }
    }
}
