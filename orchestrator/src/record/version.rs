//! The version of the stored forms.

/// Version of [`RunRecord`](super::RunRecord) and [`RoundSamples`](super::round::RoundSamples).
pub const VERSION: u32 = 1;
