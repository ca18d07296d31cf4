//! The billed duration as a witness of the other figures.

use std::time::Duration;

/// Whether the billed duration is what duration, init and restore make it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BillingCheck {
    /// It follows from the other figures by one of the rules that were in force at some time.
    Agrees,
    /// It does not: the REPORT is damaged, not Lambda's own, or billed by a rule unknown here.
    Disagrees,
    /// A figure is missing.
    Unchecked,
}

/// What of a REPORT goes into its bill.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bill {
    pub(super) duration: Option<Duration>,
    pub(super) billed: Option<Duration>,
    pub(super) init: Option<Duration>,
    pub(super) restored: bool,
    pub(super) billed_restore: Option<Duration>,
}

impl Bill {
    /// Lambda's rules (pricing page and `docs/reading-logs.md`): rounded up to 1 ms, until December 2020 to 100 ms; with
    /// the init since August 2025, and always for custom runtimes, else without; with the billed restore under
    /// `SnapStart`; a timed-out invocation for no more than its timeout, which is in whole seconds.
    pub(super) fn check(self) -> BillingCheck {
        let (Some(duration), Some(billed)) = (self.duration, self.billed) else { return BillingCheck::Unchecked };
        let extra = match (self.init, self.restored, self.billed_restore) {
            (Some(init), _, _) => init,
            (None, true, None) => return BillingCheck::Unchecked,
            (None, _, restore) => restore.unwrap_or_default(),
        };
        let agrees = [duration, duration.saturating_add(extra)].into_iter().any(|charged| {
            is_rounded_up(billed, charged, Duration::from_millis(1))
                || is_rounded_up(billed, charged, Duration::from_millis(100))
        });
        let saved = duration.saturating_sub(billed);
        let capped =
            !saved.is_zero() && saved < Duration::from_secs(1) && billed.subsec_nanos() == 0 && !billed.is_zero();
        if agrees || capped { BillingCheck::Agrees } else { BillingCheck::Disagrees }
    }
}

/// Whether `billed` is `charged` rounded up to a multiple of `step`, give or take what the rounding of the printed
/// figures (two decimals each) hides.
fn is_rounded_up(billed: Duration, charged: Duration, step: Duration) -> bool {
    const HIDDEN: Duration = Duration::from_micros(10);
    let multiple = billed.as_nanos().is_multiple_of(step.as_nanos());
    let reached = billed + HIDDEN >= charged;
    let next_below = billed.saturating_sub(step);
    multiple && reached && charged + HIDDEN > next_below
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(milliseconds: f64) -> Duration {
        Duration::from_secs_f64(milliseconds / 1e3)
    }

    fn check(duration: f64, billed: f64, init: Option<f64>) -> BillingCheck {
        let (restored, billed_restore) = (false, None);
        let bill = Bill {
            duration: Some(ms(duration)),
            billed: Some(ms(billed)),
            init: init.map(ms),
            restored,
            billed_restore,
        };
        bill.check()
    }

    #[test]
    fn init_is_billed_since_august_2025_and_was_not_before() {
        assert_eq!(check(100.10, 201.0, Some(100.10)), BillingCheck::Agrees);
        assert_eq!(check(100.10, 101.0, Some(100.10)), BillingCheck::Agrees);
        assert_eq!(check(100.10, 150.0, Some(100.10)), BillingCheck::Disagrees);
    }

    #[test]
    fn a_bill_without_init_leaves_no_room_for_one() {
        assert_eq!(check(12.34, 13.0, None), BillingCheck::Agrees);
        assert_eq!(check(12.34, 163.0, None), BillingCheck::Disagrees);
    }

    #[test]
    fn the_last_decimal_may_hide_a_millisecond() {
        assert_eq!(check(8.00, 9.0, None), BillingCheck::Agrees);
        assert_eq!(check(8.00, 10.0, None), BillingCheck::Disagrees);
    }

    #[test]
    fn hundred_milliseconds_were_the_step_until_2020() {
        assert_eq!(check(2.49, 100.0, None), BillingCheck::Agrees);
        assert_eq!(check(661.66, 700.0, Some(153.55)), BillingCheck::Agrees);
    }

    #[test]
    fn a_timeout_caps_the_bill_at_whole_seconds() {
        assert_eq!(check(18_018.26, 18_000.0, None), BillingCheck::Agrees);
        assert_eq!(check(18_018.26, 17_900.0, None), BillingCheck::Disagrees);
    }

    #[test]
    fn a_restore_is_billed_in_part() {
        let bill = Bill {
            duration: Some(ms(20.5)),
            billed: Some(ms(61.0)),
            init: None,
            restored: true,
            billed_restore: Some(ms(40.0)),
        };
        assert_eq!(bill.check(), BillingCheck::Agrees);
        assert_eq!(Bill { billed_restore: None, ..bill }.check(), BillingCheck::Unchecked);
    }
}
