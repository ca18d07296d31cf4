//! Which columns of somebody's file are meant, and in which unit.

use clap::{Args, ValueEnum};

/// Names of columns, and the unit.
#[derive(Debug, Clone, Default, Args)]
pub struct ColumnArgs {
    /// The column with the durations, if it is not called `init_ms`: `init_ms=NAME`, or the name alone
    #[arg(long, value_name = "init_ms=NAME")]
    pub column: Option<String>,
    /// The column with the times, if it is not called `timestamp`
    #[arg(long, value_name = "NAME")]
    pub time: Option<String>,
    /// The column with the names of the series, if it is not called `series`
    #[arg(long, value_name = "NAME")]
    pub series: Option<String>,
    /// The unit of the durations [default: ms]
    #[arg(long, value_enum)]
    pub unit: Option<Unit>,
}

/// A unit of durations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Unit {
    /// Milliseconds
    Ms,
    /// Seconds
    S,
    /// Microseconds
    Us,
}

impl Unit {
    /// A value in it, in ms.
    pub fn to_ms(self, value: f64) -> f64 {
        match self {
            Self::Ms => value,
            Self::S => value * 1e3,
            Self::Us => value / 1e3,
        }
    }
}

impl ColumnArgs {
    /// The column of the durations.
    pub fn init(&self) -> &str {
        let given = self.column.as_deref().unwrap_or("init_ms");
        given.strip_prefix("init_ms=").unwrap_or(given)
    }

    /// The column of the times.
    pub fn time(&self) -> &str {
        self.time.as_deref().unwrap_or("timestamp")
    }

    /// The column of the series' names.
    pub fn series(&self) -> &str {
        self.series.as_deref().unwrap_or("series")
    }

    /// Whether any column was named: then a file of another program's is meant.
    pub fn is_given(&self) -> bool {
        self.column.is_some() || self.time.is_some() || self.series.is_some()
    }

    /// A written duration in ms. A decimal comma is read where commas do not separate columns.
    pub fn duration_ms(&self, text: &str, separator: u8) -> Option<f64> {
        let decimal = (separator != b',' && text.matches(',').count() == 1 && !text.contains('.'))
            .then(|| text.replace(',', "."));
        let value: f64 = decimal.as_deref().unwrap_or(text).parse().ok()?;
        value.is_finite().then(|| self.unit.unwrap_or(Unit::Ms).to_ms(value))
    }
}

/// Counts values that look like seconds where milliseconds are meant.
#[derive(Debug, Default)]
pub struct SecondsCheck {
    values: u64,
    small: u64,
}

impl SecondsCheck {
    /// Below this an init in ms is hardly possible, and one in seconds is usual.
    const SMALL: f64 = 1.0;

    /// Takes a value in.
    pub fn enter(&mut self, ms: f64) {
        self.values += 1;
        self.small += u64::from(ms < Self::SMALL);
    }

    /// The question to ask, if nobody said the unit and most values look like seconds.
    pub fn question(&self, columns: &ColumnArgs) -> Option<String> {
        let doubtful = columns.unit.is_none() && self.values > 0 && self.small * 2 > self.values;
        doubtful.then(|| {
            format!(
                "{} of {} durations are below 1, as seconds would be; say `--unit s` if they are seconds, or `--unit ms`",
                self.small, self.values
            )
        })
    }
}
