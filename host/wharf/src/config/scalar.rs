//! What a piece of YAML text means: `3` is a number, `"3"` is text.
//!
//! Decides the type of a scalar by the YAML 1.2 core schema, in which `yes`, `on` and `1:30` are plain text, unlike in
//! YAML 1.1. The text is kept as written and resolved late, so that a value inserted from the environment gets its
//! type by the same rule. `.inf` and `.nan` stay text: JSON has no such numbers and no setting wants one.

use serde_json::{Number, Value};

/// One scalar of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scalar {
    /// The text without quotes and escapes.
    pub(crate) text: String,
    /// Written without quotes, so that it may be a number, a boolean or null.
    pub(crate) plain: bool,
    /// The text as it is in the file when parts of it were replaced by values from outside. Messages show this one,
    /// because what came from outside may be secret.
    pub(crate) origin: Option<String>,
}

impl Scalar {
    /// The value by the core schema.
    pub(crate) fn resolve(&self) -> Value {
        if !self.plain {
            return Value::String(self.text.clone());
        }
        match self.text.as_str() {
            "" | "~" | "null" | "Null" | "NULL" => Value::Null,
            "true" | "True" | "TRUE" => Value::Bool(true),
            "false" | "False" | "FALSE" => Value::Bool(false),
            text => number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number),
        }
    }
}

fn number(text: &str) -> Option<Number> {
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    if !looks_like_number(text) {
        return None;
    }
    if let Ok(integer) = text.parse::<i64>() {
        return Some(Number::from(integer));
    }
    if let Ok(integer) = text.parse::<u64>() {
        return Some(Number::from(integer));
    }
    let float = text.parse::<f64>().ok()?;
    // `3.0` is an integer to JSON Schema, so it must be one to every later stage. Up to 2^53 nothing is lost.
    if float.fract() == 0.0 && float.abs() <= 9_007_199_254_740_992.0 {
        return Some(Number::from(float as i64));
    }
    Number::from_f64(float)
}

fn radix(digits: &str, radix: u32) -> Option<Number> {
    // `from_str_radix` alone would take a sign.
    if !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    u64::from_str_radix(digits, radix).ok().map(Number::from)
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, the numbers of the core schema.
fn looks_like_number(text: &str) -> bool {
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent_is_number = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !digits.is_empty() && all_digits(digits)
    });
    all_digits(whole) && all_digits(fraction) && !(whole.is_empty() && fraction.is_empty()) && exponent_is_number
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn plain(text: &str) -> Value {
        Scalar {
            text: text.to_owned(),
            plain: true,
            origin: None,
        }
        .resolve()
    }

    #[test]
    fn plain_text_has_the_type_the_core_schema_gives_it() {
        let cases = [
            ("", Value::Null),
            ("~", Value::Null),
            ("null", Value::Null),
            ("True", json!(true)),
            ("false", json!(false)),
            ("3", json!(3)),
            ("-3", json!(-3)),
            ("+3", json!(3)),
            ("007", json!(7)),
            ("0x1F", json!(31)),
            ("0o17", json!(15)),
            ("2.5", json!(2.5)),
            ("3.0", json!(3)),
            ("1e3", json!(1000)),
            (".5", json!(0.5)),
            ("18446744073709551615", json!(u64::MAX)),
        ];
        for (text, expected) in cases {
            assert_eq!(plain(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_only_looks_like_a_number_or_a_boolean_is_text() {
        let texts = [
            "yes", "no", "on", "off", "1:30", "1_000", "0x", "0o", "0xg", "0o8", ".", "+", "-", "e5", "1e", "1.2.3",
            "30s", ".inf", ".nan", "1e999",
        ];
        for text in texts {
            assert_eq!(plain(text), json!(text), "{text:?}");
        }
    }

    #[test]
    fn quoted_text_is_always_text() {
        for text in ["3", "true", "", "null"] {
            let scalar = Scalar {
                text: text.to_owned(),
                plain: false,
                origin: None,
            };
            assert_eq!(scalar.resolve(), json!(text));
        }
    }
}
