//! Names of functions and their ARNs, taken apart. Everything that needs a part of one asks here.

/// The name alone in any way to name a function: `name`, `name:qualifier`, an ARN or part of one.
pub fn base_name(reference: &str) -> &str {
    let name = reference.rsplit_once("function:").map_or(reference, |(_, name)| name);
    name.split(':').next().unwrap_or_default()
}

/// The part of a function ARN after the name: a version or an alias.
pub fn qualifier(arn: &str) -> Option<&str> {
    arn.split(':').nth(7)
}

/// The Region of an ARN.
pub fn region(arn: &str) -> Option<&str> {
    arn.split(':').nth(3)
}

/// Whether the function is one of the local cloud, whose account is none of AWS's: then it shares a machine.
pub fn is_of_this_machine(arn: &str) -> bool {
    arn.split(':').nth(4) == Some("000000000000")
}

/// `name` or `name:qualifier` of a function ARN.
pub fn function_name(arn: &str) -> String {
    arn.splitn(7, ':').nth(6).unwrap_or(arn).to_owned()
}

/// Whether two ARNs name the same function, whatever their qualifiers.
pub fn is_same_function(a: &str, b: &str) -> bool {
    a[..unqualified_length(a)] == b[..unqualified_length(b)]
}

/// A way to name a function, taken apart: `name`, `name:qualifier`, `account:function:name`, or an ARN, each with or without a
/// qualifier (API reference of Lambda, `FunctionName` of Invoke).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference<'a> {
    region: Option<&'a str>,
    account: Option<&'a str>,
    name: &'a str,
    /// Absent for `$LATEST`, which is what no qualifier means.
    qualifier: Option<&'a str>,
}

impl<'a> Reference<'a> {
    /// `None` where Lambda would not take it for a function.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts: Vec<&str> = text.split(':').collect();
        let (mut region, mut account) = (None, None);
        if parts[0] == "arn" {
            let is_lambda = parts.len() >= 7 && parts[1].starts_with("aws") && parts[2] == "lambda";
            let is_whole = is_lambda && is_region(parts[3]) && is_account(parts[4]) && parts[5] == "function";
            if !is_whole {
                return None;
            }
            (region, account) = (Some(parts[3]), Some(parts[4]));
            parts.drain(..6);
        } else {
            if parts.len() > 2 && is_region(parts[0]) && is_account(parts[1]) {
                region = Some(parts.remove(0));
            }
            if parts.len() > 1 && is_account(parts[0]) {
                account = Some(parts.remove(0));
            }
            if parts.len() > 1 && parts[0] == "function" {
                parts.remove(0);
            }
        }
        let (name, qualifier) = match parts[..] {
            [name] => (name, None),
            [name, qualifier] => (name, Some(qualifier)),
            _ => return None,
        };
        let qualifier = qualifier.filter(|qualifier| *qualifier != "$LATEST");
        let good = is_word(name, 140) && qualifier.is_none_or(|qualifier| is_word(qualifier, 128));
        good.then_some(Self { region, account, name, qualifier })
    }

    /// Whether both can mean one function: a name alone may be of any account.
    pub fn may_be(&self, other: &Self) -> bool {
        (self.name, self.qualifier) == (other.name, other.qualifier)
            && agree(self.account, other.account)
            && agree(self.region, other.region)
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_region(text: &str) -> bool {
    text.contains('-') && is_word(text, 32)
}

fn is_word(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// Bytes of an ARN without its qualifier.
fn unqualified_length(arn: &str) -> usize {
    match qualifier(arn) {
        Some(q) => arn.len() - q.len() - 1,
        None => arn.len(),
    }
}

/// Whether two parts can be the same: one that is absent can be any.
fn agree(a: Option<&str>, b: Option<&str>) -> bool {
    a.is_none() || b.is_none() || a == b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_a_function_is_none() {
        for text in ["f", "f:live", "f:$LATEST", "f:7", "function", "123456789012:function:f:live"] {
            assert!(Reference::parse(text).is_some(), "{text}");
        }
        let arn = "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function";
        assert!(Reference::parse(&format!("{arn}:f")).is_some());
        assert!(Reference::parse("eu-west-1:123456789012:function:f").is_some());
        for text in ["", ":f", "f:", "f:g:h", "$LATEST", "arn:", "arn:aws:s3:::x", arn, "a b", "f\n", "f:$PREV"] {
            assert!(Reference::parse(text).is_none(), "{text}");
        }
        assert!(Reference::parse(&format!("{arn}:")).is_none());
        assert!(Reference::parse(&"f".repeat(141)).is_none());
    }

    #[test]
    fn one_function_has_many_spellings() {
        let reference = |text| Reference::parse(text).expect("a function");
        let arn = "arn:aws:lambda:us-east-1:123456789012:function:f";
        let same = |a, b| reference(a).may_be(&reference(b));
        assert!(same("f", "f:$LATEST") && same("f", arn) && same(arn, "123456789012:function:f"));
        assert!(!same("f", "f:live") && !same("f", "g"));
        assert!(!same(arn, "arn:aws:lambda:us-east-1:000000000000:function:f"));
    }

    #[test]
    fn qualifiers_do_not_make_another_function() {
        let arn = "arn:aws:lambda:us-east-1:000000000000:function:orchestrator";
        assert!(is_same_function(arn, &format!("{arn}:live")));
        assert!(!is_same_function(arn, &format!("{arn}-2")));
    }

    #[test]
    fn the_dimension_is_name_and_qualifier() {
        assert_eq!(function_name("arn:aws:lambda:us-east-1:000000000000:function:f"), "f");
        assert_eq!(function_name("arn:aws:lambda:us-east-1:000000000000:function:f:live"), "f:live");
    }
}
