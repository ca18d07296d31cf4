//! The order in which targets take their turns.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// Puts `targets` into the order of one pass. Each pass has another order, so that no target always follows
/// the same one, and targets are compared within the same minutes.
pub fn shuffle<T>(targets: &mut [T], seed: u64, pass: u64) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(pass);
    targets.shuffle(&mut rng);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_differ_and_seeds_repeat() {
        let order = |seed, pass| {
            let mut targets: Vec<u32> = (0..20).collect();
            shuffle(&mut targets, seed, pass);
            targets
        };
        assert_eq!(order(1, 0), order(1, 0));
        assert_ne!(order(1, 0), order(1, 1));
        assert_ne!(order(1, 0), order(2, 0));
    }
}
