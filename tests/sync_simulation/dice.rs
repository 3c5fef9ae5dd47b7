//! Chance, all of it from the seed.

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

pub struct Dice(StdRng);

impl Dice {
    /// Each use of a seed has its own stream: what one of them asks for does not move the others.
    pub fn new(seed: u64, what: u64) -> Dice {
        Dice(StdRng::seed_from_u64(
            seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ what,
        ))
    }
    pub fn below(&mut self, n: usize) -> usize {
        (self.0.next_u64() % n.max(1) as u64) as usize
    }
    pub fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        (!from.is_empty()).then(|| &from[self.below(from.len())])
    }
    /// One of these, by their weights.
    pub fn weighed<T: Copy>(&mut self, from: &[(usize, T)]) -> T {
        let mut left = self.below(from.iter().map(|(weight, _)| weight).sum());
        for (weight, one) in from {
            if left < *weight {
                return *one;
            }
            left -= weight;
        }
        from[0].1
    }
    pub fn rng(&mut self) -> StdRng {
        StdRng::seed_from_u64(self.0.next_u64())
    }
}
