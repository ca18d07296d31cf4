//! What `docs/methodology.md` says of the statistics, by a part of the simulations of `examples/operating.rs`.

use crate::operating::population::{EVEN_MODES, IMAGE_X86, UNEVEN_MODES, ZIP_ARM64, ZIP_X86};
use crate::operating::{Row, comparing, coverage, detecting, stopping};

/// Each row within its bounds, or outside by no more than so few simulations leave to chance: three standard errors.
#[track_caller]
fn check(rows: &[Row]) {
    let slack = |row: &Row| 3.0 * row.standard_error;
    let holds = |row: &Row| (row.least - slack(row)..=row.most + slack(row)).contains(&row.measured);
    let outside: Vec<&Row> = rows.iter().filter(|row| !holds(row)).collect();
    assert_eq!(outside, [] as [&Row; 0]);
}

#[test]
fn intervals_of_quantiles_cover_what_they_say_and_are_refused_to_samples_too_small() {
    check(&coverage::rows(&[IMAGE_X86, UNEVEN_MODES], 200));
}

#[test]
fn comparisons_of_what_did_not_change_show_a_change_once_in_twenty() {
    check(&comparing::rows(&[ZIP_ARM64], 100));
}

#[test]
fn measuring_until_it_is_precise_keeps_the_interval_and_two_modes_go_to_the_cap() {
    check(&stopping::rows(&[ZIP_X86, EVEN_MODES], 50));
}

#[test]
fn steps_are_found_and_noise_that_remembers_is_no_change() {
    check(&detecting::rows(24));
}
