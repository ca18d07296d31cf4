//! What changes are judged by.

/// What is known of the runs of a series, in their order.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// Logarithms of the figures by which levels are told apart.
    pub figures: &'a [f64],
    /// Logarithms of the figures that must bear a change out.
    pub medians: &'a [f64],
    /// Ascending samples, which tell the newest runs from the level before; empty where the figures do.
    pub samples: &'a [&'a [f64]],
    /// The smallest change worth a word, in units of the figures.
    pub least_shift: f64,
}
