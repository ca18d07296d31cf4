//! HTML as text: everything that came from outside goes through [`Escaped`], and nothing else is needed to be safe.

use std::fmt::{self, Write};

use chrono::{DateTime, SecondsFormat, Utc};

use crate::figures::visible_char;

/// The page as it grows.
#[derive(Debug, Default)]
pub struct Html(String);

impl Html {
    /// Appends; text from outside must come as [`Escaped`].
    pub fn add(&mut self, markup: fmt::Arguments<'_>) {
        self.0.write_fmt(markup).expect("a String takes all that is written to it");
    }

    /// Appends markup without values.
    pub fn push(&mut self, markup: &str) {
        self.0.push_str(markup);
    }

    /// Bytes so far.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The markup.
    pub fn finish(self) -> String {
        self.0
    }
}

/// Text that is safe between tags and inside quoted attributes. Control characters, those that turn the direction of
/// writing among them, become U+FFFD: a name must not rearrange the text around it.
#[derive(Debug, Clone, Copy)]
pub struct Escaped<'a>(pub &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c => f.write_char(visible_char(c))?,
            }
        }
        Ok(())
    }
}

/// Data for the page's script, inside `<script type="application/json">`: no character in it can end the element.
pub fn json_for_script(value: &impl serde::Serialize) -> String {
    let text = serde_json::to_string(value).expect("numbers and text are always JSON");
    text.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

/// A time in UTC; the page's script turns it into the reader's zone and keeps UTC one hover away.
#[derive(Debug, Clone, Copy)]
pub struct Time(pub DateTime<Utc>);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let machine = self.0.to_rfc3339_opts(SecondsFormat::Secs, true);
        write!(f, "<time datetime=\"{machine}\">{} UTC</time>", self.0.format("%-d %b %Y %H:%M"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_a_name_stays_text() {
        let name = "<script>alert(\"a\" + 'b')</script> & more";
        assert_eq!(
            Escaped(name).to_string(),
            "&lt;script&gt;alert(&quot;a&quot; + &#39;b&#39;)&lt;/script&gt; &amp; more"
        );
    }

    #[test]
    fn a_name_cannot_turn_the_direction_of_the_page() {
        assert_eq!(Escaped("a\u{202e}b\u{2066}c\u{0}🚀").to_string(), "a\u{fffd}b\u{fffd}c\u{fffd}🚀");
    }

    #[test]
    fn data_cannot_end_its_script() {
        assert_eq!(json_for_script(&"</script><!--"), "\"\\u003c/script>\\u003c!--\"");
    }

    #[test]
    fn a_time_is_readable_without_a_script() {
        let time = "2026-11-03T04:05:06Z".parse().expect("a time");
        assert_eq!(Time(time).to_string(), "<time datetime=\"2026-11-03T04:05:06Z\">3 Nov 2026 04:05 UTC</time>");
    }
}
