//! Temperature, `top_p` and `top_k`, which newer models refuse in more and more cases.
//!
//! A client that speaks this dialect knows its model and hears the vendor's opinion. For all others: a value that asks
//! for what holds anyway is left out where the vendor would refuse it, and any other is refused by name before anything
//! is sent, so that another deployment can serve the request, or the caller can do without.

use wharf_provider_sdk::{Error, Request};

use crate::wire::{self, Node};
use crate::{DIALECT, model};

/// The least `top_p` that the vendor takes while the model thinks.
const LEAST_TOP_P: f64 = 0.95;

/// The fields to send. `thinks`: the model is asked to think.
///
/// # Errors
/// `Unsupported` naming the field.
pub(crate) fn fields<'a>(request: &Request, thinks: bool) -> Result<Vec<(&'static str, Node<'a>)>, Error> {
    let (mut temperature, mut top_p) = (request.temperature, request.top_p);
    if request.dialect != DIALECT {
        let is_default = |value: &f64| (value - 1.0).abs() < f64::EPSILON;
        if temperature.is_some_and(|value| value > 1.0) {
            let problem = "Anthropic's scale ends at 1, and more cannot be expressed";
            return Err(wire::unsupported("temperature", problem));
        }
        // The options of the host's own API are in the vendor's words.
        let top_k = request
            .option("top_k")
            .filter(|json| *json != "null" && request.dialect != "wharf");
        let top_k = top_k.is_some();
        if model::is_not_sampled(&request.model) {
            let problem = "this model cannot be told how to sample";
            temperature = temperature.filter(|value| !is_default(value));
            top_p = top_p.filter(|value| !is_default(value));
            refuse_if(temperature.is_some(), "temperature", problem)?;
            refuse_if(top_p.is_some(), "top_p", problem)?;
            refuse_if(top_k, "top_k", problem)?;
        }
        if thinks {
            let problem = "Anthropic does not let a model think that samples otherwise; leave out one of them";
            temperature = temperature.filter(|value| !is_default(value));
            refuse_if(temperature.is_some(), "temperature", problem)?;
            refuse_if(top_p.is_some_and(|value| value < LEAST_TOP_P), "top_p", problem)?;
            refuse_if(top_k, "top_k", problem)?;
        }
        if temperature.is_some() && top_p.is_some() && model::takes_one_of_both(&request.model) {
            if top_p.as_ref().is_some_and(is_default) {
                top_p = None;
            } else if temperature.as_ref().is_some_and(is_default) {
                temperature = None;
            } else {
                return Err(wire::unsupported(
                    "top_p",
                    "this model takes one of temperature and top_p",
                ));
            }
        }
    }
    let fields = [("temperature", temperature), ("top_p", top_p)].into_iter();
    Ok(fields
        .filter_map(|(name, value)| Some((name, Node::Float(value?))))
        .collect())
}

fn refuse_if(wrong: bool, field: &str, problem: &str) -> Result<(), Error> {
    if wrong {
        Err(wire::unsupported(field, problem))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(request: &Request, thinks: bool) -> Result<Vec<&'static str>, String> {
        let fields = fields(request, thinks).map_err(|error| error.message)?;
        Ok(fields.into_iter().map(|(name, _)| name).collect())
    }

    fn request(model: &str, temperature: Option<f64>, top_p: Option<f64>) -> Request {
        Request {
            model: model.to_owned(),
            temperature,
            top_p,
            dialect: "openai.chat".to_owned(),
            ..Request::default()
        }
    }

    #[test]
    fn what_a_model_refuses_is_refused_before_it_is_asked() {
        let (old, one, none) = ("claude-3-7-sonnet-latest", "claude-sonnet-4-5", "claude-opus-4-7");
        for (asked, thinks, field) in [
            (request(old, Some(1.5), None), false, "temperature"),
            (request(one, Some(0.5), Some(0.5)), false, "top_p"),
            (request(none, Some(0.5), None), false, "temperature"),
            (request(none, None, Some(0.5)), false, "top_p"),
            (request("claude-fable-5", Some(0.5), None), false, "temperature"),
            (request(old, Some(0.5), None), true, "temperature"),
            (request(old, None, Some(0.5)), true, "top_p"),
        ] {
            let problem = sent(&asked, thinks).unwrap_err();
            assert!(
                problem.starts_with(&format!("`{field}`: ")),
                "{asked:?} {thinks}: {problem}"
            );
        }
        let top_k = Request {
            options: vec![("top_k".to_owned(), "5".to_owned())],
            ..request(none, None, None)
        };
        assert!(sent(&top_k, false).unwrap_err().starts_with("`top_k`: "));
    }

    #[test]
    fn what_holds_anyway_is_left_out_where_it_would_be_refused() {
        let check = |model: &str, temperature, top_p, thinks, fields: &[&str]| {
            assert_eq!(
                sent(&request(model, temperature, top_p), thinks).unwrap(),
                fields,
                "{model}"
            );
        };
        check("claude-opus-4-7", Some(1.0), Some(1.0), false, &[]);
        check("claude-sonnet-4-5", Some(0.5), Some(1.0), false, &["temperature"]);
        check("claude-sonnet-4-5", Some(1.0), Some(0.5), false, &["top_p"]);
        check("claude-sonnet-4-5", Some(1.0), Some(0.95), true, &["top_p"]);
        check(
            "claude-3-7-sonnet-latest",
            Some(0.5),
            Some(0.5),
            false,
            &["temperature", "top_p"],
        );
        check("somebody-elses", Some(0.5), Some(0.5), false, &["temperature", "top_p"]);
    }

    #[test]
    fn whoever_speaks_this_dialect_hears_the_vendor() {
        let asked = Request {
            dialect: DIALECT.to_owned(),
            ..request("claude-opus-4-7", Some(0.5), Some(0.5))
        };
        assert_eq!(sent(&asked, true).unwrap(), ["temperature", "top_p"]);
    }
}
