//! A sample in ascending order, which every order statistic here asks for.

use thiserror::Error;

/// At least one value, all finite, in ascending order.
#[derive(Debug, Clone, PartialEq)]
pub struct Sorted {
    values: Vec<f64>,
}

/// Why values are not a sample.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum SortedError {
    /// There is nothing to take a statistic of.
    #[error("a sample needs at least one value")]
    Empty,
    /// NaN or infinite: no place in an order.
    #[error("value {index} of the sample is not finite: `{value}`")]
    NotFinite {
        /// Place in the values as given, from 0.
        index: usize,
        /// The value at that place.
        value: f64,
    },
}

impl Sorted {
    /// Sorts `values`, which may come in any order.
    pub fn new(mut values: Vec<f64>) -> Result<Self, SortedError> {
        if values.is_empty() {
            return Err(SortedError::Empty);
        }
        if let Some(index) = values.iter().position(|value| !value.is_finite()) {
            return Err(SortedError::NotFinite { index, value: values[index] });
        }
        values.sort_unstable_by(f64::total_cmp);
        Ok(Self { values })
    }

    /// The values, ascending.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// How many values there are; never 0.
    #[expect(clippy::len_without_is_empty, reason = "a sample is never empty")]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// The smallest value.
    pub fn min(&self) -> f64 {
        self.values[0]
    }

    /// The largest value.
    pub fn max(&self) -> f64 {
        self.values[self.values.len() - 1]
    }

    /// The natural logarithms; `None` where a value is zero or negative.
    pub fn ln(&self) -> Option<Self> {
        (self.min() > 0.0).then(|| Self { values: self.values.iter().map(|value| value.ln()).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_out_ascending() {
        let sorted = Sorted::new(vec![3.0, -1.0, 2.0]).unwrap();
        assert_eq!((sorted.values(), sorted.min(), sorted.max()), (&[-1.0, 2.0, 3.0][..], -1.0, 3.0));
    }

    #[test]
    fn no_value_is_not_a_sample() {
        assert_eq!(Sorted::new(vec![]), Err(SortedError::Empty));
    }

    #[test]
    fn a_value_that_is_not_finite_is_named() {
        let error = Sorted::new(vec![1.0, f64::NEG_INFINITY]).unwrap_err();
        assert_eq!(error.to_string(), "value 1 of the sample is not finite: `-inf`");
        assert!(Sorted::new(vec![f64::NAN]).is_err());
    }

    #[test]
    fn logarithms_need_positive_values() {
        assert_eq!(Sorted::new(vec![1.0, 0.0]).unwrap().ln(), None);
        assert_eq!(Sorted::new(vec![1.0]).unwrap().ln(), Sorted::new(vec![0.0]).ok());
    }
}
