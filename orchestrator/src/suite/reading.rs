//! Reads a suite from TOML or JSON, and writes it as JSON.

use serde_json::Value;

use super::definition::{Overrides, Suite};
use super::error::SuiteError;
use super::file::SuiteFile;

impl Suite {
    /// Reads the TOML form.
    pub fn from_toml(text: &str) -> Result<Self, SuiteError> {
        Self::from_toml_with(text, Overrides::default())
    }

    /// Reads the TOML form, with some numbers set from outside. They are checked like the file's own.
    pub fn from_toml_with(text: &str, overrides: Overrides) -> Result<Self, SuiteError> {
        let file = toml::from_str::<SuiteFile>(text).map_err(|e| SuiteError::Syntax(e.to_string()))?;
        if let Ok(table) = toml::from_str::<toml::Value>(text) {
            check_for_json(&table, "")?;
        }
        file.with(overrides).check()
    }

    /// Reads the JSON form, as in a schedule's input.
    pub fn from_json(value: Value) -> Result<Self, SuiteError> {
        Self::from_json_with(value, Overrides::default())
    }

    /// Reads the JSON form, with some numbers set from outside.
    pub fn from_json_with(value: Value, overrides: Overrides) -> Result<Self, SuiteError> {
        let file = serde_json::from_value::<SuiteFile>(value).map_err(|e| SuiteError::Syntax(e.to_string()))?;
        file.with(overrides).check()
    }

    /// Reads either form, as a file, a parameter or a variable may hold it: JSON begins with a brace.
    pub fn from_text(text: &str) -> Result<Self, SuiteError> {
        Self::from_text_with(text, Overrides::default())
    }

    /// Reads either form, with some numbers set from outside.
    pub fn from_text_with(text: &str, overrides: Overrides) -> Result<Self, SuiteError> {
        if is_json(text) {
            // Not by way of a `Value`, in which the last of two equal keys wins silently.
            let file = serde_json::from_str::<SuiteFile>(text).map_err(|e| SuiteError::Syntax(e.to_string()))?;
            file.with(overrides).check()
        } else {
            Self::from_toml_with(text, overrides)
        }
    }

    /// Checks either form and gives it as JSON, for a schedule's input or a parameter: with the keys that were written
    /// and no others, so that defaults remain defaults.
    pub fn json_form(text: &str, overrides: Overrides) -> Result<Value, SuiteError> {
        Self::from_text_with(text, overrides)?;
        let mut json = parse(text)?;
        for (key, number) in [("samples", overrides.samples), ("burst", overrides.burst)] {
            if let Some(number) = number {
                json[key] = number.into();
            }
        }
        Ok(json)
    }

    /// The suite in its JSON form with every number in it, as one invocation hands it to the next.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(SuiteFile::from(self)).expect("the form has text keys alone")
    }
}

/// TOML has times and numbers that JSON has not. They would be sent as something else.
fn check_for_json(value: &toml::Value, key: &str) -> Result<(), SuiteError> {
    let not_json = |value: String| Err(SuiteError::NotJson { key: key.to_owned(), value });
    match value {
        toml::Value::Datetime(time) => not_json(format!("the time {time}")),
        toml::Value::Float(number) if !number.is_finite() => not_json(number.to_string()),
        toml::Value::Array(items) => {
            items.iter().enumerate().try_for_each(|(index, item)| check_for_json(item, &format!("{key}[{index}]")))
        }
        toml::Value::Table(members) => members.iter().try_for_each(|(name, member)| {
            let dot = if key.is_empty() { "" } else { "." };
            check_for_json(member, &format!("{key}{dot}{name}"))
        }),
        _ => Ok(()),
    }
}

fn is_json(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

fn parse(text: &str) -> Result<Value, SuiteError> {
    let parsed = if is_json(text) {
        serde_json::from_str(text).map_err(|e| e.to_string())
    } else {
        toml::from_str(text).map_err(|e| e.to_string())
    };
    parsed.map_err(SuiteError::Syntax)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::suite::definition::{Limits, MetricSet, Tag};
    use crate::suite::generated;

    fn check(text: &str) -> Result<Suite, String> {
        Suite::from_toml(text).map_err(|e| e.to_string())
    }

    fn refused(keys: &str) -> String {
        check(&format!("{keys}\n[[targets]]\nfunction = \"f\"\n")).expect_err("the suite is refused")
    }

    proptest! {
        #[test]
        fn the_json_form_of_a_suite_is_read_as_that_suite(suite in generated::suite()) {
            let text = suite.to_json().to_string();
            prop_assert_eq!(Suite::from_text(&text), Ok(suite));
        }
    }

    #[test]
    fn a_burst_fits_into_the_concurrency_that_the_suite_allows() {
        let suite =
            check("max_concurrency = 60\nmetrics = \"summary\"\n[[targets]]\nfunction = \"f\"\n").expect("valid");
        assert_eq!((suite.max_concurrency, suite.metrics), (Some(60), MetricSet::Summary));
        let usual = check("[[targets]]\nfunction = \"f\"\n").expect("valid");
        assert_eq!((usual.max_concurrency, usual.metrics), (None, MetricSet::Full));
        for (keys, expected) in [
            ("max_concurrency = 0", "suite key `max_concurrency` is 0: allowed are 1 to 900"),
            ("max_concurrency = 901", "suite key `max_concurrency` is 901: allowed are 1 to 900"),
            (
                "burst = 20\nmax_concurrency = 10",
                "suite key `burst` is 20: with max_concurrency = 10, allowed are 1 to 10",
            ),
            ("metrics = \"some\"", "suite key `metrics` is \"some\": allowed are \"full\", \"summary\", \"none\""),
        ] {
            assert_eq!(refused(keys), expected);
        }
    }

    #[test]
    fn defaults_leave_room_to_top_up() {
        let suite = check("[[targets]]\nfunction = \"f\"\n").expect("valid");
        assert_eq!((suite.samples, suite.burst), (50, 50));
        assert_eq!(suite.limits, Limits { rounds: 6, invocations: 200, gb_seconds: 1_000, seconds: 3_600 });
        assert_eq!(suite.protocol(), "forced-burst-50");
        assert_eq!(suite.targets[0].label, "f");
    }

    #[test]
    fn the_json_form_is_the_toml_form() {
        let json = serde_json::json!({"samples": 7, "burst": 1, "targets": [{"function": "f:live", "label": "x"}]});
        let toml = "samples = 7\nburst = 1\n[[targets]]\nfunction = \"f:live\"\nlabel = \"x\"\n";
        assert_eq!(Suite::from_json(json).map_err(|e| e.to_string()), check(toml));
        assert_eq!(check(toml).expect("valid").protocol(), "forced-isolated");
    }

    #[test]
    fn numbers_out_of_range_name_key_value_and_range() {
        assert_eq!(refused("samples = 0"), "suite key `samples` is 0: allowed are 1 to 1000");
        assert_eq!(refused("burst = 1001"), "suite key `burst` is 1001: allowed are 1 to 1000");
        assert_eq!(refused("max_seconds = -1"), "suite key `max_seconds` is -1: allowed are 1 to 86400");
        assert_eq!(
            refused("samples = 9223372036854775807"),
            "suite key `samples` is 9223372036854775807: allowed are 1 to 1000"
        );
    }

    #[test]
    fn limits_that_cannot_be_met_are_refused() {
        assert_eq!(
            refused("samples = 50\nburst = 2\nmax_rounds = 6"),
            "suite key `max_rounds` is 6: 50 samples in bursts of 2 need at least 25"
        );
        assert_eq!(
            refused("samples = 50\nmax_invocations = 49"),
            "suite key `max_invocations` is 49: 50 samples in bursts of 50 need at least 50"
        );
    }

    #[test]
    fn a_run_is_longer_than_what_it_keeps_free() {
        let suite = |keys: &str, targets: usize| {
            let targets = (0..targets).map(|i| format!("[[targets]]\nfunction = \"f{i}\"\n"));
            check(&format!("{keys}\n{}", targets.collect::<String>()))
        };
        assert_eq!(
            suite("max_seconds = 21", 1).expect_err("refused"),
            "suite key `max_seconds` is 21: allowed are 22 to 86400, because 21 s are reserved for putting functions back"
        );
        assert!(suite("max_seconds = 30", 140).expect_err("refused").contains("allowed are 31 to 86400"));
        assert!(suite("max_seconds = 22", 1).is_ok());
        assert!(suite("max_seconds = 1\nstart = \"idle\"", 1).is_ok(), "nothing is put back");
    }

    #[test]
    fn unknown_keys_are_named() {
        assert!(refused("sampels = 5").contains("unknown field `sampels`"));
        assert!(check("[[targets]]\nfunction = \"f\"\nmemory = 1\n").expect_err("refused").contains("`memory`"));
    }

    #[test]
    fn words_and_targets_are_checked() {
        assert_eq!(refused("start = \"warm\""), "suite key `start` is \"warm\": allowed are \"forced\", \"idle\"");
        assert!(refused("invalidate = \"luck\"").contains("\"environment\", \"description\", \"memory\""));
        assert_eq!(check("").expect_err("refused"), SuiteError::NoTargets.to_string());
        assert!(check("[[targets]]\nfunction = \"a b\"\n").expect_err("refused").contains("`a b`"));
        let twice = "[[targets]]\nfunction = \"f\"\n[[targets]]\nfunction = \"f\"\n";
        assert_eq!(check(twice).expect_err("refused"), SuiteError::DuplicateTarget("f".into()).to_string());
    }

    #[test]
    fn a_tag_may_stand_for_targets() {
        let tag = |text: &str| check(&format!("tagged = \"{text}\"")).map(|s| s.tagged);
        let expected =
            |value: Option<&str>| Ok(Some(Tag { key: "coldwatch".to_owned(), value: value.map(str::to_owned) }));
        assert_eq!(tag("coldwatch=enabled"), expected(Some("enabled")));
        assert_eq!(tag("coldwatch"), expected(None));
        assert_eq!(tag("coldwatch=a=b"), expected(Some("a=b")));
        assert_eq!(tag("=x"), Err("suite key `tagged` is \"=x\": expected KEY=VALUE, or KEY for any value".into()));
    }

    #[test]
    fn a_text_is_read_as_what_it_is() {
        let json = " {\"samples\": 7, \"targets\": [{\"function\": \"f\"}]}";
        assert_eq!(Suite::from_text(json), Suite::from_text("samples = 7\n[[targets]]\nfunction = \"f\"\n"));
        assert!(matches!(Suite::from_text("{"), Err(SuiteError::Syntax(_))));
    }

    #[test]
    fn the_json_form_has_what_stands_in_the_text_and_what_is_set_from_outside() {
        let toml = "samples = 7\n[[targets]]\nfunction = \"f\"\n[targets.payload]\nn = 1\n";
        let json = serde_json::json!({"samples": 7, "targets": [{"function": "f", "payload": {"n": 1}}]});
        for text in [toml.to_owned(), json.to_string()] {
            assert_eq!(Suite::json_form(&text, Overrides::default()), Ok(json.clone()));
            let set = Suite::json_form(&text, Overrides { samples: Some(9), burst: Some(3) }).expect("valid");
            assert_eq!((&set["samples"], &set["burst"]), (&9.into(), &3.into()));
        }
        let wrong = Suite::json_form(toml, Overrides { samples: Some(0), burst: None });
        assert_eq!(wrong, Err(SuiteError::OutOfRange { key: "samples", value: 0, low: 1, high: 1_000 }));
        assert_eq!(Suite::json_form("{\"targets\": []}", Overrides::default()), Err(SuiteError::NoTargets));
    }

    #[test]
    fn idle_is_one_invocation() {
        let suite = check("start = \"idle\"\n[[targets]]\nfunction = \"f\"\n").expect("valid");
        assert_eq!((suite.samples, suite.burst, suite.limits.rounds, suite.limits.invocations), (1, 1, 1, 1));
        assert_eq!(suite.protocol(), "idle");
        assert!(refused("start = \"idle\"\nsamples = 2").contains("an idle run makes one invocation"));
    }

    #[test]
    fn a_burst_is_never_larger_than_what_is_wanted() {
        let suite = check("samples = 10\nburst = 50\n[[targets]]\nfunction = \"f\"\n").expect("valid");
        assert_eq!((suite.burst, suite.protocol().as_str()), (10, "forced-burst-10"));
    }

    #[test]
    fn overrides_are_checked_like_the_file_and_keep_the_rest_of_it() {
        let text = "samples = 50\nburst = 50\nmax_invocations = 55\n[[targets]]\nfunction = \"f\"\n";
        let with = |samples, burst| Suite::from_toml_with(text, Overrides { samples, burst });
        let smaller = with(Some(10), None).expect("valid");
        assert_eq!((smaller.samples, smaller.burst, smaller.limits.invocations), (10, 10, 55));
        assert_eq!(with(Some(0), None), Err(SuiteError::OutOfRange { key: "samples", value: 0, low: 1, high: 1_000 }));
        assert!(matches!(with(Some(60), None), Err(SuiteError::TooFew { key: "max_invocations", .. })));
    }

    #[test]
    fn what_no_function_can_be_and_no_payload_can_hold_is_refused() {
        let target = |keys: &str| check(&format!("[[targets]]\n{keys}\n")).expect_err("refused");
        for function in ["arn:", "arn:aws:s3:::x", "f:", ":f", "f:g:h", "$LATEST"] {
            let refusal = target(&format!("function = \"{function}\""));
            assert_eq!(refusal, format!("target `{function}` is not a function name, an ARN, or name:qualifier"));
        }
        let time = target("function = \"f\"\npayload = { at = 1979-05-27 }");
        assert!(time.starts_with("suite key `targets[0].payload.at` is the time 1979-05-27"), "{time}");
        let number = target("function = \"f\"\npayload = [1.0, nan]");
        assert!(number.starts_with("suite key `targets[0].payload[1]` is NaN"), "{number}");
        let label = target("function = \"f\"\nlabel = \"a\\u001b]52;c;x\"");
        assert_eq!(
            label,
            "label `a\u{fffd}]52;c;x` cannot be used: allowed are 1 to 200 characters, without control characters"
        );
    }

    #[test]
    fn one_function_or_label_for_two_targets_is_refused() {
        let two = |a: &str, b: &str| check(&format!("[[targets]]\n{a}\n[[targets]]\n{b}\n")).expect_err("refused");
        let arn = "function = \"arn:aws:lambda:us-east-1:123456789012:function:f\"";
        for other in ["function = \"f:$LATEST\"", arn] {
            assert!(two("function = \"f\"", other).contains("is the same function as another target"), "{other}");
        }
        let same = two("function = \"f\"\nlabel = \"x\"", "function = \"g\"\nlabel = \"x\"");
        assert_eq!(same, "label `x` is given to two targets: give each a label of its own");
    }

    #[test]
    fn a_key_of_json_that_is_there_twice_is_refused() {
        let twice = r#"{"targets": [{"function": "f"}], "targets": [{"function": "g"}]}"#;
        let refusal = Suite::from_text(twice).expect_err("refused").to_string();
        assert!(refusal.contains("duplicate field `targets`"), "{refusal}");
    }
}
