//! Reading faults. Every error names the piece that is wrong and what is allowed there.

use std::str::FromStr;

use super::{Due, Fault, FunctionFault, Kind, Place, RequestFault, When};

const KINDS: &str = "reject, delay, drop, reset, goaway, silence, stall, truncate, unprocessed, slow-update, \
                     failed-update, warm-reuse, init-death, handler-death, no-report, tail-first, tail-last, json-tail";

const SERVICES: [&str; 10] =
    ["lambda", "dynamodb", "cloudformation", "cloudwatch", "logs", "scheduler", "sqs", "events", "ssm", "tagging"];

/// A fault that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// The kind does not exist.
    #[error("no fault is called `{0}`: it must be one of {KINDS}")]
    Kind(String),
    /// The place is not valid.
    #[error(
        "`{kind}` cannot target `{place}`: give {} with an operation, as in `lambda.Invoke`, for one function \
         `lambda.Invoke/NAME`, or `lambda.*`, or `*`",
        SERVICES.join(", ")
    )]
    Operation {
        /// The kind of the fault.
        kind: String,
        /// The text found there.
        place: String,
    },
    /// A piece after the place is not a pair.
    #[error("`{0}` is not of the form key=value")]
    Pair(String),
    /// The kind does not have this key.
    #[error("`{kind}` has no key `{key}`: it takes {known}")]
    Key {
        /// The kind of the fault.
        kind: String,
        /// The text found there.
        key: String,
        /// The keys it takes.
        known: String,
    },
    /// A key that the kind needs is not there.
    #[error("`{kind}` needs {key}={form}")]
    Missing {
        /// The kind of the fault.
        kind: String,
        /// The key.
        key: &'static str,
        /// What its value looks like.
        form: &'static str,
    },
    /// The value of a key cannot be read.
    #[error("{key}=`{value}` is not {form}")]
    Value {
        /// The key.
        key: &'static str,
        /// The text found there.
        value: String,
        /// What would be right.
        form: &'static str,
    },
}

impl Fault {
    /// Reads a fault as the documentation of the module `fault` describes it. An error says what would be right.
    pub fn parse(text: &str) -> Result<Fault, FaultError> {
        let mut pieces = text.split(',').map(str::trim);
        let head = pieces.next().unwrap_or_default();
        let (name, place) = head.split_once(':').unwrap_or((head, "*"));
        let pairs = pieces.map(|piece| match piece.split_once('=') {
            Some((key, value)) => Ok((key.trim().to_owned(), value.trim().to_owned())),
            None => Err(FaultError::Pair(piece.to_owned())),
        });
        let mut keys = Keys { kind: name.to_owned(), pairs: pairs.collect::<Result<_, _>>()?, known: Vec::new() };
        let kind = kind(name, &mut keys)?;
        let due = due(&mut keys)?;
        keys.nothing_left()?;
        let place = match kind {
            Kind::Request(_) => operations(name, place)?,
            Kind::Function(_) => functions(place),
        };
        Ok(Fault { text: text.to_owned(), kind, place, due })
    }
}

fn kind(name: &str, keys: &mut Keys) -> Result<Kind, FaultError> {
    use {FunctionFault as F, RequestFault as R};
    let request = |fault| Ok(Kind::Request(fault));
    let function = |fault| Ok(Kind::Function(fault));
    match name {
        "reject" => {
            let status: u16 = keys.needed("status", "a number from 400 to 599")?;
            if !(400..600).contains(&status) {
                return Err(wrong("status", &status.to_string(), "a number from 400 to 599"));
            }
            request(R::Reject { status, code: keys.optional("code", "a name")? })
        }
        "delay" => request(R::Delay { ms: keys.needed("ms", "a number of milliseconds")? }),
        "drop" => request(R::Drop(keys.when()?)),
        "reset" => request(R::Reset(keys.when()?)),
        "goaway" => request(R::GoAway),
        "silence" => request(R::Silence(keys.when()?)),
        "stall" => request(R::Stall(keys.when()?)),
        "truncate" => request(R::Truncate { bytes: keys.needed("bytes", "a number of bytes")? }),
        "unprocessed" => request(R::Unprocessed { items: keys.needed("items", "a number of items")? }),
        "slow-update" => function(F::SlowUpdate { ms: keys.needed("ms", "a number of milliseconds")? }),
        "failed-update" => function(F::FailedUpdate),
        "warm-reuse" => function(F::WarmReuse { invocations: keys.needed("invocations", "a number")? }),
        "init-death" => function(F::InitDeath),
        "handler-death" => function(F::HandlerDeath),
        "no-report" => function(F::NoReport),
        "tail-first" => function(F::TailFirst { bytes: keys.needed("bytes", "a number of bytes")? }),
        "tail-last" => function(F::TailLast { bytes: keys.needed("bytes", "a number of bytes")? }),
        "json-tail" => function(F::JsonTail),
        unknown => Err(FaultError::Kind(unknown.to_owned())),
    }
}

fn due(keys: &mut Keys) -> Result<Due, FaultError> {
    let after = keys.optional("after", "a number")?.unwrap_or(0);
    let times = keys.optional("times", "a number")?;
    let chance: f64 = keys.optional("chance", "a number from 0 to 1")?.unwrap_or(1.0);
    if !(0.0..=1.0).contains(&chance) {
        return Err(wrong("chance", &chance.to_string(), "a number from 0 to 1"));
    }
    let seed = keys.optional("seed", "a whole number")?.unwrap_or(0);
    Ok(Due { after, times, chance, seed })
}

fn operations(kind: &str, place: &str) -> Result<Place, FaultError> {
    let unknown = || FaultError::Operation { kind: kind.to_owned(), place: place.to_owned() };
    if place == "*" {
        return Ok(Place::Anywhere);
    }
    let (service, operation) = place.split_once('.').ok_or_else(unknown)?;
    match operation {
        _ if !SERVICES.contains(&service) => Err(unknown()),
        "" => Err(unknown()),
        operation if operation.contains('/') && service != "lambda" => Err(unknown()),
        "*" => Ok(Place::Below(format!("{service}."))),
        _ => Ok(Place::Exactly(place.to_owned())),
    }
}

fn functions(place: &str) -> Place {
    match place {
        "*" => Place::Anywhere,
        name => Place::Exactly(name.to_owned()),
    }
}

/// The pairs that were not read yet, and the names that were asked for.
struct Keys {
    kind: String,
    pairs: Vec<(String, String)>,
    known: Vec<&'static str>,
}

impl Keys {
    fn optional<T: FromStr>(&mut self, key: &'static str, form: &'static str) -> Result<Option<T>, FaultError> {
        self.known.push(key);
        let Some(at) = self.pairs.iter().position(|(name, _)| name == key) else { return Ok(None) };
        let (_, value) = self.pairs.remove(at);
        value.parse().map(Some).map_err(|_| wrong(key, &value, form))
    }

    fn needed<T: FromStr>(&mut self, key: &'static str, form: &'static str) -> Result<T, FaultError> {
        let kind = self.kind.clone();
        self.optional(key, form)?.ok_or(FaultError::Missing { kind, key, form })
    }

    fn when(&mut self) -> Result<When, FaultError> {
        let text: Option<String> = self.optional("when", "`before` or `after`")?;
        match text.as_deref() {
            None | Some("before") => Ok(When::Before),
            Some("after") => Ok(When::After),
            Some(other) => Err(wrong("when", other, "`before` or `after`")),
        }
    }

    fn nothing_left(self) -> Result<(), FaultError> {
        match self.pairs.into_iter().next() {
            None => Ok(()),
            Some((key, _)) => Err(FaultError::Key { kind: self.kind, key, known: self.known.join(", ") }),
        }
    }
}

fn wrong(key: &'static str, value: &str, form: &'static str) -> FaultError {
    FaultError::Value { key, value: value.to_owned(), form }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_read_with_place_and_keys() {
        let text = "reject:lambda.UpdateFunctionConfiguration,status=409,times=2,after=1,chance=0.5,seed=7";
        let expected = Fault {
            text: text.to_owned(),
            kind: Kind::Request(RequestFault::Reject { status: 409, code: None }),
            place: Place::Exactly("lambda.UpdateFunctionConfiguration".to_owned()),
            due: Due { after: 1, times: Some(2), chance: 0.5, seed: 7 },
        };
        assert_eq!(Fault::parse(text), Ok(expected));
    }

    #[test]
    fn every_example_of_the_documentation_is_read() {
        let documentation =
            include_str!("mod.rs").lines().filter_map(|line| line.strip_prefix("//! ")).collect::<String>();
        let (_, examples) = documentation.split_once("Examples: ").unwrap();
        let examples: Vec<&str> = examples.split('`').skip(1).step_by(2).collect();
        assert_eq!(examples.len(), 3);
        for example in examples {
            assert!(Fault::parse(example).is_ok(), "{example}");
        }
    }

    #[test]
    fn an_error_says_what_would_be_right() {
        for (text, expected) in [
            ("explode", format!("no fault is called `explode`: it must be one of {KINDS}")),
            ("reject:lambda.Invoke", "`reject` needs status=a number from 400 to 599".to_owned()),
            ("reject,status=200", "status=`200` is not a number from 400 to 599".to_owned()),
            ("delay,ms=soon", "ms=`soon` is not a number of milliseconds".to_owned()),
            ("drop,when=never", "when=`never` is not `before` or `after`".to_owned()),
            ("drop,often", "`often` is not of the form key=value".to_owned()),
            ("no-report,bytes=1", "`no-report` has no key `bytes`: it takes after, times, chance, seed".to_owned()),
            ("stall,chance=2", "chance=`2` is not a number from 0 to 1".to_owned()),
            (
                "drop:s3.GetObject",
                "`drop` cannot target `s3.GetObject`: give lambda, dynamodb, cloudformation, cloudwatch, logs, scheduler, sqs, events, ssm, tagging with \
                 an operation, as in `lambda.Invoke`, for one function `lambda.Invoke/NAME`, or `lambda.*`, or `*`"
                    .to_owned(),
            ),
        ] {
            assert_eq!(Fault::parse(text).unwrap_err().to_string(), expected, "{text}");
        }
    }
}
