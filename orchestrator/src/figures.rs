//! What is shown: figures with as many digits as they justify, the confidence of every interval, and texts without characters
//! that act on a terminal or a page.

/// Confidence of every interval shown.
pub const CONFIDENCE: f64 = 0.95;
/// From here on a figure has no decimals, and its thousands are grouped.
const THOUSANDS: f64 = 9_999.5;
/// Decimals that ends of an interval may have beyond those of a figure.
const MORE: usize = 2;

/// Three digits that count; thousands are grouped.
pub fn figure(value: f64) -> String {
    // An empty sum is -0.0.
    let value = value + 0.0;
    if value.abs() < THOUSANDS { format!("{value:.*}", decimals(value)) } else { grouped(value) }
}

/// Whether a character acts instead of being seen: control characters, those that turn the direction of writing (UAX #9),
/// and the separators of lines and paragraphs.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text of somebody else's in one line, each character that [acts](is_hidden) as U+FFFD, and line feeds and tabs as spaces.
pub fn visible(text: &str) -> String {
    text.chars().map(visible_char).collect()
}

/// The same for one character.
pub fn visible_char(c: char) -> char {
    match c {
        '\n' | '\t' => ' ',
        c if is_hidden(c) => '\u{fffd}',
        c => c,
    }
}

/// Decimals of a figure.
fn decimals(value: f64) -> usize {
    match value.abs() {
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        _ => 0,
    }
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

/// `44.9–45.4`: both ends with the decimals of the upper one, or as many as [`telling`] needs, as in `132.8–133.3`.
pub fn range(low: f64, high: f64) -> String {
    if low.abs().max(high.abs()) >= THOUSANDS {
        return format!("{}–{}", grouped(low), grouped(high));
    }
    let decimals = telling(low, high, decimals(high));
    format!("{low:.decimals$}–{high:.decimals$}")
}

/// Decimals of the ends of an interval: `least`, or up to two more where the ends would read alike or one of them as 0.
pub fn telling(low: f64, high: f64, least: usize) -> usize {
    let most = least + MORE;
    let is_lost = |value, decimals| read(value, decimals) == 0.0 && read(value, most) != 0.0;
    let tells = |d: &usize| read(low, *d) < read(high, *d) && !is_lost(low, *d) && !is_lost(high, *d);
    let has_all = |d: &usize| [low, high].into_iter().all(|end| read(end, *d).total_cmp(&read(end, most)).is_eq());
    (least..most).find(tells).or_else(|| (least..most).find(has_all)).unwrap_or(most)
}

/// A value as a reader gets it.
fn read(value: f64, decimals: usize) -> f64 {
    format!("{value:.decimals$}").parse::<f64>().unwrap_or(value)
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
        for (low, high, shown) in [
            (44.94, 45.38, "44.9–45.4"),
            (132.8, 133.3, "132.8–133.3"),
            (9.991, 9.993, "9.991–9.993"),
            (20_000.1, 20_000.2, "20,000–20,000"),
            // Both ends have as many decimals.
            (99.4, 101.0, "99–101"),
            (99.97, 100.2, "100.0–100.2"),
            (9.96, 10.2, "10.0–10.2"),
            (0.2, 120.0, "0.2–120.0"),
            // At most two more.
            (100.02, 100.03, "100.02–100.03"),
            (100.001, 100.002, "100–100"),
            (100.02, 100.02, "100.02–100.02"),
            (100.0, 100.0, "100–100"),
            (0.0, 0.0, "0.00–0.00"),
        ] {
            assert_eq!(range(low, high), shown, "{low} {high}");
        }
    }
}
