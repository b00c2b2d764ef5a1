//! The one with the fewest attempts in flight for its weight. A stream counts until its end.

/// One of `candidates`, which is not empty. `turn` decides between equals, so that idle ones take turns too.
pub(super) fn pick(candidates: &[usize], turn: usize, load: impl Fn(usize) -> (u64, u32)) -> usize {
    let count = candidates.len();
    let in_turn = (0..count).map(|step| candidates[(turn + step) % count]);
    let mut best = candidates[turn % count];
    let (mut flying, mut weight) = load(best);
    for at in in_turn.skip(1) {
        let (other_flying, other_weight) = load(at);
        // a/b < c/d without dividing; weights are small.
        if u128::from(other_flying) * u128::from(weight.max(1)) < u128::from(flying) * u128::from(other_weight.max(1)) {
            (best, flying, weight) = (at, other_flying, other_weight);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_busy_for_its_weight_is_picked() {
        let check = |loads: &[(u64, u32)], expected: usize| {
            let all: Vec<usize> = (0..loads.len()).collect();
            for turn in 0..loads.len() {
                assert_eq!(pick(&all, turn, |at| loads[at]), expected, "{loads:?}, turn {turn}");
            }
        };
        check(&[(3, 1), (1, 1), (2, 1)], 1);
        check(&[(3, 4), (1, 1)], 0);
        check(&[(0, 1), (1, 1000)], 0);
    }

    #[test]
    fn equals_take_turns() {
        let picks: Vec<_> = (0..4).map(|turn| pick(&[0, 1, 2], turn, |_| (2, 1))).collect();
        assert_eq!(picks, [0, 1, 2, 0]);
    }
}
