//! "Did you mean": the nearest of the known names, and the list of them.
//!
//! Decides when a guess is near enough to be worth saying. A wrong guess misleads more than none, so about a third of
//! the letters may differ at most.

/// Names longer than this are not compared: the comparison takes time in the product of both lengths.
const LONGEST: usize = 128;

/// How many names a message lists before it says how many more there are.
const LISTED: usize = 24;

/// The known name that `word` was most likely meant to be.
pub(crate) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    if word.len() > LONGEST {
        return None;
    }
    let lower = word.to_lowercase();
    let allowed = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .filter(|name| name.len() <= LONGEST)
        .map(|name| (strsim::osa_distance(&lower, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// The help for a name that is not known: the nearest one, then all of them.
pub(crate) fn help(word: &str, known: &[&str], what: &str) -> String {
    let guess = match nearest(word, known.iter().copied()) {
        Some(name) => format!("did you mean {name}? "),
        None => String::new(),
    };
    if known.is_empty() {
        return format!("{guess}there are no {what}");
    }
    format!("{guess}{what}: {}", list(known))
}

/// The names, separated by commas, up to a readable number of them.
pub(crate) fn list(names: &[&str]) -> String {
    let mut text = names.iter().take(LISTED).copied().collect::<Vec<_>>().join(", ");
    if names.len() > LISTED {
        text.push_str(&format!(" and {} more", names.len() - LISTED));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_mistake_finds_the_name_that_was_meant() {
        let known = ["max_retries", "models", "timeout", "api_key"];
        for (word, expected) in [
            ("max_retrys", Some("max_retries")),
            ("Models", Some("models")),
            ("tiemout", Some("timeout")),
            ("apikey", Some("api_key")),
            ("colour", None),
            ("x", None),
        ] {
            assert_eq!(nearest(word, known), expected, "{word:?}");
        }
    }

    #[test]
    fn a_long_list_of_names_is_cut() {
        let names: Vec<String> = (0..30).map(|number| format!("n{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert!(help("zzzz", &names, "known keys").ends_with("n23 and 6 more"));
    }
}
