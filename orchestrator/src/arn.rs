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
    let unqualified = |arn: &str| match qualifier(arn) {
        Some(q) => arn.len() - q.len() - 1,
        None => arn.len(),
    };
    a[..unqualified(a)] == b[..unqualified(b)]
}

#[cfg(test)]
mod tests {
    use super::*;

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
