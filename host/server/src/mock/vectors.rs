//! Embeddings: a vector for a text, the same for all vendors and in every run.
//!
//! Pure. A text's vector is the sum of its words' vectors, made one long, so that texts with words in common lie near
//! each other: enough for a search to find what a test put in.

use super::failure::Failure;
use super::order::mixed;

/// Dimensions when the request does not say. Few, because tests read them; vendors have some hundreds to thousands.
const DEFAULT_DIMENSIONS: u32 = 8;

/// Most dimensions per vector; twice what the largest models have.
const MAX_DIMENSIONS: u32 = 8192;

/// Most texts per request, as at OpenAI.
const MAX_INPUTS: usize = 2048;

/// The vectors for some texts.
///
/// # Errors
///
/// The 400 answer, when there are too many dimensions or texts, or none.
pub(super) fn of_all<'a>(
    texts: impl ExactSizeIterator<Item = &'a str>,
    dimensions: Option<u32>,
) -> Result<Vec<Vec<f32>>, Failure> {
    let dimensions = dimensions.unwrap_or(DEFAULT_DIMENSIONS);
    if !(1..=MAX_DIMENSIONS).contains(&dimensions) {
        let message = format!("Invalid value for 'dimensions' = {dimensions}. Must be from 1 to {MAX_DIMENSIONS}.");
        return Err(Failure::invalid("dimensions", "invalid_value", message));
    }
    if !(1..=MAX_INPUTS).contains(&texts.len()) {
        let message = format!("'$.input' is invalid: expected from 1 to {MAX_INPUTS} texts.");
        return Err(Failure::invalid("input", "invalid_value", message));
    }
    Ok(texts.map(|text| of(text, dimensions as usize)).collect())
}

/// The vector for a text.
fn of(text: &str, dimensions: usize) -> Vec<f32> {
    let mut vector = vec![0.0_f32; dimensions];
    let mut words = text.split_whitespace().peekable();
    if words.peek().is_none() {
        add_word(&mut vector, "");
    }
    for word in words {
        add_word(&mut vector, word);
    }
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 {
        for value in &mut vector {
            *value /= length;
        }
    }
    vector
}

fn add_word(vector: &mut [f32], word: &str) {
    let seed = fnv(word);
    for (number, value) in vector.iter_mut().enumerate() {
        let hash = mixed(seed.wrapping_add((number as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)));
        // The upper 24 bits make a float in [-1, 1).
        *value += (hash >> 40) as f32 / (1_u32 << 23) as f32 - 1.0;
    }
}

/// FNV-1a over the bytes of a word.
fn fnv(word: &str) -> u64 {
    word.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}
