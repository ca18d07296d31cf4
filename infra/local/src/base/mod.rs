//! Parts that know nothing of AWS.
//!
//! | file | holds |
//! |---|---|
//! | `clock` | a clock that can be moved ahead |
//! | `background` | tasks that end when the stand-in does |
//! | `stored` | a folder of JSON files, one for each thing |
//! | `activity` | what happens without a request: ticks, attempts, events given up |
//! | `keys` | access keys, and secrets derived from one |
//! | `damage` | damaged files, for tests |
//! | `sha256` | SHA-256 in the two ways it is written |

pub(crate) mod activity;
pub(crate) mod background;
pub(crate) mod clock;
pub(crate) mod keys;
pub(crate) mod sha256;
pub(crate) mod stored;

#[cfg(test)]
pub(crate) mod damage;
