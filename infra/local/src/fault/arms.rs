//! The faults that are armed, and whether one is due.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Fault, FunctionFault, Kind, RequestFault};

/// All armed faults.
pub(crate) struct Faults {
    armed: Mutex<Vec<Armed>>,
}

struct Armed {
    fault: Fault,
    /// Occasions met so far.
    seen: u64,
    /// Times it happened.
    happened: u64,
    randomness: ChaCha8Rng,
}

impl Faults {
    pub(crate) fn new(faults: Vec<Fault>) -> Faults {
        let armed = faults.into_iter().map(Armed::new).collect();
        Faults { armed: Mutex::new(armed) }
    }

    /// Adds a fault to those that are armed.
    pub(crate) fn add(&self, fault: Fault) {
        self.lock().push(Armed::new(fault));
    }

    /// Disarms all.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    /// Each armed fault and how often it has happened.
    pub(crate) fn counts(&self) -> Vec<(String, u64)> {
        self.lock().iter().map(|armed| (armed.fault.as_str().to_owned(), armed.happened)).collect()
    }

    /// All that goes wrong with a request of this `service.operation`, or `lambda.operation/function`.
    pub(crate) fn of_request(&self, place: &str) -> Vec<RequestFault> {
        let mut faults = Vec::new();
        for armed in &mut *self.lock() {
            if let Kind::Request(fault) = armed.fault.kind.clone()
                && armed.happens_at(place)
            {
                faults.push(fault);
            }
        }
        faults
    }

    /// The first armed fault of `function` that `pick` takes and that happens now.
    pub(crate) fn of_function<T>(&self, function: &str, pick: impl Fn(FunctionFault) -> Option<T>) -> Option<T> {
        self.lock().iter_mut().find_map(|armed| match armed.fault.kind {
            Kind::Function(fault) => pick(fault).filter(|_| armed.happens_at(function)),
            Kind::Request(_) => None,
        })
    }

    /// Whether exactly this fault of `function` happens now.
    pub(crate) fn happens(&self, function: &str, fault: FunctionFault) -> bool {
        self.of_function(function, |armed| (armed == fault).then_some(())).is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Armed>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Armed {
    fn new(fault: Fault) -> Armed {
        let randomness = ChaCha8Rng::seed_from_u64(fault.due.seed);
        Armed { fault, seen: 0, happened: 0, randomness }
    }

    /// Meets an occasion at `subject` and says whether the fault happens there.
    fn happens_at(&mut self, subject: &str) -> bool {
        if !self.fault.place.holds(subject) {
            return false;
        }
        let due = &self.fault.due;
        self.seen += 1;
        let open = self.seen > due.after && due.times.is_none_or(|times| self.happened < times);
        let happens = open && self.randomness.random_bool(due.chance);
        self.happened += u64::from(happens);
        happens
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn happenings(text: &str, occasions: usize) -> Vec<bool> {
        let faults = Faults::new(vec![Fault::parse(text).unwrap()]);
        (0..occasions).map(|_| !faults.of_request("lambda.Invoke").is_empty()).collect()
    }

    #[test]
    fn after_and_times_choose_the_occasions() {
        assert_eq!(happenings("stall:lambda.Invoke,after=1,times=2", 5), [false, true, true, false, false]);
        assert_eq!(happenings("stall:lambda.*,times=1", 2), [true, false]);
        assert_eq!(happenings("stall:dynamodb.*", 2), [false, false]);
    }

    #[test]
    fn one_function_can_be_meant_alone() {
        let faults = Faults::new(vec![Fault::parse("stall:lambda.Invoke/one").unwrap()]);
        let happens = ["lambda.Invoke/one", "lambda.Invoke/another", "lambda.GetFunction/one"]
            .map(|place| !faults.of_request(place).is_empty());
        assert_eq!(happens, [true, false, false]);
        let all = Faults::new(vec![Fault::parse("stall:lambda.Invoke").unwrap()]);
        assert_eq!(all.of_request("lambda.Invoke/another").len(), 1);
    }

    #[test]
    fn a_chance_repeats_with_its_seed() {
        let once = happenings("stall,chance=0.3,seed=9", 200);
        assert_eq!(once, happenings("stall,chance=0.3,seed=9", 200));
        assert_ne!(once, happenings("stall,chance=0.3,seed=10", 200));
        let happened = once.iter().filter(|happens| **happens).count();
        assert!((40..=80).contains(&happened), "{happened} of 200");
    }
}
