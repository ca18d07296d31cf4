//! Files as a crash, a disk or somebody's hand leaves them, for tests of what reads them.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// What is written over a file or put into it: numbers at the ends of their types, other types, ends of JSON.
const PIECES: [&[u8]; 12] =
    [b"-1", b"0", b"4294967296", b"1e999", b"null", b"\"", b"{}", b"[]", b"}", b",", b"\0", b"\xff"];

/// A file with up to four damages: a piece instead of some bytes, or the end cut off.
pub(crate) fn damaged(file: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
    let damage = (any::<Index>(), 0_usize..12, select(&PIECES[..]), prop::bool::weighted(0.1));
    vec(damage, 0..4).prop_map(move |damages| {
        let mut bytes = file.to_vec();
        for (place, length, piece, is_cut) in damages {
            let begin = place.index(bytes.len() + 1);
            let end = if is_cut { bytes.len() } else { bytes.len().min(begin + length) };
            bytes.splice(begin..end, piece.iter().copied());
        }
        bytes
    })
}
