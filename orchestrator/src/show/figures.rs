//! Figures with as many digits as they bear.

/// Three digits that count; thousands are grouped.
pub fn figure(value: f64) -> String {
    figure_with(value, 0)
}

/// The same with so many digits more, below 10,000.
fn figure_with(value: f64, more: usize) -> String {
    // An empty sum is -0.0.
    let value = value + 0.0;
    let places = match value.abs() {
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        v if v < 9_999.5 => 0,
        _ => return grouped(value),
    };
    format!("{value:.*}", places + more)
}

/// `7,300`, with a true minus sign.
pub fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0.0 { format!("−{text}") } else { text }
}

/// `44.9–45.4`; one digit more where both ends would read alike, as in `132.8–133.3`.
pub fn range(low: f64, high: f64) -> String {
    let more = usize::from(figure(low) == figure(high));
    format!("{}–{}", figure_with(low, more), figure_with(high, more))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits_that_count() {
        let shown = [1.234, 9.996, 45.13, 99.97, 123.4, 1234.5, 12_345.6].map(figure);
        assert_eq!(shown, ["1.23", "10.0", "45.1", "100", "123", "1234", "12,346"]);
    }

    #[test]
    fn the_ends_of_a_range_are_told_apart() {
        let ranges = [(44.94, 45.38), (132.8, 133.3), (9.991, 9.993), (99.97, 100.2), (20_000.1, 20_000.2)];
        assert_eq!(
            ranges.map(|(low, high)| range(low, high)),
            ["44.9–45.4", "132.8–133.3", "9.991–9.993", "100.0–100.2", "20,000–20,000"]
        );
    }
}
