//! A set of small numbers, one bit each.

#[derive(Clone, Debug, Default)]
pub(in crate::git) struct Bits(Vec<u64>);

impl Bits {
    /// Room for numbers below `len`.
    pub(in crate::git) fn new(len: usize) -> Self {
        Self(vec![0; len.div_ceil(64)])
    }

    pub(in crate::git) fn insert(&mut self, number: u32) {
        if let Some(word) = self.0.get_mut(number as usize / 64) {
            *word |= 1 << (number % 64);
        }
    }

    pub(in crate::git) fn contains(&self, number: u32) -> bool {
        self.0.get(number as usize / 64).is_some_and(|word| word & 1 << (number % 64) != 0)
    }
}
